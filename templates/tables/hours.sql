-- First and last record of each hour that has any, for finding silence.
select bucket, date_trunc('hour', time) as hour, min(time) as first, max(time) as last, count(*) as records
from delivered
group by bucket, date_trunc('hour', time)
order by bucket, hour
