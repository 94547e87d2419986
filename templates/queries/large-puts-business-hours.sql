-- title: Large writes in business hours
-- question: Were large objects written while people worked?
-- packet: 70
-- section: movement
-- widths: 20, 30, 56, 30, 50, 20
-- witness: access log
-- empty: nothing of this kind is in the log
-- column object_size: bytes; written in one request, or the object that a multipart upload completed
-- de title: Große Schreibzugriffe in der Geschäftszeit
-- de question: Wurden große Objekte geschrieben, während gearbeitet wurde?
-- de column object_size: in Bytes; mit einer einzigen Anfrage geschrieben oder durch einen mehrteiligen Upload abgeschlossen
select a.time, a.bucket, a.key, p.principal, p.identity as requester, a.object_size
from access a
join principals p on p.requester = coalesce(a.requester, '-')
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
  and a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.POST.UPLOAD')
  and a.successful
  and a.object_size >= :large_put
  and exists (select 1 from business_hours h where a.time >= h.hours_start and a.time < h.hours_end)
order by a.time, a.bucket, a.key, requester, a.object_size
