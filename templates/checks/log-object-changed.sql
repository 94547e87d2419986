-- title: Log objects changed after collection
-- question: Did a log object get another content after it was collected?
-- severity: high
-- scope: ledger
-- witness: none
-- empty: no log object was seen to change; that they were looked at is what collection notes
-- sentence: The log object was changed after it was collected. What was collected first stays in the dataset; the other content is left alone.
-- draft: The log object {subject} was changed after it was collected. Who can write to the log bucket is to be found out.
select i.bucket, i.source as subject, d.date, count(*) as count, min(i.noticed) as first_seen, max(i.noticed) as last_seen, '' as severity,
       cast(null as varchar) as samples
from log_incidents i
join days d on i.noticed >= d.day_start and i.noticed < d.day_end
where i.kind = 'changed' and d.in_range
group by i.bucket, i.source, d.date
order by i.bucket, d.date, subject
