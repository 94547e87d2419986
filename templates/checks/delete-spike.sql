-- title: Delete spike
-- question: Were far more objects deleted on a day than on the days before?
-- severity: high
-- flags: far more objects deleted in a day than the baseline
-- scope: day
-- selects: records with who, expected
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- needs: history
-- sentence: {count} objects deleted {days}, far more than is usual for a day.
-- draft: {count} objects were deleted from {bucket} {span}, far more than is usual for a day. It is to be confirmed that this was planned, and that nothing is missing that is needed.
-- action: Confirm that the deletes in {bucket} were planned, or restore the objects.
-- subject: words
-- threshold: deviations = 8, 1 to 1000: a spike is more than this many median absolute deviations above the median of 28 days
-- threshold: delete_spike = 50, 1 to 1099511627776: a spike of deletes has at least so many deleted objects in a day
-- de title: Ungewöhnlich viele Löschungen
-- de question: Wurden an einem Tag weit mehr Objekte gelöscht als an den Tagen davor?
-- de sentence: {count} {count:Objekt|Objekte} {days} gelöscht, weit mehr als für einen Tag üblich.
-- de draft: Aus {bucket} {count:wurde|wurden} {span} {count} {count:Objekt|Objekte} gelöscht, weit mehr als für einen Tag üblich. Zu bestätigen ist, dass dies geplant war und dass nichts fehlt, was gebraucht wird.
-- de action: Bestätigen, dass die Löschungen in {bucket} geplant waren, oder die Objekte wiederherstellen.
-- de phrase: "deletes" = "Löschungen"
-- de phrase: "{1} deletes a day, the median of {2} days" = "{1} Löschungen je Tag, der Median aus {2} Tagen"
--
-- A day is compared with the evaluated ones among the 28 days before it: more
-- than the median and :deviations median absolute deviations, more than twice
-- the median, and at least :delete_spike. What all days of the same day of the
-- week did too is usual. Deletes by lifecycle rules do not count.
with s as (
    select *, cast(cast(round(median) as bigint) as varchar) || ' deletes a day, the median of ' || cast(days as varchar) || ' days' as expected
    from figures
    where figure = 'deletes' and days >= 7
      and value >= :delete_spike and value > 2 * median and value > 2 * same_weekday_least and value > median + :deviations * deviation
)
select a.bucket, 'deletes' as subject, s.date, a.time, a.source_object, a.source_line, s.expected, p.principal as who
from access a
join principals p on p.requester = coalesce(a.requester, '-')
join quarters d on d.quarter = a.quarter
join s on s.bucket = a.bucket and s.date = d.date
where a.time >= :from and a.time < :to
  and a.operation in ('REST.DELETE.OBJECT', 'BATCH.DELETE.OBJECT')
  and a.successful
