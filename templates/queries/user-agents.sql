-- title: User agents
-- question: Which programs were used, and are they the expected ones?
-- packet: 90
-- section: agents
-- widths: 32, 66, 18, 18, 17, 21, 21
-- witness: access log
-- empty: nothing of this kind is in the log
-- column user_agent: as the client named itself; - where the log has none, as for what S3 does itself
-- column expected: whether a pattern of the configuration matches; empty where there is nothing to compare
-- column principals: how many principals used it
-- de title: User-Agents
-- de question: Welche Programme wurden benutzt, und sind es die erwarteten?
-- de column user_agent: nach der Angabe des Clients; -, wenn das Protokoll keinen nennt, etwa bei dem, was S3 selbst tut
-- de column expected: ob ein Muster der Konfiguration passt; leer, wenn es nichts zu vergleichen gibt
-- de column principals: wie viele Principals ihn benutzt haben
select a.bucket, u.user_agent, u.expected, count(*) as requests, count(distinct p.principal) as principals,
       min(a.time) as first_seen, max(a.time) as last_seen
from access a
join principals p on p.requester = coalesce(a.requester, '-')
join user_agents u on u.user_agent = coalesce(a.user_agent, '-')
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
group by a.bucket, u.user_agent, u.expected
order by bool_or(a.successful) desc, a.bucket, requests desc, u.user_agent
