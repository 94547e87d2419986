-- What each identity did on each day, from which the usual is learnt. Deletes
-- by lifecycle rules are not counted, and refused requests are no errors here:
-- they have a check of their own.
select a.bucket, d.date, p.identity, count(*) as requests,
       sum(case when a.operation in ('REST.DELETE.OBJECT', 'BATCH.DELETE.OBJECT') and (a.http_status is null or a.http_status between 200 and 299) then 1 else 0 end) as deletes,
       sum(case when a.http_status >= 400 and a.http_status not in (401, 403) then 1 else 0 end) as errors,
       coalesce(sum(case when a.http_status in (200, 206) and a.operation in ('REST.GET.OBJECT', 'WEBSITE.GET.OBJECT') then a.bytes_sent end), 0) as downloaded
from access a
join quarters d on d.quarter = a.quarter
join principals p on p.requester = coalesce(a.requester, '-')
group by a.bucket, d.date, p.identity
