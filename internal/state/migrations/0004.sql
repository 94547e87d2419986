-- When a location was last listed for new log objects to the end and without a
-- fault: what was delivered before is in.
CREATE TABLE listings (
    location    TEXT PRIMARY KEY,
    at          INTEGER NOT NULL
);
