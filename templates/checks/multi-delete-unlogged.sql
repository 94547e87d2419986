-- title: Multi-object delete without its objects
-- question: Does the log name what each multi-object delete removed?
-- severity: high
-- flags: a multi-object delete with no record of what it removed
-- scope: day
-- selects: records
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- sentence: {count} multi-object {count:delete|deletes} of which the log does not say what {count:it|they} removed.
-- draft: {subject} made {count} multi-object {count:delete|deletes} on {bucket} {span}, and the log has no record of what {count:it|they} removed. What is missing from the bucket is to be found out.
-- action: Find out what the multi-object deletes in {bucket} removed.
-- de title: Mehrfachlöschung ohne ihre Objekte
-- de question: Nennt das Protokoll, was jede Mehrfachlöschung entfernt hat?
-- de sentence: {count} {count:Mehrfachlöschung|Mehrfachlöschungen}, von {count:der|denen} das Protokoll nicht sagt, was entfernt wurde.
-- de draft: {span} {count:gab|gab} es {count} {count:Mehrfachlöschung|Mehrfachlöschungen} in {bucket} (Aufrufer: {subject}), und das Protokoll enthält keinen Eintrag dazu, was entfernt wurde. Zu klären ist, was im Bucket fehlt.
-- de action: Klären, was die Mehrfachlöschungen in {bucket} entfernt haben.
--
-- S3 writes a record for each object, with the request ID of the delete. Of a shared bucket those of
-- other clients count, too: what one request removes can be theirs alone. One request can
-- remove a thousand objects.
select a.bucket, p.identity as subject, d.date, a.time, a.source_object, a.source_line
from access a
join principals p on p.requester = coalesce(a.requester, '-')
join quarters d on d.quarter = a.quarter
where a.time >= :from and a.time < :to and d.in_range
  and a.operation = 'REST.POST.MULTI_OBJECT_DELETE' and a.successful
  and not exists (select 1 from delivered c where c.bucket = a.bucket and c.request_id = a.request_id and c.operation = 'BATCH.DELETE.OBJECT')
