-- The view writes: successful writes, completed. A multipart upload is a write when it
-- is completed, with the size of its parts where the completion tells none; what is
-- begun and never completed is no object. Object is the key without the encoding in
-- which S3 logs it; size is null where the log does not tell.
--
-- A backup write is one by a backup principal under an approved prefix that is not
-- empty, no lock or temporary name, and no copy of an object onto itself: a copy whose key
-- the same requester read for a copy within a minute, no more than two seconds further
-- away than the nearest such read of any key.
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
), halves as (
    select bucket, object, time, epoch_ms(time) // 1000 as second, requester, false as got from w where operation = 'REST.COPY.OBJECT'
    union all
    select bucket, object, time, epoch_ms(time) // 1000, coalesce(requester, '-'), true from access where operation = 'REST.COPY.OBJECT_GET'
), near as (
    select *,
           least(coalesce(second - max(second) filter (got) over (partition by bucket, requester order by second range between unbounded preceding and current row), 3600),
                 coalesce(min(second) filter (got) over (partition by bucket, requester order by second range between current row and unbounded following) - second, 3600)) as nearest,
           least(coalesce(second - max(second) filter (got) over (partition by bucket, requester, object order by second range between unbounded preceding and current row), 3600),
                 coalesce(min(second) filter (got) over (partition by bucket, requester, object order by second range between current row and unbounded following) - second, 3600)) as same
    from halves
), onto_itself as (
    select distinct bucket, object, requester, time from near where not got and same <= least(60, nearest + 2)
), s as (
    select w.*, cast(case when w.upload is null then w.object_size else u.size end as bigint) as size
    from w
    left join parts u on u.bucket = w.bucket and u.object = w.object and u.upload = w.upload
)
select s.bucket, s.key, s.object, s.time, s.quarter, s.requester, s.operation, s.size, s.version_id, s.source_object, s.source_line,
       p.identity, p.principal, p.mapped, p.backup, i.bucket is not null as onto_itself,
       p.backup and x.bucket is not null and coalesce(s.size, 1) > 0 and i.bucket is null
       and not regexp_matches(lower(s.object), '(^|/)locks/|\.(lock|lck|tmp|partial)$') as backup_write
from s
join principals p on p.requester = s.requester
left join prefix_roots x on x.bucket = s.bucket and starts_with(s.object, x.prefix)
left join onto_itself i on i.bucket = s.bucket and i.object = s.object and i.requester = s.requester and i.time = s.time
