-- title: Outside the approved prefixes
-- question: Did anyone touch keys outside the approved prefixes?
-- packet: 30
-- section: boundaries
-- widths: 24, 18, 26, 36, 34, 15, 22, 22, 30
-- witness: access log
-- empty: nothing of this kind is in the log
-- column prefix: the key as logged, up to its first /
-- column requests: every record, whatever its status
-- de title: Außerhalb der genehmigten Präfixe
-- de question: Hat jemand auf Objektschlüssel außerhalb der genehmigten Präfixe zugegriffen?
-- de column prefix: der Objektschlüssel, wie protokolliert, bis zum ersten /
-- de column requests: alle Einträge, unabhängig vom Status
select a.bucket, case when strpos(a.key, '/') > 0 then substr(a.key, 1, strpos(a.key, '/')) else a.key end as prefix, p.principal, p.identity as requester, a.operation,
       count(*) as requests, min(a.time) as first_seen, max(a.time) as last_seen, min(a.key) as sample_key
from access a
join principals p on p.requester = coalesce(a.requester, '-')
left join prefixes x on x.bucket = a.bucket and starts_with(a.object, x.prefix)
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
  and a.key is not null
  and x.bucket is null
group by a.bucket, case when strpos(a.key, '/') > 0 then substr(a.key, 1, strpos(a.key, '/')) else a.key end, p.principal, p.identity, a.operation
order by bool_or(a.successful) desc, requests desc, a.bucket, prefix, p.principal, requester, a.operation
