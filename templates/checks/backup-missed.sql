-- title: Missed backup
-- question: Did a backup window pass without a backup?
-- severity: high
-- flags: a window in which backup principals wrote fewer objects than `min_objects`
-- scope: window
-- witness: access log
-- empty: no evaluated night shows it
-- sentence: {count} {count:night|nights} without a backup: backup principals wrote fewer objects than expected in the window.
-- draft: No backup of {bucket} was seen in the backup window, {span}. Whether it ran elsewhere, late or not at all is to be found out, and the next one to be confirmed.
-- action: Find out whether the backup of {bucket} ran elsewhere, late or not at all, and confirm the next one.
-- subject: words
-- de title: Ausgefallenes Backup
-- de question: Verging ein Backup-Fenster ohne Backup?
-- de sentence: {count} {count:Nacht|Nächte} ohne Backup: Die Backup-Principals schrieben im Backup-Fenster weniger Objekte als erwartet.
-- de draft: Im Backup-Fenster von {bucket} war {span} kein Backup zu sehen. Zu klären ist, ob es anderswo, verspätet oder gar nicht lief; das nächste Backup ist zu bestätigen.
-- de action: Klären, ob das Backup von {bucket} anderswo, verspätet oder gar nicht lief, und das nächste bestätigen.
--
-- Counted are different objects that backup principals completed under the approved
-- prefixes: no empty ones, no locks, no copies of an object onto itself.
select w.bucket, w.subject, w.date, 1 as count, w.window_start as first_seen, w.window_end as last_seen, '' as severity,
       cast(null as varchar) as samples,
       cast(n.backup_objects as varchar) || ' objects; expected at least ' || cast(w.min_objects as varchar) as expected
from windows w
join nights n on n.bucket = w.bucket and n.date = w.date
where w.in_range and n.verdict = 'missed'
order by w.bucket, w.date
