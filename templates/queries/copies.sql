-- title: Copies
-- question: Which objects were copied, and by whom?
-- witness: access log
-- empty: nothing of this kind is in the log
-- column side: source, where an object of the bucket was read for a copy, or target, where the copy was written
-- de title: Kopien
-- de question: Welche Objekte wurden kopiert, und von wem?
-- de column side: Quelle, wenn ein Objekt des Buckets für eine Kopie gelesen wurde; Ziel, wenn die Kopie geschrieben wurde
select a.bucket, p.principal, p.identity as requester, case when a.operation like '%\_GET' escape '\' then 'source' else 'target' end as side, a.operation,
       count(*) as requests, count(distinct a.key) as objects, coalesce(sum(a.object_size), 0) as bytes,
       sum(case when a.failed then 1 else 0 end) as refused, min(a.time) as first_seen, max(a.time) as last_seen
from access a
join principals p on p.requester = coalesce(a.requester, '-')
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
  and a.operation like 'REST.COPY.%'
group by a.bucket, p.principal, p.identity, side, a.operation
order by a.bucket, requests desc, principal, requester, a.operation
