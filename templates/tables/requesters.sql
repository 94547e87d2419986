-- Who is in the slice, for the identity mapping.
select distinct coalesce(requester, '-') as requester from delivered
union
select distinct coalesce(requester, '-') from delivered_events
