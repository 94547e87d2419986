-- title: Sensitive key touched
-- question: Did anyone but the backup touch a key that the configuration calls sensitive?
-- severity: medium
-- severities: medium, changes high
-- flags: a sensitive key touched by anyone but the backup
-- scope: day
-- selects: records with who, severity
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- needs: sensitive_keys
-- sentence: {count} {count:request|requests} to a sensitive key by a principal that is not the backup.
-- draft: Someone who is not the backup touched keys of the kind {subject} in {bucket}, {count} {count:time|times} {span}. It is to be found out why.
-- action: Find out who touched the sensitive keys in {bucket} and why, and whether it was approved.
-- de title: Zugriff auf sensible Objektschlüssel
-- de question: Hat außer dem Backup jemand auf Objektschlüssel zugegriffen, die in der Konfiguration als sensibel gelten?
-- de sentence: {count} {count:Anfrage|Anfragen} zu einem sensiblen Objektschlüssel durch einen Principal, der nicht zum Backup gehört.
-- de draft: Auf sensible Objektschlüssel in {bucket} (Muster: {subject}) wurde {span} {count}-mal zugegriffen, und nicht durch das Backup. Zu klären ist, warum.
-- de action: Klären, wer warum auf die sensiblen Objektschlüssel in {bucket} zugriff, und ob dies genehmigt war.
--
-- High where it wrote or deleted.
with k as (
    select distinct a.bucket, a.source_object, a.source_line, a.time, a.quarter, a.operation, a.requester, x.pattern
    from access a
    join key_patterns x on a.key like x.form escape '\'
    where a.time >= :from and a.time < :to
)
select a.bucket, a.pattern as subject, d.date, a.time, a.source_object, a.source_line, p.principal as who,
       case when a.operation like '%.PUT.%' or a.operation like '%.POST.%' or a.operation like '%.COPY.%' or a.operation like '%DELETE%' then 'high' else 'medium' end as severity
from k a
join principals p on p.requester = coalesce(a.requester, '-')
join quarters d on d.quarter = a.quarter
where d.in_range and not p.service and coalesce(p.role, '') <> 'backup'
