-- Of each bucket and day of the range: requests that wrote or deleted objects, by the
-- log, and data events, by the trail.
with l as (
    select a.bucket, d.date, count(*) as logged
    from access a
    join quarters d on d.quarter = a.quarter
    where d.in_range and a.successful
      and regexp_matches(a.operation, '^REST\.(PUT|POST|COPY|DELETE)\.(OBJECT|UPLOAD|MULTI_OBJECT_DELETE)$')
    group by a.bucket, d.date
), t as (
    select t.bucket, d.date, count(*) as events
    from trail t
    join quarters d on d.quarter = t.quarter
    where d.in_range and t.category = 'Data' and t.bucket is not null
    group by t.bucket, d.date
)
select c.bucket, c.date, coalesce(l.logged, 0) as logged, coalesce(t.events, 0) as events
from coverage c
left join l on l.bucket = c.bucket and l.date = c.date
left join t on t.bucket = c.bucket and t.date = c.date
where c.in_range
order by c.bucket, c.date
