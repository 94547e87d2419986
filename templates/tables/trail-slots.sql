-- First and last event of each quarter of an hour that has any, by account, for
-- finding silence.
select coalesce(account, '') as account, epoch_ms(time) // 900000 as slot, min(time) as first, max(time) as last, count(*) as events,
       min(time) as known_first, max(time) as known_last, count(*) as known
from delivered_events
group by all
order by account, slot
