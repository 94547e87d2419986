-- title: Newest backups removed
-- question: Were the newest backups removed while older ones stay?
-- severity: high
-- flags: nights that lose half of their bytes within three days while older nights stay
-- scope: day
-- witness: access log
-- empty: no night lost half of its bytes within three days while older ones stay
-- sentence: {count} {count:night|nights} of which half or more was removed within three days, while older backups stay.
-- draft: Of the newest backups in {bucket} half or more was removed, {span}, while older ones are still there. Retention removes the oldest first; it is to be found out who did it and why.
-- action: Find out who removed the newest backups in {bucket}, and confirm a new one.
-- de title: Neueste Backups entfernt
-- de question: Wurden die neuesten Backups entfernt, während ältere bleiben?
-- de sentence: {count} {count:Nacht|Nächte}, von {count:der|denen} die Hälfte oder mehr innerhalb von drei Tagen entfernt wurde, während ältere Backups bleiben.
-- de draft: Von den neuesten Backups in {bucket} wurde {span} die Hälfte oder mehr entfernt, während ältere noch da sind. Eine Aufbewahrungsregel entfernt zuerst die ältesten; zu klären ist, wer das war und warum.
-- de action: Klären, wer die neuesten Backups in {bucket} entfernt hat, und ein neues bestätigen.
--
-- A night counts on the day on which half of its bytes are gone, where that is within three
-- days of its end, and at least half of three or more of the seven nights before it had
-- more than half of their bytes left then.
with gone as (
    select f.bucket, f.date, f.object, min(f.event_time) as time, max(f.size) as size
    from fates f
    where f.removal and not f.moved
    group by f.bucket, f.date, f.object
), run as (
    select *, sum(size) over (partition by bucket, date order by time, object) as removed from gone
), half as (
    select r.bucket, r.date, min(r.time) as time
    from run r
    join nights n on n.bucket = r.bucket and n.date = r.date
    where n.backup_bytes > 0 and r.removed * 2 >= n.backup_bytes
    group by r.bucket, r.date
), older as (
    select h.bucket, h.date, h.time, count(*) as nights, count(*) filter (o.time is null or o.time > h.time) as left_
    from half h
    join windows w on w.bucket = h.bucket and w.date = h.date
    join windows b on b.bucket = h.bucket and b.window_start < w.window_start and b.window_start >= w.window_start - interval 8 day
    join nights n on n.bucket = b.bucket and n.date = b.date and n.backup_bytes > 0
    left join half o on o.bucket = b.bucket and o.date = b.date
    where h.time < w.window_end + interval 3 day
    group by h.bucket, h.date, h.time
)
select o.bucket, 'nights removed before older ones' as subject, d.date, count(*) as count, min(o.time) as first_seen, max(o.time) as last_seen, '' as severity,
       cast(null as varchar) as samples, array_agg(o.date order by o.date) as who
from older o
join quarters d on d.quarter = epoch_ms(o.time) // 900000
where d.in_range and o.nights >= 3 and o.left_ * 2 >= o.nights
group by o.bucket, d.date
order by o.bucket, d.date
