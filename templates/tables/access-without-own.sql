-- The view access without the requests of bucketproof itself: reads of how a
-- bucket is set up, by the role that the configuration gives it, under its name.
-- A user agent alone would be no proof, and a read of an object is never left
-- out.
select *
from every_access
where not (key is null and (operation like 'REST.GET.%' or operation like 'REST.HEAD.%')
           and coalesce(user_agent, '') like '%app/bucketproof%'
           and coalesce(requester, '-') in (select requester from own_requesters))
