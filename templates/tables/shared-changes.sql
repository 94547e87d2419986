-- The view shared_changes: what principals of other tenants do to a shared bucket
-- itself. Who sets its policy, logging or versioning sets it for everyone in it. It
-- says what and when, and not who: names, addresses and programs of another tenant are
-- not this tenant's to see.
select d.bucket, d.operation, d.key, d.time, d.http_status between 200 and 299 and d.error_code is null as successful, d.request_id, epoch_ms(d.time) // 900000 as quarter, d.source_object, d.source_line,
       'another client''s principal of this shared bucket' as identity
from delivered d
join other_requesters q on q.bucket = d.bucket and q.requester = d.requester
where d.key is null
