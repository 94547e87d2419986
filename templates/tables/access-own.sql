-- The view access of a tenant that shares none of its buckets.
select d.*, object_key(d.key, d.request_uri) as object, false as nobodys, epoch_ms(d.time) // 900000 as quarter,
       -- S3 writes no status for what it does itself. Where it tells none of a request, a write
       -- is not taken for done, and everything else, such as a delete, is.
       d.error_code is null and coalesce(d.http_status between 200 and 299, not coalesce(regexp_matches(d.operation, '^[A-Z]+\.(PUT|POST|COPY)\.(OBJECT|PART|UPLOADS?)$'), false)) as successful,
       coalesce(d.http_status, 0) <> 304 and (coalesce(d.http_status >= 400, false) or d.error_code is not null) as failed,
       coalesce(d.http_status in (401, 403), false) as refused
from delivered d
