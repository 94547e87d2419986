-- What keeps evidence from disappearing: under which configuration and by which
-- version of the program a check ran, and why a finding is no longer shown.

-- The configurations of a tenant, as far as they influence what is found, without
-- secrets, each once.
CREATE TABLE configurations (
    tenant      TEXT NOT NULL,
    fingerprint TEXT NOT NULL,             -- SHA-256 of the body, hex
    body        TEXT NOT NULL,             -- JSON
    PRIMARY KEY (tenant, fingerprint)
);

-- When another one took effect: seen by which run, and the file that it came from.
CREATE TABLE configuration_changes (
    id          INTEGER PRIMARY KEY,
    tenant      TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    seen        INTEGER NOT NULL,          -- by the first run with it
    ran_by      TEXT NOT NULL,             -- the user of that run
    modified    INTEGER,                   -- of the file that was changed last; null: not known
    owner       TEXT NOT NULL              -- of that file; '' where the system does not tell
);
CREATE INDEX configuration_changes_tenant ON configuration_changes (tenant, id);

ALTER TABLE check_days ADD COLUMN checked INTEGER;                            -- when; null: before this was noted
ALTER TABLE finding_days ADD COLUMN shown INTEGER;                            -- by a check, at last
ALTER TABLE finding_days ADD COLUMN configuration TEXT NOT NULL DEFAULT '';   -- fingerprint of that check
ALTER TABLE finding_days ADD COLUMN program TEXT NOT NULL DEFAULT '';         -- version of the program then
ALTER TABLE finding_days ADD COLUMN withdrawn TEXT NOT NULL DEFAULT '';       -- configuration, program or checked; '' where a check shows it
ALTER TABLE finding_days ADD COLUMN withdrawn_by TEXT NOT NULL DEFAULT '';    -- who changed the configuration
ALTER TABLE finding_days ADD COLUMN withdrawn_at INTEGER;                     -- when it was changed

ALTER TABLE log_incidents ADD COLUMN named INTEGER;                           -- the time in its name or of its storing; null: not known
