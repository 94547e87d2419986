-- The first form of the state. Times are milliseconds since 1970 UTC, dates
-- are YYYY-MM-DD.

-- A log object that was looked at. It is in for good once it stands here.
CREATE TABLE log_objects (
    id          INTEGER PRIMARY KEY,
    location    TEXT NOT NULL,             -- URL as configured
    key         TEXT NOT NULL,             -- relative to location
    etag        TEXT NOT NULL,
    size        INTEGER NOT NULL,
    source      TEXT NOT NULL,             -- full name, as in the column source_object
    sha256      TEXT NOT NULL,             -- hex, of the bytes as stored
    modified    INTEGER NOT NULL,
    delivered   INTEGER NOT NULL,          -- from its name, otherwise modified
    kind        TEXT NOT NULL,             -- log, foreign or empty
    reader      INTEGER NOT NULL,          -- version of the reader that judged it
    buckets     TEXT NOT NULL,             -- those whose records were taken, sorted, with commas
    foreign_records INTEGER NOT NULL,      -- records of other buckets
    collected   INTEGER NOT NULL,
    UNIQUE (location, key, etag, size)
);
CREATE INDEX log_objects_content ON log_objects (location, sha256);

-- What an object held for one bucket. Bucket '' is the lines that do not tell.
CREATE TABLE log_object_buckets (
    object      INTEGER NOT NULL REFERENCES log_objects (id),
    bucket      TEXT NOT NULL,
    records     INTEGER NOT NULL,          -- stored
    duplicates  INTEGER NOT NULL,          -- read, but in the dataset already
    rejected    INTEGER NOT NULL,
    first       INTEGER,                   -- times of its records
    last        INTEGER,
    PRIMARY KEY (object, bucket)
);
CREATE INDEX log_object_buckets_bucket ON log_object_buckets (bucket);

-- The files that are the dataset.
CREATE TABLE dataset_files (
    path        TEXT PRIMARY KEY,
    kind        TEXT NOT NULL,
    bucket      TEXT NOT NULL,
    date        TEXT NOT NULL,
    rows        INTEGER NOT NULL,
    bytes       INTEGER NOT NULL
);
CREATE INDEX dataset_files_partition ON dataset_files (kind, bucket, date);

-- Numbers that are given out once.
CREATE TABLE sequences (name TEXT PRIMARY KEY, value INTEGER NOT NULL);

CREATE TABLE findings (
    id          TEXT PRIMARY KEY,
    check_name  TEXT NOT NULL,
    severity    TEXT NOT NULL,
    tenant      TEXT NOT NULL,
    bucket      TEXT NOT NULL,
    subject     TEXT NOT NULL,
    status      TEXT NOT NULL,             -- open, investigating or resolved
    owner       TEXT NOT NULL DEFAULT '',
    due         TEXT NOT NULL DEFAULT '',
    cause       TEXT NOT NULL DEFAULT '',
    resolution  TEXT NOT NULL DEFAULT '',
    opened      INTEGER NOT NULL
);

-- What a finding showed on one day. A check that runs again for the day
-- replaces it, so that nothing is counted twice.
CREATE TABLE finding_days (
    finding     TEXT NOT NULL REFERENCES findings (id),
    date        TEXT NOT NULL,             -- in the tenant's zone
    severity    TEXT NOT NULL,
    count       INTEGER NOT NULL,
    first       INTEGER NOT NULL,
    last        INTEGER NOT NULL,
    samples     TEXT NOT NULL,             -- JSON list of source_object:source_line
    PRIMARY KEY (finding, date)
);

CREATE TABLE finding_events (
    id          INTEGER PRIMARY KEY,
    finding     TEXT NOT NULL REFERENCES findings (id),
    at          INTEGER NOT NULL,
    kind        TEXT NOT NULL,             -- opened, reopened or resolved
    text        TEXT NOT NULL
);

-- Whether a check could look at a day of a bucket.
CREATE TABLE check_days (
    tenant      TEXT NOT NULL,
    check_name  TEXT NOT NULL,
    bucket      TEXT NOT NULL,
    date        TEXT NOT NULL,
    outcome     TEXT NOT NULL,             -- evaluated or not evaluated
    reason      TEXT NOT NULL,
    PRIMARY KEY (tenant, check_name, bucket, date)
);

CREATE TABLE runs (
    id          INTEGER PRIMARY KEY,
    job         TEXT NOT NULL,
    tenant      TEXT NOT NULL,
    period      TEXT NOT NULL,
    started     INTEGER NOT NULL,
    ended       INTEGER,
    outcome     TEXT NOT NULL,             -- running until it has ended
    detail      TEXT NOT NULL
);

CREATE VIEW finding_summary AS
SELECT f.*, coalesce(sum(d.count), 0) AS count, min(d.first) AS first, max(d.last) AS last
FROM findings f LEFT JOIN finding_days d ON d.finding = f.id
GROUP BY f.id;
