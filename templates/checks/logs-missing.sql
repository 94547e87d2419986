-- title: Logs are missing
-- question: Did the access log fall silent?
-- severity: high
-- scope: ledger
-- ends: yes
-- sentence: {count} {count:day|days} without a log that can be trusted to be complete.
-- draft: No access log came for {bucket} from {first} to {last}. Nothing can be proved about that time; why it is missing is to be found out.
select c.bucket, 'log delivery' as subject, d.date, 1 as count, d.day_start as first_seen, d.day_end as last_seen, '' as severity,
       cast(null as varchar) as samples
from coverage c
join days d on d.date = c.date
where c.in_range and c.gap like 'no log record%'
order by c.bucket, d.date
