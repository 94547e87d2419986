-- The view access without the requests of bucketproof itself: reads of how a
-- bucket is set up, by the role that the configuration gives it, under its name.
-- A user agent alone would be no proof, and a read or a list of objects is never left
-- out, also of one that is named - and seems to have no key.
select *
from every_access
where not (key is null and regexp_matches(operation, '^REST\.(GET|HEAD)\.') and not regexp_matches(operation, '\.(OBJECT|BUCKETVERSIONS|UPLOADS?|PART|OBJECT_(TAGGING|ACL|ATTRIBUTES|TORRENT|LOCK_RETENTION|LOCK_LEGAL_?HOLD))$') and operation <> 'REST.GET.BUCKET'
           and coalesce(user_agent, '') like '%app/bucketproof%'
           and coalesce(requester, '-') in (select requester from own_requesters))
