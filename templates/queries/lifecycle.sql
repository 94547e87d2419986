-- title: Lifecycle
-- question: What did lifecycle rules do?
-- witness: access log
-- empty: nothing of this kind is in the log
-- column date: in the tenant's zone
-- column bytes: of the objects, where the log has their size
-- de title: Lebenszyklus
-- de question: Was haben Lebenszyklusregeln bewirkt?
-- de column date: in der Zeitzone des Kunden
-- de column bytes: der Objekte, soweit das Protokoll ihre Größe nennt
select a.bucket, d.date, a.operation, count(*) as objects, coalesce(sum(a.object_size), 0) as bytes, min(a.time) as first_seen, max(a.time) as last_seen
from access a
join quarters d on d.quarter = a.quarter
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
  and (a.operation in ('S3.EXPIRE.OBJECT', 'S3.CREATE.DELETEMARKER', 'S3.DELETE.UPLOAD') or a.operation like 'S3.TRANSITION%')
group by a.bucket, d.date, a.operation
order by a.bucket, d.date, a.operation
