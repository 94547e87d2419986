-- title: Operations in the backup windows
-- question: Was what happened in the backup windows a backup?
-- witness: access log
-- empty: nothing of this kind is in the log
-- column date: the day on which the window starts, in the tenant's zone
-- column backup: whether the principal backs up
-- column writes: puts, posts, copies, parts and what goes with multipart uploads, whether successful or not
-- column objects_written: successful puts, posts, copies and completed multipart uploads
-- column bytes_written: successful puts, posts, copies and parts of multipart uploads
-- de title: Operationen in den Backup-Fenstern
-- de question: War das, was in den Backup-Fenstern geschah, ein Backup?
-- de column date: der Tag, an dem das Backup-Fenster beginnt, in der Zeitzone des Kunden
-- de column backup: ob der Principal sichert
-- de column writes: Anfragen mit PUT, POST und COPY, Teile und was sonst zu mehrteiligen Uploads gehört, ob erfolgreich oder nicht
-- de column objects_written: erfolgreiche Anfragen mit PUT, POST und COPY sowie abgeschlossene mehrteilige Uploads
-- de column bytes_written: erfolgreiche Anfragen mit PUT, POST und COPY sowie Teile mehrteiliger Uploads
select w.bucket, w.date, p.principal, p.backup, count(*) as requests,
       sum(case when a.operation like 'REST.PUT.%' or a.operation like 'REST.POST.UPLOAD%' or a.operation like 'REST.POST.OBJECT%' or a.operation like 'REST.COPY.%' then 1 else 0 end) as writes,
       sum(case when a.operation like '%.GET.OBJECT' then 1 else 0 end) as reads,
       sum(case when a.operation in ('REST.DELETE.OBJECT', 'BATCH.DELETE.OBJECT') then 1 else 0 end) as deletes,
       sum(case when a.failed then 1 else 0 end) as errors,
       sum(case when a.successful and a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.POST.UPLOAD') then 1 else 0 end) as objects_written,
       coalesce(sum(case when a.successful and a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.PUT.PART', 'REST.COPY.PART') then a.object_size end), 0) as bytes_written
from windows w
join window_quarters q on q.bucket = w.bucket and q.date = w.date
join access a on a.bucket = q.bucket and a.quarter = q.quarter and a.time >= w.window_start and a.time < w.window_end
join principals p on p.requester = coalesce(a.requester, '-')
where w.in_range and (:bucket = '' or w.bucket = :bucket)
group by w.bucket, w.date, p.principal, p.backup
order by w.bucket, w.date, requests desc, p.principal
