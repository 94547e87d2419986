-- title: A witness did not speak
-- question: Could every witness that is configured be read for every day?
-- severity: medium
-- scope: ledger
-- witness: none
-- empty: every configured witness spoke; it is the check of the witnesses themselves
-- ends: yes
-- sentence: {count} {count:day or night|days or nights} of which a configured witness could not be read.
-- draft: {subject} could not be read for {bucket} {span}. Until it can, nothing that rests on it can be called ok. It is to be found out why.
--
-- The access log has a check of its own, logs-missing.
select case when w.bucket = '' then b.bucket else w.bucket end as bucket, w.witness as subject, d.date, 1 as count, d.day_start as first_seen, d.day_end - interval 1 millisecond as last_seen, '' as severity,
       cast(null as varchar) as samples, w.reason as expected
from witness_states w
join days d on d.date = w.date
cross join (select min(bucket) as bucket from buckets) b
where d.in_range and w.state = 'could not be read' and w.witness <> 'access log'
order by bucket, d.date, subject
