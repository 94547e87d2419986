-- title: Backup report and log disagree
-- question: Does the log show what the backup tool reported?
-- severity: high
-- severities: high, warnings medium, no report low
-- flags: a night for which the backup tool reported trouble, or its report and the log disagree (docs/REPORTS.md)
-- scope: window
-- witness: access log, backup reports
-- empty: every night that has a report agrees with the log
-- needs: backup_reports
-- sentence: {count} {count:night|nights} in which the backup tool reported trouble, or its report and the log disagree.
-- draft: For the backup window of {bucket}, {span}, the report of the backup tool tells of trouble or does not agree with the log ({subject}). What happened is to be found out.
-- action: Compare the report and the log of {bucket}, and find out which of them is right.
-- subject: words
-- de title: Backup-Bericht und Protokoll weichen ab
-- de question: Zeigt das Protokoll, was das Backup-Programm gemeldet hat?
-- de sentence: {count} {count:Nacht|Nächte}, in {count:der|denen} das Backup-Programm Probleme gemeldet hat oder sein Bericht vom Protokoll abweicht.
-- de draft: Für das Backup-Fenster von {bucket} nennt der Bericht des Backup-Programms {span} Probleme oder stimmt nicht mit dem Protokoll überein ({subject}). Zu klären ist, was geschehen ist.
-- de action: Bericht und Protokoll für {bucket} vergleichen und klären, welche der beiden Angaben richtig ist.
--
-- Tools that pack files into objects are compared by sessions and bytes; objects
-- only where the report counts objects. AWS Backup writes to a vault, so its
-- sessions are looked at for their status alone. What a report says of its jobs holds
-- for nights of which the log has a gap, too. A session that still runs is no trouble
-- yet, and what can't be read is backup-report-unreadable's.
select w.bucket, r.verdict as subject, w.date, 1 as count, w.window_start as first_seen, w.window_end as last_seen,
       case r.verdict when 'no report' then 'low' when 'with warnings' then 'medium' else 'high' end as severity, r.sources as samples, r.told as expected
from reconciled r
join windows w on w.bucket = r.bucket and w.date = r.date and w.in_range
where r.verdict not in ('agrees', 'not evaluated', 'running', 'the report can''t be read')
order by w.bucket, w.date
