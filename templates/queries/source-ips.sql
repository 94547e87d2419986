-- title: Source addresses
-- question: From where were the buckets used?
-- witness: access log
-- empty: nothing of this kind is in the log
-- column address: as logged; what S3 does itself comes from none
-- column network: the name in the configuration; empty where none has the address
-- column country: of a MaxMind file, where one is configured
-- column as_name: the operator of the network, of a MaxMind file, where one is configured
-- de title: Herkunftsadressen
-- de question: Von wo wurden die Buckets benutzt?
-- de column address: wie protokolliert; was S3 selbst tut, hat keine Adresse
-- de column network: der Name in der Konfiguration; leer, wenn die Adresse in keinem der Netze liegt
-- de column country: aus einer MaxMind-Datei, sofern eine konfiguriert ist
-- de column as_name: der Betreiber des Netzes, aus einer MaxMind-Datei, sofern eine konfiguriert ist
select a.bucket, a.remote_ip as address, x.network, x.country, x.as_number, x.as_name, count(*) as requests,
       count(distinct p.principal) as principals, sum(case when a.refused then 1 else 0 end) as refused,
       min(a.time) as first_seen, max(a.time) as last_seen
from access a
join principals p on p.requester = coalesce(a.requester, '-')
left join addresses x on x.address = a.remote_ip
where a.time >= :from and a.time < :to and (:bucket = '' or a.bucket = :bucket)
  and a.remote_ip is not null
group by a.bucket, a.remote_ip, x.network, x.country, x.as_number, x.as_name
order by bool_or(a.successful) desc, a.bucket, requests desc, address
