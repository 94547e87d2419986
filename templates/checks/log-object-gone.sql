-- title: Log objects removed before they were read
-- question: Did a log object vanish between listing and reading?
-- severity: medium
-- scope: ledger
-- witness: none
-- empty: no log object vanished between listing and reading
-- sentence: The log object was removed before it was read. Its records are missing here unless S3 delivers them again; a lifecycle rule of the log bucket may be too short.
-- draft: The log object {subject} was removed before it was read. The lifecycle rule of the log bucket is to be made longer.
select i.bucket, i.source as subject, d.date, count(*) as count, min(i.noticed) as first_seen, max(i.noticed) as last_seen, '' as severity,
       cast(null as varchar) as samples
from log_incidents i
join days d on i.noticed >= d.day_start and i.noticed < d.day_end
where i.kind = 'gone' and d.in_range
group by i.bucket, i.source, d.date
order by i.bucket, d.date, subject
