-- Triage: who did what, what was expected, and what is suppressed.

ALTER TABLE finding_days ADD COLUMN who TEXT NOT NULL DEFAULT '[]';          -- JSON list of principals
ALTER TABLE finding_days ADD COLUMN expected TEXT NOT NULL DEFAULT '';

-- Who made an entry of the history: a name, or '' for bucketproof itself. Kinds
-- are opened, reopened, resolved, assigned and noted.
ALTER TABLE finding_events ADD COLUMN actor TEXT NOT NULL DEFAULT '';

-- What a check showed and a suppression of the configuration kept from opening
-- a finding. A check that runs again for the day replaces it.
CREATE TABLE suppressed_days (
    tenant      TEXT NOT NULL,
    check_name  TEXT NOT NULL,
    bucket      TEXT NOT NULL,
    subject     TEXT NOT NULL,
    date        TEXT NOT NULL,             -- in the tenant's zone
    severity    TEXT NOT NULL,
    count       INTEGER NOT NULL,
    reason      TEXT NOT NULL,             -- as the configuration gave it
    until       TEXT NOT NULL,             -- YYYY-MM-DD, inclusive
    PRIMARY KEY (tenant, check_name, bucket, subject, date)
);

-- The reports of backup tools that were read, and the sessions that they tell.
CREATE TABLE backup_reports (
    tenant      TEXT NOT NULL,
    source      TEXT NOT NULL,             -- full name
    etag        TEXT NOT NULL,
    size        INTEGER NOT NULL,
    sha256      TEXT NOT NULL,
    sessions    INTEGER NOT NULL,
    problem     TEXT NOT NULL,             -- what in it can't be read; '' for nothing
    collected   INTEGER NOT NULL,
    PRIMARY KEY (tenant, source)
);

-- A session that several reports tell is the one that the latest tells.
CREATE TABLE backup_sessions (
    tenant      TEXT NOT NULL,
    tool        TEXT NOT NULL,
    id          TEXT NOT NULL,
    bucket      TEXT NOT NULL,             -- '' where the report names none
    date        TEXT NOT NULL,             -- the night, of a plain report; else ''
    start       INTEGER,
    ended       INTEGER,
    objects     INTEGER NOT NULL,          -- -1: not told
    bytes       INTEGER NOT NULL,          -- -1: not told
    ok          INTEGER NOT NULL,
    status      TEXT NOT NULL,
    source      TEXT NOT NULL,
    line        INTEGER NOT NULL,
    PRIMARY KEY (tenant, tool, id, bucket)
);

-- Which records are next to a time.
CREATE INDEX log_object_buckets_first ON log_object_buckets (bucket, first);
CREATE INDEX log_object_buckets_last ON log_object_buckets (bucket, last);
