-- title: Earlier backups overwritten
-- question: Was what earlier nights wrote overwritten?
-- severity: high
-- flags: objects of earlier backups that were overwritten; by the backup itself, only those that were never overwritten before
-- scope: day
-- selects: records
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- needs: principals
-- sentence: {count} {count:object|objects} of earlier backups overwritten.
-- draft: {subject} overwrote {count} {count:object|objects} of earlier backups in {bucket} {span}. It is to be confirmed that the tool does so, and that earlier backups can still be restored.
-- action: Confirm that the earlier backups in {bucket} can be restored.
-- de title: Frühere Backups überschrieben
-- de question: Wurde überschrieben, was frühere Nächte geschrieben haben?
-- de sentence: {count} {count:Objekt|Objekte} früherer Backups überschrieben.
-- de draft: In {bucket} {count:wurde|wurden} {span} {count} {count:Objekt|Objekte} früherer Backups überschrieben (Aufrufer: {subject}). Zu bestätigen ist, dass das Programm das so tut und frühere Backups wiederherstellbar sind.
-- de action: Bestätigen, dass die früheren Backups in {bucket} wiederherstellbar sind.
--
-- By others than backup principals every object that a backup wrote counts, also where
-- what overwrites it is empty, and so does a copy of an object onto itself. Tools overwrite some of what earlier nights wrote, and the same again and again; by a backup principal
-- three or more count that are written over for the first time, where they are more than twice the median of the
-- evaluated days among the 28 before, of which it takes seven, and than the least of the same weekday.
with w as (
    select w.bucket, w.object, w.time, w.identity, w.backup, w.source_object, w.source_line, d.date, d.day_number, d.in_range,
           coalesce('night ' || n.date, d.date) as night, w.backup_write
    from writes w
    join quarters d on d.quarter = w.quarter
    left join (select q.bucket, q.quarter, n.date, n.window_start, n.window_end from window_quarters q join windows n on n.bucket = q.bucket and n.date = q.date) n
      on n.bucket = w.bucket and n.quarter = w.quarter and w.time >= n.window_start and w.time < n.window_end
), held as (
    select *, min(night) filter (backup_write) over p as one, max(night) filter (backup_write) over p as other
    from w
    window p as (partition by bucket, object order by time, source_object, source_line rows between unbounded preceding and 1 preceding)
), over_ as (
    select *, row_number() over (partition by bucket, identity, day_number, object order by time, source_object, source_line) as nth,
           one = other as first_time
    from held
    where one is not null and (not backup or one <> night or other <> night)
), counts as (
    select c.bucket, c.day_number, c.gap = '' as whole, i.identity, coalesce(o.objects, 0) as objects
    from coverage c
    join (select distinct bucket, identity from over_ where backup) i on i.bucket = c.bucket
    left join (select bucket, day_number, identity, count(*) as objects from over_ where backup and nth = 1 and first_time group by all) o
      on o.bucket = c.bucket and o.day_number = c.day_number and o.identity = i.identity
), usual as (
    select c.bucket, c.identity, c.day_number, c.objects, coalesce(median(b.objects), 0) as middle, count(b.objects) as days,
           coalesce(min(b.objects) filter ((c.day_number - b.day_number) % 7 = 0), 0) as weekday
    from counts c
    left join counts b on b.bucket = c.bucket and b.identity = c.identity and b.whole and b.day_number between c.day_number - 28 and c.day_number - 1
    where c.objects >= 3
    group by all
)
select o.bucket, o.identity as subject, o.date, o.time, o.source_object, o.source_line
from over_ o
left join usual u on u.bucket = o.bucket and u.identity = o.identity and u.day_number = o.day_number
where o.in_range and o.time >= :from and o.time < :to and o.nth = 1
  and (not o.backup or o.first_time and u.days >= 7 and u.objects > 2 * u.middle and u.objects > 2 * u.weekday)
