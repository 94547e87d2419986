-- title: A part of the backup stopped
-- question: Did one of several jobs, prefixes or roles write nothing, though it always does?
-- severity: high
-- flags: a prefix, principal or folder that always has a backup and had none
-- scope: window
-- witness: access log
-- empty: no evaluated night shows it
-- needs: history
-- sentence: {count} {count:night|nights} without a part of the backup that is always there.
-- draft: The backup of {bucket} ran, but {subject} wrote nothing in the window, {span}. Whether a job was switched off, or fails, is to be found out.
-- action: Find out why a part of the backup of {bucket} stays away.
-- de title: Ein Teil des Backups blieb aus
-- de question: Schrieb einer von mehreren Aufträgen, Präfixen oder Principals nichts, obwohl er es sonst immer tut?
-- de sentence: {count} {count:Nacht|Nächte} ohne einen Teil des Backups, der sonst immer da ist.
-- de draft: Das Backup von {bucket} lief {span}, aber ein Teil schrieb nichts ({subject}). Zu klären ist, ob ein Auftrag abgeschaltet wurde oder fehlschlägt.
-- de action: Klären, warum ein Teil des Backups in {bucket} ausbleibt.
--
-- Always there is what wrote in nine of ten of the evaluated nights among the 28 before,
-- or on the last four of the same day of the week: an approved prefix, a principal; and
-- a folder below a prefix that wrote in all of 14 nights or more, from its second night on.
select m.bucket, m.subject, m.date, 1 as count, w.window_start as first_seen, w.window_end as last_seen, '' as severity,
       cast(null as varchar) as samples, m.expected
from missing_parts m
join windows w on w.bucket = m.bucket and w.date = m.date
where w.in_range
order by m.bucket, m.date, m.subject
