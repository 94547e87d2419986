-- title: Requester that is not approved
-- question: Did anyone who is not in the identity mapping use the buckets?
-- severity: medium
-- flags: requests by anyone who is not in the mapping, AWS services included; not what lifecycle rules do
-- scope: day
-- selects: records with severity
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- needs: principals
-- sentence: {count} {count:request|requests} by a requester that is not in the identity mapping.
-- draft: {subject} made {count} {count:request|requests} to {bucket} {span} and is not in the identity mapping. It is to be named there, or its access to be removed.
-- action: Name the requester in the identity mapping, or remove its access to {bucket}.
-- de title: Nicht genehmigter Aufrufer
-- de question: Hat jemand die Buckets benutzt, der nicht in der Zuordnung der Identitäten steht?
-- de sentence: {count} {count:Anfrage|Anfragen} eines Aufrufers, der nicht in der Zuordnung der Identitäten steht.
-- de draft: An {bucket} {count:wurde|wurden} {span} {count} {count:Anfrage|Anfragen} gestellt, deren Aufrufer nicht in der Zuordnung der Identitäten steht ({subject}). Er ist dort aufzunehmen, oder sein Zugriff ist zu entziehen.
-- de action: Den Aufrufer in die Zuordnung der Identitäten aufnehmen oder seinen Zugriff auf {bucket} entziehen.
--
-- Anonymous requests and those of other accounts have checks of their own. What
-- lifecycle rules do is not asked for; an AWS service that reads or writes is to be
-- mapped like anyone else. Refused requests of who is not mapped are one row.
select a.bucket, case when a.refused then 'refused requests' else p.identity end as subject, d.date, case when a.refused then 'low' else '' end as severity, a.time, a.source_object, a.source_line
from access a
join principals p on p.requester = a.requester
join quarters d on d.quarter = a.quarter
where a.time >= :from and a.time < :to and d.in_range
  and not p.mapped and not p.foreign_account and a.operation not like 'S3.%'
