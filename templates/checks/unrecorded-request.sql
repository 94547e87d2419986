-- title: Request missing from CloudTrail
-- question: Does the access log know requests to objects that CloudTrail does not?
-- severity: medium
-- flags: requests to objects that are in the access log but not in CloudTrail; closes itself
-- requires: tenant.cloudtrail with data events
-- scope: witnesses
-- witness: access log, CloudTrail
-- empty: all requests to objects that the log has are in CloudTrail
-- ends: yes
-- needs: cloudtrail
-- sentence: {count} {count:request|requests} in the access log that CloudTrail does not have, {days}.
-- draft: The access log has {count} {count:request|requests} to {bucket} ({subject}) {span} that CloudTrail does not have, though it records such requests. It is to be found out whether the trail, or its data events, were off for a while.
-- action: Find out whether the trail or its data events for {bucket} were off.
-- de title: Anfragen, die in CloudTrail fehlen
-- de question: Kennt das Zugriffsprotokoll Anfragen an Objekte, die CloudTrail nicht kennt?
-- de sentence: {count} {count:Anfrage|Anfragen} im Zugriffsprotokoll, die CloudTrail nicht hat, {days}.
-- de draft: Das Zugriffsprotokoll enthält {span} {count} {count:Anfrage|Anfragen} an {bucket} ({subject}), die CloudTrail nicht hat, obwohl es solche Anfragen aufzeichnet. Zu klären ist, ob der Trail oder seine Datenereignisse zeitweise abgeschaltet waren.
-- de action: Klären, ob der Trail oder seine Datenereignisse für {bucket} abgeschaltet waren.
--
-- By bucket and request ID, of kinds that the trail has recorded in this bucket before or on the day.
with u as (
    select c.bucket, c.operation || ' by ' || p.identity as subject, c.date, c.time, p.requester, c.sample,
           row_number() over (partition by c.bucket, c.operation, p.identity, c.date order by c.time, c.sample) as n
    from compared c
    join principals p on p.requester = coalesce(c.requester, '-')
    where c.in_log and not c.in_trail and c.known is null
      and regexp_matches(c.operation, '^(REST\.(PUT|POST|COPY|DELETE|GET|HEAD)\.(OBJECT|UPLOAD|UPLOADS|PART|MULTI_OBJECT_DELETE)|BATCH\.DELETE\.OBJECT)$')
)
select bucket, subject, date, count(*) as count, min(time) as first_seen, max(time) as last_seen, 'medium' as severity,
       array_agg(sample order by n) filter (where n <= 20) as samples, array_agg(distinct requester) as who
from u
group by bucket, subject, date
order by bucket, date, subject
