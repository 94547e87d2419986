-- The view access: what a tenant sees of its buckets. In a bucket that two
-- tenants share, a record belongs to the tenant under whose prefix its key
-- stands; a record without such a key belongs to the other tenant where its
-- requester is one of the other tenant's principals.
select d.*
from delivered d
where not exists (
    select 1 from other_prefixes o
    where o.bucket = d.bucket and starts_with(d.key, o.encoded))
  and (not exists (
    select 1 from other_requesters o
    where o.bucket = d.bucket and o.requester = d.requester)
    or exists (
    select 1 from prefixes p
    where p.bucket = d.bucket and starts_with(d.key, p.encoded)))
