-- title: Backup reports
-- question: Do the reports of the backup tool agree with the log?
-- packet: 200, with backup_reports
-- section: windows
-- widths: 36, 14, 17, 14, 16, 19, 18, 16, 16, 26
-- witness: access log, backup reports
-- rows: bounded
-- empty: no report was to be expected of any night
-- column sessions: that the tool reported for the night and that have ended
-- column failed: also where a later session of the same job mended it
-- column running: that have not told yet how they end
-- column reported_objects: empty where the tool does not count objects
-- column reported_bytes: empty where the tool does not tell
-- column objects: that backup principals wrote in the window, by the log
-- column verdict: agrees, or how they differ; no report where one was to be expected
-- de title: Backup-Berichte
-- de question: Stimmen die Berichte des Backup-Programms mit dem Protokoll überein?
-- de column sessions: die das Backup-Programm für die Nacht gemeldet hat und die beendet sind
-- de column failed: auch wenn ein späterer Lauf desselben Auftrags den Fehler behoben hat
-- de column running: die ihren Ausgang noch nicht gemeldet haben
-- de column reported_objects: leer, wenn das Backup-Programm keine Objekte zählt
-- de column reported_bytes: leer, wenn das Backup-Programm dazu nichts angibt
-- de column objects: die Backup-Principals laut Protokoll im Backup-Fenster schrieben
-- de column verdict: „stimmt überein“ oder die Art der Abweichung; „kein Bericht“, wenn einer zu erwarten war
select bucket, date, sessions, failed, running, reported_objects, reported_bytes, objects, bytes, verdict
from reconciled
where :bucket = '' or bucket = :bucket
order by bucket, date
