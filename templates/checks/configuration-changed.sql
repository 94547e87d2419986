-- title: Protection or set-up changed
-- question: Did anyone change versioning, Object Lock, lifecycle, encryption or a key, without an approved change?
-- severity: medium
-- severities: high or medium
-- flags: versioning, Object Lock, lifecycle, encryption and the like of the tenant's buckets and of the buckets that hold its logs, and KMS keys, changed without an approved change
-- scope: trail
-- witness: CloudTrail
-- empty: no such change is in the trail that is not approved
-- needs: cloudtrail
-- sentence: {count} {count:change|changes} without an approved change, as CloudTrail tells.
-- draft: CloudTrail tells of this change {span}: {subject}. No line of the approved changes covers it. It is to be confirmed that the change was approved, and that it weakens no protection.
-- action: Confirm that the change was approved, and write it into the approved changes with its ticket, or undo it.
-- de title: Konfiguration geändert, laut CloudTrail
-- de question: Hat jemand ohne genehmigte Änderung Buckets oder Schlüssel anders eingerichtet?
-- de sentence: {count} {count:Änderung|Änderungen} ohne genehmigte Änderung, laut CloudTrail.
-- de draft: CloudTrail berichtet {span} von dieser Änderung: {subject}. Keine Zeile der genehmigten Änderungen deckt sie ab. Zu bestätigen ist, dass die Änderung genehmigt war und keinen Schutz schwächt.
-- de action: Bestätigen, dass die Änderung genehmigt war, und sie mit ihrem Ticket in die genehmigten Änderungen schreiben, oder sie rückgängig machen.
--
-- Approved are the changes that a line of tenant.approved_changes covers.
select bucket, subject, date, count(*) as count, min(time) as first_seen, max(time) as last_seen, min(severity) as severity,
       array_agg(source order by time, source) as samples, array_agg(distinct who) as who
from changes
where check_name = 'configuration-changed' and ticket = '' and in_range
group by bucket, subject, date
order by bucket, date, subject
