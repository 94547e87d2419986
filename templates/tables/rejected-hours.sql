-- Lines that could not be read, by hour.
select r.bucket, date_trunc('hour', r.time) as hour, count(*) as rejected
from rejected_lines r
where r.bucket <> ''
group by r.bucket, date_trunc('hour', r.time)
order by r.bucket, hour
