-- title: Backup written and removed again
-- question: Was what a night wrote still there afterwards?
-- severity: high
-- flags: a night whose backup was written and then removed, by anyone
-- requires: bucket.keep_days
-- scope: window
-- witness: access log
-- empty: no evaluated night shows it
-- sentence: {count} {count:night|nights} whose backup was written and removed again.
-- draft: What the backup of {bucket} wrote in the window, {span}, was removed again or overwritten. Who did it and whether anything of that night is left is to be found out.
-- action: Find out who removed the backup in {bucket}, and confirm a new one.
-- de title: Backup geschrieben und wieder entfernt
-- de question: War das, was eine Nacht geschrieben hat, danach noch da?
-- de sentence: {count} {count:Nacht|Nächte}, {count:deren|deren} Backup geschrieben und wieder entfernt wurde.
-- de draft: Was das Backup von {bucket} {span} im Backup-Fenster schrieb, wurde wieder entfernt oder überschrieben. Zu klären ist, durch wen und ob von dieser Nacht etwas übrig ist.
-- de action: Klären, wer das Backup in {bucket} entfernt hat, und ein neues Backup bestätigen.
--
-- Fewer than min_objects objects, or less than half of the bytes, were there keep_days
-- after they were written, whoever removed them and however.
select w.bucket, w.subject, w.date, 1 as count, w.window_start as first_seen, w.window_end as last_seen, '' as severity,
       cast(null as varchar) as samples,
       cast(n.backup_objects as varchar) || ' objects of ' || cast(n.backup_bytes as varchar) || ' bytes written; kept were '
       || cast(n.kept_objects as varchar) || ' of ' || cast(n.kept_bytes as varchar) as expected
from windows w
join nights n on n.bucket = w.bucket and n.date = w.date
where w.in_range and n.removed
order by w.bucket, w.date
