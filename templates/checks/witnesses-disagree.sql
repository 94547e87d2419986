-- title: Access log and CloudTrail disagree
-- question: Do the two tell of the same request another principal, status or key?
-- severity: high
-- flags: requests for which access log and CloudTrail name different principals, statuses or keys
-- requires: tenant.cloudtrail with data events
-- scope: witnesses
-- witness: access log, CloudTrail
-- empty: log and CloudTrail tell the same
-- needs: cloudtrail
-- sentence: {count} {count:request|requests} of which access log and CloudTrail tell different things, {days}.
-- draft: Access log and CloudTrail tell different things of {count} {count:request|requests} to {bucket} {span}: {subject}. Both come from AWS, so one of the records was changed or misread. The log objects that findings.csv names are to be compared with what was delivered.
-- action: Compare the log objects of {bucket} with what was delivered, and find out which record was changed.
-- de title: Protokoll und CloudTrail widersprechen sich
-- de question: Nennen die beiden zur selben Anfrage einen anderen Principal, Status oder Objektschlüssel?
-- de sentence: {count} {count:Anfrage|Anfragen}, zu {count:der|denen} Protokoll und CloudTrail {days} Verschiedenes sagen.
-- de draft: Protokoll und CloudTrail sagen {span} zu {count} {count:Anfrage|Anfragen} an {bucket} Verschiedenes: {subject}. Beide kommen von AWS, einer der Einträge wurde also verändert oder falsch gelesen. Die Protokollobjekte, die findings.csv nennt, sind mit den zugestellten zu vergleichen.
-- de action: Die Protokollobjekte von {bucket} mit den zugestellten vergleichen und klären, welcher Eintrag verändert wurde.
with d as (
    select c.bucket, c.operation || ' by ' || p.identity || ', ' || c.about as subject, c.date, c.time, c.disagreement, c.sample,
           row_number() over (partition by c.bucket, c.operation, p.identity, c.about, c.date order by c.time, c.sample) as n
    from compared c
    join principals p on p.requester = coalesce(c.requester, '-')
    where c.disagreement <> ''
)
select bucket, subject, date, count(*) as count, min(time) as first_seen, max(time) as last_seen, 'high' as severity,
       array_agg(sample order by n) filter (where n <= 20) as samples, array_agg(distinct disagreement order by disagreement) as who
from d
group by bucket, subject, date
order by bucket, date, subject
