-- The view logged_days: what the access log has of each bucket and day, counted as
-- CloudWatch counts requests: without lifecycle (S3.…), without the children of
-- multi-object deletes, and without the read halves of copies. Requests of bucketproof
-- itself are among them.
with r as (
    select a.bucket, q.date, count(*) as requests, count(*) filter (a.http_status between 400 and 499) as errors_4xx, count(*) filter (a.http_status between 500 and 599) as errors_5xx,
           coalesce(sum(a.bytes_sent), 0) as bytes_sent
    from every_access a
    join quarters q on q.quarter = a.quarter
    where q.in_range and (a.operation like 'REST.%' or a.operation like 'WEBSITE.%') and not (a.operation like 'REST.COPY.%\_GET' escape '\')
    group by a.bucket, q.date
)
select b.bucket, d.date, d.in_range, coalesce(r.requests, 0) as requests, coalesce(r.errors_4xx, 0) as errors_4xx, coalesce(r.errors_5xx, 0) as errors_5xx, cast(coalesce(r.bytes_sent, 0) as bigint) as bytes_sent
from buckets b
cross join days d
left join r on r.bucket = b.bucket and r.date = d.date
where d.in_range
