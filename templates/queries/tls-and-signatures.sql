-- title: Transport and signatures
-- question: How did requests prove who they are, and how were they encrypted?
-- witness: access log
-- empty: nothing of this kind is in the log
-- column tls_version: - where the log has none: plain HTTP, or S3's own action
-- column signature_version: SigV4, SigV2 or - for unsigned
-- column weak: without TLS, with TLS below 1.2, with SigV2, or unsigned
-- de title: Verschlüsselung und Signaturen
-- de question: Wie wiesen sich die Aufrufer aus, und wie waren die Anfragen verschlüsselt?
-- de column tls_version: -, wenn das Protokoll keine nennt: bei unverschlüsseltem HTTP oder bei eigenen Vorgängen von S3
-- de column signature_version: SigV4, SigV2 oder - für nicht signiert
-- de column weak: ohne TLS, mit TLS vor Version 1.2, mit SigV2 oder nicht signiert
select a.bucket, coalesce(a.tls_version, '-') as tls_version, coalesce(a.signature_version, '-') as signature_version,
       coalesce(a.authentication_type, '-') as authentication_type,
       coalesce(lower(a.tls_version), '') not in ('tlsv1.2', 'tlsv1.3') or coalesce(a.signature_version, '') <> 'SigV4' as weak,
       count(*) as requests, count(distinct p.principal) as principals, min(a.time) as first_seen, max(a.time) as last_seen
from access a
join principals p on p.requester = coalesce(a.requester, '-')
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
  and (a.operation like 'REST.%' or a.operation like 'WEBSITE.%' or a.operation like 'SOAP.%')
group by a.bucket, coalesce(a.tls_version, '-'), coalesce(a.signature_version, '-'), coalesce(a.authentication_type, '-'), weak
order by weak desc, a.bucket, requests desc, tls_version, signature_version, authentication_type
