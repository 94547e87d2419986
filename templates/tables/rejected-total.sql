-- How many lines of the range could not be read, each counted once.
select cast(coalesce(sum(lines), 0) as bigint) as rejected
from (
    select r.source_object, r.source_line, max(r.lines) as lines
    from rejected r
    join days d on r.time >= d.day_start and r.time < d.day_end
    where d.in_range
    group by r.source_object, r.source_line
) x
