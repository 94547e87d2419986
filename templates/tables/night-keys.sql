-- The view night_keys: the objects that backups wrote in each window, with their last
-- write in it.
select n.bucket, n.date, w.object, max(w.time) as time, coalesce(arg_max(w.size, w.time), 0) as size, arg_max(w.version_id, w.time) as version,
       arg_max(w.requester, w.time) as requester, arg_max(w.key, w.time) as key
from windows n
join window_quarters q on q.bucket = n.bucket and q.date = n.date
join writes w on w.bucket = q.bucket and w.quarter = q.quarter and w.time >= n.window_start and w.time < n.window_end
where w.backup_write
group by n.bucket, n.date, w.object
