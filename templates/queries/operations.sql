-- title: Operations
-- question: What was done in the buckets, and how often?
-- witness: access log
-- rows: bounded
-- empty: nothing of this kind is in the log
-- column operation: as S3 names it; REST are requests, S3 and BATCH what S3 did itself
-- column bytes_sent: bytes of the responses, without headers
select a.bucket, coalesce(a.operation, '-') as operation, count(*) as requests, coalesce(sum(a.bytes_sent), 0) as bytes_sent
from access a
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
group by a.bucket, coalesce(a.operation, '-')
order by a.bucket, requests desc, operation
