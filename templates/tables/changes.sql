-- Events of the control plane that may have changed something, with those about the
-- buckets in which the tenant's own logs and trail lie, and what principals of other
-- tenants do to a shared bucket itself. Calls that failed changed nothing. Package analyze tells which matter, and what they changed.
with e as (
    select *, false as other from trail
    union all by name
    select d.*, epoch_ms(d.time) // 900000 as quarter, true as other
    from delivered_events d
    join other_requesters q on q.bucket = d.bucket and q.requester = d.requester
    where d.key is null and d.bucket in (select bucket from buckets)
    union all by name
    select d.*, epoch_ms(d.time) // 900000 as quarter, false as other
    from delivered_events d
    where d.bucket in (select bucket from log_places) and d.bucket not in (select bucket from buckets)
)
select e.time, coalesce(q.date, '') as date, coalesce(q.in_range, false) as in_range, coalesce(e.event_source, '') as event_source, coalesce(e.event_name, '') as event_name,
       coalesce(e.account, '') as account, coalesce(e.region, '') as region, coalesce(e.requester, '-') as requester, coalesce(e.source_ip, '') as source_ip, coalesce(e.user_agent, '') as user_agent,
       coalesce(e.bucket, '') as bucket, coalesce(e.request_id, '') as request_id, coalesce(e.event_id, '') as event_id,
       coalesce(e.request_parameters, '') as parameters, coalesce(e.resources, '') as resources, e.source_object || ':' || cast(e.source_record as varchar) as source, coalesce(e.shared_event_id, '') as shared_event_id, e.other
from e
left join quarters q on q.quarter = e.quarter
where e.event_source in ('s3.amazonaws.com', 's3-control.amazonaws.com', 's3express.amazonaws.com', 's3-outposts.amazonaws.com', 'iam.amazonaws.com', 'kms.amazonaws.com', 'cloudtrail.amazonaws.com', 'logs.amazonaws.com')
  and coalesce(e.error_code, '200') = '200' and not coalesce(e.read_only, false) and coalesce(e.category, 'Management') = 'Management'
order by e.time, e.event_id, e.source_object, e.source_record
