-- What collecting at length needs: listing from where the last one ended,
-- files that were put together, and what happened to log objects.

-- Values of which there is one, such as the key of record identities.
CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL);

ALTER TABLE log_objects ADD COLUMN version_id TEXT NOT NULL DEFAULT '';

-- When a file was replaced by another one of the same records. It is no longer
-- part of the dataset, but a query may still be reading it.
ALTER TABLE dataset_files ADD COLUMN retired INTEGER;

-- When a location was last listed from its beginning to its end, for which
-- buckets and by which version of the reader.
CREATE TABLE full_listings (
    location    TEXT PRIMARY KEY,
    at          INTEGER NOT NULL,
    buckets     TEXT NOT NULL,             -- sorted, with commas
    reader      INTEGER NOT NULL
);

-- The newest date in the names below each root of a location: what stands in
-- front of the date.
CREATE TABLE log_roots (
    location    TEXT NOT NULL,
    root        TEXT NOT NULL,
    newest      TEXT NOT NULL,             -- YYYY-MM-DD
    PRIMARY KEY (location, root)
);

-- What happened to a log object that it may not happen to.
CREATE TABLE log_incidents (
    location    TEXT NOT NULL,
    key         TEXT NOT NULL,
    kind        TEXT NOT NULL,             -- changed or gone
    etag        TEXT NOT NULL,             -- as listed when it was noticed
    size        INTEGER NOT NULL,
    source      TEXT NOT NULL,             -- full name
    noticed     INTEGER NOT NULL,
    sha256      TEXT NOT NULL,             -- of the content found; '' for gone
    before      TEXT NOT NULL,             -- SHA-256 of the content collected; '' for gone
    buckets     TEXT NOT NULL,             -- whose records it holds or may hold, sorted, with commas
    PRIMARY KEY (location, key, kind, etag, size)
);

-- The packets that were published.
CREATE TABLE packets (
    tenant      TEXT NOT NULL,
    month       TEXT NOT NULL,             -- YYYY-MM
    revision    INTEGER NOT NULL,
    published   INTEGER NOT NULL,
    PRIMARY KEY (tenant, month, revision)
);

-- The log objects that could not be read when their location was last collected.
CREATE TABLE unread_objects (
    location    TEXT NOT NULL,
    key         TEXT NOT NULL,
    PRIMARY KEY (location, key)
);
