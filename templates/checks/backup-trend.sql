-- title: Backups shrink or grow over months
-- question: Does the usual night of a month write far less or far more than that of the months before?
-- severity: medium
-- flags: a month whose median night is less than half or more than twice that of one of the six months before
-- requires: two months of nights
-- scope: month
-- witness: access log
-- empty: the month's nights are as large as those before
-- sentence: The usual night wrote less than half or more than twice what it did in a month before, {days}.
-- draft: The nightly backup of {bucket} changed slowly: it {subject} ({span}). Whether less is backed up than should be, or data grew, is to be found out.
-- action: Find out why the backup of {bucket} changed its size over months.
-- de title: Backups schrumpfen oder wachsen über Monate
-- de question: Schrieb die übliche Nacht eines Monats weit weniger oder weit mehr als die der Monate davor?
-- de sentence: Die übliche Nacht schrieb {days} weniger als die Hälfte oder mehr als das Doppelte eines Monats davor.
-- de draft: Das nächtliche Backup von {bucket} hat sich langsam verändert ({subject}), {span}. Zu klären ist, ob weniger gesichert wird, als sollte, oder ob die Daten gewachsen sind.
-- de action: Klären, warum sich der Umfang des Backups in {bucket} über Monate verändert hat.
--
-- The median night of the month is compared with that of each of the six months before,
-- where both have seven evaluated nights or more.
select m.bucket, m.subject, m.date, 1 as count, d.day_start as first_seen, d.day_end - interval 1 millisecond as last_seen, '' as severity,
       cast(null as varchar) as samples, m.expected
from month_trends m
join days d on d.date = m.date
where d.in_range
order by m.bucket, m.date, m.subject
