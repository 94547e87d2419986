-- title: Request from an unknown network
-- question: Did anyone come from outside the approved networks?
-- severity: medium
-- flags: requests from outside the approved networks
-- scope: day
-- selects: records with who, severity
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- needs: networks
-- sentence: {count} {count:request|requests} from outside the approved networks.
-- draft: {count} {count:request|requests} to {bucket} came from {subject}, which is in none of the approved networks, {span}. It is to be found out who it was.
-- action: Find out who uses the address, and approve its network or block it.
-- de title: Anfrage aus einem unbekannten Netz
-- de question: Kam eine Anfrage von außerhalb der genehmigten Netze?
-- de sentence: {count} {count:Anfrage|Anfragen} von außerhalb der genehmigten Netze.
-- de draft: {count} {count:Anfrage|Anfragen} an {bucket} {count:kam|kamen} {span} von einer Adresse, die in keinem der genehmigten Netze liegt ({subject}). Zu klären ist, wer das war.
-- de action: Klären, wer die Adresse benutzt, und ihr Netz genehmigen oder sperren.
--
-- What S3 and other AWS services do comes from no network of ours.
-- What S3 refused to who is not in the mapping is one row, of severity low.
select a.bucket, case when not p.mapped and a.refused then 'refused requests' else x.canonical end as subject, case when not p.mapped and a.refused then 'low' else '' end as severity, d.date, a.time, a.source_object, a.source_line, p.principal as who
from access a
join addresses x on x.address = a.remote_ip
join principals p on p.requester = coalesce(a.requester, '-')
join quarters d on d.quarter = a.quarter
where a.time >= :from and a.time < :to and d.in_range and not p.service and not x.approved
