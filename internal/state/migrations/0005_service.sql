-- What the background service remembers: for what time a run was scheduled and
-- what it did in figures, since when a job is owed to a tenant, mails, links,
-- messages to other systems, alerts.
ALTER TABLE runs ADD COLUMN scheduled INTEGER;                   -- null: asked for by hand
ALTER TABLE runs ADD COLUMN figures TEXT NOT NULL DEFAULT '{}';  -- JSON object of numbers
ALTER TABLE runs ADD COLUMN error TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN not_before INTEGER;                  -- of one that waits for another machine
UPDATE runs SET error = detail, detail = '' WHERE outcome = 'failed';
CREATE INDEX runs_scheduled ON runs (job, scheduled);
CREATE INDEX runs_tenant ON runs (job, tenant, id);

CREATE TABLE owed_since (
    job         TEXT NOT NULL,
    tenant      TEXT NOT NULL,
    since       INTEGER NOT NULL,
    PRIMARY KEY (job, tenant)
);

-- One row for each contact and packet: what announces it.
CREATE TABLE mails (
    tenant      TEXT NOT NULL,
    month       TEXT NOT NULL,             -- YYYY-MM
    revision    INTEGER NOT NULL,
    email       TEXT NOT NULL,
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
    PRIMARY KEY (tenant, month, revision, email)
);
CREATE INDEX mails_waiting ON mails (status, next);

-- Links to the download page. The token itself is nowhere.
CREATE TABLE links (
    hash        BLOB PRIMARY KEY,          -- SHA-256 of the token
    id          TEXT NOT NULL UNIQUE,      -- what people name it by
    tenant      TEXT NOT NULL,
    month       TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    email       TEXT NOT NULL,
    name        TEXT NOT NULL,
    created     INTEGER NOT NULL,
    ends        INTEGER NOT NULL,
    max_downloads INTEGER NOT NULL,
    downloads   INTEGER NOT NULL DEFAULT 0,
    revoked     INTEGER
);
CREATE INDEX links_packet ON links (tenant, month, revision, email);

CREATE TABLE link_uses (
    id          INTEGER PRIMARY KEY,
    link        TEXT NOT NULL REFERENCES links (id),
    at          INTEGER NOT NULL,
    address     TEXT NOT NULL,             -- IP address of the client
    file        TEXT NOT NULL              -- '' for the page itself
);
CREATE INDEX link_uses_link ON link_uses (link, at);

-- What is to be told to another system, in order within a subject, until it is.
CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY,       -- also the idempotency key
    kind        TEXT NOT NULL,             -- ticket-open, ticket-comment, ticket-close, attach, alert-mail, alert-webhook
    tenant      TEXT NOT NULL,
    subject     TEXT NOT NULL,             -- finding id, packet or alert key
    payload     TEXT NOT NULL,             -- JSON
    status      TEXT NOT NULL,             -- waiting, sent or refused
    attempts    INTEGER NOT NULL DEFAULT 0,
    next        INTEGER NOT NULL,
    detail      TEXT NOT NULL DEFAULT '',
    queued      INTEGER NOT NULL,
    ended       INTEGER
);
CREATE INDEX outbox_waiting ON outbox (status, next);
CREATE INDEX outbox_subject ON outbox (subject, id);

CREATE TABLE tickets (
    finding     TEXT NOT NULL,
    system      TEXT NOT NULL,             -- kind and address of the ticket system
    ref         TEXT NOT NULL,             -- its own name for the ticket
    url         TEXT NOT NULL,
    closed      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (finding, system)
);

CREATE TABLE alerts (
    key         TEXT PRIMARY KEY,
    since       INTEGER NOT NULL,
    title       TEXT NOT NULL
);

CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);

ALTER TABLE packets ADD COLUMN provisional INTEGER NOT NULL DEFAULT 0;
