-- The view taken: what was read out of the buckets: objects that were sent, and objects
-- that a server-side copy read whose target is not in the tenant's logs. A copy within
-- them has its target there: by the same requester, within a minute, of the same size
-- where both tell it; of a part, another part.
with copies as ( -- by second and size; -1 is for a read that tells no size, -2 for copies that tell none
    select distinct coalesce(requester, '-') as requester, operation || '_GET' as operation, epoch_ms(time) // 1000 as second,
           unnest(case when operation = 'REST.COPY.PART' or object_size is null then [-1, -2] else [object_size, -1] end) as size
    from access
    where operation in ('REST.COPY.OBJECT', 'REST.COPY.PART') and successful
), reads as (
    select a.bucket, a.key, a.time, a.quarter, coalesce(a.requester, '-') as requester, a.operation, a.object_size, a.bytes_sent, a.source_object, a.source_line
    from access a
    where a.operation like 'REST.COPY.%\_GET' escape '\' and a.successful
), seconds as (
    select distinct requester, operation, epoch_ms(time) // 1000 as second, object_size from reads
), sizes as (
    select *, unnest([coalesce(object_size, -1), -2]) as size from seconds
), near as (
    select *, second // 60 + unnest([-1, 0, 1]) as minute from sizes
), copied as (
    select distinct r.requester, r.operation, r.second, r.object_size
    from near r
    join copies c on c.requester = r.requester and c.operation = r.operation and c.second // 60 = r.minute and c.size = r.size
    where c.second between r.second - 60 and r.second + 60
)
select a.bucket, a.key, a.time, a.quarter, coalesce(a.requester, '-') as requester, coalesce(a.bytes_sent, 0) as bytes, a.source_object, a.source_line
from access a
where a.http_status in (200, 206) and a.operation in ('REST.GET.OBJECT', 'WEBSITE.GET.OBJECT')
union all
select r.bucket, r.key, r.time, r.quarter, r.requester, greatest(coalesce(r.object_size, 0), coalesce(r.bytes_sent, 0)), r.source_object, r.source_line
from reads r
left join copied c on c.requester = r.requester and c.operation = r.operation and c.second = epoch_ms(r.time) // 1000 and c.object_size is not distinct from r.object_size
where c.requester is null
