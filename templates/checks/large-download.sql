-- title: Large download
-- question: Did anyone read far more out of a bucket in a day than is usual?
-- severity: high
-- flags: far more bytes read in a day than the baseline, by one principal or by all together, including copies to places outside the tenant's logs
-- scope: day
-- selects: records with expected
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- needs: history
-- sentence: {count} {count:read|reads} {days} that took far more out of the bucket than is usual.
-- draft: {subject} read {count} {count:time|times} from {bucket} {span}, far more bytes in a day than is usual. It is to be confirmed that this was a restore.
-- action: Confirm that the reads from {bucket} were a planned restore, or block the access.
-- threshold: large_download = 10GiB: a large download is at least so much read by one principal in a day
-- de title: Ungewöhnlich viele Daten gelesen
-- de question: Hat jemand an einem Tag weit mehr aus einem Bucket gelesen als üblich?
-- de sentence: {count} {count:Lesezugriff|Lesezugriffe} {days} durch einen Principal, der dabei weit mehr Daten als üblich aus dem Bucket las.
-- de draft: Auf {bucket} {count:erfolgte|erfolgten} {span} {count} {count:Lesezugriff|Lesezugriffe} durch {subject}; dabei wurden an einem Tag weit mehr Bytes gelesen als üblich. Zu bestätigen ist, dass es sich um eine Wiederherstellung handelte.
-- de action: Bestätigen, dass das Lesen aus {bucket} eine geplante Wiederherstellung war, oder den Zugriff sperren.
--
-- What a server-side copy read counts, too, where its target is not in the tenant's
-- logs. A principal's bytes of a day are compared with what the same principal
-- took on the evaluated days among the 28 before, and where no single one took so much,
-- those of all with those of all: more than the median and
-- :deviations median absolute deviations, more than twice the median, and at
-- least :large_download bytes. What all days of the same day of the week did
-- too, as with a weekly restore test, is usual.
with s as (
    select *, cast(cast(round(median) as bigint) as varchar) || ' bytes a day, the median of ' || cast(days as varchar) || ' days' as expected
    from figures
    where figure in ('downloaded', 'downloaded together') and days >= 7
      and value >= :large_download and value > 2 * median and value > 2 * same_weekday_least and value > median + :deviations * deviation
), flagged as (
    select * from s where figure = 'downloaded'
    union all
    select s.* replace (i.identity as identity)
    from s
    join (select distinct t.bucket, d.date, p.identity from taken t join quarters d on d.quarter = t.quarter join principals p on p.requester = t.requester) i
      on i.bucket = s.bucket and i.date = s.date
    where s.figure = 'downloaded together' and not exists (select 1 from s o where o.figure = 'downloaded' and o.bucket = s.bucket and o.date = s.date)
)
select a.bucket, case when s.figure = 'downloaded' then s.identity else 'all together' end as subject, s.date, a.time, a.source_object, a.source_line, s.expected
from taken a
join principals p on p.requester = a.requester
join quarters d on d.quarter = a.quarter
join flagged s on s.bucket = a.bucket and s.date = d.date and s.identity = p.identity
where a.time >= :from and a.time < :to
