-- Who is in the records that are the tenant's own, of those in the buckets that it shares.
select p.*
from every_principal p
where p.requester in (select coalesce(requester, '-') from every_access union select coalesce(requester, '-') from trail)
