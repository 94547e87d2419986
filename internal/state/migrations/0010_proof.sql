-- By what the bytes of a log object were compared with those that the store has: etag (the
-- MD5 that the listing names), the name of a checksum of S3, read twice, length; '' for
-- objects that were collected before this was noted.
ALTER TABLE log_objects ADD COLUMN proof TEXT NOT NULL DEFAULT '';
