-- title: Reads outside business hours
-- question: Did a person read backups while nobody works?
-- severity: low
-- flags: reads outside business hours by anyone who neither backs up nor restores
-- scope: day
-- selects: records
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- needs: business_hours
-- sentence: {count} successful {count:read|reads} outside business hours by a principal that neither backs up nor restores.
-- draft: {subject} read {count} {count:time|times} from {bucket} outside business hours, {span}. It is to be confirmed that this was planned.
-- action: Confirm that the reads from {bucket} outside business hours were planned.
-- de title: Lesezugriffe außerhalb der Geschäftszeit
-- de question: Hat eine Person Backups gelesen, während niemand arbeitet?
-- de sentence: {count} {count:erfolgreicher Lesezugriff|erfolgreiche Lesezugriffe} außerhalb der Geschäftszeit durch einen Principal, der weder sichert noch wiederherstellt.
-- de draft: Auf {bucket} {count:erfolgte|erfolgten} {span} außerhalb der Geschäftszeit {count} {count:Lesezugriff|Lesezugriffe} durch {subject}. Zu bestätigen ist, dass dies geplant war.
-- de action: Bestätigen, dass das Lesen aus {bucket} außerhalb der Geschäftszeit geplant war.
select a.bucket, p.identity as subject, d.date, a.time, a.source_object, a.source_line
from access a
join principals p on p.requester = a.requester
join quarters d on d.quarter = a.quarter
left join business_hours h on a.time >= h.hours_start and a.time < h.hours_end
where a.time >= :from and a.time < :to and d.in_range and h.hours_start is null
  and p.role not in ('backup', 'restore', 'audit', 'service') and not p.service
  and a.http_status in (200, 206) and a.operation in ('REST.GET.OBJECT', 'WEBSITE.GET.OBJECT')
