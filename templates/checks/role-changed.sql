-- title: Backup role or user changed
-- question: Did anyone change a mapped role or user, its policies or its access keys, without an approved change?
-- severity: high
-- severities: high or medium
-- flags: a mapped role or user, its trust, policies or access keys, changed without an approved change; policies and groups in any case, because CloudTrail does not tell who has them
-- scope: trail
-- witness: CloudTrail
-- empty: no such change is in the trail that is not approved
-- needs: cloudtrail
-- sentence: {count} {count:change|changes} without an approved change, as CloudTrail tells.
-- draft: CloudTrail tells of this change {span}: {subject}. No line of the approved changes covers it. It is to be confirmed that the change was approved, and that the principal can do no more than it needs.
-- action: Confirm that the change was approved, and that the principal can do no more than it needs, or undo it.
-- de title: Rolle oder Benutzer des Backups geändert
-- de question: Hat jemand ohne genehmigte Änderung eine zugeordnete Rolle, einen Benutzer, ihre Richtlinien oder Zugriffsschlüssel geändert?
-- de sentence: {count} {count:Änderung|Änderungen} ohne genehmigte Änderung, laut CloudTrail.
-- de draft: CloudTrail berichtet {span} von dieser Änderung: {subject}. Keine Zeile der genehmigten Änderungen deckt sie ab. Zu bestätigen ist, dass die Änderung genehmigt war und der Principal nicht mehr darf als nötig.
-- de action: Bestätigen, dass die Änderung genehmigt war und der Principal nicht mehr darf als nötig, oder sie rückgängig machen.
--
-- Approved are the changes that a line of tenant.approved_changes covers.
select bucket, subject, date, count(*) as count, min(time) as first_seen, max(time) as last_seen, min(severity) as severity,
       array_agg(source order by time, source) as samples, array_agg(distinct who) as who
from changes
where check_name = 'role-changed' and ticket = '' and in_range
group by bucket, subject, date
order by bucket, date, subject
