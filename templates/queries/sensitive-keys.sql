-- title: Sensitive keys
-- question: Who touched the keys that the configuration calls sensitive?
-- witness: access log
-- empty: nothing of this kind is in the log
-- column pattern: of tenant.sensitive_keys; a key that two match stands twice
-- de title: Sensible Objektschlüssel
-- de question: Wer hat auf Objektschlüssel zugegriffen, die in der Konfiguration als sensibel gelten?
-- de column pattern: aus tenant.sensitive_keys; ein Objektschlüssel, auf den zwei Muster passen, steht zweimal da
select a.time, a.bucket, x.pattern, a.key, p.principal, p.identity as requester, a.operation, a.http_status, a.remote_ip
from access a
join (select distinct pattern, form from key_patterns) x on a.key like x.form escape '\'
join principals p on p.requester = coalesce(a.requester, '-')
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
order by a.time, a.bucket, x.pattern, a.key, requester, a.operation, a.request_id
