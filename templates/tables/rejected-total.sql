-- How many lines of the range could not be read, each counted once.
select count(*) as rejected
from (
    select distinct r.source_object, r.source_line
    from rejected r
    join days d on r.time >= d.day_start and r.time < d.day_end
    where d.in_range
) x
