-- title: Access outside the approved prefixes
-- question: Did anyone touch keys outside the approved prefixes?
-- severity: high
-- scope: day
-- sentence: {count} {count:request|requests} to keys outside the approved prefixes.
-- draft: {count} {count:request|requests} went to {subject} in {bucket}, which is no place for backups, {span}. It is to be found out who did it and why.
with r as (
    select a.bucket, case when strpos(a.key, '/') > 0 then substr(a.key, 1, strpos(a.key, '/')) else a.key end as subject, d.date, a.time, a.source_object, a.source_line, p.principal as who
    from access a
    left join prefixes x on x.bucket = a.bucket and starts_with(a.key, x.encoded)
    join principals p on p.requester = coalesce(a.requester, '-')
    join quarters d on d.quarter = a.quarter
    where a.time >= :from and a.time < :to and d.in_range and a.key is not null
      and x.bucket is null
), n as (
    select *, row_number() over (partition by bucket, subject, date order by time, source_object, source_line) as n from r
)
select bucket, subject, date, count(*) as count, min(time) as first_seen, max(time) as last_seen, '' as severity,
       array_agg(source_object || ':' || cast(source_line as varchar) order by n) filter (where n <= 20) as samples,
       array_agg(distinct who) as who
from n
group by bucket, subject, date
order by bucket, date, count desc, subject
