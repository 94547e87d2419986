-- title: Requests from another AWS account
-- question: Did anyone from an account that is not the tenant's use the buckets?
-- severity: high
-- flags: requests from an AWS account that is not the tenant's
-- scope: day
-- selects: records with who, severity
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- needs: accounts
-- sentence: {count} {count:request|requests} from an AWS account that is not the tenant's.
-- draft: The AWS account {subject} made {count} {count:request|requests} to {bucket} {span}, and is not one of the client's. It is to be confirmed who owns it and why it has access.
-- action: Find out who owns the other AWS account, and approve or remove its access to {bucket}.
-- de title: Anfragen aus einem anderen AWS-Konto
-- de question: Hat jemand aus einem AWS-Konto, das nicht dem Kunden gehört, die Buckets benutzt?
-- de sentence: {count} {count:Anfrage|Anfragen} aus einem AWS-Konto, das nicht dem Kunden gehört.
-- de draft: Aus einem AWS-Konto, das nicht dem Kunden gehört ({subject}), {count:kam|kamen} {span} {count} {count:Anfrage|Anfragen} an {bucket}. Zu bestätigen ist, wem das Konto gehört und warum es Zugriff hat.
-- de action: Klären, wem das fremde AWS-Konto gehört, und seinen Zugriff auf {bucket} genehmigen oder entziehen.
--
-- What S3 refused is one row, of severity low.
select a.bucket, case when not p.mapped and a.refused then 'refused requests' else p.account end as subject, case when not p.mapped and a.refused then 'low' else '' end as severity, d.date, a.time, a.source_object, a.source_line, p.identity as who
from access a
join principals p on p.requester = coalesce(a.requester, '-')
join quarters d on d.quarter = a.quarter
where a.time >= :from and a.time < :to and d.in_range
  and p.foreign_account and not p.mapped
