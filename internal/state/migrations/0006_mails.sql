-- One row for each sending of a mail: the first is the service's own, the others
-- were asked for by hand.
CREATE TABLE mails_new (
    tenant      TEXT NOT NULL,
    month       TEXT NOT NULL,             -- YYYY-MM
    revision    INTEGER NOT NULL,
    email       TEXT NOT NULL,
    sending     INTEGER NOT NULL,          -- 1, 2, ...
    name        TEXT NOT NULL,
    role        TEXT NOT NULL,
    message_id  TEXT NOT NULL,             -- without angle brackets
    status      TEXT NOT NULL,             -- waiting, sent, refused or withheld
    attempts    INTEGER NOT NULL DEFAULT 0,
    next        INTEGER NOT NULL,          -- not to be tried before
    detail      TEXT NOT NULL DEFAULT '',  -- the last error, or why it is withheld
    link        TEXT NOT NULL DEFAULT '',  -- presigned or page
    link_ends   INTEGER,
    queued      INTEGER NOT NULL,
    ended       INTEGER,
    PRIMARY KEY (tenant, month, revision, email, sending)
);
INSERT INTO mails_new SELECT tenant, month, revision, email, 1, name, role, message_id, status, attempts, next, detail, link, link_ends, queued, ended FROM mails;
DROP TABLE mails;
ALTER TABLE mails_new RENAME TO mails;
CREATE INDEX mails_waiting ON mails (status, next);
