-- title: History of an object
-- question: Who did what with one object?
-- witness: access log
-- empty: nothing of this kind is in the log
-- column key: as logged; asked for with --key, by its name or as a log shows it
-- de title: Geschichte eines Objekts
-- de question: Wer hat was mit einem bestimmten Objekt getan?
-- de column key: wie protokolliert; gefragt wird mit --key nach seinem Namen oder nach der Form im Protokoll
select a.time, a.bucket, a.key, a.operation, a.http_status, a.error_code, p.principal, a.requester, a.remote_ip, a.user_agent,
       a.object_size, a.bytes_sent, a.version_id, a.request_id
from access a
join principals p on p.requester = coalesce(a.requester, '-')
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
  and (a.key = :key or a.key in (select form from key_forms))
order by a.time, a.bucket, a.key, a.operation, a.request_id
