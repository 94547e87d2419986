-- title: Backup windows
-- question: Did the backups run, every night?
-- column date: the day on which the window starts, in the tenant's zone
-- column objects_written: successful puts, posts, copies and completed multipart uploads, by anyone; where a window holds only parts of uploads, the parts
-- column bytes_written: successful puts, posts, copies and parts of multipart uploads
-- column backup_requests: by principals whose role is backup; every mapped principal where no principal has that role
-- column errors: status 400 and above
-- column verdict: missed where backup principals wrote fewer than min_objects; attention where more than 1 in 20 backup requests failed (to ask for what is not there is no failure) or someone not mapped wrote or deleted; not evaluated where the log has a gap
with w as (
    select * from windows w
    where w.in_range and (:bucket = '' or w.bucket = :bucket)
), r as (
    select w.bucket, w.date, a.object_size,
           p.backup, p.mapped,
           a.http_status >= 400 as failed,
           a.http_status = 404 and (a.operation like 'REST.HEAD.%' or a.operation like 'REST.GET.%') as probe,
           a.http_status between 200 and 299 and a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.POST.UPLOAD') as object,
           a.http_status between 200 and 299 and a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT') as whole,
           a.http_status between 200 and 299 and a.operation in ('REST.PUT.PART', 'REST.COPY.PART') as part,
           a.operation in ('REST.DELETE.OBJECT', 'REST.POST.MULTI_OBJECT_DELETE', 'BATCH.DELETE.OBJECT') and coalesce(a.http_status, 204) between 200 and 299 as deletion
    from w
    join window_quarters q on q.bucket = w.bucket and q.date = w.date
    join access a on a.bucket = q.bucket and a.quarter = q.quarter and a.time >= w.window_start and a.time < w.window_end
    join principals p on p.requester = coalesce(a.requester, '-')
), n as (
    select bucket, date,
           sum(case when object then 1 else 0 end) as objects,
           sum(case when part then 1 else 0 end) as parts,
           sum(case when object and backup then 1 else 0 end) as backup_objects,
           sum(case when part and backup then 1 else 0 end) as backup_parts,
           coalesce(sum(case when whole or part then object_size end), 0) as bytes_written,
           sum(case when backup then 1 else 0 end) as backup_requests,
           sum(case when not backup then 1 else 0 end) as other_requests,
           sum(case when failed then 1 else 0 end) as errors,
           sum(case when failed and backup and not probe then 1 else 0 end) as backup_errors,
           sum(case when (object or part or deletion) and not mapped and not backup then 1 else 0 end) as strange
    from r
    group by bucket, date
)
select w.bucket, w.date, w.window_start, w.window_end,
       coalesce(case when n.objects > 0 then n.objects else n.parts end, 0) as objects_written,
       coalesce(n.bytes_written, 0) as bytes_written,
       coalesce(n.backup_requests, 0) as backup_requests,
       coalesce(n.other_requests, 0) as other_requests,
       coalesce(n.errors, 0) as errors,
       case when w.gap <> '' then 'not evaluated'
            when coalesce(case when n.backup_objects > 0 then n.backup_objects else n.backup_parts end, 0) < w.min_objects then 'missed'
            when n.backup_errors * 20 > n.backup_requests or n.strange > 0 then 'attention'
            else 'ok' end as verdict
from w
left join n on n.bucket = w.bucket and n.date = w.date
order by w.bucket, w.date
