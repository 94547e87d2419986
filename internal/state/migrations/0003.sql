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
