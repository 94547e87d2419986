-- What each identity did on each day, from which the usual is learnt: requests that the
-- mapping admits, and those that were not refused. What an identity downloads is compared
-- with its own days alone. Deletes
-- by lifecycle rules are not counted, and refused requests are no errors here: they
-- have a check of their own; nor is asking for what is not there.
with t as (
    select t.bucket, d.date, p.identity, sum(t.bytes) as downloaded
    from taken t
    join quarters d on d.quarter = t.quarter
    join principals p on p.requester = t.requester
    group by t.bucket, d.date, p.identity
), r as (
    select a.bucket, d.date, p.identity,
           sum(case when u.mapped and not a.refused then 1 else 0 end) as requests,
           sum(case when a.operation in ('REST.DELETE.OBJECT', 'BATCH.DELETE.OBJECT') and a.successful then 1 else 0 end) as deletes,
           sum(case when u.mapped and a.failed and not a.refused
                         and not (a.http_status = 404 and regexp_matches(a.operation, '\.(GET|HEAD)\.')) then 1 else 0 end) as errors
    from access a
    join quarters d on d.quarter = a.quarter
    join principals p on p.requester = coalesce(a.requester, '-')
    join usual_requesters u on u.requester = p.requester
    group by a.bucket, d.date, p.identity
)
select r.bucket, r.date, r.identity, r.requests, r.deletes, r.errors, coalesce(t.downloaded, 0) as downloaded
from r
left join t on t.bucket = r.bucket and t.date = r.date and t.identity = r.identity
