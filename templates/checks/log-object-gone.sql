-- title: Log objects removed before they were read
-- question: Did a log object vanish between listing and reading?
-- severity: medium
-- flags: a log object that vanished before it was collected; on the days of its records, or else on the day in its name
-- scope: ledger
-- witness: none
-- empty: no log object vanished between listing and reading
-- sentence: The log object was removed before it was read. Its records are missing here unless S3 delivers them again; a lifecycle rule of the log bucket may be too short.
-- draft: The log object {subject} was removed before it was read. The lifecycle rule of the log bucket is to be made longer.
-- action: Make the lifecycle rule of the log bucket longer.
-- de title: Protokollobjekte vor dem Lesen entfernt
-- de question: Verschwand ein Protokollobjekt zwischen dem Auflisten und dem Lesen?
-- de sentence: Das Protokollobjekt wurde entfernt, bevor es gelesen war. Seine Einträge fehlen hier, sofern S3 sie nicht erneut zustellt; möglicherweise ist die Frist einer Lebenszyklusregel des Protokoll-Buckets zu kurz.
-- de draft: Ein Protokollobjekt wurde entfernt, bevor es gelesen war ({subject}). Die Frist in der Lebenszyklusregel des Protokoll-Buckets ist zu verlängern.
-- de action: Die Frist in der Lebenszyklusregel des Protokoll-Buckets verlängern.
--
-- An object belongs to the days of the records that were collected from it, and one
-- that was never read to the day in its name: the month that it is about must say so,
-- whenever it was noticed.
select i.bucket, i.source as subject, d.date, count(*) as count, min(greatest(i.about_first, d.day_start)) as first_seen,
       max(greatest(i.about_first, d.day_start, i.noticed)) as last_seen, '' as severity, cast(null as varchar) as samples
from log_incidents i
join days d on i.about_last >= d.day_start and i.about_first < d.day_end
where i.kind = 'gone' and d.in_range
group by i.bucket, i.source, d.date
order by i.bucket, d.date, subject
