-- The view rejected: lines that could not be read. One that does not tell its
-- bucket is shown to the tenants in whose log location it stood. A row stands for
-- as many lines as it says.
select r.*, line_count(r.reason) as lines
from rejected_lines r
where r.bucket in (select bucket from buckets)
   or (r.bucket = '' and r.source_object in (select source_object from log_objects))
