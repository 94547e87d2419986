-- title: Weak transport or signature
-- question: Did any request go without TLS 1.2, or with an outdated signature?
-- severity: medium
-- flags: no TLS, TLS below 1.2, or signature version 2
-- scope: day
-- selects: records with who
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- sentence: {count} {count:request|requests} over an unencrypted or outdated connection, or with an outdated signature.
-- draft: {count} {count:request|requests} to {bucket} used {subject}, {span}. The client is to be updated, or the bucket policy to refuse such requests.
-- action: Update the client, or let the bucket policy of {bucket} refuse such requests.
-- subject: words
-- de title: Schwache Verschlüsselung oder Signatur
-- de question: Kam eine Anfrage ohne TLS 1.2 oder neuer oder mit veralteter Signatur?
-- de sentence: {count} {count:Anfrage|Anfragen} über eine unverschlüsselte oder veraltete Verbindung oder mit veralteter Signatur.
-- de draft: {count} {count:Anfrage|Anfragen} an {bucket} {count:kam|kamen} {span} mit schwacher Verschlüsselung oder Signatur ({subject}). Das Programm ist zu aktualisieren, oder die Bucket-Richtlinie muss solche Anfragen abweisen.
-- de action: Das Programm aktualisieren oder solche Anfragen durch die Bucket-Richtlinie von {bucket} abweisen.
-- de phrase: "no TLS" = "kein TLS"
-- de phrase: "signature version 2" = "Signaturversion 2"
--
-- A line of the short form, which tells nothing about the connection, is not
-- counted as unencrypted: it has no host header either.
select a.bucket, case when a.tls_version is null then 'no TLS'
                      when lower(a.tls_version) not in ('tlsv1.2', 'tlsv1.3') then a.tls_version
                      else 'signature version 2' end as subject,
       d.date, a.time, a.source_object, a.source_line, p.principal as who
from access a
join principals p on p.requester = coalesce(a.requester, '-')
join quarters d on d.quarter = a.quarter
where a.time >= :from and a.time < :to and d.in_range and not p.service
  and (a.operation like 'REST.%' or a.operation like 'WEBSITE.%' or a.operation like 'SOAP.%')
  and (a.tls_version is null and a.cipher_suite is null and a.host_header is not null
    or lower(a.tls_version) not in ('tlsv1.2', 'tlsv1.3')
    or a.signature_version = 'SigV2')
