-- The view trail: the events of the tenant's accounts, without those about buckets
-- that are not the tenant's. In a bucket that two tenants share an event belongs to
-- one of them by the rules of the view access, and what is nobody's is shown as there; a
-- key is not URL-encoded here. Events without a bucket belong to all tenants of the account.
--
-- What another tenant's principal does in the account is told without who it was, and what was done: it can be done to
-- this tenant's own roles and trails.
with n as (
    select *, coalesce(key, nullif(regexp_extract(coalesce(request_parameters, ''), '"prefix"\s*:\s*"((?:[^"\\]|\\.)*)"', 1), '')) as listed
    from delivered_events
), m as (
    select e.*, s.bucket is not null and p.bucket is null or x.requester is not null as nobodys, coalesce(x.shown, s.shown) as shown
    from n e
    left join other_prefixes o on o.bucket = e.bucket and starts_with(e.listed, o.prefix)
    left join other_requesters q on q.bucket = e.bucket and q.requester = e.requester
    left join prefix_roots p on p.bucket = e.bucket and starts_with(e.listed, p.prefix)
    left join strangers s on s.bucket = e.bucket and s.requester = coalesce(e.requester, '-')
    left join (select distinct requester, shown from other_requesters) x on e.bucket is null and x.requester = e.requester
    where (e.bucket is null or e.bucket in (select bucket from buckets))
      and o.bucket is null and (q.bucket is null or p.bucket is not null)
)
select e.* exclude (shown, listed) replace (
           case when nobodys then shown else requester end as requester,
           case when nobodys then null else user_account end as user_account,
           case when nobodys then null else issuer end as issuer,
           case when nobodys then null else source_ip end as source_ip,
           case when nobodys then null else user_agent end as user_agent,
           case when nobodys then null else error_message end as error_message,
           -- Of an object it is not told which; what is done to the bucket is everyone's.
           case when nobodys and key is not null then 'of the bucket' else key end as key,
           case when nobodys and listed is not null then null else version_id end as version_id,
           case when nobodys and listed is not null then null else resources end as resources,
           case when nobodys and listed is not null then null else request_parameters end as request_parameters,
           case when nobodys and listed is not null then null else response_elements end as response_elements),
       epoch_ms(e.time) // 900000 as quarter
from m e
