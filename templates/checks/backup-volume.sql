-- title: Backup volume
-- question: Did a night's backup write far more or far less than is usual?
-- severity: medium
-- flags: a night that wrote less than half (a quarter, where nights vary widely) or more than twice the baseline
-- scope: window
-- witness: access log
-- empty: no evaluated night shows it
-- needs: history
-- sentence: {count} {count:night|nights} in which the backup wrote far more or far less than is usual.
-- draft: The backup of {bucket} wrote {subject} in the night, {span}. It is to be confirmed that it is whole.
-- action: Confirm that the backup of {bucket} is whole, and find out why its volume changed.
-- subject: words
-- threshold: backup_volume = 1MiB: a night far above the usual wrote at least so much more
-- de title: Umfang des Backups
-- de question: Hat das Backup einer Nacht weit mehr oder weit weniger geschrieben als üblich?
-- de sentence: {count} {count:Nacht|Nächte}, in {count:der|denen} das Backup weit mehr oder weit weniger schrieb als üblich.
-- de draft: Das Backup von {bucket} schrieb {span} {subject}. Zu bestätigen ist, dass es vollständig ist.
-- de action: Das Backup von {bucket} auf Vollständigkeit prüfen und die Ursache des ungewöhnlichen Umfangs klären.
-- de phrase: "far less than usual" = "weit weniger als üblich"
-- de phrase: "far more than usual" = "weit mehr als üblich"
-- de phrase: "{1} bytes a night, the median of {2} nights; written were {3}" = "{1} Bytes je Nacht, der Median aus {2} Nächten; geschrieben wurden {3}"
--
-- The bytes of a night are compared with the evaluated nights among the 28 days
-- before. Far less is below half of their median, and below it by more than four
-- robust standard deviations of their logarithms; far more is above twice the median, and above it by
-- more than :deviations median absolute deviations and by :backup_volume bytes. What nights
-- of the same day of the week do, as with a weekly full backup, is usual: far less is below
-- half of the most of them, far more above twice their median. A missed night is left to backup-missed.
select f.bucket, case when f.value < f.median then 'far less than usual' else 'far more than usual' end as subject, f.date, 1 as count,
       w.window_start as first_seen, w.window_end as last_seen, '' as severity, cast(null as varchar) as samples,
       cast(cast(round(f.median) as bigint) as varchar) || ' bytes a night, the median of ' || cast(f.days as varchar) || ' nights; written were ' || cast(cast(f.value as bigint) as varchar) as expected
from figures f
join windows w on w.bucket = f.bucket and w.date = f.date and w.in_range and w.gap = ''
where f.figure = 'backup_volume' and f.days >= 7
  and (f.value < f.far_below and f.value * 2 < f.same_weekday_most
    or f.value - f.median >= :backup_volume and f.value > 2 * f.median and f.value > 2 * f.same_weekday_median and f.value > f.median + :deviations * f.deviation)
order by f.bucket, f.date, subject
