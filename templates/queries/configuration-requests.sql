-- title: Configuration requests
-- question: Who read or changed how the buckets are set up?
-- witness: access log
-- empty: nothing of this kind is in the log
-- column setting: the last part of the operation
-- column changed: a successful PUT or DELETE
-- de title: Anfragen zur Konfiguration
-- de question: Wer hat die Einrichtung der Buckets gelesen oder geändert?
-- de column setting: der letzte Teil der Operation
-- de column changed: erfolgreiche Anfragen mit PUT oder DELETE
select a.bucket, split_part(a.operation, '.', 3) as setting, a.operation, p.principal, p.identity as requester,
       count(*) as requests,
       sum(case when a.successful and (a.operation like 'REST.PUT.%' or a.operation like 'REST.DELETE.%') then 1 else 0 end) as changed,
       sum(case when a.failed then 1 else 0 end) as refused, min(a.time) as first_seen, max(a.time) as last_seen
from access a
join principals p on p.requester = coalesce(a.requester, '-')
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
  and split_part(a.operation, '.', 1) = 'REST' and split_part(a.operation, '.', 2) in ('GET', 'PUT', 'DELETE', 'HEAD', 'POST')
  and (split_part(a.operation, '.', 3) in ('ACL', 'POLICY', 'BUCKETPOLICY', 'POLICY_STATUS', 'LOGGING_STATUS', 'VERSIONING', 'REPLICATION', 'LIFECYCLE', 'ENCRYPTION', 'NOTIFICATION',
         'CORS', 'TAGGING', 'WEBSITE', 'ACCELERATE', 'REQUEST_PAYMENT', 'OWNERSHIP_CONTROLS', 'PUBLIC_ACCESS_BLOCK', 'OBJECT_LOCK_CONFIGURATION', 'INVENTORY', 'ANALYTICS', 'METRICS', 'INTELLIGENT_TIERING')
    or (split_part(a.operation, '.', 2) in ('PUT', 'DELETE') and split_part(a.operation, '.', 3) = 'BUCKET'))
group by a.bucket, split_part(a.operation, '.', 3), a.operation, p.principal, p.identity
order by changed desc, a.bucket, requests desc, a.operation, principal, requester
