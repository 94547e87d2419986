-- title: Access outside the approved prefixes
-- question: Did anyone touch or list keys outside the approved prefixes?
-- severity: high
-- flags: requests to keys, and listings of prefixes, outside the approved prefixes
-- scope: day
-- selects: records with who, severity
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- sentence: {count} {count:request|requests} to keys outside the approved prefixes.
-- draft: {count} {count:request|requests} went to {subject} in {bucket}, which is no place for backups, {span}. It is to be found out who did it and why.
-- action: Find out who uses this place in {bucket}, and approve the prefix or stop the access.
-- de title: Zugriff außerhalb der genehmigten Präfixe
-- de question: Hat jemand auf Objektschlüssel außerhalb der genehmigten Präfixe zugegriffen?
-- de sentence: {count} {count:Anfrage|Anfragen} zu Objektschlüsseln außerhalb der genehmigten Präfixe.
-- de draft: {count} {count:Anfrage|Anfragen} {count:betraf|betrafen} {span} einen Ort in {bucket}, der nicht für Backups vorgesehen ist ({subject}). Zu klären ist, wer ihn benutzt hat und warum.
-- de action: Klären, wer diesen Ort in {bucket} benutzt, und das Präfix genehmigen oder den Zugriff unterbinden.
--
-- A list of objects has no key; the prefix in its address tells what was looked for. What
-- S3 refused to who is not in the mapping is one row, of severity low.
with l as (
    select a.bucket, a.time, a.quarter, a.requester, a.refused, a.source_object, a.source_line, object_key(regexp_extract(a.request_uri, '[?&]prefix=([^& ]*)', 1), null) as listed
    from access a
    where a.time >= :from and a.time < :to and a.key is null and a.operation in ('REST.GET.BUCKET', 'REST.GET.BUCKETVERSIONS', 'REST.GET.UPLOADS')
      and regexp_extract(a.request_uri, '[?&]prefix=([^& ]*)', 1) <> ''
), o as (
    select a.bucket, a.key as place, a.time, a.quarter, a.requester, a.refused, a.source_object, a.source_line
    from access a
    left join prefixes x on x.bucket = a.bucket and starts_with(a.object, x.prefix)
    where a.time >= :from and a.time < :to and a.key is not null and x.bucket is null
    union all
    select l.bucket, l.listed, l.time, l.quarter, l.requester, l.refused, l.source_object, l.source_line
    from l
    left join prefixes x on x.bucket = l.bucket and (starts_with(l.listed, x.prefix) or starts_with(x.prefix, l.listed))
    where x.bucket is null
)
select o.bucket, case when not p.mapped and o.refused then 'refused requests'
                      when strpos(o.place, '/') > 0 then substr(o.place, 1, strpos(o.place, '/')) else o.place end as subject,
       case when not p.mapped and o.refused then 'low' else '' end as severity, d.date, o.time, o.source_object, o.source_line, p.principal as who
from o
join principals p on p.requester = coalesce(o.requester, '-')
join quarters d on d.quarter = o.quarter
where d.in_range
