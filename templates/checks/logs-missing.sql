-- title: Logs are missing
-- question: Did the access log fall silent?
-- severity: high
-- flags: a silence of the log that is longer than usual; closes itself when logs arrive again
-- scope: ledger
-- witness: none
-- empty: the log was never silent for longer than usual; it is the check of the access log itself
-- ends: yes
-- sentence: {count} {count:day|days} without a log that can be trusted to be complete.
-- draft: The access log of {bucket} fell silent, {span}. Nothing can be proved about what is missing; the reason is to be found out.
-- action: Look at the logging of {bucket}, and find out why records are missing.
-- subject: words
-- de title: Fehlende Protokolle
-- de question: Blieb das Zugriffsprotokoll aus?
-- de sentence: {count} {count:Tag|Tage} ohne ein verlässlich vollständiges Protokoll.
-- de draft: Das Zugriffsprotokoll von {bucket} blieb {span} aus. Über das, was fehlt, lässt sich nichts nachweisen; zu klären ist, warum es fehlt.
-- de action: Die Protokollierung von {bucket} prüfen und klären, warum Einträge fehlen.
-- de phrase: "log delivery" = "Zustellung der Protokolle"
--
-- What lies before the first record is not evaluated, and no finding: logging
-- begins with it, as far as the log can tell. Lines that can't be read have a check of their own.
select c.bucket, 'log delivery' as subject, d.date, 1 as count, d.day_start as first_seen, d.day_end as last_seen, '' as severity,
       cast(null as varchar) as samples, c.gap as expected
from coverage c
join days d on d.date = c.date
where c.in_range and c.gap <> '' and c.gap_code not in ('no-log-before', 'lines-unreadable')
order by c.bucket, d.date
