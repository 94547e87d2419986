-- title: Errors
-- question: Which requests failed?
-- packet: 80
-- section: errors
-- widths: 40, 42, 14, 34, 18, 22, 22
-- witness: access log
-- rows: bounded
-- empty: nothing of this kind is in the log
-- column error_code: as S3 names it; - where the log has none
-- de title: Fehler
-- de question: Welche Anfragen schlugen fehl?
-- de column error_code: nach der Bezeichnung von S3; -, wenn das Protokoll keinen nennt
select a.bucket, coalesce(a.operation, '-') as operation, a.http_status, coalesce(a.error_code, '-') as error_code,
       count(*) as requests, min(a.time) as first_seen, max(a.time) as last_seen
from access a
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
  and a.failed
group by a.bucket, coalesce(a.operation, '-'), a.http_status, coalesce(a.error_code, '-')
order by requests desc, a.bucket, operation, a.http_status, error_code
