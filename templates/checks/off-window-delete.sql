-- title: Deletes outside the backup window
-- question: Did the backup delete objects outside its window?
-- severity: medium
-- flags: deletes by the backup outside its window
-- scope: day
-- selects: records
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- needs: principals
-- sentence: {count} {count:object|objects} deleted by the backup outside its window.
-- draft: {subject} deleted {count} {count:object|objects} from {bucket} outside the backup window, {span}. It is to be confirmed whether its retention ran late, or someone else used the role.
-- action: Find out whether the deletes in {bucket} outside the window belong to the backup.
-- de title: Löschungen außerhalb des Backup-Fensters
-- de question: Hat das Backup außerhalb seines Fensters Objekte gelöscht?
-- de sentence: {count} {count:Objekt|Objekte} durch das Backup außerhalb seines Fensters gelöscht.
-- de draft: Aus {bucket} {count:wurde|wurden} {span} {count} {count:Objekt|Objekte} außerhalb des Backup-Fensters gelöscht (Aufrufer: {subject}). Zu klären ist, ob die Aufbewahrung verspätet lief oder jemand anderes die Rolle benutzte.
-- de action: Klären, ob die Löschungen in {bucket} außerhalb des Fensters zum Backup gehören.
with w as (
    select q.bucket, q.quarter, w.window_start, w.window_end
    from window_quarters q
    join windows w on w.bucket = q.bucket and w.date = q.date
)
select e.bucket, p.identity as subject, d.date, e.time, e.source_object, e.source_line
from removals e
join principals p on p.requester = e.requester
join quarters d on d.quarter = e.quarter
left join w on w.bucket = e.bucket and w.quarter = e.quarter and e.time >= w.window_start and e.time < w.window_end
where e.time >= :from and e.time < :to and d.in_range and p.backup and w.bucket is null and e.operation not like 'S3.%'
