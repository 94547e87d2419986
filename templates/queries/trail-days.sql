-- title: What the digests of CloudTrail prove, by day
-- question: Are the log files of the trail as CloudTrail delivered them, and for how much of the time is that proven?
-- witness: CloudTrail digests
-- rows: bounded
-- empty: no day was looked at
-- column digests: that CloudTrail signed for the day, one an hour
-- column digests_valid: with a valid signature, in their place and their chain
-- column log_files: that these digests name
-- column log_files_valid: of which the SHA-256 is the one in the digest
-- column proven_percent: of the day; an hour is proven where its digest is valid and stands in its chain, and all its log files are as they were delivered
-- column problems: digests, log files and time with which something is wrong
-- de title: Was die Digests von CloudTrail beweisen, je Tag
-- de question: Sind die Protokolldateien des Trails so, wie CloudTrail sie zugestellt hat, und für wie viel der Zeit ist das bewiesen?
-- de column digests: die CloudTrail für den Tag signiert hat, einer je Stunde
-- de column digests_valid: mit gültiger Signatur, an ihrem Ort und in ihrer Kette
-- de column log_files: die diese Digests nennen
-- de column log_files_valid: deren SHA-256 der im Digest ist
-- de column proven_percent: des Tages; eine Stunde ist bewiesen, wenn ihr Digest gültig ist und in seiner Kette steht und alle seine Protokolldateien so sind, wie sie zugestellt wurden
-- de column problems: Digests, Protokolldateien und Zeiten, mit denen etwas nicht stimmt
select date, account, region, trail, digests, digests_valid, log_files, log_files_valid, round(100.0 * proven_s / nullif(whole_s, 0), 2) as proven_percent, problems,
       case when problems > 0 then 'attention' when gap <> '' then 'not evaluated' when proven_s < whole_s then 'attention' else 'ok' end as verdict
from trail_proof
order by date, account, region, trail
