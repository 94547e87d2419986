-- title: Restores
-- question: Who read backups back, and how much?
-- witness: access log
-- empty: nothing of this kind is in the log
-- column date: in the tenant's zone
-- column objects: different keys that were read, whole or in part
-- column bytes_sent: to the reader; a read that was broken off counts what was sent
-- column refused: reads that S3 refused
-- de title: Wiederherstellungen
-- de question: Wer hat Backups zurückgelesen, und wie viel?
-- de column date: in der Zeitzone des Kunden
-- de column objects: verschiedene Objektschlüssel, die ganz oder teilweise gelesen wurden
-- de column bytes_sent: an den Lesenden; bei einem abgebrochenen Lesezugriff zählt, was gesendet wurde
-- de column refused: Lesezugriffe, die S3 abgewiesen hat
select a.bucket, d.date, p.principal, p.identity as requester, p.role,
       count(distinct case when a.http_status in (200, 206) then a.key end) as objects,
       sum(case when a.http_status in (200, 206) then 1 else 0 end) as requests,
       coalesce(sum(a.bytes_sent), 0) as bytes_sent,
       sum(case when a.failed then 1 else 0 end) as refused,
       min(a.time) as first_seen, max(a.time) as last_seen
from access a
join principals p on p.requester = coalesce(a.requester, '-')
join quarters d on d.quarter = a.quarter
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
  and a.operation in ('REST.GET.OBJECT', 'WEBSITE.GET.OBJECT', 'REST.POST.RESTORE')
group by a.bucket, d.date, p.principal, p.identity, p.role
order by a.bucket, d.date, bytes_sent desc, principal, requester
