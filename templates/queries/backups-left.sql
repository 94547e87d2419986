-- title: What is left of the backups
-- question: Is what each night wrote still there?
-- packet: 130
-- section: windows, and further
-- widths: 34, 16, 16, 22, 16, 16, 16, 22, 40
-- printed rows: 124
-- witness: none
-- rows: bounded
-- empty: no window is due
-- column backup_objects: different objects that backup principals wrote under the approved prefixes
-- column kept_objects: of these, still there keep_days after they were written
-- column kept_percent: of the bytes, still there then
-- column left_bytes: of the bytes, still there at the end of the period, as far as the log shows
-- column why: what a night needs attention for
-- de title: Was von den Backups übrig ist
-- de question: Ist noch da, was jede Nacht geschrieben hat?
-- de column backup_objects: verschiedene Objekte, die Backup-Principals unter den genehmigten Präfixen schrieben
-- de column kept_objects: davon nach keep_days noch da
-- de column kept_percent: der Bytes, die dann noch da waren
-- de column left_bytes: davon am Ende des Zeitraums noch da, soweit das Protokoll es zeigt
-- de column why: weshalb eine Nacht zu beachten ist
select w.bucket, w.date, n.backup_objects, n.backup_bytes, n.kept_objects, round(100.0 * n.kept_bytes / nullif(n.backup_bytes, 0), 1) as kept_percent,
       n.left_objects, n.left_bytes, n.why
from windows w
join nights n on n.bucket = w.bucket and n.date = w.date
where w.in_range and (:bucket = '' or w.bucket = :bucket)
order by w.bucket, w.date
