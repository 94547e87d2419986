-- The view access: what a tenant sees of its buckets. In a bucket that two
-- tenants share, a record belongs to the tenant under whose prefix its key
-- stands; a record without such a key belongs to the other tenant where its
-- requester is one of the other tenant's principals. No key stands under two
-- of prefix_roots and no requester twice in other_requesters, so no record is
-- joined twice.
select d.*, epoch_ms(d.time) // 900000 as quarter
from delivered d
left join other_prefixes o on o.bucket = d.bucket and starts_with(d.key, o.encoded)
left join other_requesters q on q.bucket = d.bucket and q.requester = d.requester
left join prefix_roots p on p.bucket = d.bucket and starts_with(d.key, p.encoded)
where o.bucket is null and (q.bucket is null or p.bucket is not null)
