-- title: Backup windows
-- question: Did the backups run, every night?
-- packet: 10
-- section: windows
-- widths: 34, 15, 22, 22, 16, 18, 17, 17, 13, 24
-- printed rows: 124
-- witness: none
-- rows: bounded
-- empty: no window is due
-- column date: the day on which the window starts, in the tenant's zone
-- column objects_written: successful puts, posts, copies and completed multipart uploads, by anyone
-- column bytes_written: of these; an upload that was not completed wrote nothing
-- column backup_requests: by principals whose role is backup
-- column errors: status 400 and above, or an error code
-- column verdict: missed where backup principals wrote fewer than min_objects different objects under the approved prefixes; attention where what they wrote was removed again, where objects could not be written, where more than 1 in 20 backup requests failed (to ask for what is not there is no failure), where someone not mapped wrote or deleted, or where the report of the backup tool does not agree; not evaluated where the log has a gap or no record
-- de title: Backup-Fenster
-- de question: Liefen die Backups in jeder Nacht?
-- de column date: der Tag, an dem das Backup-Fenster beginnt, in der Zeitzone des Kunden
-- de column objects_written: erfolgreiche Anfragen mit PUT, POST und COPY sowie abgeschlossene mehrteilige Uploads, gleich durch wen
-- de column bytes_written: davon; ein nicht abgeschlossener Upload schrieb nichts
-- de column backup_requests: durch Principals mit der Rolle Backup
-- de column errors: Status 400 und höher oder ein Fehlercode
-- de column verdict: ausgefallen, wenn Backup-Principals unter den genehmigten Präfixen weniger als min_objects verschiedene Objekte schrieben; zu beachten, wenn das Geschriebene wieder entfernt wurde, wenn Objekte nicht geschrieben werden konnten, wenn mehr als 1 von 20 Backup-Anfragen fehlschlug (die Frage nach etwas, das es nicht gibt, gilt nicht als Fehler), wenn ein nicht zugeordneter Aufrufer schrieb oder löschte oder wenn der Bericht des Backup-Programms nicht übereinstimmt; nicht bewertet, wenn das Protokoll eine Lücke oder keinen Eintrag hat
select w.bucket, w.date, w.window_start, w.window_end, n.objects_written, n.bytes_written, n.backup_requests, n.other_requests, n.errors, n.verdict
from windows w
join nights n on n.bucket = w.bucket and n.date = w.date
where w.in_range and (:bucket = '' or w.bucket = :bucket)
order by w.bucket, w.date
