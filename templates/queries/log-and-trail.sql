-- title: Access log and CloudTrail side by side
-- question: How much of what happened have two independent witnesses told alike?
-- packet: 210, with cloudtrail
-- section: dual
-- widths: 44, 18, 20, 22, 18, 22, 20, 18, 24
-- printed rows: 124
-- witness: access log, CloudTrail
-- rows: bounded
-- empty: neither has a request
-- column in_both: requests that access log and trail both have, by bucket and request ID
-- column disagreeing: requests of which the two tell another principal, status or key
-- column only_log: requests that only the access log has, without those of which it is known why
-- column only_trail: requests that only the trail has, without those of which it is known why
-- column known: requests that only one of the two has, for a reason that is known, such as lifecycle or data events that the trail does not record
-- column share_percent: of what both could have, what both have; empty where the trail has no data event of the bucket up to that day, and where one of the two has a gap: it is not measurable
-- de title: Protokoll und CloudTrail nebeneinander
-- de question: Wie viel von dem, was geschah, haben zwei unabhängige Zeugen gleich berichtet?
-- de column in_both: Anfragen, die Protokoll und Trail beide haben, nach Bucket und Anfrage-ID
-- de column disagreeing: Anfragen, zu denen die beiden einen anderen Principal, Status oder Objektschlüssel nennen
-- de column only_log: Anfragen, die nur das Protokoll hat, ohne die, bei denen der Grund bekannt ist
-- de column only_trail: Anfragen, die nur der Trail hat, ohne die, bei denen der Grund bekannt ist
-- de column known: Anfragen, die aus bekanntem Grund nur einer der beiden hat, etwa Lebenszyklus oder Datenereignisse, die der Trail nicht aufzeichnet
-- de column share_percent: was beide haben, von dem, was beide haben könnten; leer, wo der Trail an dem Tag kein Datenereignis des Buckets hat, sodass es nicht messbar ist
--
-- Requests of bucketproof itself are in both.
with c as (
    select bucket, date, count(*) filter (in_log and in_trail) as in_both, count(*) filter (disagreement <> '') as disagreeing,
           count(*) filter (not in_trail and known is null) as only_log, count(*) filter (not in_log and known is null) as only_trail,
           count(*) filter (known is not null) as known, bool_or(data_recorded) as recorded,
           bool_or(known is not null and known like '%has a gap') as gap
    from compared
    where :bucket = '' or bucket = :bucket
    group by bucket, date
)
select bucket, date, in_both, disagreeing, only_log, only_trail, known,
       case when recorded and not gap and in_both + only_log + only_trail > 0 then round(100.0 * in_both / (in_both + only_log + only_trail), 2) end as share_percent,
       case when disagreeing + only_log + only_trail > 0 then 'attention' when gap or not recorded then 'not evaluated' else 'ok' end as verdict
from c
order by bucket, date
