-- title: Backup report that can't be read
-- question: Could every report of the backup tool be read?
-- severity: medium
-- flags: a report of the backup tool that can't be read, whole or in part; closes itself when it can be read
-- scope: reports
-- witness: none
-- empty: every report could be read
-- needs: backup_reports
-- sentence: A report of the backup tool can't be read, whole or in part, so what it tells of is not known.
-- draft: The report {subject} of the backup tool could not be read {span}. What it tells of those nights is to be found out, and the report to be mended.
-- action: Mend the report, or name its columns in the configuration, and find out what it tells.
-- de title: Unlesbarer Backup-Bericht
-- de question: Waren alle Berichte des Backup-Programms lesbar?
-- de sentence: Ein Bericht des Backup-Programms ist ganz oder teilweise unlesbar; was darin steht, ist nicht bekannt.
-- de draft: Der Bericht {subject} des Backup-Programms war {span} nicht lesbar. Zu klären ist, was er über diese Nächte aussagt; der Bericht ist zu reparieren.
-- de action: Den Bericht reparieren oder seine Spalten in der Konfiguration benennen und klären, was er aussagt.
--
-- A finding a file, on the days that the file is about: as it tells, or as its name
-- does, or else the day on which it was written. It ends when the file is read well
-- and those days are checked again, which the daily check does by itself.
with numbered as (
  select source, line, reason, date, about, row_number() over (partition by source, date order by line) as n
  from report_problems
)
select '' as bucket, p.source as subject, d.date, count(*) as count, min(coalesce(p.about, d.day_start)) as first_seen, max(coalesce(p.about, d.day_start)) as last_seen,
       'medium' as severity, array_agg(p.source || ':' || cast(p.line as varchar) order by n) filter (where n <= 20) as samples, min(p.reason) as expected
from numbered p
join days d on d.date = p.date and d.in_range
group by p.source, d.date
order by d.date, p.source
