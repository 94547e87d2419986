-- title: What the digests of CloudTrail prove
-- question: Are the log files of the trail as CloudTrail delivered them, and for how much of the time is that proven?
-- packet: 250, with cloudtrail
-- section: completeness
-- widths: 32, 28, 26, 14, 16, 14, 18, 14, 22, 20, 18, 26
-- witness: CloudTrail digests
-- rows: bounded
-- empty: no day was looked at
-- column days: that were looked at
-- column digests: that CloudTrail signed, one an hour
-- column digests_valid: with a valid signature, in their place and their chain
-- column log_files: that these digests name
-- column log_files_valid: of which the SHA-256 is the one in the digest
-- column whole_s: seconds of the days that were looked at
-- column proven_s: seconds of them that are proven; an hour is proven where its digest is valid and stands in its chain, and all its log files are as they were delivered
-- column problems: digests, log files and time with which something is wrong
-- de title: Was die Digests von CloudTrail beweisen
-- de question: Sind die Protokolldateien des Trails so, wie CloudTrail sie zugestellt hat, und für wie viel der Zeit ist das bewiesen?
-- de column days: die angesehen wurden
-- de column digests: die CloudTrail signiert hat, einer je Stunde
-- de column digests_valid: mit gültiger Signatur, an ihrem Ort und in ihrer Kette
-- de column log_files: die diese Digests nennen
-- de column log_files_valid: deren SHA-256 der im Digest ist
-- de column whole_s: Sekunden der Tage, die angesehen wurden
-- de column proven_s: Sekunden davon, die bewiesen sind; eine Stunde ist bewiesen, wenn ihr Digest gültig ist und in seiner Kette steht und alle seine Protokolldateien so sind, wie sie zugestellt wurden
-- de column problems: Digests, Protokolldateien und Zeiten, mit denen etwas nicht stimmt
select account, region, trail, count(*) filter (gap = '') as days, cast(sum(digests) as bigint) as digests, cast(sum(digests_valid) as bigint) as digests_valid, cast(sum(log_files) as bigint) as log_files,
       cast(sum(log_files_valid) as bigint) as log_files_valid, cast(sum(whole_s) as bigint) as whole_s, cast(sum(proven_s) as bigint) as proven_s, cast(sum(problems) as bigint) as problems,
       case when sum(problems) > 0 then 'attention' when count(*) filter (gap <> '') > 0 then 'not evaluated' when sum(proven_s) < sum(whole_s) then 'attention' else 'ok' end as verdict
from trail_proof
group by account, region, trail
order by account, region, trail
