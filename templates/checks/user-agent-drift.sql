-- title: Unexpected user agent
-- question: Was a program used that is not expected?
-- severity: medium
-- flags: a program that no pattern expects; without patterns, one that was not seen in the 28 days before, whatever its version
-- scope: day
-- selects: records with who, severity
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- needs: user_agents or history
-- sentence: {count} {count:request|requests} by a program that is not expected.
-- draft: The program that calls itself {subject} made {count} {count:request|requests} to {bucket} {span}. It is to be confirmed who used it.
-- action: Find out who uses the program on {bucket}, and list it as expected or stop its use.
-- de title: Unerwarteter User-Agent
-- de question: Wurde ein Programm benutzt, das nicht erwartet ist?
-- de sentence: {count} {count:Anfrage|Anfragen} durch ein Programm, das nicht erwartet ist.
-- de draft: {count} {count:Anfrage|Anfragen} an {bucket} {count:kam|kamen} {span} von einem Programm, das nicht erwartet ist (User-Agent: {subject}). Zu bestätigen ist, wer es benutzt hat.
-- de action: Klären, wer das Programm an {bucket} benutzt, und es als erwartet eintragen oder unterbinden.
--
-- Expected is what the patterns of the configuration match. Where it has none,
-- what was seen in the bucket in the 28 days before, whatever its version, and
-- what a principal uses that the mapping names. A request that names no program is one of a
-- program "-", which patterns do not tell; records of S3 itself name none.
-- What S3 refused to who is not in the mapping is one row, of severity low.
with days_used as (
    select distinct a.bucket, u.family, d.day_number
    from access a
    join user_agents u on u.user_agent = coalesce(a.user_agent, '-')
    join quarters d on d.quarter = a.quarter
    where u.expected is null and (a.user_agent is not null or regexp_matches(a.operation, '^(REST|WEBSITE)\.'))
), seen as (
    select bucket, family, day_number, lag(day_number) over (partition by bucket, family order by day_number) as before
    from days_used
)
select a.bucket, case when not p.mapped and a.refused then 'refused requests' else coalesce(substr(a.user_agent, 1, 300), '-') end as subject, case when not p.mapped and a.refused then 'low' else '' end as severity, d.date, a.time, a.source_object, a.source_line, p.principal as who
from access a
join user_agents u on u.user_agent = coalesce(a.user_agent, '-')
join principals p on p.requester = coalesce(a.requester, '-')
join quarters d on d.quarter = a.quarter
left join seen s on s.bucket = a.bucket and s.family = u.family and s.day_number = d.day_number
where a.time >= :from and a.time < :to and d.in_range and not a.nobodys
  and (a.user_agent is not null or regexp_matches(a.operation, '^(REST|WEBSITE)\.') and not p.service)
  and (u.expected = false or u.expected is null and not p.named and (s.before is null or s.before < d.day_number - 28))
