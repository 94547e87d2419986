-- title: Large writes in business hours
-- question: Was anything large written while people work?
-- severity: low
-- flags: a large write in business hours
-- requires: tenant.large_put
-- scope: day
-- selects: records
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- sentence: {count} large {count:write|writes} in business hours.
-- draft: {subject} wrote {count} large {count:object|objects} to {bucket} in business hours, {span}. It is to be confirmed that this was a backup.
-- action: Confirm that the writes to {bucket} were a backup, and look at its schedule.
-- de title: Große Schreibzugriffe in der Geschäftszeit
-- de question: Wurden während der Geschäftszeit große Objekte geschrieben?
-- de sentence: {count} {count:großer Schreibzugriff|große Schreibzugriffe} in der Geschäftszeit.
-- de draft: In {bucket} {count:wurde|wurden} {span} während der Geschäftszeit {count} {count:großes Objekt|große Objekte} durch {subject} geschrieben. Zu bestätigen ist, dass dies ein Backup war.
-- de action: Bestätigen, dass der Schreibzugriff auf {bucket} ein Backup war, und dessen Zeitplan prüfen.
select a.bucket, p.identity as subject, d.date, a.time, a.source_object, a.source_line
from access a
join principals p on p.requester = coalesce(a.requester, '-')
join quarters d on d.quarter = a.quarter
join business_hours h on a.time >= h.hours_start and a.time < h.hours_end
where a.time >= :from and a.time < :to and d.in_range
  and a.successful and a.object_size >= :large_put
  and a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.POST.UPLOAD')
