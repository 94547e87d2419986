-- The view taken: what was read out of the buckets: objects that were sent, and other answers of
-- 64 KiB or more about an object, whatever the operation and the status; and objects
-- that a server-side copy read whose target is not in the tenant's logs. A copy within
-- them has its target there: the same requester wrote at least as many copies in the minute
-- before and after as it had read in the 60 seconds up to then, of the same size; of
-- parts, whose reads tell the size of the whole object, as many parts.
with halves as (
    select bucket, key, time, quarter, coalesce(requester, '-') as requester, operation not in ('REST.COPY.OBJECT', 'REST.COPY.OBJECT_GET') as part,
           operation like '%\_GET' escape '\' as read, object_size, bytes_sent, source_object, source_line
    from access
    where operation like 'REST.COPY.%' and successful
), sized as (
    select *, epoch_ms(time) // 1000 as second, case when part or bool_or(object_size is null) over (partition by requester, part) then -1 else object_size end as of_size
    from halves
), counted as (
    select *,
           count(*) filter (read) over (partition by requester, part, of_size order by second range between 59 preceding and current row) as reads,
           count(*) filter (not read) over (partition by requester, part, of_size order by second range between 60 preceding and 60 following) as copies
    from sized
)
select a.bucket, a.key, a.time, a.quarter, coalesce(a.requester, '-') as requester, coalesce(a.bytes_sent, 0) as bytes, a.source_object, a.source_line
from access a
where a.http_status in (200, 206) and a.operation in ('REST.GET.OBJECT', 'WEBSITE.GET.OBJECT')
   or a.key is not null and a.bytes_sent >= 65536 and not (a.operation like 'REST.COPY.%\_GET' escape '\') -- whatever it is called, and however it ended
union all
select bucket, key, time, quarter, requester, greatest(coalesce(object_size, 0), coalesce(bytes_sent, 0)), source_object, source_line
from counted
where read and copies < reads
