-- title: Large writes by others than the backup
-- question: Did anyone but the backup write something large outside business hours?
-- severity: low
-- flags: a large write outside business hours by anyone but the backup
-- requires: tenant.large_put
-- scope: day
-- selects: records
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- needs: principals
-- sentence: {count} large {count:write|writes} outside business hours by a principal that is not the backup.
-- draft: {subject} wrote {count} large {count:object|objects} to {bucket} {span}, and is not a backup principal. It is to be confirmed that this was planned.
-- action: Confirm that the writes to {bucket} were planned, or remove the permission.
-- de title: Große Schreibzugriffe, nicht durch das Backup
-- de question: Hat außer dem Backup jemand außerhalb der Geschäftszeit große Objekte geschrieben?
-- de sentence: {count} {count:großer Schreibzugriff|große Schreibzugriffe} außerhalb der Geschäftszeit durch einen Principal, der nicht zum Backup gehört.
-- de draft: In {bucket} {count:wurde|wurden} {span} {count} {count:großes Objekt|große Objekte} durch {subject} geschrieben, also nicht durch einen Backup-Principal. Zu bestätigen ist, dass dies geplant war.
-- de action: Bestätigen, dass der Schreibzugriff auf {bucket} geplant war, oder die Berechtigung entziehen.
select a.bucket, p.identity as subject, d.date, a.time, a.source_object, a.source_line
from access a
join principals p on p.requester = coalesce(a.requester, '-')
join quarters d on d.quarter = a.quarter
left join business_hours h on a.time >= h.hours_start and a.time < h.hours_end
where a.time >= :from and a.time < :to and d.in_range and h.hours_start is null
  and not p.backup and not p.service
  and a.successful and a.object_size >= :large_put
  and a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.POST.UPLOAD')
