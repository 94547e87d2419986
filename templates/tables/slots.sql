-- First and last record of each quarter of an hour that has any, for finding
-- silence, and the same of principals that the mapping knows: what strangers
-- send does not tell what is usual. Where there is no mapping, of everyone. A
-- record that is dated more than an hour after its log object was delivered proves
-- no delivery.
select d.bucket, epoch_ms(d.time) // 900000 as slot, min(d.time) as first, max(d.time) as last, count(*) as records,
       min(d.time) filter (p.mapped) as known_first, max(d.time) filter (p.mapped) as known_last, count(*) filter (p.mapped) as known
from delivered d
join usual_requesters p on p.requester = coalesce(d.requester, '-')
left join misdated m on m.source_object = d.source_object
where m.source_object is null or d.time <= m.latest
group by d.bucket, epoch_ms(d.time) // 900000
order by d.bucket, slot
