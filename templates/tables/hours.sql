-- First and last record of each hour that has any, for finding silence. The
-- hour is counted since 1970: date_trunc takes four times as long.
select bucket, epoch_ms(time) // 3600000 as hour, min(time) as first, max(time) as last, count(*) as records
from delivered
group by bucket, epoch_ms(time) // 3600000
order by bucket, hour
