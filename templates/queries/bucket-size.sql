-- title: What lies in the buckets
-- question: How much lies in the buckets, and does it grow or shrink?
-- packet: 280, with cloudwatch
-- section: completeness
-- widths: 50, 20, 28, 34, 34
-- witness: CloudWatch
-- rows: bounded
-- empty: CloudWatch told no size
-- column date: of UTC, as CloudWatch has it
-- column objects: old versions, delete markers and parts of unfinished uploads included
-- column bytes: over all storage classes, old versions and parts included
-- column change_bytes: against the day before for which CloudWatch has a figure
-- de title: Was in den Buckets liegt
-- de question: Wie viel liegt in den Buckets, und wächst oder schrumpft es?
-- de column date: in UTC, wie CloudWatch es führt
-- de column objects: alte Versionen, Löschmarken und Teile unfertiger Uploads eingeschlossen
-- de column bytes: über alle Speicherklassen, alte Versionen und Teile eingeschlossen
-- de column change_bytes: gegenüber dem Tag davor, für den CloudWatch eine Zahl hat
with m as (
    select bucket, date, cast(max(value) filter (metric = 'NumberOfObjects') as bigint) as objects, cast(max(value) filter (metric = 'BucketSizeBytes') as bigint) as bytes
    from metric_days
    where metric in ('NumberOfObjects', 'BucketSizeBytes') and (:bucket = '' or bucket = :bucket)
    group by bucket, date
), c as (
    select *, bytes - lag(bytes) over (partition by bucket order by date) as change_bytes from m
)
select c.bucket, c.date, c.objects, c.bytes, c.change_bytes
from c
join days d on d.date = c.date
where d.in_range
order by c.bucket, c.date
