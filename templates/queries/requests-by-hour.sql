-- title: Requests by hour
-- question: At which hours are the buckets used?
-- packet: 120
-- section: boundaries, placed by code
-- witness: access log
-- rows: bounded
-- empty: nothing of this kind is in the log
-- column weekday: 1 Monday to 7 Sunday
-- column hour: on the clock of the tenant's zone; an hour that a change of daylight saving repeats is one of two hours' length
-- column writes: successful puts, posts, copies and parts
-- de title: Anfragen je Stunde
-- de question: Zu welchen Stunden werden die Buckets benutzt?
-- de column weekday: von 1 (Montag) bis 7 (Sonntag)
-- de column hour: nach der Uhr in der Zeitzone des Kunden; eine Stunde, die sich bei der Zeitumstellung wiederholt, zählt als eine Stunde von doppelter Länge
-- de column writes: erfolgreiche Anfragen mit PUT, POST und COPY sowie Teile von Uploads
select a.bucket, h.weekday, h.hour, count(*) as requests,
       sum(case when a.successful
                 and a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.PUT.PART', 'REST.COPY.PART') then 1 else 0 end) as writes,
       sum(case when a.failed then 1 else 0 end) as errors
from access a
join quarters h on h.quarter = a.quarter
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
group by a.bucket, h.weekday, h.hour
order by a.bucket, h.weekday, h.hour
