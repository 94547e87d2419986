-- What backup principals wrote in each window, from which the usual is learnt.
select w.bucket, w.date,
       sum(case when a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.POST.UPLOAD') then 1 else 0 end) as objects,
       sum(case when a.operation in ('REST.PUT.PART', 'REST.COPY.PART') then 1 else 0 end) as parts,
       coalesce(sum(case when a.operation <> 'REST.POST.UPLOAD' then a.object_size end), 0) as bytes
from windows w
join window_quarters q on q.bucket = w.bucket and q.date = w.date
join access a on a.bucket = q.bucket and a.quarter = q.quarter and a.time >= w.window_start and a.time < w.window_end
join principals p on p.requester = coalesce(a.requester, '-')
where a.http_status between 200 and 299 and p.backup
  and a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.POST.UPLOAD', 'REST.PUT.PART', 'REST.COPY.PART')
group by w.bucket, w.date
