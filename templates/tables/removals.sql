-- The view removals: what took an object away, by whomever: deletes, expiry by a
-- lifecycle rule, and writes of nothing over it, but for the marks of folders, whose keys end in /. Version is the one that was named.
-- Maybe older is where this can be one of the versions that the newest write
-- replaced: a delete of a version by name, and expiry of one.
select a.bucket, a.object, a.key, a.time, a.quarter, coalesce(a.requester, '-') as requester, a.operation, a.request_id,
       coalesce(nullif(regexp_extract(a.request_uri, '[?&]versionId=([^& ]*)', 1), ''), a.version_id) as version,
       a.operation = 'S3.EXPIRE.OBJECT' and a.version_id is not null
       or a.operation = 'REST.DELETE.OBJECT' and coalesce(regexp_extract(a.request_uri, '[?&]versionId=([^& ]*)', 1), '') <> '' as maybe_older,
       a.source_object, a.source_line
from access a
where a.operation in ('REST.DELETE.OBJECT', 'BATCH.DELETE.OBJECT', 'S3.EXPIRE.OBJECT', 'S3.CREATE.DELETEMARKER')
  and a.key is not null and a.successful
union all by name
select bucket, object, key, time, quarter, requester, operation, cast(null as varchar) as request_id, cast(null as varchar) as version, false as maybe_older, source_object, source_line
from writes
where size = 0 and object not like '%/'
