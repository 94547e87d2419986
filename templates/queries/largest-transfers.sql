-- title: Largest transfers
-- question: Which single requests moved the most bytes?
-- witness: access log
-- empty: nothing of this kind is in the log
-- column direction: written, or read
-- column bytes: of the one request; the 100 largest
-- de title: Größte Übertragungen
-- de question: Welche einzelnen Anfragen haben die meisten Bytes bewegt?
-- de column direction: geschrieben oder gelesen
-- de column bytes: der einzelnen Anfrage; die 100 größten
select a.time, a.bucket, a.key, a.operation, p.principal, p.identity as requester, a.remote_ip,
       case when a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.PUT.PART', 'REST.COPY.PART') then 'written' else 'read' end as direction,
       case when a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.PUT.PART', 'REST.COPY.PART') then a.object_size else a.bytes_sent end as bytes
from access a
join principals p on p.requester = coalesce(a.requester, '-')
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
  and a.successful and a.key is not null
  and case when a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.PUT.PART', 'REST.COPY.PART') then a.object_size else a.bytes_sent end > 0
order by bytes desc, a.time, a.bucket, a.key, requester
limit 100
