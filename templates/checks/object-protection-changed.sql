-- title: Protection of objects changed
-- question: Did anyone change the retention or legal hold of backups, or weaken it?
-- severity: high
-- flags: retention or legal hold of objects changed or weakened
-- requires: tenant.cloudtrail for the direction
-- scope: day
-- witness: access log
-- empty: nothing of this kind is in the log, or where there is a trail in its data events
-- sentence: {count} {count:change|changes} to the retention or legal hold of objects.
-- draft: The retention or legal hold of objects in {bucket} was changed ({subject}), {count} {count:time|times} {span}. It is to be confirmed that no backup lost its protection.
-- action: Confirm that the change of protection in {bucket} was intended.
-- de title: Schutz von Objekten geändert
-- de question: Hat jemand die Aufbewahrung oder Sperre von Backups geändert oder geschwächt?
-- de sentence: {count} {count:Änderung|Änderungen} an Aufbewahrung oder Sperre von Objekten.
-- de draft: Aufbewahrung oder Sperre von Objekten in {bucket} wurde {span} {count}-mal geändert ({subject}). Zu bestätigen ist, dass kein Backup seinen Schutz verlor.
-- de action: Bestätigen, dass die Änderung des Schutzes in {bucket} gewollt war.
--
-- The log does not tell in which direction. By others than backup principals every change counts; by
-- these one of an object that they did not write within the 24 hours before, unless the same
-- principal does it on half of the days before. Tags decide what lifecycle rules remove: those that others set,
-- but for services, are of severity medium. CloudTrail tells what was
-- set: a hold that ends, a governance retention that is bypassed, a retention that ends earlier than it did count in any case.
with c as (
    select a.bucket, p.identity, p.backup, a.operation, d.date, d.day_number, d.in_range, a.time, a.source_object, a.source_line, a.object,
           case when p.backup then exists (
               select 1 from writes w
               where w.bucket = a.bucket and w.object = a.object and w.backup and w.time <= a.time and w.time > a.time - interval 24 hour) else false end as fresh
    from access a
    join principals p on p.requester = coalesce(a.requester, '-')
    join quarters d on d.quarter = a.quarter
    where a.key is not null and a.successful
      and (regexp_matches(a.operation, '^REST\.(PUT|DELETE|POST)\..*(RETENTION|LEGAL_?HOLD)$')
        or regexp_matches(a.operation, '^REST\.(PUT|DELETE|POST)\.OBJECT_TAGGING$') and not p.backup and coalesce(p.role, '') <> 'service')
), days_of as (
    select bucket, identity, operation, day_number, bool_or(not fresh) as older from c group by all
), usual as (
    select x.bucket, x.identity, x.operation, x.day_number, count(o.day_number) as days
    from days_of x
    left join days_of o on o.bucket = x.bucket and o.identity = x.identity and o.operation = x.operation and o.older
      and o.day_number between x.day_number - 28 and x.day_number - 1
    group by all
), history as (
    select c.bucket, c.day_number, count(b.day_number) as days
    from coverage c
    left join coverage b on b.bucket = c.bucket and b.gap = '' and b.day_number between c.day_number - 28 and c.day_number - 1
    group by c.bucket, c.day_number
), logged as (
    select c.bucket, c.operation || ' by ' || c.identity as subject, c.date, c.time, c.source_object || ':' || cast(c.source_line as varchar) as sample
    from c
    join usual u on u.bucket = c.bucket and u.identity = c.identity and u.operation = c.operation and u.day_number = c.day_number
    join history h on h.bucket = c.bucket and h.day_number = c.day_number
    where c.in_range and c.time >= :from and c.time < :to and not c.fresh and not (c.backup and h.days >= 7 and u.days * 2 >= h.days)
), t as (
    select t.bucket, t.key, p.identity, t.event_name, d.date, d.in_range, t.time, t.source_object || ':' || cast(t.source_record as varchar) as sample,
           coalesce(t.request_parameters, '') as parameters,
           try_cast(regexp_extract(coalesce(t.request_parameters, ''), '"RetainUntilDate"\s*:\s*"([^"]*)"', 1) as timestamptz) as until
    from trail t
    join principals p on p.requester = coalesce(t.requester, '-')
    join quarters d on d.quarter = t.quarter
    where t.bucket is not null and t.error_code is null
      and (t.event_name in ('PutObjectRetention', 'PutObjectLegalHold')
        or t.event_name in ('DeleteObject', 'DeleteObjects') and regexp_matches(lower(coalesce(t.request_parameters, '')), 'bypass-?governance-?retention"\s*:\s*"?true'))
), told as (
    select *, max(until) over (partition by bucket, key order by time rows between unbounded preceding and 1 preceding) as until_before from t
), trailed as (
    select bucket, case when regexp_matches(lower(parameters), 'bypass-?governance-?retention"\s*:\s*"?true') then 'governance bypassed'
                        when event_name = 'PutObjectLegalHold' then 'legal hold off'
                        else 'retention shortened' end || ' by ' || identity as subject, date, time, sample
    from told
    where in_range and time >= :from and time < :to
      and (regexp_matches(lower(parameters), 'bypass-?governance-?retention"\s*:\s*"?true')
        or event_name = 'PutObjectLegalHold' and regexp_matches(lower(parameters), '"status"\s*:\s*"off"')
        or event_name = 'PutObjectRetention' and (until < until_before or until < time + interval 24 hour))
), n as (
    select *, row_number() over (partition by bucket, subject, date order by time, sample) as n
    from (select * from logged union all by name select * from trailed)
)
select bucket, subject, date, count(*) as count, min(time) as first_seen, max(time) as last_seen, case when subject like '%\_TAGGING by %' escape '\' then 'medium' else '' end as severity,
       array_agg(sample order by n) filter (where n <= 20) as samples
from n
group by bucket, subject, date
order by bucket, date, count desc, subject
