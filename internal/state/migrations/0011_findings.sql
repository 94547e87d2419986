-- The findings of a check and bucket are looked for once for each of their days.
CREATE INDEX findings_check ON findings (tenant, check_name, bucket);
