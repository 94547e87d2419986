-- title: Witnesses, day by day
-- question: Which witnesses spoke of which day?
-- packet: 140
-- section: completeness, and further
-- widths: 18, 26, 26, 26, 26, 26, 26, 26
-- printed rows: 124
-- witness: none
-- rows: bounded
-- empty: there is no day
-- column access_log: spoke, or why not; where it spoke of some buckets alone, of how many
-- column backup_reports: of the night that begins on the day
-- de title: Quellen, Tag für Tag
-- de question: Welche Quelle gab über welchen Tag Auskunft?
-- de column access_log: Auskunft oder der Grund, warum nicht; gab die Quelle nur über einige Buckets Auskunft, dann über wie viele
-- de column backup_reports: über die Nacht, die an dem Tag beginnt
with s as (
    select w.date, w.witness, count(*) as all_, count(*) filter (w.state = 'spoke') as spoke, min(w.state) filter (w.state <> 'spoke') as state,
           min(w.reason) filter (w.state <> 'spoke' and w.reason <> '') as reason
    from witness_states w
    where w.date <> '' and (:bucket = '' or w.bucket = '' or w.bucket = :bucket)
    group by w.date, w.witness
), c as (
    select date, witness, case when spoke = all_ then 'spoke'
                               when all_ > 1 and spoke > 0 then cast(spoke as varchar) || ' of ' || cast(all_ as varchar) || ' spoke'
                               else state end as cell
    from s
)
select d.date,
       max(cell) filter (witness = 'access log') as access_log, max(cell) filter (witness = 'logging set-up') as logging_setup,
       max(cell) filter (witness = 'CloudTrail') as cloudtrail, max(cell) filter (witness = 'CloudTrail data events') as data_events,
       max(cell) filter (witness = 'CloudTrail digests') as digests, max(cell) filter (witness = 'CloudWatch') as cloudwatch,
       max(cell) filter (witness = 'backup reports') as backup_reports
from days d
left join c on c.date = d.date
where d.in_range
group by d.date
order by d.date
