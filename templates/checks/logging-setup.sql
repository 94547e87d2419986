-- title: Logging set up with a fault
-- question: Is the delivery of the access log set up so that all of it arrives, and only S3 can write it?
-- severity: medium
-- flags: a fault in how the delivery of a bucket's log is set up, as `logging status` shows; closes itself when it is fixed
-- scope: setup
-- witness: logging set-up
-- empty: delivery was looked at and has no fault
-- ends: yes
-- needs: logs in s3
-- sentence: The delivery of the access log is set up with a fault, seen {days}.
-- draft: The delivery of the access log of {bucket} was found with a fault {span}: {subject}. What it says is to be mended, and it is to be found out since when logs may be missing.
-- action: Mend how the log of {bucket} is delivered, as the finding says.
-- de title: Protokollierung fehlerhaft eingerichtet
-- de question: Ist die Zustellung des Protokolls so eingerichtet, dass es ganz ankommt und nur S3 es schreiben kann?
-- de sentence: Die Zustellung des Protokolls ist fehlerhaft eingerichtet, gesehen {days}.
-- de draft: Die Zustellung des Protokolls von {bucket} war {span} fehlerhaft eingerichtet: {subject}. Das Genannte ist zu berichtigen, und es ist zu klären, seit wann Protokolle fehlen können.
-- de action: Die Zustellung des Protokolls von {bucket} berichtigen, wie in der Feststellung beschrieben.
--
-- As `logging status` tells; its warnings are no findings.
select bucket, what || ': ' || detail as subject, date, 1 as count, min(looked) as first_seen, max(looked) as last_seen, 'medium' as severity, cast([] as varchar[]) as samples
from logging_found
where outcome = 'FAULT'
group by bucket, what, detail, date
order by bucket, date, subject
