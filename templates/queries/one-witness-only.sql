-- title: What only one witness can have
-- question: Why are some requests in only one of access log and CloudTrail?
-- packet: 220, with cloudtrail
-- section: dual
-- widths: 36, 66, 24, 18, 22, 22
-- witness: access log, CloudTrail
-- empty: no request is in one of the two alone for a known reason
-- column reason: why the other one does not have them
-- de title: Was nur ein Zeuge haben kann
-- de question: Warum stehen manche Anfragen nur im Protokoll oder nur in CloudTrail?
-- de column reason: warum der andere sie nicht hat
select bucket, known as reason, case when in_log then 'access log' else 'CloudTrail' end as witness, count(*) as requests, min(time) as first_seen, max(time) as last_seen
from compared
where known is not null and (:bucket = '' or bucket = :bucket)
group by bucket, known, in_log
order by bucket, requests desc, reason
