-- title: Anonymous requests
-- question: Did anyone use the buckets without credentials?
-- severity: high
-- severities: high, refused requests low
-- flags: requests without credentials
-- scope: day
-- selects: records with who, severity
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- sentence: {count} {count:request|requests} without credentials.
-- draft: {count} {count:request|requests} without credentials reached {bucket} {span}; they were {subject}. How the bucket came to be reachable is to be found out.
-- action: Find out how {bucket} could be reached without credentials, and block public access.
-- subject: words
-- de title: Anonyme Anfragen
-- de question: Hat jemand die Buckets ohne Anmeldedaten benutzt?
-- de sentence: {count} {count:Anfrage|Anfragen} ohne Anmeldedaten.
-- de draft: {count} {count:Anfrage|Anfragen} ohne Anmeldedaten {count:erreichte|erreichten} {bucket} {span}; sie {count:wurde|wurden} {subject}. Zu klären ist, wodurch der Bucket erreichbar war.
-- de action: Klären, wodurch {bucket} ohne Anmeldedaten erreichbar war, und den öffentlichen Zugriff sperren.
-- de phrase: "served" = "beantwortet"
-- de phrase: "refused" = "abgewiesen"
select a.bucket, case when a.successful or a.http_status = 304 then 'served' else 'refused' end as subject,
       case when a.successful or a.http_status = 304 then 'high' else 'low' end as severity, d.date, a.time, a.source_object, a.source_line, coalesce(a.remote_ip, '-') as who
from access a
join quarters d on d.quarter = a.quarter
where a.time >= :from and a.time < :to and d.in_range
  and a.requester is null and a.operation not like 'REST.OPTIONS.%'
  and (a.operation like 'REST.%' or a.operation like 'WEBSITE.%' or a.operation like 'SOAP.%')
