-- title: A witness did not speak
-- question: Could every witness that is configured be read for every day?
-- severity: medium
-- flags: a configured witness that could not be read for a day; closes itself
-- scope: ledger
-- witness: none
-- empty: every configured witness spoke; it is the check of the witnesses themselves
-- ends: yes
-- sentence: {count} {count:day or night|days or nights} of which a configured witness could not be read.
-- draft: {subject} could not be read for {bucket} {span}. Until it can, nothing that rests on it can be called ok. It is to be found out why.
-- action: See to it that the witness for {bucket} can be read again.
-- de title: Eine Quelle gab keine Auskunft
-- de question: Konnte jede konfigurierte Quelle für jeden Tag gelesen werden?
-- de sentence: {count} {count:Tag oder Nacht|Tage oder Nächte}, {count:über den oder die|über die} eine konfigurierte Quelle nicht gelesen werden konnte.
-- de draft: Eine Quelle konnte {span} für {bucket} nicht gelesen werden ({subject}). Bis dahin lässt sich nichts, was auf ihr beruht, für in Ordnung erklären. Zu klären ist der Grund.
-- de action: Dafür sorgen, dass die Quelle für {bucket} wieder gelesen werden kann.
--
-- The access log has a check of its own, logs-missing.
select case when w.bucket = '' then b.bucket else w.bucket end as bucket, w.witness as subject, d.date, 1 as count, d.day_start as first_seen, d.day_end - interval 1 millisecond as last_seen, '' as severity,
       cast(null as varchar) as samples, w.reason as expected
from witness_states w
join days d on d.date = w.date
cross join (select min(bucket) as bucket from buckets) b
where d.in_range and w.state = 'could not be read' and w.witness <> 'access log'
order by bucket, d.date, subject
