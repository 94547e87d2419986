-- title: Error rate
-- question: Did a far greater share of the requests fail than is usual?
-- severity: medium
-- flags: a far greater share of failed requests than the baseline
-- scope: day
-- selects: records with who, expected
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- needs: history
-- sentence: {count} failed {count:request|requests} {days}, a far greater share than is usual.
-- draft: {count} {count:request|requests} to {bucket} failed {span}, a far greater share than in the four weeks before. It is to be confirmed that the backups of the day are whole.
-- action: Mend the cause of the errors, and confirm that the backups in {bucket} are whole.
-- subject: words
-- threshold: error_rate_percent = 5, 1 to 100: a high error rate is at least such a share of failed requests in a day
-- threshold: errors = 20, 1 to 1099511627776: and at least so many failed requests
-- de title: Fehlerquote
-- de question: Schlug ein weit größerer Anteil der Anfragen fehl als üblich?
-- de sentence: {count} fehlgeschlagene {count:Anfrage|Anfragen} {days}, ein weit größerer Anteil als üblich.
-- de draft: {count} {count:Anfrage|Anfragen} an {bucket} {count:schlug|schlugen} {span} fehl, ein weit größerer Anteil als in den vier Wochen davor. Zu bestätigen ist, dass die Backups aus dieser Zeit vollständig sind.
-- de action: Die Ursache der Fehler beheben und bestätigen, dass die Backups in {bucket} vollständig sind.
-- de phrase: "failed requests" = "fehlgeschlagene Anfragen"
-- de phrase: "{1} in 100 requests failed, the median of {2} days" = "{1} von 100 Anfragen fehlgeschlagen, der Median aus {2} Tagen"
--
-- The share of failed requests of a day is compared with the evaluated days
-- among the 28 before: more than the median and :deviations median absolute
-- deviations, more than twice the median and one of the same weekday, at least :error_rate of the requests
-- and :errors of them. Only requests of mapped principals count, so that strangers thin nothing. To ask for what is not there is no failure. Refused requests are left to access-denied-burst.
with s as (
    select *, cast(cast(round(median * 100) as bigint) as varchar) || ' in 100 requests failed, the median of ' || cast(days as varchar) || ' days' as expected
    from figures
    where figure = 'error_rate' and days >= 7
      and value >= :error_rate and value > 2 * median and value > 2 * same_weekday_least and value > median + :deviations * deviation
), r as (
    select a.bucket, 'failed requests' as subject, s.date, a.time, a.source_object, a.source_line, s.expected, p.principal as who,
           count(*) over (partition by a.bucket, s.date) as failed
    from access a
    join principals p on p.requester = coalesce(a.requester, '-')
    join quarters d on d.quarter = a.quarter
    join s on s.bucket = a.bucket and s.date = d.date
    join usual_requesters u on u.requester = p.requester and u.mapped
    where a.time >= :from and a.time < :to and a.failed and not a.refused
      and not (a.http_status = 404 and regexp_matches(a.operation, '\.(GET|HEAD)\.'))
)
select * from r where failed >= :errors
