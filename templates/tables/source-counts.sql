-- What each log object holds for the tenant, in a bucket that it shares.
select bucket, source_object, count(*) as records, min(time) as first, max(time) as last
from access
group by bucket, source_object
order by bucket, source_object
