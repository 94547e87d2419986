-- title: Bucket configuration changed
-- question: Did anyone change how a bucket is set up?
-- severity: medium
-- severities: high or medium
-- flags: a successful change of policy, access list, logging, versioning, replication, lifecycle, Object Lock and the like; in a shared bucket also changes by other clients, without their names
-- scope: day
-- selects: records with severity
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- sentence: {count} {count:change|changes} to the configuration of the bucket.
-- draft: The configuration of {bucket} was changed ({subject}) {count} {count:time|times} {span}. It is to be confirmed that the change was approved, and that it weakens no protection.
-- action: Confirm that the change to {bucket} was approved, or undo it.
-- subject: words
-- de title: Konfiguration des Buckets geändert
-- de question: Hat jemand die Einrichtung eines Buckets geändert?
-- de sentence: {count} {count:Änderung|Änderungen} an der Konfiguration des Buckets.
-- de draft: Die Konfiguration von {bucket} wurde {span} {count}-mal geändert ({subject}). Zu bestätigen ist, dass die Änderung genehmigt war und keinen Schutz schwächt.
-- de action: Bestätigen, dass die Änderung an {bucket} genehmigt war, oder sie rückgängig machen.
-- de phrase: "REST.{1} by {2}" = "REST.{1} durch {2}"
-- de phrase: "REST.{1} by another client's principal of this shared bucket" = "REST.{1} durch einen Principal eines anderen Kunden dieses gemeinsamen Buckets"
-- de phrase: "REST.{1} by -" = "REST.{1} durch einen anonymen Aufrufer"
--
-- High is what can open a bucket, hide what happens in it or make backups
-- deletable. Whatever writes or deletes and names no object is a change of the bucket, also by
-- a name that nobody knows yet. The access list of an object counts too. What CloudTrail tells of the
-- same request is left to the checks of the trail, which know the change itself. In a
-- shared bucket the other clients change the bucket for everyone.
with e as (
    select a.bucket, a.operation, a.key, a.time, a.successful, a.request_id, a.quarter, a.source_object, a.source_line, p.identity
    from access a
    join principals p on p.requester = coalesce(a.requester, '-')
    union all
    select bucket, operation, key, time, successful, request_id, quarter, source_object, source_line, identity from shared_changes
), c as (
    select a.*, split_part(a.operation, '.', 2) as verb, split_part(a.operation, '.', 3) as setting
    from e a
    where a.time >= :from and a.time < :to and a.operation like 'REST.%' and a.successful
      and not exists (select 1 from changes h where h.bucket = a.bucket and h.request_id = a.request_id)
)
select c.bucket, c.operation || ' by ' || c.identity as subject, d.date, c.time, c.source_object, c.source_line,
       case when regexp_matches(c.setting, 'ACL|POLICY|LOGGING|VERSIONING|REPLICATION|ENCRYPTION|LIFECYCLE|PUBLIC_?ACCESS|OBJECT_?LOCK|OWNERSHIP|^BUCKET$')
            then 'high' else 'medium' end as severity
from c
join quarters d on d.quarter = c.quarter
where d.in_range and c.verb in ('PUT', 'DELETE', 'POST')
  and (c.setting = 'ACL'
    or c.key is null and not (c.setting = 'BUCKET' and c.verb = 'POST')
       and not regexp_matches(c.setting, '^(OBJECT|OBJECT_(TAGGING|VERSION|LOCK_RETENTION|LOCK_LEGAL_?HOLD)|MULTI_OBJECT_DELETE|UPLOADS?|PART|SELECT|RESTORE)$'))
