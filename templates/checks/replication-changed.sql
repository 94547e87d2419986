-- title: Replication changed
-- question: Did anyone change where the backups are copied to, without an approved change?
-- severity: high
-- severities: high or medium
-- flags: replication set or removed without an approved change
-- scope: trail
-- witness: CloudTrail
-- empty: no such change is in the trail that is not approved
-- needs: cloudtrail
-- sentence: {count} {count:change|changes} without an approved change, as CloudTrail tells.
-- draft: CloudTrail tells of this change {span}: {subject}. No line of the approved changes covers it. It is to be confirmed that the change was approved, and that the copies go where they should.
-- action: Confirm that the change was approved, and that the copies are where they must be.
-- de title: Replikation geändert
-- de question: Hat jemand ohne genehmigte Änderung bestimmt, wohin die Backups kopiert werden?
-- de sentence: {count} {count:Änderung|Änderungen} ohne genehmigte Änderung, laut CloudTrail.
-- de draft: CloudTrail berichtet {span} von dieser Änderung: {subject}. Keine Zeile der genehmigten Änderungen deckt sie ab. Zu bestätigen ist, dass die Änderung genehmigt war und die Kopien liegen, wo sie liegen müssen.
-- de action: Bestätigen, dass die Änderung genehmigt war und die Kopien liegen, wo sie liegen müssen.
--
-- Approved are the changes that a line of tenant.approved_changes covers.
select bucket, subject, date, count(*) as count, min(time) as first_seen, max(time) as last_seen, min(severity) as severity,
       array_agg(source order by time, source) as samples, array_agg(distinct who) as who
from changes
where check_name = 'replication-changed' and ticket = '' and in_range
group by bucket, subject, date
order by bucket, date, subject
