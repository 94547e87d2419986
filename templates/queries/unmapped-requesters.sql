-- title: Requesters that are not in the mapping
-- question: Who used the buckets and is not in the identity mapping?
-- witness: access log
-- empty: nothing of this kind is in the log
-- column requester: an assumed role stands without its session name
-- column config: a line for a [[tenant.principal]] block of config.toml, which needs a name and a role besides
-- de title: Aufrufer, die nicht in der Zuordnung stehen
-- de question: Wer hat die Buckets benutzt und steht nicht in der Zuordnung der Identitäten?
-- de column requester: eine angenommene Rolle steht ohne den Namen ihrer Sitzung
-- de column config: eine Zeile für einen Block [[tenant.principal]] in config.toml; dazu gehören noch ein Name und eine Rolle
select p.identity as requester, p.account, count(*) as requests, count(distinct a.bucket) as buckets, min(a.time) as first_seen, max(a.time) as last_seen,
       'match = "' || p.match || '"' as config
from access a
join principals p on p.requester = a.requester
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
  and not p.mapped and not p.service
group by p.identity, p.account, p.match
order by bool_or(a.successful) desc, requests desc, requester
