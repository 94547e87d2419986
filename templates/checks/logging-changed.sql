-- title: Logging or trail changed
-- question: Did anyone change the records by which this evidence is made, without an approved change?
-- severity: high
-- severities: high or medium
-- flags: access logging, a log delivery or a trail that was stopped, deleted or reconfigured without an approved change
-- scope: trail
-- witness: CloudTrail
-- empty: no such change is in the trail that is not approved
-- needs: cloudtrail
-- sentence: {count} {count:change|changes} without an approved change, as CloudTrail tells.
-- draft: CloudTrail tells of this change {span}: {subject}. No line of the approved changes covers it. It is to be confirmed that the change was approved, and which time the records lack because of it.
-- action: Confirm that the change was approved, and find out which time the records lack because of it.
-- de title: Protokollierung oder Trail geändert
-- de question: Hat jemand ohne genehmigte Änderung die Aufzeichnungen verändert, aus denen dieser Nachweis entsteht?
-- de sentence: {count} {count:Änderung|Änderungen} ohne genehmigte Änderung, laut CloudTrail.
-- de draft: CloudTrail berichtet {span} von dieser Änderung: {subject}. Keine Zeile der genehmigten Änderungen deckt sie ab. Zu bestätigen ist, dass die Änderung genehmigt war und welche Zeit den Aufzeichnungen deshalb fehlt.
-- de action: Bestätigen, dass die Änderung genehmigt war, und klären, welche Zeit den Aufzeichnungen deshalb fehlt.
--
-- Approved are the changes that a line of tenant.approved_changes covers.
select bucket, subject, date, count(*) as count, min(time) as first_seen, max(time) as last_seen, min(severity) as severity,
       array_agg(source order by time, source) as samples, array_agg(distinct who) as who
from changes
where check_name = 'logging-changed' and ticket = '' and in_range
group by bucket, subject, date
order by bucket, date, subject
