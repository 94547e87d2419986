-- title: Unexpected user agent
-- question: Was a program used that is not expected?
-- severity: medium
-- scope: day
-- needs: user_agents or history
-- sentence: {count} {count:request|requests} by a program that is not expected.
-- draft: The program that calls itself {subject} made {count} {count:request|requests} to {bucket} {span}. It is to be confirmed who used it.
--
-- Expected is what the patterns of the configuration match. Where it has none,
-- what was seen in the bucket in the 28 days before, whatever its version, and
-- what a principal uses that the mapping names.
with r as (
    select a.bucket, substr(a.user_agent, 1, 300) as subject, d.date, d.day_number, d.in_range, u.expected, u.family, a.time, a.source_object, a.source_line, p.principal as who, p.named
    from access a
    join user_agents u on u.user_agent = a.user_agent
    join principals p on p.requester = coalesce(a.requester, '-')
    join quarters d on d.quarter = a.quarter
), seen as (
    select bucket, family, day_number, lag(day_number) over (partition by bucket, family order by day_number) as before
    from (select distinct bucket, family, day_number from r where expected is null) x
), drift as (
    select r.*
    from r
    left join seen s on s.bucket = r.bucket and s.family = r.family and s.day_number = r.day_number
    where r.in_range
      and (r.expected = false or r.expected is null and not r.named and (s.before is null or s.before < r.day_number - 28))
), n as (
    select *, row_number() over (partition by bucket, subject, date order by time, source_object, source_line) as n from drift
)
select bucket, subject, date, count(*) as count, min(time) as first_seen, max(time) as last_seen, '' as severity,
       array_agg(source_object || ':' || cast(source_line as varchar) order by n) filter (where n <= 20) as samples,
       array_agg(distinct who) as who
from n
group by bucket, subject, date
order by bucket, date, count desc, subject
