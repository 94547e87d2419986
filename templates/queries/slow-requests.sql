-- title: Slow requests
-- question: Which requests took longest?
-- witness: access log
-- empty: nothing of this kind is in the log
-- column total_time_ms: from the first byte of the request to the last of the answer; the 100 longest
-- column turn_around_time_ms: of it, what S3 took before it answered
-- de title: Langsame Anfragen
-- de question: Welche Anfragen dauerten am längsten?
-- de column total_time_ms: vom ersten Byte der Anfrage bis zum letzten der Antwort; die 100 längsten
-- de column turn_around_time_ms: davon die Zeit, die S3 bis zum Beginn der Antwort brauchte
select a.time, a.bucket, a.key, a.operation, p.principal, p.identity as requester, a.http_status, a.total_time_ms, a.turn_around_time_ms, a.object_size, a.bytes_sent
from access a
join principals p on p.requester = coalesce(a.requester, '-')
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
  and a.total_time_ms is not null
order by a.total_time_ms desc, a.time, a.bucket, a.key, requester
limit 100
