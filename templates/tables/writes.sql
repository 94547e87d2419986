-- The view writes: successful writes, completed. A multipart upload is a write when it
-- is completed, with the size of its parts where the completion tells none; what is
-- begun and never completed is no object. Object is the key without the encoding in
-- which S3 logs it; size is null where the log does not tell.
--
-- A backup write is one by a backup principal under an approved prefix that is not
-- empty, no lock or temporary name, and no copy of an object onto itself.
with w as (
    select a.bucket, a.key, a.object, a.time, a.quarter, coalesce(a.requester, '-') as requester, a.operation, a.object_size, a.version_id, a.source_object, a.source_line,
           case when a.operation = 'REST.POST.UPLOAD' and coalesce(a.object_size, 0) = 0
                then coalesce(regexp_extract(a.request_uri, '[?&]uploadId=([^& ]*)', 1), '') end as upload
    from access a
    where a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.POST.UPLOAD')
      and a.key is not null and a.successful
), parts as (
    select a.bucket, a.object, coalesce(regexp_extract(a.request_uri, '[?&]uploadId=([^& ]*)', 1), '') as upload, sum(a.object_size) as size
    from access a
    where a.operation in ('REST.PUT.PART', 'REST.COPY.PART') and a.successful
      and (a.bucket, a.object) in (select (bucket, object) from w where upload is not null)
    group by all
), onto_itself as (
    select distinct w.bucket, w.object, w.requester, w.time
    from w
    join access g on g.bucket = w.bucket and g.object = w.object and coalesce(g.requester, '-') = w.requester
    where w.operation = 'REST.COPY.OBJECT' and g.operation = 'REST.COPY.OBJECT_GET'
      and g.time between w.time - interval 1 minute and w.time + interval 1 minute
), s as (
    select w.*, cast(case when w.upload is null then w.object_size else u.size end as bigint) as size
    from w
    left join parts u on u.bucket = w.bucket and u.object = w.object and u.upload = w.upload
)
select s.bucket, s.key, s.object, s.time, s.quarter, s.requester, s.operation, s.size, s.version_id, s.source_object, s.source_line,
       p.identity, p.principal, p.mapped, p.backup,
       p.backup and x.bucket is not null and coalesce(s.size, 1) > 0 and i.bucket is null
       and not regexp_matches(lower(s.object), '(^|/)locks/|\.(lock|lck|tmp|partial)$') as backup_write
from s
join principals p on p.requester = s.requester
left join prefix_roots x on x.bucket = s.bucket and starts_with(s.object, x.prefix)
left join onto_itself i on i.bucket = s.bucket and i.object = s.object and i.requester = s.requester and i.time = s.time
