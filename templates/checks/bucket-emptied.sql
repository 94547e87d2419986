-- title: Most of a bucket removed
-- question: Was most of what lay in a bucket removed within a day?
-- severity: high
-- scope: day
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- sentence: {count} objects removed {days}, most of what was known to be in the bucket.
-- draft: Most of what the log knows to have been in {bucket} was removed, {span}. Who did it, and whether any backup is left, is to be found out at once.
--
-- Of the objects that the log saw written and that were there at the end of the day
-- before, or were written on the day and are there at its end, more than half are gone, or more than half of
-- their bytes; of two objects or more. By whomever. An object counts with the largest size that it has had
-- since it was last gone: what is written over it has a check of its own.
with e as (
    select w.bucket, w.object, d.day_number, epoch_ms(w.time) * 2 as turn, false as gone, coalesce(w.size, 0) as size
    from writes w
    join quarters d on d.quarter = w.quarter
    where coalesce(w.size, 1) > 0
    union all
    select r.bucket, r.object, d.day_number, epoch_ms(r.time) * 2 + 1, true, 0
    from removals r
    join quarters d on d.quarter = r.quarter
), touched as (
    select bucket, object from removals
    union
    select bucket, object from e group by bucket, object having min(day_number) < max(day_number)
), untouched as (
    select e.bucket, min(e.day_number) as day_number, max(e.size) as size
    from e
    anti join touched t on t.bucket = e.bucket and t.object = e.object
    group by e.bucket, e.object
), ends as (
    select e.bucket, e.object, e.day_number, arg_max(e.gone, e.turn) as gone, max(e.size) as size
    from e
    semi join touched t on t.bucket = e.bucket and t.object = e.object
    group by e.bucket, e.object, e.day_number
), lives as ( -- a life of a key ends with the day at whose end it is gone
    select *, coalesce(sum(cast(gone as int)) over (partition by bucket, object order by day_number rows between unbounded preceding and 1 preceding), 0) as life
    from ends
), sizes as (
    select *, max(size) over (partition by bucket, object, life order by day_number rows between unbounded preceding and current row) as bytes
    from lives
), turns as (
    select *, coalesce(not lag(gone) over w, false) as was_there, coalesce(lag(bytes) over w, 0) as was_bytes
    from sizes
    window w as (partition by bucket, object order by day_number)
), steps as (
    select bucket, day_number,
           count(*) filter (not gone and not was_there) as came, count(*) filter (gone and was_there) as went,
           coalesce(sum(bytes - case when was_there then was_bytes else 0 end) filter (not gone or was_there), 0) as came_bytes,
           coalesce(sum(bytes) filter (gone and was_there), 0) as went_bytes
    from turns
    group by bucket, day_number
    union all
    select bucket, day_number, count(*), 0, coalesce(sum(size), 0), 0 from untouched group by bucket, day_number
), days_ as (
    select c.bucket, c.date, c.day_number, c.in_range, coalesce(sum(s.came), 0) as came, coalesce(sum(s.went), 0) as went,
           coalesce(sum(s.came_bytes), 0) as came_bytes, coalesce(sum(s.went_bytes), 0) as went_bytes
    from coverage c
    left join steps s on s.bucket = c.bucket and s.day_number = c.day_number
    group by c.bucket, c.date, c.day_number, c.in_range
), there as (
    select *, sum(came) over w - sum(went) over w + went as objects, sum(came_bytes) over w - sum(went_bytes) over w + went_bytes as bytes
    from days_
    window w as (partition by bucket order by day_number rows between unbounded preceding and current row)
), flagged as (
    select * from there where in_range and objects >= 2 and (went * 2 > objects or went_bytes * 2 > bytes and went_bytes > 0)
), n as (
    select f.bucket, f.date, f.went, f.objects, f.went_bytes, f.bytes, r.time, r.source_object, r.source_line, p.principal as who,
           row_number() over (partition by f.bucket, f.date order by r.time, r.source_object, r.source_line) as n
    from flagged f
    join removals r on r.bucket = f.bucket
    join quarters d on d.quarter = r.quarter and d.day_number = f.day_number
    join principals p on p.requester = r.requester
)
select bucket, 'most of what was there' as subject, date, cast(any_value(went) as bigint) as count, min(time) as first_seen, max(time) as last_seen, '' as severity,
       array_agg(source_object || ':' || cast(source_line as varchar) order by n) filter (where n <= 20) as samples, array_agg(distinct who) as who,
       'known to be there: ' || cast(any_value(objects) as varchar) || ' objects, ' || cast(any_value(bytes) as varchar) || ' bytes; removed: '
       || cast(any_value(went) as varchar) || ' and ' || cast(any_value(went_bytes) as varchar) as expected
from n
group by bucket, date
order by bucket, date
