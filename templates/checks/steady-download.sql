-- title: Steady download
-- question: Did anyone read a lot out of a bucket, a little every day?
-- severity: high
-- flags: a little read every day that adds up to much in four weeks
-- scope: day
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- needs: history
-- sentence: {count} {count:read|reads} by one principal {days}, which took far more out of the bucket in four weeks than before.
-- draft: {subject} read from {bucket} {span}, no large amount on any day, and far more in four weeks than in those before. It is to be confirmed what it was read for.
-- action: Find out what was steadily read from {bucket}, and what for.
-- de title: Stetiger Download
-- de question: Hat jemand viel aus einem Bucket gelesen, jeden Tag ein wenig?
-- de sentence: {count} {count:Lesezugriff|Lesezugriffe} eines Principals {days}, der in vier Wochen weit mehr aus dem Bucket las als davor.
-- de draft: Aus {bucket} wurde {span} gelesen (Aufrufer: {subject}), an keinem Tag viel, in vier Wochen aber weit mehr als in denen davor. Zu bestätigen ist, wozu.
-- de action: Klären, wozu aus {bucket} stetig gelesen wurde.
--
-- The bytes of the 28 days up to a day are at least :large_download, and a day's
-- share of them is more than twice that of the 28 days before, of which seven or more
-- were evaluated. Days of so much by themselves are left to large-download.
with t as (
    select t.bucket, p.identity, d.day_number, sum(t.bytes) as bytes, count(*) as reads, min(t.time) as first_seen, max(t.time) as last_seen,
           min_by(t.source_object || ':' || cast(t.source_line as varchar), (t.time, t.source_object, t.source_line)) as sample
    from taken t
    join principals p on p.requester = t.requester
    join quarters d on d.quarter = t.quarter
    group by t.bucket, p.identity, d.day_number
    having sum(t.bytes) < :large_download
), evaluated as (
    select c.bucket, c.date, c.day_number, c.in_range,
           (select count(*) from coverage x where x.bucket = c.bucket and x.gap = '' and x.day_number between c.day_number - 27 and c.day_number) as days,
           (select count(*) from coverage x where x.bucket = c.bucket and x.gap = '' and x.day_number between c.day_number - 55 and c.day_number - 28) as days_before
    from coverage c
), s as (
    select t.*, e.date, e.days, e.days_before,
           (select sum(o.bytes) from t o where o.bucket = t.bucket and o.identity = t.identity and o.day_number between t.day_number - 27 and t.day_number) as taken_bytes,
           coalesce((select sum(o.bytes) from t o where o.bucket = t.bucket and o.identity = t.identity and o.day_number between t.day_number - 55 and t.day_number - 28), 0) as taken_before
    from t
    join evaluated e on e.bucket = t.bucket and e.day_number = t.day_number
    where e.in_range and t.bytes > 0
)
select bucket, identity as subject, date, reads as count, first_seen, last_seen, '' as severity, [sample] as samples,
       cast(cast(round(taken_before * 1.0 / days_before) as bigint) as varchar) || ' bytes a day in the four weeks before that; now '
       || cast(cast(round(taken_bytes * 1.0 / greatest(days, 1)) as bigint) as varchar) as expected
from s
where days_before >= 7 and taken_bytes >= :large_download and taken_bytes * 1.0 / greatest(days, 1) > 2.0 * taken_before / days_before
order by bucket, date, count desc, subject
