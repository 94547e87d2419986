-- title: More removed than written
-- question: Were more objects removed in four weeks than backups wrote?
-- severity: high
-- flags: in four weeks, more objects removed than twice what backups wrote (by lifecycle rules: three times)
-- scope: day
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- sentence: {count} objects removed {days}, while backups wrote far fewer in the four weeks up to then.
-- draft: More objects were removed from {bucket} in the four weeks up to then than backups wrote ({subject}), {span}. It is to be confirmed that retention was shortened on purpose, and that nothing is missing that is needed.
-- action: Confirm that so much was removed from {bucket} on purpose.
-- de title: Mehr entfernt als geschrieben
-- de question: Wurden in vier Wochen mehr Objekte entfernt, als Backups schrieben?
-- de sentence: {count} {count:Objekt|Objekte} {days} entfernt, während Backups in den vier Wochen bis dahin weit weniger schrieben.
-- de draft: Aus {bucket} wurden in den vier Wochen bis dahin mehr Objekte entfernt, als Backups schrieben ({subject}), {span}. Zu bestätigen ist, dass die Aufbewahrung mit Absicht verkürzt wurde und nichts fehlt, was gebraucht wird.
-- de action: Bestätigen, dass in {bucket} mit Absicht so viel entfernt wurde.
--
-- Retention removes about as many objects as backups write. Flagged is a day with removals where those of
-- the 28 days up to it are more than twice what backups wrote in these days, and ten; of
-- lifecycle rules, which take a version and its marker, three times. These run every
-- day: one that takes more than three times what the largest day wrote, and ten, counts, too.
with removed as (
    select e.bucket, d.day_number, case when e.operation like 'S3.%' then 'by lifecycle rules' else 'by requests' end as subject, e.time, e.source_object, e.source_line
    from removals e
    join quarters d on d.quarter = e.quarter
    where e.operation not like 'REST.P%' and e.operation not like 'REST.COPY%' and not regexp_matches(lower(e.object), '(^|/)locks/|\.(lock|lck|tmp|partial)$')
), r as (
    select bucket, day_number, subject, count(*) as objects from removed group by all
), w as (
    select w.bucket, d.day_number, count(distinct w.object) as objects
    from writes w
    join quarters d on d.quarter = w.quarter
    where w.backup_write
    group by all
), sums as (
    select r.bucket, r.day_number, r.subject, r.objects as today,
           (select sum(o.objects) from r o where o.bucket = r.bucket and o.subject = r.subject and o.day_number between r.day_number - 27 and r.day_number) as removed,
           coalesce((select sum(o.objects) from w o where o.bucket = r.bucket and o.day_number between r.day_number - 27 and r.day_number), 0) as written,
           coalesce((select max(o.objects) from w o where o.bucket = r.bucket and o.day_number between r.day_number - 27 and r.day_number), 0) as most
    from r
), flagged as (
    select s.*, c.date
    from sums s
    join coverage c on c.bucket = s.bucket and c.day_number = s.day_number
    where c.in_range
      and (s.removed > case when s.subject = 'by requests' then 2 else 3 end * s.written + 10
        or s.subject = 'by lifecycle rules' and s.today > 3 * s.most + 10)
), n as (
    select f.bucket, f.subject, f.date, f.removed, f.written, e.time, e.source_object, e.source_line,
           row_number() over (partition by f.bucket, f.subject, f.date order by e.time, e.source_object, e.source_line) as n
    from flagged f
    join removed e on e.bucket = f.bucket and e.subject = f.subject and e.day_number = f.day_number
)
select bucket, subject, date, count(*) as count, min(time) as first_seen, max(time) as last_seen, '' as severity,
       array_agg(source_object || ':' || cast(source_line as varchar) order by n) filter (where n <= 20) as samples,
       'in 28 days removed: ' || cast(any_value(removed) as varchar) || '; written by backups: ' || cast(any_value(written) as varchar) as expected
from n
group by bucket, subject, date
order by bucket, date, subject
