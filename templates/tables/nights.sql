-- What the log shows of each window: requests of everyone, what backups wrote, and
-- what of that was still there keep_days later, and at the end of the range.
with r as (
    select w.bucket, w.date, p.backup, p.mapped, a.object_size,
           a.failed,
           a.http_status = 404 and (a.operation like 'REST.HEAD.%' or a.operation like 'REST.GET.%') as probe,
           a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.POST.UPLOAD', 'REST.PUT.PART', 'REST.COPY.PART',
                           'REST.DELETE.OBJECT', 'REST.POST.MULTI_OBJECT_DELETE', 'BATCH.DELETE.OBJECT')
           and a.successful as changes
    from windows w
    join window_quarters q on q.bucket = w.bucket and q.date = w.date
    join access a on a.bucket = q.bucket and a.quarter = q.quarter and a.time >= w.window_start and a.time < w.window_end
    join principals p on p.requester = coalesce(a.requester, '-')
), requests as (
    select bucket, date, count(*) as requests,
           count(*) filter (backup) as backup_requests, count(*) filter (not backup) as other_requests,
           count(*) filter (failed) as errors, count(*) filter (failed and backup and not coalesce(probe, false)) as backup_errors,
           count(*) filter (changes and not mapped and not backup) as strange
    from r
    group by bucket, date
), written as (
    select n.bucket, n.date, count(*) as objects, coalesce(sum(w.size), 0) as bytes
    from windows n
    join window_quarters q on q.bucket = n.bucket and q.date = n.date
    join writes w on w.bucket = q.bucket and w.quarter = q.quarter and w.time >= n.window_start and w.time < n.window_end
    group by n.bucket, n.date
), fate as (
    select f.bucket, f.date, f.object, epoch_ms(f.event_time) * 2 + case when f.removal then 1 else 0 end as turn, f.event_time < f.time + to_days(b.keep_days) as soon,
           f.event_time < :to as within, f.removal, f.moved, f.event_size, f.event_backup
    from fates f
    join buckets b on b.bucket = f.bucket
), ends as (
    select bucket, date, object, bool_or(moved and soon) as moved,
           arg_max(removal or not event_backup, turn) filter (soon) as gone, arg_max(event_size, turn) filter (soon) as size,
           arg_max(removal, turn) filter (within) as gone_by_end, arg_max(event_size, turn) filter (within) as size_by_end
    from fate
    group by bucket, date, object
), keys as (
    select k.bucket, k.date, count(*) as objects, sum(k.size) as bytes,
           count(*) filter (not coalesce(e.gone, false)) as kept_objects,
           coalesce(sum(least(k.size, coalesce(e.size, k.size))) filter (not coalesce(e.gone, false)), 0) as kept_bytes,
           count(*) filter (not coalesce(e.gone_by_end, false)) as left_objects,
           coalesce(sum(least(k.size, coalesce(e.size_by_end, k.size))) filter (not coalesce(e.gone_by_end, false)), 0) as left_bytes
    from night_keys k
    left join ends e on e.bucket = k.bucket and e.date = k.date and e.object = k.object
    where not (coalesce(e.moved, false) and coalesce(e.gone, false))
    group by k.bucket, k.date
), attempts as (
    select n.bucket, n.date, a.object, count(*) as failures
    from windows n
    join window_quarters q on q.bucket = n.bucket and q.date = n.date
    join access a on a.bucket = q.bucket and a.quarter = q.quarter and a.time >= n.window_start and a.time < n.window_end
    join principals p on p.requester = coalesce(a.requester, '-')
    where p.backup and a.key is not null and a.failed
      and a.operation in ('REST.PUT.OBJECT', 'REST.POST.OBJECT', 'REST.COPY.OBJECT', 'REST.POST.UPLOADS', 'REST.PUT.PART', 'REST.COPY.PART', 'REST.POST.UPLOAD')
    group by all
), failures as (
    select t.bucket, t.date, count(*) filter (k.object is null) as failed_keys, coalesce(sum(t.failures) filter (k.object is not null), 0) as mended
    from attempts t
    left join night_keys k on k.bucket = t.bucket and k.date = t.date and k.object = t.object
    group by t.bucket, t.date
)
select n.bucket, n.date, coalesce(r.requests, 0) as requests, coalesce(w.objects, 0) as objects_written, coalesce(w.bytes, 0) as bytes_written,
       coalesce(r.backup_requests, 0) as backup_requests, coalesce(r.other_requests, 0) as other_requests, coalesce(r.errors, 0) as errors,
       coalesce(r.backup_errors, 0) - coalesce(f.mended, 0) as backup_errors, coalesce(r.strange, 0) as strange,
       coalesce(k.objects, 0) as backup_objects, coalesce(k.bytes, 0) as backup_bytes, coalesce(k.kept_objects, 0) as kept_objects, coalesce(k.kept_bytes, 0) as kept_bytes,
       coalesce(k.left_objects, 0) as left_objects, coalesce(k.left_bytes, 0) as left_bytes, coalesce(f.failed_keys, 0) as failed_keys
from windows n
left join requests r on r.bucket = n.bucket and r.date = n.date
left join written w on w.bucket = n.bucket and w.date = n.date
left join keys k on k.bucket = n.bucket and k.date = n.date
left join failures f on f.bucket = n.bucket and f.date = n.date
order by n.bucket, n.date
