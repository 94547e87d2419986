-- The view taken: what was read out of the buckets: objects that were sent, and objects
-- that a server-side copy read whose target is not in the tenant's logs. A copy within
-- a bucket has its target there, by the same requester within a minute.
with copies as (
    select distinct coalesce(requester, '-') as requester, time, epoch_ms(time) // 60000 as minute
    from access
    where operation in ('REST.COPY.OBJECT', 'REST.COPY.PART') and successful
)
select a.bucket, a.key, a.time, a.quarter, coalesce(a.requester, '-') as requester, coalesce(a.bytes_sent, 0) as bytes, a.source_object, a.source_line
from access a
where a.http_status in (200, 206) and a.operation in ('REST.GET.OBJECT', 'WEBSITE.GET.OBJECT')
union all
select a.bucket, a.key, a.time, a.quarter, coalesce(a.requester, '-'), greatest(coalesce(a.object_size, 0), coalesce(a.bytes_sent, 0)), a.source_object, a.source_line
from access a
where a.operation like 'REST.COPY.%\_GET' escape '\' and a.successful
  and not exists (select 1 from copies c where c.requester = coalesce(a.requester, '-') and c.minute = epoch_ms(a.time) // 60000 and c.time between a.time - interval 1 minute and a.time + interval 1 minute)
  and not exists (select 1 from copies c where c.requester = coalesce(a.requester, '-') and c.minute = epoch_ms(a.time) // 60000 - 1 and c.time between a.time - interval 1 minute and a.time + interval 1 minute)
  and not exists (select 1 from copies c where c.requester = coalesce(a.requester, '-') and c.minute = epoch_ms(a.time) // 60000 + 1 and c.time between a.time - interval 1 minute and a.time + interval 1 minute)
