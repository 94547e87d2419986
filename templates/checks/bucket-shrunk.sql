-- title: Bucket shrinks
-- question: Does less lie in a bucket than on any of the days before?
-- severity: low
-- flags: a bucket that holds a tenth less than on any of the 28 days before
-- requires: tenant.cloudwatch, seven days of figures
-- scope: sizes
-- witness: CloudWatch
-- empty: the bucket did not shrink by what CloudWatch tells
-- needs: cloudwatch
-- sentence: Less lay in the bucket than on any of the 28 days before, by a tenth or more, {days}.
-- draft: In {bucket} lay {span} less than on any of the 28 days before ({subject}). It is to be confirmed that the backups that were removed are not needed, or that a shorter retention is intended.
-- action: Confirm that what was removed from {bucket} is not needed, or mend its retention.
-- de title: Bucket schrumpft
-- de question: Liegt in einem Bucket weniger als an jedem der Tage davor?
-- de sentence: Im Bucket lag {days} mindestens ein Zehntel weniger als an jedem der 28 Tage davor.
-- de draft: In {bucket} lag {span} weniger als an jedem der 28 Tage davor ({subject}). Zu bestätigen ist, dass die entfernten Backups nicht gebraucht werden oder eine kürzere Aufbewahrung gewollt ist.
-- de action: Bestätigen, dass das aus {bucket} Entfernte nicht gebraucht wird, oder die Aufbewahrung berichtigen.
-- de phrase: "fewer bytes" = "weniger Bytes"
-- de phrase: "{1} bytes; on the days before at least {2}" = "{1} Bytes; an den Tagen davor mindestens {2}"
--
-- By what CloudWatch counts, of days for which it has figures of seven days before.
with m as (
    select bucket, date, cast(max(value) filter (metric = 'NumberOfObjects') as bigint) as objects, cast(max(value) filter (metric = 'BucketSizeBytes') as bigint) as bytes
    from metric_days
    where metric in ('NumberOfObjects', 'BucketSizeBytes')
    group by bucket, date
), n as (
    select m.bucket, m.date, m.objects, m.bytes, min(b.bytes) as least, count(*) as days
    from m
    join m b on b.bucket = m.bucket and cast(b.date as date) < cast(m.date as date) and cast(b.date as date) >= cast(m.date as date) - interval 28 day
    where m.bytes is not null and b.bytes is not null
    group by m.bucket, m.date, m.objects, m.bytes
)
select n.bucket, 'fewer bytes' as subject, n.date, 1 as count, d.day_start as first_seen, d.day_end - interval 1 millisecond as last_seen, 'low' as severity, cast([] as varchar[]) as samples,
       cast(n.bytes as varchar) || ' bytes; on the days before at least ' || cast(n.least as varchar) as expected
from n
join days d on d.date = n.date
where d.in_range and n.days >= 7 and n.bytes < 0.9 * n.least
order by n.bucket, n.date
