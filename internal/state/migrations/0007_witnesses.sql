-- What witnesses beside the access log told, by tenant and day of its zone.
CREATE TABLE trail_days (                  -- what the digests of a trail prove
    tenant      TEXT NOT NULL,
    date        TEXT NOT NULL,             -- YYYY-MM-DD
    zone        TEXT NOT NULL,
    looked      INTEGER NOT NULL,
    failure     TEXT NOT NULL,             -- why it could not be looked at; '' where it was
    body        TEXT NOT NULL,             -- JSON: chains and problems
    PRIMARY KEY (tenant, date)
);

CREATE TABLE metric_days (                 -- what CloudWatch counted
    tenant      TEXT NOT NULL,
    bucket      TEXT NOT NULL,
    date        TEXT NOT NULL,
    zone        TEXT NOT NULL,
    looked      INTEGER NOT NULL,
    failure     TEXT NOT NULL,
    body        TEXT NOT NULL,             -- JSON: value by metric
    PRIMARY KEY (tenant, bucket, date)
);

CREATE TABLE logging_looks (               -- how the logging of a bucket is set up
    tenant      TEXT NOT NULL,
    bucket      TEXT NOT NULL,
    looked      INTEGER NOT NULL,
    body        TEXT NOT NULL,             -- JSON: what was found
    PRIMARY KEY (tenant, bucket, looked)
);
