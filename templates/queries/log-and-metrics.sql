-- title: Access log and CloudWatch
-- question: Does CloudWatch count as many requests as the access log holds?
-- packet: 270, with cloudwatch
-- section: completeness
-- widths: 40, 16, 18, 20, 20, 14, 20, 22, 24, 24
-- printed rows: 124
-- witness: access log, CloudWatch
-- rows: bounded
-- empty: CloudWatch counted nothing
-- column requests: in the access log, counted as CloudWatch counts: without lifecycle, parts of multi-object deletes and the read halves of copies
-- column counted: by CloudWatch (AllRequests); empty where it has no data point of the day
-- column difference_percent: by how much the log differs from what CloudWatch counted; an estimate, because AWS delivers both on a best-effort basis
-- column errors: answers 4xx and 5xx in the access log
-- column counted_errors: the same by CloudWatch
-- column verdict: attention where the difference is beyond checks.metrics_differ_percent
-- de title: Protokoll und CloudWatch
-- de question: Zählt CloudWatch so viele Anfragen, wie das Protokoll enthält?
-- de column requests: im Protokoll, gezählt wie von CloudWatch: ohne Lebenszyklus, Teile von Sammellöschungen und die lesende Hälfte von Kopien
-- de column counted: von CloudWatch (AllRequests); leer, wo es für den Tag keinen Datenpunkt hat
-- de column difference_percent: um wie viel das Protokoll von der Zählung durch CloudWatch abweicht; eine Schätzung, weil AWS beides nur nach Möglichkeit zustellt
-- de column errors: Antworten 4xx und 5xx im Protokoll
-- de column counted_errors: dasselbe laut CloudWatch
-- de column verdict: zu beachten, wo die Abweichung über checks.metrics_differ_percent liegt
with m as (
    select bucket, date, max(value) filter (metric = 'AllRequests') as counted, coalesce(max(value) filter (metric = '4xxErrors'), 0) + coalesce(max(value) filter (metric = '5xxErrors'), 0) as errors,
           max(value) filter (metric = 'BytesDownloaded') as downloaded
    from metric_days
    group by bucket, date
)
select l.bucket, l.date, l.requests, cast(m.counted as bigint) as counted, round(100.0 * (l.requests - m.counted) / nullif(m.counted, 0), 2) as difference_percent,
       l.errors_4xx + l.errors_5xx as errors, case when m.counted is not null then cast(m.errors as bigint) end as counted_errors, l.bytes_sent, cast(m.downloaded as bigint) as counted_bytes_sent,
       case when m.counted is null then 'not evaluated' when abs(l.requests - m.counted) > :metrics_differ * m.counted then 'attention' else 'ok' end as verdict
from logged_days l
left join m on m.bucket = l.bucket and m.date = l.date
where :bucket = '' or l.bucket = :bucket
order by l.bucket, l.date
