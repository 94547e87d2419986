-- title: Operations
-- question: What was done in the buckets, and how often?
-- packet: 50
-- section: movement
-- widths: 50, 60, 30, 30
-- witness: access log
-- rows: bounded
-- empty: nothing of this kind is in the log
-- column operation: as S3 names it; REST are requests, S3 and BATCH what S3 did itself
-- column bytes_sent: bytes of the responses, without headers
-- de title: Operationen
-- de question: Was wurde in den Buckets getan, und wie oft?
-- de column operation: nach der Bezeichnung von S3; REST steht für Anfragen, S3 und BATCH für das, was S3 selbst getan hat
-- de column bytes_sent: Bytes der Antworten, ohne Kopfzeilen
select a.bucket, coalesce(a.operation, '-') as operation, count(*) as requests, coalesce(sum(a.bytes_sent), 0) as bytes_sent
from access a
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
group by a.bucket, coalesce(a.operation, '-')
order by a.bucket, requests desc, operation
