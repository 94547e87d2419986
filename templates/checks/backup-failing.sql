-- title: Backup with failures
-- question: Did the backup fail to write some of its objects?
-- severity: medium
-- flags: a night in which the backup failed to write some of its objects
-- scope: window
-- witness: access log
-- empty: no evaluated night shows it
-- sentence: {count} {count:night|nights} in which the backup failed to write some of its objects.
-- draft: The backup of {bucket} failed to write some of its objects in the window, {span}. The log of the backup tool is to be looked at, and the next backup to be confirmed.
-- action: Mend what made the backup of {bucket} fail, and confirm the next one.
-- de title: Backup mit Fehlern
-- de question: Konnte das Backup einen Teil seiner Objekte nicht schreiben?
-- de sentence: {count} {count:Nacht|Nächte}, in {count:der|denen} das Backup einen Teil seiner Objekte nicht schreiben konnte.
-- de draft: Das Backup von {bucket} konnte {span} einen Teil seiner Objekte nicht schreiben. Zu prüfen ist das Protokoll des Backup-Programms; das nächste Backup ist zu bestätigen.
-- de action: Die Fehler des Backups in {bucket} beheben und das nächste Backup bestätigen.
--
-- One object in 20 or more failed and was not written later in the window, or more than
-- one in 20 requests of the backup failed. To ask for what is not there is no failure.
select w.bucket, w.subject, w.date, 1 as count, w.window_start as first_seen, w.window_end as last_seen, '' as severity,
       cast(null as varchar) as samples,
       cast(n.failed_keys as varchar) || ' objects not written, ' || cast(n.backup_objects as varchar) || ' written; '
       || cast(n.backup_errors as varchar) || ' of ' || cast(n.backup_requests as varchar) || ' requests failed' as expected
from windows w
join nights n on n.bucket = w.bucket and n.date = w.date
where w.in_range and n.failing
order by w.bucket, w.date
