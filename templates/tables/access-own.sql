-- The view access of a tenant that shares none of its buckets.
select d.*, object_key(d.key, d.request_uri) as object, false as nobodys, epoch_ms(d.time) // 900000 as quarter,
       -- A record without a status is one of those for which S3 writes none.
       d.error_code is null and coalesce(d.http_status between 200 and 299, d.operation like 'S3.%' or d.operation like 'BATCH.%', false) as successful,
       coalesce(d.http_status, 0) <> 304 and (coalesce(d.http_status >= 400, false) or d.error_code is not null) as failed,
       coalesce(d.http_status in (401, 403), false) as refused
from delivered d
