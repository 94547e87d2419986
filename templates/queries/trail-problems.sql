-- title: What does not hold in the trail
-- question: Which digests, log files and hours are not as they must be, and why?
-- packet: 260, with cloudtrail
-- section: completeness
-- widths: 14, 26, 31, 23, 18, 23, 23, 62, 46
-- witness: CloudTrail digests
-- empty: the digests prove the trail's files
-- column problem: of a digest, of the chain from one to the next, of a log file, or time that no digest covers
-- column object: in the bucket of the trail; empty for time
-- de title: Was im Trail nicht stimmt
-- de question: Welche Digests, Protokolldateien und Stunden sind nicht, wie sie sein müssen, und warum?
-- de column problem: eines Digests, der Kette von einem zum nächsten, einer Protokolldatei, oder Zeit, die kein Digest abdeckt
-- de column object: im Bucket des Trails; leer bei Zeiten
select date, kind as problem, account, region, trail, from_time, to_time, object, detail
from trail_problems
order by date, from_time, object, problem
