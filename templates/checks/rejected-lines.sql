-- title: Lines that can't be read
-- question: Did the log hold lines that can't be read?
-- severity: low
-- severities: low, medium where the day is not evaluated
-- flags: lines that can't be read
-- scope: ledger
-- witness: none
-- empty: all lines that were collected could be read
-- sentence: {count} {count:line|lines} of the log can't be read. They are kept as they came, and counted.
-- draft: {count} {count:line|lines} of the log of {bucket} can't be read. They are kept as they came; what they would have shown is not known.
-- action: Look at the lines that findings.csv names, and find out where they came from.
-- subject: words
-- de title: Nicht lesbare Zeilen
-- de question: Enthielt das Protokoll Zeilen, die nicht lesbar sind?
-- de sentence: {count} {count:Zeile|Zeilen} des Protokolls {count:ist|sind} nicht lesbar. Sie {count:wird|werden} unverändert aufbewahrt und gezählt.
-- de draft: {count} {count:Zeile|Zeilen} im Protokoll von {bucket} {count:ist|sind} nicht lesbar. Sie {count:wird|werden} unverändert aufbewahrt; was sie gezeigt {count:hätte|hätten}, ist nicht bekannt.
-- de action: Die in findings.csv genannten Zeilen ansehen und klären, woher sie stammen.
-- de phrase: "unreadable lines" = "nicht lesbare Zeilen"
--
-- Where more than one line in a hundred can't be read, the day is not
-- evaluated, and the finding is of severity medium.
with r as (
    select distinct l.bucket, d.date, r.time, r.source_object, r.source_line, r.lines
    from rejected r
    join log_objects l on l.source_object = r.source_object and (r.bucket = l.bucket or r.bucket = '')
    join days d on r.time >= d.day_start and r.time < d.day_end
    where d.in_range
), n as (
    select *, row_number() over (partition by bucket, date order by time, source_object, source_line) as n from r
)
select n.bucket, 'unreadable lines' as subject, n.date, cast(sum(n.lines) as bigint) as count, min(n.time) as first_seen, max(n.time) as last_seen,
       max(case when c.gap_code = 'lines-unreadable' then 'medium' else 'low' end) as severity,
       array_agg(n.source_object || ':' || cast(n.source_line as varchar) order by n.n) filter (where n.n <= 20) as samples
from n
left join coverage c on c.bucket = n.bucket and c.date = n.date
group by n.bucket, n.date
order by n.bucket, n.date
