-- title: Delete spike
-- question: Were far more objects deleted on a day than on the days before?
-- severity: high
-- scope: day
-- needs: history
-- sentence: {count} objects deleted in one day, far more than on the days before.
--
-- A day is compared with the evaluated ones among the 28 days before it: more
-- than the median and eight median absolute deviations, more than twice the
-- median, and at least 50 deletes. Deletes by lifecycle rules do not count.
with deletes as (
    select a.bucket, d.date, a.time, a.source_object, a.source_line
    from access a
    join quarters d on d.quarter = a.quarter
    where a.operation in ('REST.DELETE.OBJECT', 'BATCH.DELETE.OBJECT')
      and (a.http_status is null or a.http_status between 200 and 299)
), per_day as (
    select c.bucket, c.date, c.day_number, c.gap, c.in_range, count(x.time) as deletes
    from coverage c
    left join deletes x on x.bucket = c.bucket and x.date = c.date
    group by c.bucket, c.date, c.day_number, c.gap, c.in_range
), history as (
    select t.bucket, t.date, t.deletes, h.deletes as past,
           row_number() over (partition by t.bucket, t.date order by h.deletes) as n,
           count(*) over (partition by t.bucket, t.date) as days
    from per_day t
    join per_day h on h.bucket = t.bucket and h.day_number < t.day_number and h.day_number >= t.day_number - 28 and h.gap = ''
    where t.in_range
), middle as (
    select bucket, date, deletes, avg(past) as median
    from history
    where days >= 7 and n * 2 between days and days + 2
    group by bucket, date, deletes
), deviations as (
    select m.bucket, m.date, m.deletes, m.median, abs(h.past - m.median) as deviation, h.days,
           row_number() over (partition by h.bucket, h.date order by abs(h.past - m.median)) as n
    from middle m
    join history h on h.bucket = m.bucket and h.date = m.date
), spikes as (
    select bucket, date
    from deviations
    where n * 2 between days and days + 2
    group by bucket, date, deletes, median
    having deletes >= 50 and deletes > 2 * median and deletes > median + 8 * avg(deviation)
), n as (
    select x.*, row_number() over (partition by x.bucket, x.date order by x.time, x.source_object, x.source_line) as n
    from deletes x
    join spikes s on s.bucket = x.bucket and s.date = x.date
)
select bucket, 'deletes' as subject, date, count(*) as count, min(time) as first_seen, max(time) as last_seen, '' as severity,
       array_agg(source_object || ':' || cast(source_line as varchar) order by n) filter (where n <= 20) as samples
from n
group by bucket, date
order by bucket, date
