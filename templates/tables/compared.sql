-- The view compared: the requests of access log and trail, joined by bucket and
-- request ID and never by time: CloudTrail notes when a request was completed, the log
-- when it came. What one side has of the hour before and behind the range still meets
-- the other. Requests of bucketproof itself are in both.
--
-- Known is why only one side has a request, where that is known: what by its nature
-- the other does not have; kinds of events of which the trail has not a single one of
-- the bucket on that day, so that it does not record them; and days on which the log
-- has a gap.
with bounds as (
    select min(quarter) - 4 as first, max(quarter) + 4 as last from quarters where in_range
), log as (
    select a.bucket, a.request_id, min(a.time) as time, min(d.date) as date, bool_or(d.in_range) as in_range, count(*) as records,
           min(a.operation) as operation, min(a.requester) as requester, min(a.http_status) as http_status, min(a.key) as key, min(a.error_code) as error_code,
           min(a.source_object || ':' || cast(a.source_line as varchar)) as sample
    from every_access a
    join quarters d on d.quarter = a.quarter
    where a.quarter between (select first from bounds) and (select last from bounds) and a.request_id is not null
    group by a.bucket, a.request_id
), event as (
    select t.bucket, t.request_id, min(t.time) as time, min(d.date) as date, bool_or(d.in_range) as in_range,
           min(t.event_name) as event_name, min(t.requester) as requester, min(nullif(t.error_code, '200')) as error_code, min(t.http_status) as http_status,
           min(t.key) as key, count(distinct t.key) as keys, max(t.category) as category,
           min(t.source_object || ':' || cast(t.source_record as varchar)) as sample
    from trail t
    join quarters d on d.quarter = t.quarter
    where t.quarter between (select first from bounds) and (select last from bounds) and t.request_id is not null and t.bucket is not null
      and t.event_source = 's3.amazonaws.com' and coalesce(t.event_type, '') <> 'AwsServiceEvent'
    group by t.bucket, t.request_id
), recorded as (
    select t.bucket, d.date, bool_or(t.category = 'Data' and t.read_only) as data_reads, bool_or(t.category = 'Data' and not t.read_only) as data_writes,
           bool_or(t.category = 'Management' and t.read_only) as management_reads
    from trail t
    join quarters d on d.quarter = t.quarter
    where t.bucket is not null and t.quarter between (select first from bounds) and (select last from bounds)
    group by t.bucket, d.date
), batch as (
    select distinct a.bucket, f.form as key
    from every_access a, unnest([a.key, url_decode(a.key), url_decode(url_decode(a.key)), url_decode(replace(a.key, '+', ' ')), url_decode(replace(url_decode(a.key), '+', ' '))]) as f(form)
    where a.operation = 'BATCH.DELETE.OBJECT' and a.quarter between (select first from bounds) and (select last from bounds)
), joined as (
    select coalesce(l.bucket, e.bucket) as bucket, coalesce(case when l.in_range then l.date end, e.date, l.date) as date, coalesce(l.time, e.time) as time, coalesce(l.request_id, e.request_id) as request_id,
           coalesce(l.operation, e.event_name) as operation, coalesce(l.requester, e.requester) as requester, coalesce(l.key, e.key) as key, coalesce(l.sample, e.sample) as sample,
           l.request_id is not null as in_log, e.request_id is not null as in_trail, e.category, e.event_name, l.error_code as log_error,
           regexp_matches(coalesce(l.operation, ''), '^[A-Z]+\.(GET|HEAD|OPTIONS)\.') as reads,
           l.key is not null or regexp_matches(coalesce(l.operation, ''), '\.(BUCKET|BUCKETVERSIONS|OBJECT|PART|UPLOAD|UPLOADS|MULTI_OBJECT_DELETE|OBJECT_TAGGING)$') and l.operation not in ('REST.PUT.BUCKET', 'REST.DELETE.BUCKET') as data,
           case when l.requester like 'arn:%' and e.requester like 'arn:%' and l.requester <> e.requester then 'principal: ' || e.requester || ' in the trail' end as other_principal,
           case when e.http_status is not null and e.http_status <> l.http_status then 'status: ' || l.http_status || ' in the log, ' || e.http_status || ' in the trail'
                when l.http_status >= 400 and e.request_id is not null and e.error_code is null then 'status: ' || l.http_status || ' in the log, no error in the trail'
                when l.http_status < 400 and e.error_code is not null then 'status: ' || l.http_status || ' in the log, ' || e.error_code || ' in the trail' end as other_status,
           case when l.records = 1 and e.keys = 1 and l.key is not null
                 and e.key not in (l.key, url_decode(l.key), url_decode(url_decode(l.key)), url_decode(replace(l.key, '+', ' ')), url_decode(replace(url_decode(l.key), '+', ' ')))
                then 'key: ' || e.key || ' in the trail' end as other_key
    from log l
    full join event e on e.bucket = l.bucket and e.request_id = l.request_id
    where coalesce(l.in_range, false) or coalesce(e.in_range, false)
)
select j.bucket, j.date, j.time, j.request_id, j.operation, j.requester, j.key, j.sample, j.in_log, j.in_trail, concat_ws(', ', j.other_principal, j.other_status, j.other_key) as disagreement,
       concat_ws(', ', if(j.other_principal is null, null, 'principal'), if(j.other_status is null, null, 'status'), if(j.other_key is null, null, 'key')) as about,
       coalesce(j.category = 'Data', false) as data_event,
       case when not j.in_trail and j.operation like 'S3.%' then 'lifecycle and the like are in the log only'
            when not j.in_trail and j.log_error in ('InvalidAccessKeyId', 'SignatureDoesNotMatch', 'RequestTimeTooSkewed', 'ExpiredToken', 'InvalidToken', 'AuthorizationHeaderMalformed', 'AccessKeyIdNotFound', 'TokenRefreshRequired')
            then 'failed authentication is in the log only'
            when not j.in_trail and j.operation like 'WEBSITE.%' then 'requests to a website endpoint are in the log only'
            when not j.in_trail and j.operation like 'REST.COPY.%\_GET' escape '\' then 'the read half of a copy is in the log only'
            when not j.in_trail and j.data and j.reads and not coalesce(r.data_reads, false) then 'the trail records no data events of reads'
            when not j.in_trail and j.data and not j.reads and not coalesce(r.data_writes, false) then 'the trail records no data events of writes'
            when not j.in_trail and not j.data and j.reads and not coalesce(r.management_reads, false) then 'the trail records no management events of reads'
            when not j.in_log and c.gap <> '' then 'the log has a gap'
            when not j.in_log and j.event_name = 'DeleteObject' and b.key is not null then 'the log has it as a part of a multi-object delete' end as known
from joined j
left join batch b on b.bucket = j.bucket and b.key = j.key and not j.in_log
left join recorded r on r.bucket = j.bucket and r.date = j.date
left join coverage c on c.bucket = j.bucket and c.date = j.date
