-- Who is in the slice, for the identity mapping.
select distinct coalesce(requester, '-') as requester from delivered order by requester
