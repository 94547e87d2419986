-- title: Writes outside the backup window
-- question: Did anyone write to a bucket outside its backup window?
-- severity: medium
-- flags: successful writes outside the backup window
-- scope: day
-- selects: records
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- sentence: {count} successful {count:write|writes} outside the backup window.
-- draft: {subject} wrote {count} {count:time|times} to {bucket} outside the backup window, {span}. It is to be confirmed whether the backup ran late or someone else wrote.
-- action: Find out whether the backup of {bucket} ran late or someone else wrote.
-- de title: Schreibzugriffe außerhalb des Backup-Fensters
-- de question: Hat jemand außerhalb des Backup-Fensters in einen Bucket geschrieben?
-- de sentence: {count} {count:erfolgreicher Schreibzugriff|erfolgreiche Schreibzugriffe} außerhalb des Backup-Fensters.
-- de draft: In {bucket} {count:erfolgte|erfolgten} {span} außerhalb des Backup-Fensters {count} {count:Schreibzugriff|Schreibzugriffe} durch {subject}. Zu klären ist, ob das Backup verspätet lief oder jemand anderes schrieb.
-- de action: Klären, ob das Backup von {bucket} verspätet lief oder jemand anderes schrieb.
with w as (
    select q.bucket, q.quarter, w.window_start, w.window_end
    from window_quarters q
    join windows w on w.bucket = q.bucket and w.date = q.date
)
select a.bucket, p.identity as subject, d.date, a.time, a.source_object, a.source_line
from writes a
join principals p on p.requester = a.requester
join quarters d on d.quarter = a.quarter
left join w on w.bucket = a.bucket and w.quarter = a.quarter and a.time >= w.window_start and a.time < w.window_end
where a.time >= :from and a.time < :to and d.in_range and w.bucket is null and not p.service
