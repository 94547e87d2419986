-- The findings of a check and bucket are looked for once for each of their days, the last
-- event of a finding with each row, and its sums for the findings that are asked for only.
CREATE INDEX findings_check ON findings (tenant, check_name, bucket);
CREATE INDEX finding_events_finding ON finding_events (finding, id);
DROP VIEW finding_summary;
CREATE VIEW finding_summary AS
SELECT f.*,
       (SELECT coalesce(sum(d.count), 0) FROM finding_days d WHERE d.finding = f.id) AS count,
       (SELECT min(d.first) FROM finding_days d WHERE d.finding = f.id) AS first,
       (SELECT max(d.last) FROM finding_days d WHERE d.finding = f.id) AS last
FROM findings f;
