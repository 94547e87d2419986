-- title: Most of a bucket removed
-- question: Was most of what lay in a bucket removed within a day?
-- severity: high
-- flags: most of what is known to be in a bucket was removed, in a day or gradually over four weeks
-- scope: day
-- witness: access log
-- empty: nothing of this kind is in the log of the day
-- sentence: {count} objects removed {days}, most of what was known to be in the bucket.
-- draft: Most of what the log knows to have been in {bucket} was removed, {span}. Who did it, and whether any backup is left, is to be found out at once.
-- action: Find out at once who emptied {bucket}, and what can still be restored.
-- de title: Das meiste eines Buckets entfernt
-- de question: Wurde das meiste, was in einem Bucket lag, an einem Tag entfernt?
-- de sentence: {count} {count:Objekt|Objekte} {days} entfernt, das meiste, was im Bucket bekannt war.
-- de draft: Das meiste, was laut Protokoll in {bucket} lag, wurde {span} entfernt. Sofort zu klären ist, durch wen und ob noch ein Backup übrig ist.
-- de action: Sofort klären, wer {bucket} geleert hat und was noch wiederherstellbar ist.
--
-- Of the objects that the log saw written and that were there at the end of the day
-- before, or were written on the day and are there at its end, more than half are gone, or more than half of
-- their bytes; of two objects or more. By whomever. An object has the size of its last write that
-- tells one; what is written over with less than half of that takes the difference away.
--
-- Also a day on which something goes and at whose end fewer than half of the objects, or of the bytes, are left
-- of the most that was there at the end of one of the 28 days before: a bucket can be emptied a little every
-- day. What was as low on the same weekday in each of the three weeks before is usual, and days in front
-- of a gap of the log are not compared with.
with e as (
    select w.bucket, w.object, d.day_number, epoch_ms(w.time) * 2 as turn, false as gone, nullif(w.size, 0) as size
    from writes w
    join quarters d on d.quarter = w.quarter
    where coalesce(w.size, 1) > 0
    union all
    select r.bucket, r.object, d.day_number, epoch_ms(r.time) * 2 + 1, true, null
    from removals r
    join quarters d on d.quarter = r.quarter
), touched as (
    select bucket, object from removals
    union
    select bucket, object from e group by bucket, object having min(day_number) < max(day_number)
), untouched as (
    select e.bucket, min(e.day_number) as day_number, coalesce(arg_max(e.size, e.turn), 0) as size
    from e
    anti join touched t on t.bucket = e.bucket and t.object = e.object
    group by e.bucket, e.object
), ends as (
    select e.bucket, e.object, e.day_number, arg_max(e.gone, e.turn) as gone, arg_max(e.size, e.turn) as size
    from e
    semi join touched t on t.bucket = e.bucket and t.object = e.object
    group by e.bucket, e.object, e.day_number
), lives as ( -- a life of a key ends with the day at whose end it is gone
    select *, coalesce(sum(cast(gone as int)) over (partition by bucket, object order by day_number rows between unbounded preceding and 1 preceding), 0) as life
    from ends
), sizes as (
    select *, coalesce(last_value(size ignore nulls) over (partition by bucket, object, life order by day_number rows between unbounded preceding and current row), 0) as bytes
    from lives
), turns as (
    select *, coalesce(not lag(gone) over w, false) as was_there, coalesce(lag(bytes) over w, 0) as was_bytes
    from sizes
    window w as (partition by bucket, object order by day_number)
), steps as ( -- stock is what is there at the end of the day more than at its beginning
    select bucket, day_number,
           count(*) filter (not gone and not was_there) as came, count(*) filter (gone and was_there) as went,
           coalesce(sum(bytes - case when was_there then was_bytes else 0 end) filter (not gone and not (was_there and bytes * 2 < was_bytes)), 0) as came_bytes,
           coalesce(sum(case when gone then was_bytes else was_bytes - bytes end) filter (was_there and (gone or bytes * 2 < was_bytes)), 0) as went_bytes
    from turns
    group by bucket, day_number
    union all
    select bucket, day_number, count(*), 0, coalesce(sum(size), 0), 0 from untouched group by bucket, day_number
), days_ as (
    select c.bucket, c.date, c.day_number, c.in_range, c.gap <> '' as gap, coalesce(sum(s.came), 0) as came, coalesce(sum(s.went), 0) as went,
           coalesce(sum(s.came_bytes), 0) as came_bytes, coalesce(sum(s.went_bytes), 0) as went_bytes
    from coverage c
    left join steps s on s.bucket = c.bucket and s.day_number = c.day_number
    group by c.bucket, c.date, c.day_number, c.in_range, c.gap
), stock as ( -- what was written in a gap is not known, so the days in front of one are not compared with
    select *, sum(came - went) over w as left_objects, sum(came_bytes - went_bytes) over w as left_bytes, sum(cast(gap as int)) over w as gaps
    from days_
    window w as (partition by bucket order by day_number rows between unbounded preceding and current row)
), high as (
    select *, coalesce(max(left_objects) over p, 0) as most_objects, coalesce(max(left_bytes) over p, 0) as most_bytes
    from stock
    window p as (partition by bucket, gaps order by day_number range between 28 preceding and 1 preceding)
), low as (
    select *, left_objects * 2 < most_objects or left_bytes * 2 < most_bytes as low,
           left_objects + went >= 2 and (went * 2 > left_objects + went or went_bytes * 2 > left_bytes + went_bytes and went_bytes > 0) as at_once
    from high
), flagged as (
    select bucket, date, day_number, in_range, 'most of what was there' as subject, went, left_objects + went as objects, went_bytes, left_bytes + went_bytes as bytes
    from low
    where at_once
    union all
    select l.bucket, l.date, l.day_number, l.in_range, 'most of what was there in four weeks', l.most_objects - l.left_objects, l.most_objects, l.most_bytes - l.left_bytes, l.most_bytes
    from low l
    where l.low and not l.at_once and l.most_objects >= 2 and (l.went > 0 or l.went_bytes > 0)
      and (select count(*) from low b where b.bucket = l.bucket and b.low and b.day_number in (l.day_number - 7, l.day_number - 14, l.day_number - 21)) < 3
), n as (
    select f.bucket, f.subject, f.date, f.went, f.objects, f.went_bytes, f.bytes, r.time, r.source_object, r.source_line, p.principal as who,
           row_number() over (partition by f.bucket, f.subject, f.date order by r.time, r.source_object, r.source_line) as n
    from flagged f
    join (
        select bucket, quarter, time, requester, source_object, source_line from removals
        union all
        select w.bucket, w.quarter, w.time, w.requester, w.source_object, w.source_line
        from writes w
        join quarters d on d.quarter = w.quarter
        semi join (select bucket, object, day_number from turns where not gone and was_there and bytes * 2 < was_bytes) t
          on t.bucket = w.bucket and t.object = w.object and t.day_number = d.day_number
    ) r on r.bucket = f.bucket
    join quarters d on d.quarter = r.quarter and d.day_number = f.day_number
    join principals p on p.requester = r.requester
    where f.in_range
)
select bucket, subject, date, greatest(cast(any_value(went) as bigint), 1) as count, min(time) as first_seen, max(time) as last_seen, '' as severity,
       array_agg(source_object || ':' || cast(source_line as varchar) order by n) filter (where n <= 20) as samples, array_agg(distinct who) as who,
       'known to be there: ' || cast(any_value(objects) as varchar) || ' objects, ' || cast(any_value(bytes) as varchar) || ' bytes; removed: '
       || cast(any_value(went) as varchar) || ' and ' || cast(any_value(went_bytes) as varchar) as expected
from n
group by bucket, subject, date
order by bucket, date, subject
