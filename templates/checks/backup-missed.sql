-- title: Missed backup
-- question: Did a backup window pass without a backup?
-- severity: high
-- scope: window
-- sentence: {count} {count:night|nights} without a backup: backup principals wrote fewer objects than expected in the window.
-- draft: No backup of {bucket} was seen in the backup window, {span}. Whether it ran elsewhere, late or not at all is to be found out, and the next one to be confirmed.
select w.bucket, w.subject, w.date, 1 as count, w.window_start as first_seen, w.window_end as last_seen, '' as severity,
       cast(null as varchar) as samples
from windows w
left join (
    select w.bucket, w.date,
           sum(case when a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.POST.UPLOAD') then 1 else 0 end) as objects,
           sum(case when a.operation in ('REST.PUT.PART', 'REST.COPY.PART') then 1 else 0 end) as parts
    from windows w
    join window_quarters q on q.bucket = w.bucket and q.date = w.date
    join access a on a.bucket = q.bucket and a.quarter = q.quarter and a.time >= w.window_start and a.time < w.window_end
    join principals p on p.requester = coalesce(a.requester, '-')
    where w.in_range and a.http_status between 200 and 299 and p.backup
    group by w.bucket, w.date
) n on n.bucket = w.bucket and n.date = w.date
where w.in_range and w.gap = ''
  and coalesce(case when n.objects > 0 then n.objects else n.parts end, 0) < w.min_objects
order by w.bucket, w.date
