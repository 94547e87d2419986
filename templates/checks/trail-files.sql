-- title: Trail file damaged, changed or gone
-- question: Could all log files of the trail be read, and did they stay as they were?
-- severity: medium
-- severities: medium, changed high, unreadable low
-- flags: records of the trail that can't be read, and its files that changed after they were collected or were gone before that
-- scope: trail ledger
-- witness: none
-- empty: all files of the trail that were collected could be read, and stayed
-- needs: cloudtrail
-- sentence: {count} {count:record or file|records or files} of the trail that could not be read, or did not stay as they were, {days}.
-- draft: Of the trail {count} {count:record or file|records or files} could not be read, or did not stay as they were, {span}: {subject}. Who can write to the trail's bucket is to be found out, and whether a lifecycle rule removes files too early.
-- action: Find out why the files of the trail could not be read or changed, and who can write to its bucket.
-- de title: Trail-Datei beschädigt, geändert oder verschwunden
-- de question: Konnten alle Protokolldateien des Trails gelesen werden, und blieben sie, wie sie waren?
-- de sentence: {count} {count:Eintrag oder Datei|Einträge oder Dateien} des Trails, {days}, nicht lesbar oder nicht geblieben, wie {count:er war|sie waren}.
-- de draft: Vom Trail {count:war|waren} {span} {count} {count:Eintrag oder Datei|Einträge oder Dateien} nicht lesbar oder nicht geblieben, wie {count:er war|sie waren}: {subject}. Zu klären ist, wer in den Bucket des Trails schreiben kann und ob eine Lebenszyklusregel Dateien zu früh entfernt.
-- de action: Klären, warum Dateien des Trails nicht lesbar waren oder sich änderten, und wer in seinen Bucket schreiben kann.
--
-- High is a file that changed after it was collected: what was collected first stays.
-- Records that can't be read are kept, and come once a day.
select '' as bucket, case f.kind when 'unreadable' then 'unreadable records' else f.kind || ', ' || f.source end as subject, d.date, cast(sum(f.count) as bigint) as count,
       min(f.time) as first_seen, max(f.time) as last_seen, case f.kind when 'changed' then 'high' when 'gone' then 'medium' else 'low' end as severity,
       array_agg(distinct f.source order by f.source) as samples
from trail_files f
join days d on f.time >= d.day_start and f.time < d.day_end
where d.in_range
group by f.kind, case f.kind when 'unreadable' then '' else f.source end, subject, d.date
order by d.date, subject
