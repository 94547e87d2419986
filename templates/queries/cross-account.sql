-- title: Requests from other accounts
-- question: Did anyone from an AWS account that is not the tenant's use the buckets?
-- packet: 40
-- section: boundaries
-- widths: 30, 24, 62, 30, 18, 20, 20
-- witness: access log
-- empty: nothing of this kind is in the log
-- column account: of the requester's ARN
-- column requests: every record, whatever its status; anonymous requests, services and canonical user IDs are not among them
-- de title: Anfragen aus anderen Konten
-- de question: Hat jemand aus einem AWS-Konto, das nicht dem Kunden gehört, die Buckets benutzt?
-- de column account: aus dem ARN des Aufrufers
-- de column requests: alle Einträge, unabhängig vom Status; ohne anonyme Anfragen, Dienste und kanonische Benutzer-IDs
select a.bucket, p.account, p.identity as requester, a.operation, count(*) as requests, min(a.time) as first_seen, max(a.time) as last_seen
from access a
join principals p on p.requester = coalesce(a.requester, '-')
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
  and p.foreign_account
group by a.bucket, p.account, p.identity, a.operation
order by bool_or(a.successful) desc, requests desc, a.bucket, p.account, requester, a.operation
