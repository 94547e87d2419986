-- title: Where access log and CloudTrail differ
-- question: Which requests has only one of the two witnesses, and about which do they disagree?
-- packet: 230, with cloudtrail
-- section: dual
-- widths: 26, 15, 22, 26, 32, 46, 40, 36
-- witness: access log, CloudTrail
-- empty: log and CloudTrail have the same requests and tell the same of them
-- column difference: who has it, or what the trail says otherwise than the log
-- de title: Wo Protokoll und CloudTrail abweichen
-- de question: Welche Anfragen hat nur einer der beiden Zeugen, und zu welchen widersprechen sie sich?
-- de column difference: wer sie hat, oder was der Trail anders sagt als das Protokoll
--
-- Of what is in one place for a reason that is known, such as lifecycle, only the
-- number is told, in the table before. The first 10,000 by time.
select bucket, date, time, request_id, operation, coalesce(requester, '-') as requester, coalesce(key, '') as key,
       case when not in_trail then 'only in the log' when not in_log then 'only in the trail' else disagreement end as difference
from compared
where (:bucket = '' or bucket = :bucket) and known is null and not (in_log and in_trail and disagreement = '')
order by time, bucket, request_id
limit 10000
