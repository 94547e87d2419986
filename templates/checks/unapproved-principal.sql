-- title: Requester that is not approved
-- question: Did anyone who is not in the identity mapping use the buckets?
-- severity: medium
-- scope: day
-- needs: principals
-- sentence: {count} {count:request|requests} by a requester that is not in the identity mapping.
-- draft: {subject} made {count} {count:request|requests} to {bucket} {span} and is not in the identity mapping. It is to be named there, or its access to be removed.
--
-- Anonymous requests and those of other accounts have checks of their own; S3
-- and other AWS services are not asked for.
with r as (
    select a.bucket, p.identity as subject, d.date, a.time, a.source_object, a.source_line
    from access a
    join principals p on p.requester = a.requester
    join quarters d on d.quarter = a.quarter
    where a.time >= :from and a.time < :to and d.in_range
      and not p.mapped and not p.foreign_account and not p.service
), n as (
    select *, row_number() over (partition by bucket, subject, date order by time, source_object, source_line) as n from r
)
select bucket, subject, date, count(*) as count, min(time) as first_seen, max(time) as last_seen, '' as severity,
       array_agg(source_object || ':' || cast(source_line as varchar) order by n) filter (where n <= 20) as samples
from n
group by bucket, subject, date
order by bucket, date, count desc, subject
