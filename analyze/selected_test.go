package analyze

import (
	"fmt"
	"strings"
	"testing"
)

// A check in either form gives the same findings.
func TestFormsOfAChecks(t *testing.T) {
	f := newFixture(t, oneTenant)
	for i := range 25 {
		f.at(fmt.Sprintf("2026-10-07T01:%02d:00Z", i), backup, "REST.PUT.OBJECT", fmt.Sprintf("veeam/%d", i))
	}
	f.at("2026-10-07T01:30:00Z", foreign, "REST.GET.OBJECT", "veeam/1")
	f.store("file:logs")
	v := f.open("acme", "2026-10-07", "2026-10-07")
	const header = "-- title: T\n-- question: Q?\n-- severity: medium\n-- scope: day\n"
	const records = `select a.bucket, case when a.key = 'veeam/1' then 'one' else 'others' end as subject, d.date, a.time, a.source_object, a.source_line,
       a.requester as who, 'none' as expected, case when a.operation = 'REST.GET.OBJECT' then 'high' when a.key < 'veeam/2' then 'low' else '' end as severity
from access a join quarters d on d.quarter = a.quarter where d.in_range and a.time >= :from and a.time < :to`
	const rows = "with r as (" + records + `), n as (
    select *, row_number() over (partition by bucket, subject, date order by time, source_object, source_line) as n from r
)
select bucket, subject, date, count(*) as count, min(time) as first_seen, max(time) as last_seen,
       case subject when 'one' then 'high' else '' end as severity,
       array_agg(source_object || ':' || cast(source_line as varchar) order by n) filter (where n <= 20) as samples,
       array_agg(distinct who) as who, max(expected) as expected
from n group by bucket, subject, date order by bucket, date, count desc, subject`
	found := map[string]string{}
	for form, text := range map[string]string{
		"rows":    header + rows,
		"records": header + "-- selects: records with who, expected, severity\n" + records,
	} {
		s, err := parseStatement("c.sql", "c", text, true)
		if err != nil {
			t.Fatal(err)
		}
		days, err := v.runCheck(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		found[form] = fmt.Sprintf("%+v", days)
		if n := strings.Count(found[form], "logs/"); n != 22 {
			t.Errorf("%s: %d samples, want 20 of 24 and 2 of 2 in %s", form, n, found[form])
		}
	}
	if found["rows"] != found["records"] {
		t.Errorf("rows give\n%s\nrecords\n%s", found["rows"], found["records"])
	}
	bare, err := parseStatement("c.sql", "c", header+"-- selects: records\n"+records, true)
	if err != nil {
		t.Fatal(err)
	}
	days, err := v.runCheck(t.Context(), bare)
	if err != nil {
		t.Fatal(err)
	}
	if rows := days[0].Rows; len(rows) != 2 || rows[0].Severity != "medium" || rows[0].Who != nil {
		t.Errorf("records alone give %+v", days)
	}
	if _, err := parseStatement("c.sql", "c", header+"-- selects: records with whom\n"+records, true); err == nil ||
		!strings.Contains(err.Error(), `c.sql:5: selects is "records with whom"; write records, or records with some of who, expected, severity`) {
		t.Errorf("an unknown column gives %v", err)
	}
}
