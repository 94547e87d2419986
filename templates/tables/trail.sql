-- The view trail: the events of the tenant's accounts, without those about buckets
-- that are not the tenant's. In a bucket that two tenants share an event belongs to
-- one of them by the rules of the view access; a key is not URL-encoded here. Events
-- without a bucket belong to all tenants of the account.
select e.*, epoch_ms(e.time) // 900000 as quarter
from delivered_events e
left join other_prefixes o on o.bucket = e.bucket and starts_with(e.key, o.prefix)
left join other_requesters q on q.bucket = e.bucket and q.requester = e.requester
left join prefix_roots p on p.bucket = e.bucket and starts_with(e.key, p.prefix)
where (e.bucket is null or e.bucket in (select bucket from buckets))
  and o.bucket is null and (q.bucket is null or p.bucket is not null)
