-- title: New principal
-- question: Did anyone use a bucket who had not used it in the four weeks before?
-- severity: medium
-- severities: medium, admitted by a wildcard low
-- flags: a principal that the mapping does not name and that did not use the bucket in the 28 days before
-- scope: day
-- selects: records with severity
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- needs: history
-- sentence: {count} {count:request|requests} by a principal that had not used the bucket in the 28 days before.
-- draft: {subject} used {bucket} for the first time in four weeks, with {count} {count:request|requests} {span}. It is to be confirmed that this was planned.
-- action: Confirm that the new access to {bucket} was planned, or remove it.
-- de title: Neuer Principal
-- de question: Hat jemand einen Bucket benutzt, der ihn in den vier Wochen davor nicht benutzt hatte?
-- de sentence: {count} {count:Anfrage|Anfragen} eines Principals, der den Bucket in den 28 Tagen davor nicht benutzt hatte.
-- de draft: {bucket} wurde {span} erstmals seit vier Wochen durch {subject} benutzt, mit {count} {count:Anfrage|Anfragen}. Zu bestätigen ist, dass dies geplant war.
-- de action: Bestätigen, dass der neue Zugriff auf {bucket} geplant war, oder ihn entziehen.
--
-- Anonymous requests and other accounts have checks of their own. A principal
-- that the mapping names is expected, however seldom it comes; one that only a
-- wildcard of it admits is of severity low.
-- What S3 refused is no use: who was refused last week and is served today is new.
with days_used as (
    select distinct a.bucket, p.identity, d.day_number
    from access a
    join principals p on p.requester = a.requester
    join quarters d on d.quarter = a.quarter
    where not a.refused
), seen as (
    select bucket, identity, day_number, lag(day_number) over (partition by bucket, identity order by day_number) as before
    from days_used
)
select a.bucket, p.identity as subject, d.date, a.time, a.source_object, a.source_line,
       case when bool_or(p.mapped) over (partition by a.bucket, p.identity, d.date) then 'low' else 'medium' end as severity
from access a
join principals p on p.requester = a.requester
join quarters d on d.quarter = a.quarter
join seen s on s.bucket = a.bucket and s.identity = p.identity and s.day_number = d.day_number
where a.time >= :from and a.time < :to and d.in_range and not a.refused
  and not p.service and not p.named and (p.mapped or not p.foreign_account)
  and (s.before is null or s.before < d.day_number - 28)
