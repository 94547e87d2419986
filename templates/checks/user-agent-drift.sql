-- title: Unexpected user agent
-- question: Was a program used that is not on the list of expected ones?
-- severity: medium
-- scope: day
-- needs: user_agents
-- sentence: {count} {count:request|requests} by a program that is not on the list of expected user agents.
with r as (
    select a.bucket, substr(a.user_agent, 1, 300) as subject, d.date, a.time, a.source_object, a.source_line
    from access a
    join user_agents u on u.user_agent = a.user_agent
    join quarters d on d.quarter = a.quarter
    where a.time >= :from and a.time < :to and d.in_range
      and u.expected = false
), n as (
    select *, row_number() over (partition by bucket, subject, date order by time, source_object, source_line) as n from r
)
select bucket, subject, date, count(*) as count, min(time) as first_seen, max(time) as last_seen, '' as severity,
       array_agg(source_object || ':' || cast(source_line as varchar) order by n) filter (where n <= 20) as samples
from n
group by bucket, subject, date
order by bucket, date, count desc, subject
