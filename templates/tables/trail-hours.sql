-- First and last event of each hour that has any, by account, for finding silence.
select coalesce(account, '') as account, epoch_ms(time) // 3600000 as hour, min(time) as first, max(time) as last, count(*) as events
from delivered_events
group by all
order by account, hour
