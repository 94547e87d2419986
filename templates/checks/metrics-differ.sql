-- title: CloudWatch counts other requests than the access log
-- question: Does CloudWatch count as many requests as the access log holds?
-- severity: medium
-- flags: a day on which CloudWatch counts more or fewer requests than the log holds; closes itself when late logs come
-- scope: metrics
-- witness: access log, CloudWatch
-- empty: CloudWatch and the log count alike
-- needs: cloudwatch
-- sentence: CloudWatch and access log differ by {count} {count:request|requests} {days}.
-- draft: For {bucket} CloudWatch and the access log differ by {count} {count:request|requests} {span} ({subject}). Both are delivered on a best-effort basis, so neither is exact. It is to be found out whether log objects are missing.
-- action: Look for log objects of {bucket} that are missing on these days.
-- threshold: metrics_differ_percent = 5, 0 to 100: by how much CloudWatch and access log may differ on a day
-- de title: CloudWatch zählt andere Anfragen als das Protokoll
-- de question: Zählt CloudWatch so viele Anfragen, wie das Protokoll enthält?
-- de sentence: CloudWatch und Protokoll weichen {days} um {count} {count:Anfrage|Anfragen} voneinander ab.
-- de draft: Für {bucket} weichen CloudWatch und Protokoll {span} um {count} {count:Anfrage|Anfragen} voneinander ab ({subject}). Beide werden nur nach Möglichkeit zugestellt, keines ist also genau. Zu klären ist, ob Protokollobjekte fehlen.
-- de action: Nach Protokollobjekten von {bucket} suchen, die an diesen Tagen fehlen.
-- de phrase: "the log has fewer requests" = "das Protokoll hat weniger Anfragen"
-- de phrase: "the log has more requests" = "das Protokoll hat mehr Anfragen"
-- de phrase: "counted by CloudWatch: {1}; in the log: {2}" = "laut CloudWatch: {1}; im Protokoll: {2}"
--
-- By more than checks.metrics_differ_percent of what CloudWatch counts.
with r as (
    select l.bucket, l.date, m.value as counted, l.requests, abs(m.value - l.requests) as difference
    from logged_days l
    join metric_days m on m.bucket = l.bucket and m.date = l.date and m.metric = 'AllRequests'
    where l.in_range
)
select r.bucket, case when r.counted > r.requests then 'the log has fewer requests' else 'the log has more requests' end as subject, r.date, cast(r.difference as bigint) as count,
       d.day_start as first_seen, d.day_end - interval 1 millisecond as last_seen, 'medium' as severity, cast([] as varchar[]) as samples,
       'counted by CloudWatch: ' || cast(cast(r.counted as bigint) as varchar) || '; in the log: ' || cast(r.requests as varchar) as expected
from r
join days d on d.date = r.date
where r.difference > :metrics_differ * r.counted
order by r.bucket, r.date
