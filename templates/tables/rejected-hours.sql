-- Lines that could not be read, by hour. A line that was read again from a new
-- version of its object is one line.
select bucket, source_object, hour, cast(sum(lines) as bigint) as rejected
from (
    select bucket, source_object, date_trunc('hour', time) as hour, source_line, max(line_count(reason)) as lines
    from rejected_lines
    group by bucket, source_object, date_trunc('hour', time), source_line
) x
group by bucket, source_object, hour
order by bucket, source_object, hour
