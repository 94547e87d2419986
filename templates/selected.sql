-- What a check that selects records becomes: a row for each bucket, subject and day, with how many records there are, from
-- when to when, and 20 of them as samples. Its severity is the gravest of its records, who all of them, in no order.
with selected as (
{{.SQL}}
), numbered as (
    select *, row_number() over (partition by bucket, subject, date order by time, source_object, source_line) as sample_number
    from selected
)
select bucket, subject, date, count(*) as count, min(time) as first_seen, max(time) as last_seen,
{{- if .Who}}
       array_agg(distinct who) as who,
{{- end}}
{{- if .Expected}}
       max(expected) as expected,
{{- end}}
{{- if .Severity}}
       case max(case coalesce(nullif(severity, ''), '{{.Declared}}') when 'low' then 1 when 'medium' then 2 else 3 end)
           when 1 then 'low' when 2 then 'medium' else 'high' end as severity,
{{- else}}
       '' as severity,
{{- end}}
       array_agg(source_object || ':' || cast(source_line as varchar) order by sample_number) filter (where sample_number <= 20) as samples
from numbered
group by bucket, subject, date
order by bucket, date, count desc, subject
