-- The requests of access log and trail, joined by bucket and request ID and never by
-- time: CloudTrail notes when a request was completed, the log when it came. What one
-- side has of the hour before and behind the range still meets the other.
-- Requests of bucketproof itself are in both.
with log as (
    select a.bucket, a.request_id, min(a.time) as time, min(d.date) as date, bool_or(d.in_range and a.time >= :from and a.time < :to) as in_range, count(*) as records,
           min(a.operation) as operation, min(a.requester) as requester, min(a.http_status) as http_status, min(a.key) as key,
           case when min(a.operation) like 'S3.%' then 'lifecycle and the like are in the log only'
                when min(a.error_code) in ('InvalidAccessKeyId', 'SignatureDoesNotMatch', 'RequestTimeTooSkewed', 'ExpiredToken', 'InvalidToken', 'AuthorizationHeaderMalformed', 'AccessKeyIdNotFound', 'TokenRefreshRequired')
                then 'failed authentication is in the log only'
                when min(a.operation) like 'WEBSITE.%' then 'requests to a website endpoint are in the log only' end as known
    from every_access a
    join quarters d on d.quarter = a.quarter
    where a.time >= :from - interval 1 hour and a.time < :to + interval 1 hour and a.request_id is not null
    group by a.bucket, a.request_id
), event as (
    select t.bucket, t.request_id, min(t.time) as time, min(d.date) as date, bool_or(d.in_range and t.time >= :from and t.time < :to) as in_range,
           min(t.event_name) as event_name, min(t.requester) as requester, min(nullif(t.error_code, '200')) as error_code, min(t.http_status) as http_status,
           min(t.key) as key, count(distinct t.key) as keys, max(t.category) as category
    from trail t
    join quarters d on d.quarter = t.quarter
    where t.time >= :from - interval 1 hour and t.time < :to + interval 1 hour and t.request_id is not null and t.bucket is not null and t.event_source = 's3.amazonaws.com'
    group by t.bucket, t.request_id
)
select coalesce(l.bucket, e.bucket) as bucket, coalesce(case when l.in_range then l.date end, e.date, l.date) as date, coalesce(l.time, e.time) as time, coalesce(l.request_id, e.request_id) as request_id,
       coalesce(l.operation, e.event_name) as operation, coalesce(l.requester, e.requester) as requester, coalesce(l.key, e.key) as key,
       l.request_id is not null as in_log, e.request_id is not null as in_trail, l.known, coalesce(e.category = 'Data', false) as data_event,
       case when l.request_id is null or e.request_id is null then ''
            else concat_ws(', ',
                 case when l.requester like 'arn:%' and e.requester like 'arn:%' and l.requester <> e.requester then 'principal: ' || e.requester || ' in the trail' end,
                 case when e.http_status is not null and e.http_status <> l.http_status then 'status: ' || l.http_status || ' in the log, ' || e.http_status || ' in the trail'
                      when l.http_status >= 400 and e.error_code is null then 'status: ' || l.http_status || ' in the log, no error in the trail'
                      when l.http_status < 400 and e.error_code is not null then 'status: ' || l.http_status || ' in the log, ' || e.error_code || ' in the trail' end,
                 case when l.records = 1 and e.keys = 1 and l.key is not null
                       and e.key not in (l.key, url_decode(l.key), url_decode(url_decode(l.key)), url_decode(replace(l.key, '+', ' ')), url_decode(replace(url_decode(l.key), '+', ' ')))
                      then 'key: ' || e.key || ' in the trail' end)
       end as disagreement
from log l
full join event e on e.bucket = l.bucket and e.request_id = l.request_id
where coalesce(l.in_range, false) or coalesce(e.in_range, false)
