-- The requests of bucketproof itself, which the view access leaves out.
select bucket, count(*) as requests
from delivered
where requester in (select requester from own_requesters) and key is null
  and (operation like 'REST.GET.%' or operation like 'REST.HEAD.%') and user_agent like '%app/bucketproof%'
  and time >= (select min(day_start) from days where in_range) and time < (select max(day_end) from days where in_range)
group by bucket
order by bucket
