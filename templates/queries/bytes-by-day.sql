-- title: Bytes by day
-- question: How much was written and read on each day?
-- packet: 110
-- section: movement, placed by code
-- witness: access log
-- rows: bounded
-- empty: nothing of this kind is in the log
-- column date: in the tenant's zone; a day without a record has no row
-- column bytes_written: successful puts, posts, copies and parts of multipart uploads
-- column bytes_sent: to the requesters, listings and errors included
-- de title: Bytes je Tag
-- de question: Wie viel wurde an jedem Tag geschrieben und gelesen?
-- de column date: in der Zeitzone des Kunden; ein Tag ohne Eintrag hat keine Zeile
-- de column bytes_written: erfolgreiche Anfragen mit PUT, POST und COPY sowie Teile mehrteiliger Uploads
-- de column bytes_sent: an die Aufrufer, einschließlich Auflistungen und Fehlermeldungen
select a.bucket, d.date, count(*) as requests,
       coalesce(sum(case when a.successful
                          and a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.PUT.PART', 'REST.COPY.PART')
                         then a.object_size end), 0) as bytes_written,
       coalesce(sum(a.bytes_sent), 0) as bytes_sent
from access a
join quarters d on d.quarter = a.quarter
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
group by a.bucket, d.date
order by a.bucket, d.date
