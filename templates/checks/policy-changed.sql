-- title: Access policy changed
-- question: Did anyone change who may reach the backups, without an approved change?
-- severity: high
-- severities: high or medium
-- flags: who may reach a bucket or use a key (policy, access list, public access block, ownership, key policy, a key's grant to another account), changed without an approved change
-- scope: trail
-- witness: CloudTrail
-- empty: no such change is in the trail that is not approved
-- needs: cloudtrail
-- sentence: {count} {count:change|changes} without an approved change, as CloudTrail tells.
-- draft: CloudTrail tells of this change {span}: {subject}. No line of the approved changes covers it. It is to be confirmed that the change was approved, and that it lets nobody in who has no need.
-- action: Confirm that the change was approved, and that it lets nobody in who has no need, or undo it.
-- de title: Zugriffsregeln geändert
-- de question: Hat jemand ohne genehmigte Änderung bestimmt, wer an die Backups kommt?
-- de sentence: {count} {count:Änderung|Änderungen} ohne genehmigte Änderung, laut CloudTrail.
-- de draft: CloudTrail berichtet {span} von dieser Änderung: {subject}. Keine Zeile der genehmigten Änderungen deckt sie ab. Zu bestätigen ist, dass die Änderung genehmigt war und niemanden einlässt, der keinen Bedarf hat.
-- de action: Bestätigen, dass die Änderung genehmigt war und niemanden ohne Bedarf einlässt, oder sie rückgängig machen.
--
-- Approved are the changes that a line of tenant.approved_changes covers.
select bucket, subject, date, count(*) as count, min(time) as first_seen, max(time) as last_seen, min(severity) as severity,
       array_agg(source order by time, source) as samples, array_agg(distinct who) as who
from changes
where check_name = 'policy-changed' and ticket = '' and in_range
group by bucket, subject, date
order by bucket, date, subject
