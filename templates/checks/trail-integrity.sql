-- title: Trail not as CloudTrail delivered it
-- question: Are the log files of the trail as CloudTrail delivered them?
-- severity: high
-- severities: high, time without digests medium
-- flags: a log file or digest of the trail that was changed, removed or planted, a chain of digests that ends, or time that no digest covers. A trail that moved is followed; time in a place that is not configured is not evaluated
-- scope: proof
-- witness: CloudTrail digests
-- empty: the digests prove the trail's files
-- needs: cloudtrail
-- sentence: {count} {count:fault|faults} in the proof that the trail's log files are as CloudTrail delivered them, {days}.
-- draft: The digests that CloudTrail signs do not prove all of the trail {span}: {subject}. It is to be found out whether someone changed or removed files in the trail's bucket, or whether the trail or its log file validation was off.
-- action: Find out who could change the trail's bucket, and keep the files that differ as evidence.
-- de title: Trail nicht so, wie CloudTrail ihn zugestellt hat
-- de question: Sind die Protokolldateien des Trails so, wie CloudTrail sie zugestellt hat?
-- de sentence: {count} {count:Fehler|Fehler} {days} im Nachweis, dass die Protokolldateien des Trails so sind, wie CloudTrail sie zugestellt hat.
-- de draft: Die Digests, die CloudTrail signiert, beweisen {span} nicht den ganzen Trail: {subject}. Zu klären ist, ob jemand im Bucket des Trails Dateien geändert oder entfernt hat oder ob der Trail oder seine Prüfung abgeschaltet war.
-- de action: Klären, wer den Bucket des Trails ändern konnte, und die abweichenden Dateien als Beweis aufbewahren.
--
-- High is what means that someone changed what CloudTrail had delivered, or that it
-- can't be told from that: so is a chain that ends and does not go on. Time without digests
-- between is medium: by CloudTrail's own word the trail or its validation was off. What could
-- not be read, or lies in a place that is not configured, is no finding; the day is not
-- evaluated then.
select '' as bucket, kind || ', ' || case when object <> '' then object else concat_ws(' ', nullif(account, ''), nullif(region, ''), nullif(trail, '')) end as subject, date, count(*) as count,
       min(from_time) as first_seen, max(to_time) as last_seen, case when bool_or(tampering) then 'high' else 'medium' end as severity,
       array_agg(object order by from_time, object) filter (where object <> '') as samples, array_agg(distinct detail order by detail) as who
from trail_problems
where kind not in ('unread', 'elsewhere')
group by kind, object, account, region, trail, date
order by date, subject
