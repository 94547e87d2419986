-- The view access: what a tenant sees of its buckets. In a bucket that two
-- tenants share, a record belongs to the tenant under whose prefix its object
-- stands, or what a request to list asks for; any other record belongs to the other
-- tenant where its requester is one of the other tenant's principals. What is then
-- nobody's is shown to all of them without who it was, from where, with what, and to
-- which object: a neighbour's words could stand there. No object stands
-- under two of prefix_roots and no requester twice in other_requesters and in strangers, so no
-- record is joined twice.
with n as (
    select *, object_key(key, request_uri) as object,
           case when key is null then object_key(regexp_extract(request_uri, '[?&]prefix=([^& ]*)', 1), null) end as listed
    from delivered
), m as (
    select d.*, s.bucket is not null and p.bucket is null as nobodys, s.shown
    from n d
    left join other_prefixes o on o.bucket = d.bucket and starts_with(coalesce(d.object, d.listed), o.prefix)
    left join other_requesters q on q.bucket = d.bucket and q.requester = d.requester
    left join prefix_roots p on p.bucket = d.bucket and starts_with(coalesce(d.object, d.listed), p.prefix)
    left join strangers s on s.bucket = d.bucket and s.requester = coalesce(d.requester, '-')
    where o.bucket is null and (q.bucket is null or p.bucket is not null)
)
select d.* exclude (listed, shown) replace (
           case when nobodys then shown else requester end as requester,
           case when nobodys then null else remote_ip end as remote_ip,
           case when nobodys and key is not null then 'of the bucket' else key end as key,
           case when nobodys and object is not null then 'of the bucket' else object end as object,
           case when not nobodys then request_uri
                when coalesce(listed, '') <> '' then 'GET /?prefix=of%20the%20bucket HTTP/1.1' end as request_uri,
           case when nobodys then null else referer end as referer,
           case when nobodys then null else user_agent end as user_agent,
           case when nobodys then null else version_id end as version_id,
           case when nobodys then null else access_point_arn end as access_point_arn,
           case when nobodys then null else extra end as extra),
       epoch_ms(d.time) // 900000 as quarter,
       -- S3 writes no status for what it does itself. Where it tells none of a request, a write
       -- is not taken for done, and everything else, such as a delete, is.
       d.error_code is null and coalesce(d.http_status between 200 and 299, not coalesce(regexp_matches(d.operation, '^[A-Z]+\.(PUT|POST|COPY)\.(OBJECT|PART|UPLOADS?)$'), false)) as successful,
       coalesce(d.http_status, 0) <> 304 and (coalesce(d.http_status >= 400, false) or d.error_code is not null) as failed,
       coalesce(d.http_status in (401, 403), false) as refused
from m d
