-- title: Principals
-- question: Who used the buckets?
-- packet: 20
-- section: boundaries
-- widths: 34, 62, 23, 16, 17, 17, 20, 20
-- witness: access log
-- empty: nothing of this kind is in the log
-- column principal: the name in the identity mapping, or the requester where none matches; - is anonymous
-- column requester: an assumed role stands without its session name
-- column account: of the ARN; empty for canonical user IDs, services and anonymous requests
-- column bytes_written: successful puts, posts, copies and parts of multipart uploads
-- de title: Principals
-- de question: Wer hat die Buckets benutzt?
-- de column principal: der Name in der Zuordnung der Identitäten, oder der Aufrufer, wenn keine Zeile passt; - steht für anonym
-- de column requester: eine angenommene Rolle steht ohne den Namen ihrer Sitzung
-- de column account: aus dem ARN; leer bei kanonischen Benutzer-IDs, Diensten und anonymen Anfragen
-- de column bytes_written: erfolgreiche Anfragen mit PUT, POST und COPY sowie Teile mehrteiliger Uploads
select p.principal, p.identity as requester, p.account, count(*) as requests,
       coalesce(sum(a.bytes_sent), 0) as bytes_sent,
       coalesce(sum(case when a.successful
                          and a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.PUT.PART', 'REST.COPY.PART')
                         then a.object_size end), 0) as bytes_written,
       min(a.time) as first_seen, max(a.time) as last_seen
from access a
join principals p on p.requester = coalesce(a.requester, '-')
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
group by p.principal, p.identity, p.account
order by bool_or(p.mapped) desc, bool_or(a.successful) desc, requests desc, principal, requester
