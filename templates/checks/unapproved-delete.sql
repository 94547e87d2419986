-- title: Deletes by others than the backup
-- question: Did anyone but the backup delete objects?
-- severity: high
-- flags: deletes by anyone who is not a backup principal
-- scope: day
-- selects: records
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- needs: principals
-- sentence: {count} {count:object|objects} deleted by a principal that is not the backup.
-- draft: {subject} deleted {count} {count:object|objects} from {bucket} {span}, and is not a backup principal. It is to be confirmed that this was planned, and that nothing is missing that is needed.
-- action: Confirm that the deletes in {bucket} were planned, or take the permission away.
-- de title: Löschungen durch andere als das Backup
-- de question: Hat jemand anderes als das Backup Objekte gelöscht?
-- de sentence: {count} {count:Objekt|Objekte} durch einen Principal gelöscht, der nicht das Backup ist.
-- de draft: Aus {bucket} {count:wurde|wurden} {span} {count} {count:Objekt|Objekte} gelöscht (Aufrufer: {subject}), und zwar nicht durch das Backup. Zu bestätigen ist, dass dies geplant war und nichts fehlt, was gebraucht wird.
-- de action: Bestätigen, dass die Löschungen in {bucket} geplant waren, oder das Recht dazu entziehen.
--
-- Who may delete is a question of role, as who may write is. What lifecycle rules remove
-- is left to mass-removal and bucket-emptied.
select e.bucket, p.identity as subject, d.date, e.time, e.source_object, e.source_line
from removals e
join principals p on p.requester = e.requester
join quarters d on d.quarter = e.quarter
where e.time >= :from and e.time < :to and d.in_range and not p.backup and e.operation not like 'S3.%'
