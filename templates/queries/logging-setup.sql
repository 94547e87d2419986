-- title: How logging is set up
-- question: Is access logging on for every bucket, and does its delivery lead to a place where only S3 can write?
-- packet: 290, with logs in s3
-- section: logging, placed by code
-- widths: 34, 22, 26, 20, 84
-- witness: logging set-up
-- rows: bounded
-- empty: it was not looked at how logging is set up
-- column looked: when S3 was asked
-- column outcome: ok, warning, fault, or not known where it may not be asked
-- de title: Wie die Protokollierung eingerichtet ist
-- de question: Ist das Protokoll jedes Buckets an, und führt seine Zustellung an einen Ort, an dem nur S3 schreiben kann?
-- de column looked: wann S3 gefragt wurde
-- de column outcome: in Ordnung, Warnung, Fehler oder nicht bekannt, wo nicht gefragt werden darf
--
-- The last look at each bucket in the time that is asked about.
select bucket, looked, what, lower(outcome) as outcome, detail
from logging_found
where (:bucket = '' or bucket = :bucket) and looked = (select max(f.looked) from logging_found f where f.bucket = logging_found.bucket)
group by all
order by bucket, what
