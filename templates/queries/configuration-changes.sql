-- title: Changes of the configuration
-- question: Who changed buckets, roles, keys, logging or trails, when, from where, and was it approved?
-- packet: 240, with cloudtrail
-- section: configuration
-- widths: 17, 26, 54, 30, 27, 42, 24, 34, 22, 26
-- witness: CloudTrail
-- empty: nothing that matters was changed
-- column what: what the event tells of the change
-- column before: what the last earlier change of the same thing said, where the trail has one
-- column ticket: of the approved change that covers it; empty where none does
-- column verdict: ok where a line of the approved changes covers it, otherwise attention
-- de title: Änderungen der Konfiguration
-- de question: Wer hat Buckets, Rollen, Schlüssel, Protokollierung oder Trails geändert, wann, von wo, und war es genehmigt?
-- de column what: was das Ereignis von der Änderung sagt
-- de column before: was die letzte frühere Änderung derselben Sache sagte, soweit der Trail eine hat
-- de column ticket: der genehmigten Änderung, die sie abdeckt; leer, wo keine es tut
-- de column verdict: in Ordnung, wo eine Zeile der genehmigten Änderungen sie abdeckt, sonst zu beachten
--
-- As CloudTrail tells; calls that failed changed nothing.
select time, target, what, before, principal, requester, source_ip, event, ticket,
       case when ticket = '' then 'attention' else 'ok' end as verdict
from changes
where in_range and (:bucket = '' or bucket = :bucket)
order by time, source
