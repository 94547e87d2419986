-- Lines that could not be read, by hour. A line that was read again from a new
-- version of its object is one line.
select bucket, source_object, date_trunc('hour', time) as hour, count(distinct source_line) as rejected
from rejected_lines
group by bucket, source_object, date_trunc('hour', time)
order by bucket, source_object, hour
