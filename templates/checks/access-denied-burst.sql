-- title: Burst of refused requests
-- question: Was anyone refused many times in a short while?
-- severity: high
-- flags: a principal that S3 refused many times within an hour
-- scope: day
-- selects: records with severity
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- sentence: {count} refused {count:request|requests} of one principal, many of them within an hour.
-- draft: S3 refused {subject} {count} {count:time|times} on {bucket} {span}. Either permissions are missing, or someone tried what is not allowed.
-- action: Find out whether the requester lacks a permission or tried what is not allowed on {bucket}.
-- threshold: access_denied_burst = 10, 2 to 1099511627776: so many refused requests of one principal within an hour are a burst
-- de title: Häufung abgewiesener Anfragen
-- de question: Wurde jemand in kurzer Zeit viele Male abgewiesen?
-- de sentence: {count} abgewiesene {count:Anfrage|Anfragen} eines Principals, viele davon innerhalb einer Stunde.
-- de draft: S3 wies {span} {count} {count:Anfrage|Anfragen} an {bucket} ab (Aufrufer: {subject}). Entweder fehlt eine Berechtigung, oder es wurde etwas versucht, das nicht erlaubt ist.
-- de action: Klären, ob dem Aufrufer eine Berechtigung fehlt oder ein unbefugter Zugriff auf {bucket} versucht wurde.
--
-- Flagged is a principal with :access_denied_burst refused requests within any
-- hour, also over midnight; counted are all its refused requests of the day.
-- Anonymous requests have a check of their own.
-- Of who is not in the mapping it is of severity low.
with d as (
    select a.bucket, p.identity as subject, case when not p.mapped then 'low' else '' end as severity, d.date, d.in_range, a.time, a.source_object, a.source_line,
           row_number() over (partition by a.bucket, p.identity order by a.time, a.source_object, a.source_line) as k
    from access a
    join principals p on p.requester = a.requester
    join quarters d on d.quarter = a.quarter
    where a.time >= :from - interval '1' hour and a.time < :to + interval '1' hour and a.refused
), pairs as (
    select a.bucket, a.subject, a.date as first_date, b.date as last_date
    from d a
    join d b on b.bucket = a.bucket and b.subject = a.subject and b.k = a.k + :access_denied_burst - 1
    where b.time <= a.time + interval '1' hour
), burst as (
    select bucket, subject, first_date as date from pairs
    union
    select bucket, subject, last_date as date from pairs
)
select d.* from d
join burst b on b.bucket = d.bucket and b.subject = d.subject and b.date = d.date
where d.in_range and d.time >= :from and d.time < :to
