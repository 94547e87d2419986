-- What each report of a backup tool tells of a session. Several reports tell of the
-- same one, and a report that is written anew keeps what it told before.
CREATE TABLE backup_tellings (
    tenant      TEXT NOT NULL,
    source      TEXT NOT NULL,             -- full name of the report
    content     TEXT NOT NULL,             -- SHA-256 of the content that told it last
    tool        TEXT NOT NULL,
    id          TEXT NOT NULL,
    bucket      TEXT NOT NULL,
    job         TEXT NOT NULL,
    named       INTEGER NOT NULL,          -- 0: the job is made of the report's name
    copy        INTEGER NOT NULL,          -- it copies a backup that is there already
    date        TEXT NOT NULL,             -- the night, of a plain report; else ''
    start       INTEGER,
    ended       INTEGER,
    estimated   INTEGER NOT NULL,          -- the times are not the report's own
    state       TEXT NOT NULL,             -- succeeded, with warnings, failed, running or unknown
    status      TEXT NOT NULL,             -- as the tool words it
    message     TEXT NOT NULL,
    objects     INTEGER NOT NULL,          -- -1: not told
    bytes       INTEGER NOT NULL,          -- -1: not told
    line        INTEGER NOT NULL,
    told        INTEGER NOT NULL,          -- when the report was written
    PRIMARY KEY (tenant, source, tool, id, bucket)
);
CREATE INDEX backup_tellings_start ON backup_tellings (tenant, start);
CREATE INDEX backup_tellings_date ON backup_tellings (tenant, date);

INSERT INTO backup_tellings
SELECT s.tenant, s.source, coalesce(r.sha256, ''), s.tool, s.id, s.bucket, '', 0, 0, s.date, s.start, s.ended, 0,
       CASE WHEN s.ok THEN 'succeeded' ELSE 'failed' END, s.status, '', s.objects, s.bytes, s.line, coalesce(r.collected, 0)
FROM backup_sessions s LEFT JOIN backup_reports r ON r.tenant = s.tenant AND r.source = s.source;
DROP TABLE backup_sessions;

-- A report is read again where the way of reading has changed.
ALTER TABLE backup_reports ADD COLUMN reader TEXT NOT NULL DEFAULT '';
ALTER TABLE backup_reports DROP COLUMN problem;

-- What of the reports can't be read. It stays until the report of that name is read
-- without it.
CREATE TABLE report_problems (
    tenant      TEXT NOT NULL,
    source      TEXT NOT NULL,
    line        INTEGER NOT NULL,          -- 0: the whole file
    date        TEXT NOT NULL,             -- the day that it is about, in the tenant's zone
    at          INTEGER,                   -- the time that it is about; NULL where the report does not tell
    reason      TEXT NOT NULL,
    modified    INTEGER NOT NULL,          -- when the report was written
    noticed     INTEGER NOT NULL,
    PRIMARY KEY (tenant, source, line, date, reason)
);
