-- title: Log delivery
-- question: Is the log complete enough to prove anything?
-- packet: 100
-- section: logging, placed by code
-- widths: 40, 16, 18, 20, 17, 22, 22, 22
-- printed rows: 124
-- witness: none
-- rows: bounded
-- empty: there is no bucket
-- column date: the day of the requests, in the tenant's zone
-- column log_objects: objects that hold records of this day
-- column rejected: lines that could not be read, dated as their neighbours
-- column max_delay_s: longest time from a request to the delivery of its record, in seconds
-- de title: Zustellung der Protokolle
-- de question: Ist das Protokoll vollständig genug, um etwas zu beweisen?
-- de column date: der Tag der Anfragen, in der Zeitzone des Kunden
-- de column log_objects: Protokollobjekte, die Einträge dieses Tages enthalten
-- de column rejected: Zeilen, die nicht gelesen werden konnten, datiert wie ihre Nachbarn
-- de column max_delay_s: längste Zeit von einer Anfrage bis zur Zustellung ihres Eintrags, in Sekunden
with o as (
    select a.bucket, d.date, a.source_object, count(*) as records, min(a.time) as first_record, max(a.time) as last_record
    from access a
    join quarters d on d.quarter = a.quarter
    where a.time >= :from and a.time < :to
    group by a.bucket, d.date, a.source_object
), a as (
    select o.bucket, o.date, count(*) as log_objects, sum(o.records) as records,
           min(o.first_record) as first_record, max(o.last_record) as last_record,
           max(date_diff('second', o.first_record, l.delivered)) as max_delay_s
    from o
    left join log_objects l on l.source_object = o.source_object and l.bucket = o.bucket
    group by o.bucket, o.date
), lines as (
    select l.bucket, d.date, r.source_object, r.source_line, max(r.lines) as lines
    from rejected r
    join log_objects l on l.source_object = r.source_object and (r.bucket = l.bucket or r.bucket = '')
    join days d on r.time >= d.day_start and r.time < d.day_end
    group by l.bucket, d.date, r.source_object, r.source_line
), r as (
    select bucket, date, cast(sum(lines) as bigint) as rejected from lines group by bucket, date
)
select b.bucket, d.date, coalesce(a.log_objects, 0) as log_objects, coalesce(a.records, 0) as records, coalesce(r.rejected, 0) as rejected,
       a.first_record, a.last_record, a.max_delay_s
from buckets b
cross join days d
left join a on a.bucket = b.bucket and a.date = d.date
left join r on r.bucket = b.bucket and r.date = d.date
where d.in_range and (:bucket = '' or b.bucket = :bucket)
order by b.bucket, d.date
