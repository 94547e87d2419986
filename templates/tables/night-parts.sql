-- Which parts of a backup wrote in each window: approved prefixes where a bucket has
-- several, principals, and folders directly below a prefix that come on many nights.
with k as (
    select k.bucket, k.date, k.object, p.identity, x.prefix
    from night_keys k
    join principals p on p.requester = k.requester
    join prefix_roots x on x.bucket = k.bucket and starts_with(k.object, x.prefix)
), f as (
    select bucket, date, prefix || split_part(substr(object, length(prefix) + 1), '/', 1) || '/' as folder
    from k
    where strpos(substr(object, length(prefix) + 1), '/') > 0
)
select distinct k.bucket, k.date, 'prefix' as kind, x.prefix as part
from k
join prefixes x on x.bucket = k.bucket and starts_with(k.object, x.prefix)
where (select count(distinct y.prefix) from prefixes y where y.bucket = k.bucket) > 1
union
select distinct bucket, date, 'principal', identity from k
union
select distinct bucket, date, 'folder', folder
from f
where (bucket, folder) in (select (bucket, folder) from f group by bucket, folder having count(distinct date) >= 14)
