-- title: Backups deleted too early
-- question: Was anything that a backup wrote removed before its time?
-- severity: high
-- flags: objects of backups removed within `keep_days`
-- requires: bucket.keep_days
-- scope: day
-- selects: records with expected
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- sentence: {count} {count:object|objects} of backups removed before {count:its|their} time.
-- draft: {count} {count:object|objects} that backups wrote to {bucket} were removed within keep_days, {span}, by {subject}. It is to be confirmed that this was planned, and that later backups don't need them.
-- action: Confirm that the deletes in {bucket} were planned, or restore the objects.
-- de title: Backups zu früh gelöscht
-- de question: Wurde etwas, das ein Backup geschrieben hat, vor seiner Zeit entfernt?
-- de sentence: {count} {count:Objekt|Objekte} aus Backups vor der Zeit entfernt.
-- de draft: {count} {count:Objekt|Objekte} aus Backups in {bucket} {count:wurde|wurden} {span} innerhalb von keep_days entfernt ({subject}). Zu bestätigen ist, dass dies geplant war und spätere Backups sie nicht brauchen.
-- de action: Bestätigen, dass die Löschungen in {bucket} geplant waren, oder die Objekte wiederherstellen.
--
-- Of objects that were renamed, the new one counts. What the backup removes itself counts
-- where it takes a twentieth of a night's bytes or more, or leaves too few objects: tools
-- write and remove small files of their own.
with f as (
    select f.*, p.identity as who, p.backup as own, row_number() over (partition by f.bucket, f.date, f.object order by f.event_time, f.source_object, f.source_line) as first
    from fates f
    join buckets b on b.bucket = f.bucket
    join principals p on p.requester = f.event_requester
    where f.removal and not f.moved and f.event_time < f.time + to_days(b.keep_days)
), weight as (
    select f.bucket, f.date, sum(f.size) filter (own) as bytes from f where first = 1 group by f.bucket, f.date
)
select f.bucket, f.who as subject, d.date, f.event_time as time, f.source_object, f.source_line,
       cast(sum(f.size) over (partition by f.bucket, f.who, d.date) as varchar) || ' bytes' as expected
from f
join nights n on n.bucket = f.bucket and n.date = f.date
join windows w on w.bucket = f.bucket and w.date = f.date
join weight x on x.bucket = f.bucket and x.date = f.date
join quarters d on d.quarter = epoch_ms(f.event_time) // 900000
where f.first = 1 and f.event_time >= :from and f.event_time < :to and d.in_range
  and (not f.own or x.bytes * 20 >= n.backup_bytes and x.bytes > 0 or n.kept_objects < w.min_objects)
