-- title: Log objects changed after collection
-- question: Did a log object get another content after it was collected?
-- severity: high
-- flags: a log object that changed after it was collected; on the days of its records, or else on the day in its name
-- scope: ledger
-- witness: none
-- empty: no log object was seen to change; that they were looked at is what collection notes
-- sentence: The log object was changed after it was collected. What was collected first stays in the dataset; the other content is left alone.
-- draft: The log object {subject} was changed after it was collected. Who can write to the log bucket is to be found out.
-- action: Find out who can write to the log bucket, and leave that permission to S3 alone.
-- de title: Protokollobjekte nach der Erfassung geändert
-- de question: Hat ein Protokollobjekt nach seiner Erfassung einen anderen Inhalt erhalten?
-- de sentence: Das Protokollobjekt wurde nach seiner Erfassung geändert. Der zuerst erfasste Inhalt bleibt im Datenbestand; der andere wird nicht übernommen.
-- de draft: Ein Protokollobjekt wurde nach seiner Erfassung geändert ({subject}). Zu klären ist, wer in den Protokoll-Bucket schreiben kann.
-- de action: Klären, wer in den Protokoll-Bucket schreiben kann, und dieses Recht auf die Zustellung durch S3 begrenzen.
--
-- An object belongs to the days of the records that were collected from it, and one
-- that was never read to the day in its name: the month that it is about must say so,
-- whenever it was noticed.
select i.bucket, i.source as subject, d.date, count(*) as count, min(greatest(i.about_first, d.day_start)) as first_seen,
       max(greatest(i.about_first, d.day_start, i.noticed)) as last_seen, '' as severity, cast(null as varchar) as samples
from log_incidents i
join days d on i.about_last >= d.day_start and i.about_first < d.day_end
where i.kind = 'changed' and d.in_range
group by i.bucket, i.source, d.date
order by i.bucket, d.date, subject
