-- title: Deletes
-- question: What was deleted, by whom, and on which day?
-- packet: 60
-- section: deletes
-- widths: 44, 18, 50, 20, 22, 22
-- witness: access log
-- rows: bounded
-- empty: nothing of this kind is in the log
-- column date: in the tenant's zone
-- column object_deletes: objects deleted, one by one or as part of a multi-object delete, each counted once
-- column multi_object_deletes: multi-object delete requests; their objects are in object_deletes
-- column lifecycle_expirations: objects that S3 expired by a lifecycle rule, delete markers included
-- de title: Löschungen
-- de question: Was wurde gelöscht, von wem und an welchem Tag?
-- de column date: in der Zeitzone des Kunden
-- de column object_deletes: gelöschte Objekte, einzeln oder in einer Sammellöschung, jedes einmal gezählt
-- de column multi_object_deletes: Anfragen zur Sammellöschung; ihre Objekte sind unter den gelöschten Objekten gezählt
-- de column lifecycle_expirations: Objekte, die S3 nach einer Lebenszyklusregel hat ablaufen lassen, einschließlich Löschmarkierungen
select a.bucket, d.date, p.principal,
       sum(case when a.operation in ('REST.DELETE.OBJECT', 'BATCH.DELETE.OBJECT') then 1 else 0 end) as object_deletes,
       sum(case when a.operation = 'REST.POST.MULTI_OBJECT_DELETE' then 1 else 0 end) as multi_object_deletes,
       sum(case when a.operation in ('S3.EXPIRE.OBJECT', 'S3.CREATE.DELETEMARKER') then 1 else 0 end) as lifecycle_expirations
from access a
join principals p on p.requester = coalesce(a.requester, '-')
join quarters d on d.quarter = a.quarter
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
  and a.operation in ('REST.DELETE.OBJECT', 'BATCH.DELETE.OBJECT', 'REST.POST.MULTI_OBJECT_DELETE', 'S3.EXPIRE.OBJECT', 'S3.CREATE.DELETEMARKER')
  and a.successful
group by a.bucket, d.date, p.principal
order by a.bucket, d.date, p.principal
