-- The view compared: the requests of access log and trail, joined by bucket and
-- request ID and never by time: CloudTrail notes when a request was completed, the log
-- when it came. What one side has of the hour before and behind the range still meets
-- the other. Requests of bucketproof itself are in both.
--
-- Known is why only one side has a request, where that is known: what by its nature
-- the other does not have; kinds of events of which the trail has not a single one of
-- the bucket up to that day, so that it does not record them; and days on which the
-- other has a gap. A kind that the trail recorded on an earlier day is missed: who has
-- something to hide switches it off for a while.
--
-- Keys are what a client makes of them: M%25FCller decodes to M%FCller, which decodes
-- to no text at all. What can't be decoded is compared as it stands. Each url_decode
-- stands right below a try: the engine takes what two expressions share out of them,
-- and out of the try as well.
with bounds as (
    select min(quarter) - 4 as first, max(quarter) + 4 as last from quarters where in_range
), log as (
    select a.bucket, a.request_id, min(a.time) as time, min(d.date) as date, bool_or(d.in_range) as in_range, count(*) as records,
           bool_and(a.operation = 'BATCH.DELETE.OBJECT') as only_children,
           case when only_children then min(a.operation) else min(a.operation) filter (a.operation <> 'BATCH.DELETE.OBJECT') end as operation,
           min(a.requester) as requester, min(a.key) as key,
           case when only_children then min(a.http_status) else min(a.http_status) filter (a.operation <> 'BATCH.DELETE.OBJECT') end as http_status,
           case when only_children then min(a.error_code) else min(a.error_code) filter (a.operation <> 'BATCH.DELETE.OBJECT') end as error_code,
           min(a.source_object || ':' || cast(a.source_line as varchar)) as sample
    from every_access a
    join quarters d on d.quarter = a.quarter
    where a.quarter between (select first from bounds) and (select last from bounds) and a.request_id is not null
    group by a.bucket, a.request_id
), event as (
    select t.bucket, t.request_id, min(t.time) as time, min(d.date) as date, bool_or(d.in_range) as in_range,
           min(t.event_name) as event_name, min(t.requester) as requester, bool_or(t.event_name = 'DeleteObjects') as parent,
           min(nullif(t.error_code, '200')) filter (not whole or t.event_name = 'DeleteObjects') as error_code, min(t.http_status) filter (not whole or t.event_name = 'DeleteObjects') as http_status,
           min(t.key) as key, count(distinct t.key) as keys, max(t.category) as category,
           min(t.source_object || ':' || cast(t.source_record as varchar)) as sample
    from (select *, count(*) filter (event_name = 'DeleteObjects') over (partition by bucket, request_id) > 0 as whole from trail) t
    join quarters d on d.quarter = t.quarter
    where t.quarter between (select first from bounds) and (select last from bounds) and t.request_id is not null and t.bucket is not null
      and t.event_source = 's3.amazonaws.com' and coalesce(t.event_type, '') <> 'AwsServiceEvent'
    group by t.bucket, t.request_id
), recorded as (
    select t.bucket, min(d.date) filter (t.category = 'Data' and t.read_only) as data_reads, min(d.date) filter (t.category = 'Data' and not t.read_only) as data_writes,
           min(d.date) filter (t.category = 'Management' and t.read_only) as management_reads
    from trail t
    join quarters d on d.quarter = t.quarter
    where t.bucket is not null
    group by t.bucket
), batch as (
    select distinct a.bucket, f.form as key, a.requester, a.minute
    from (
        select o.bucket, o.requester, o.minute, o.key, o.once, coalesce(try(url_decode(o.once)), o.once) as twice,
               coalesce(try(url_decode(replace(o.key, '+', ' '))), o.key) as plus, coalesce(try(url_decode(replace(o.once, '+', ' '))), o.once) as once_plus
        from (
            select bucket, requester, key, coalesce(try(url_decode(key)), key) as once, epoch_ms(time) // 60000 as minute
            from every_access
            where operation = 'BATCH.DELETE.OBJECT' and quarter between (select first from bounds) and (select last from bounds)
        ) o
    ) a, unnest([a.key, a.once, a.twice, a.plus, a.once_plus]) as f(form)
), joined as (
    select coalesce(l.bucket, e.bucket) as bucket, coalesce(l.date, e.date) as date, coalesce(l.time, e.time) as time, coalesce(l.request_id, e.request_id) as request_id,
           coalesce(l.operation, e.event_name) as operation, coalesce(l.requester, e.requester) as requester, coalesce(l.key, e.key) as key, coalesce(l.sample, e.sample) as sample,
           l.request_id is not null as in_log, e.request_id is not null as in_trail, e.category, e.event_name, l.error_code as log_error,
           regexp_matches(coalesce(l.operation, ''), '^[A-Z]+\.(GET|HEAD|OPTIONS)\.') as reads,
           l.key is not null or regexp_matches(coalesce(l.operation, ''), '\.(BUCKET|BUCKETVERSIONS|OBJECT|PART|UPLOAD|UPLOADS|MULTI_OBJECT_DELETE|OBJECT_TAGGING)$') and l.operation not in ('REST.PUT.BUCKET', 'REST.DELETE.BUCKET') as data,
           case when l.requester like 'arn:%' and e.requester like 'arn:%' and l.requester <> e.requester then 'principal: ' || e.requester || ' in the trail' end as other_principal,
           case when l.only_children and e.parent then null -- the request itself is not in the log, and its objects have an outcome each
                when e.http_status is not null and e.http_status <> l.http_status then 'status: ' || l.http_status || ' in the log, ' || e.http_status || ' in the trail'
                when l.http_status >= 400 and e.request_id is not null and e.error_code is null then 'status: ' || l.http_status || ' in the log, no error in the trail'
                when l.http_status < 400 and l.error_code is null and e.error_code is not null then 'status: ' || l.http_status || ' in the log, ' || e.error_code || ' in the trail' end as other_status,
           case when l.records = 1 and e.keys = 1 and l.key is not null
                 and e.key not in (l.key, l.once, coalesce(try(url_decode(l.once)), l.once),
                     coalesce(try(url_decode(replace(l.key, '+', ' '))), l.key), coalesce(try(url_decode(replace(l.once, '+', ' '))), l.once))
                then 'key: ' || e.key || ' in the trail' end as other_key
    from (select *, coalesce(try(url_decode(key)), key) as once from log) l
    full join event e on e.bucket = l.bucket and e.request_id = l.request_id
    where coalesce(l.in_range, e.in_range) -- one over midnight is of the day on which the log has it
)
select j.bucket, j.date, j.time, j.request_id, j.operation, j.requester, j.key, j.sample, j.in_log, j.in_trail, concat_ws(', ', j.other_principal, j.other_status, j.other_key) as disagreement,
       concat_ws(', ', if(j.other_principal is null, null, 'principal'), if(j.other_status is null, null, 'status'), if(j.other_key is null, null, 'key')) as about,
       coalesce(least(r.data_reads, r.data_writes) <= j.date, false) as data_recorded,
       case when not j.in_trail and j.operation like 'S3.%' then 'lifecycle and the like are in the log only'
            when not j.in_trail and j.log_error in ('InvalidAccessKeyId', 'SignatureDoesNotMatch', 'RequestTimeTooSkewed', 'ExpiredToken', 'InvalidToken', 'AuthorizationHeaderMalformed', 'AccessKeyIdNotFound', 'TokenRefreshRequired')
            then 'failed authentication is in the log only'
            when not j.in_trail and j.operation like 'WEBSITE.%' then 'requests to a website endpoint are in the log only'
            when not j.in_trail and j.operation like 'REST.COPY.%\_GET' escape '\' then 'the read half of a copy is in the log only'
            when not j.in_trail and c.trail_gap <> '' then 'the trail has a gap'
            when not j.in_trail and j.data and j.reads and coalesce(r.data_reads > j.date, true) then 'the trail records no data events of reads'
            when not j.in_trail and j.data and not j.reads and coalesce(r.data_writes > j.date, true) then 'the trail records no data events of writes'
            when not j.in_trail and not j.data and j.reads and coalesce(r.management_reads > j.date, true) then 'the trail records no management events of reads'
            when not j.in_log and c.gap <> '' then 'the log has a gap'
            when not j.in_log and j.event_name = 'DeleteObject' and b.bucket is not null then 'the log has it as a part of a multi-object delete' end as known
from joined j
left join (
    select distinct j.bucket, j.request_id
    from joined j
    join batch b on b.bucket = j.bucket and b.key = j.key and coalesce(b.requester, '-') = coalesce(j.requester, '-') and b.minute between epoch_ms(j.time) // 60000 - 5 and epoch_ms(j.time) // 60000 + 5
    where not j.in_log
) b on b.bucket = j.bucket and b.request_id = j.request_id
left join recorded r on r.bucket = j.bucket
left join coverage c on c.bucket = j.bucket and c.date = j.date
