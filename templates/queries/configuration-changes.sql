-- title: Changes of the configuration
-- question: Who changed buckets, roles, keys, logging or trails, when, from where, and was it approved?
-- witness: CloudTrail
-- empty: nothing that matters was changed
-- column what: what the event tells of the change
-- column before: what the last earlier change of the same thing said, where the trail has one
-- column ticket: of the approved change that covers it; empty where none does
-- column verdict: ok where a line of the approved changes covers it, otherwise attention
--
-- As CloudTrail tells; calls that failed changed nothing.
select time, target, what, before, principal, requester, source_ip, event, ticket,
       case when ticket = '' then 'attention' else 'ok' end as verdict
from changes
where in_range and (:bucket = '' or bucket = :bucket)
order by time, source
