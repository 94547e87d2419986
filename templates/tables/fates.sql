-- The view fates: of the objects that backups wrote, those on which something happened
-- later: another write, or a removal. Each row is one such event; moved is where
-- the object was copied to another key of the bucket before: read by a requester who wrote at
-- least as many keys by copies in the minute before and after as it had read in the 60
-- seconds up to then, of the same size. One copy stands for one object.
with events as (
    select bucket, object, time, false as removal, size, backup, version_id as version, false as maybe_older, requester, operation, source_object, source_line
    from writes
    where coalesce(size, 1) > 0
    union all by name
    select bucket, object, time, true as removal, cast(0 as bigint) as size, false as backup, version, maybe_older, requester, operation, source_object, source_line
    from removals
), near as (
    select k.*, e.time as event_time, e.removal, e.size as event_size, e.backup as event_backup, e.version as event_version, e.maybe_older, e.requester as event_requester,
           e.operation as event_operation, e.source_object, e.source_line
    from night_keys k
    join events e on e.bucket = k.bucket and e.object = k.object and (e.time > k.time or e.time = k.time and e.removal)
), known as (
    select w.bucket, w.object, w.version_id as version, count(*) over (partition by w.bucket, w.object) as writes
    from writes w
    where (w.bucket, w.object) in (select (bucket, object) from near where event_version is not null)
), total as (
    select bucket, object, max(writes) as writes, list(distinct version) filter (version is not null) as versions from known group by bucket, object
), itself as (
    select distinct bucket, requester, object, epoch_ms(time) // 86400000 as day from writes where onto_itself
), reads as (
    select bucket, coalesce(requester, '-') as requester, object, time, object_size
    from access
    where operation = 'REST.COPY.OBJECT_GET' and key is not null and successful
), halves as (
    select bucket, requester, object, time, size, false as read from writes where operation = 'REST.COPY.OBJECT' and not onto_itself
    union all
    select bucket, requester, object, time, object_size, true
    from reads
    where (bucket, requester, object, epoch_ms(time) // 86400000) not in (select (bucket, requester, object, day) from itself)
), sized as (
    select *, epoch_ms(time) // 1000 as second, case when bool_or(size is null) over (partition by bucket, requester) then -1 else size end as of_size from halves
), counted as (
    select *,
           count(distinct case when read then object end) over (partition by bucket, requester, of_size order by second range between 59 preceding and current row) as reads,
           count(distinct case when not read then object end) over (partition by bucket, requester, of_size order by second range between 60 preceding and 60 following) as copies
    from sized
), copied as (
    select distinct bucket, object, time from counted where read and copies >= reads
)
select n.* exclude (removed_since),
       n.removal and exists (select 1 from copied c where c.bucket = n.bucket and c.object = n.object and c.time >= n.time and c.time <= n.event_time) as moved
from (
    select *, count(distinct case when maybe_older then event_version end) over (partition by bucket, date, object order by event_time range between unbounded preceding and current row) as removed_since
    from near
) n
left join total t on t.bucket = n.bucket and t.object = n.object
where not n.removal or n.event_version is null
   or case when n.version is not null and list_contains(t.versions, n.event_version) then n.event_version = n.version
           when n.maybe_older and n.version is not null then false
           when n.maybe_older then coalesce(t.writes, 1) <= 1 or n.removed_since >= t.writes
           else true end
