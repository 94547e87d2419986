-- title: Request missing from the access log
-- question: Does CloudTrail know requests to the buckets that the access log does not?
-- severity: medium
-- flags: requests that are in CloudTrail but not in the access log; closes itself when late logs come
-- requires: tenant.cloudtrail with data events
-- scope: witnesses
-- witness: access log, CloudTrail
-- empty: all requests that CloudTrail has are in the log
-- needs: cloudtrail
-- sentence: {count} {count:request|requests} in CloudTrail that the access log does not have, {days}.
-- draft: CloudTrail has {count} {count:request|requests} to {bucket} ({subject}) {span} that the access log does not have. Access logs are delivered on a best-effort basis, so some may be lost. It is to be confirmed that logging was on all the time, and that these requests were allowed.
-- action: Find out why the log of {bucket} lacks these requests, and whether they were allowed.
-- de title: Anfrage fehlt im Protokoll
-- de question: Kennt CloudTrail Anfragen an die Buckets, die das Protokoll nicht hat?
-- de sentence: {count} {count:Anfrage|Anfragen} in CloudTrail, {days}, die das Protokoll nicht hat.
-- de draft: CloudTrail hat {span} {count} {count:Anfrage|Anfragen} an {bucket} ({subject}), die das Protokoll nicht hat. Protokolle werden nur nach Möglichkeit zugestellt, einzelne können also verloren gehen. Zu bestätigen ist, dass die Protokollierung durchweg an war und diese Anfragen erlaubt waren.
-- de action: Klären, warum dem Protokoll von {bucket} diese Anfragen fehlen und ob sie erlaubt waren.
--
-- By bucket and request ID. What comes on a day on which the log has a gap, or may
-- still come, is not looked at.
with u as (
    select c.bucket, c.operation || ' by ' || p.identity as subject, c.date, c.time, p.requester, c.sample, row_number() over (partition by c.bucket, c.operation, p.identity, c.date order by c.time, c.sample) as n
    from compared c
    join principals p on p.requester = coalesce(c.requester, '-')
    where not in_log and known is null
)
select bucket, subject, date, count(*) as count, min(time) as first_seen, max(time) as last_seen, 'medium' as severity,
       array_agg(sample order by n) filter (where n <= 20) as samples, array_agg(distinct requester) as who
from u
group by bucket, subject, date
order by bucket, date, subject
