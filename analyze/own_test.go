package analyze

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A folder of the user's own adds queries or replaces them, and what can't be
// run is said when it is read, with its place.
func TestOwnQueries(t *testing.T) {
	const head = "-- title: Mine\n-- question: What?\n"
	tests := []struct{ name, text, want string }{
		{"good", head +
			"select bucket, count(*) as n from access where time >= :from and key <> 'a;?:x' group by bucket -- the end: ; ? :y", ""},
		{"with", head + "with x as (select 1 as n) select n from x", ""},
		{"no header", "select 1", "no title"},
		{"no question", "-- title: x\nselect 1", "no question"},
		{"unknown parameter", head + "select 1\nwhere 1 = :nope", "q.sql:4: unknown parameter :nope; known are :from"},
		{"two statements", head + "select 1; select 2", "more than one statement"},
		{"a delete", head + "delete from days", `begins with "delete"`},
		{"a hidden delete", head + "with x as (select 1) delete from days", "no SELECT"},
		{"an insert", head + "with x as (select 1) insert into days select * from days", "no SELECT"},
		{"no SQL", head + "select from where", "no SQL"},
		{"a question mark", head + "select ?", "write a parameter by its name"},
		{"records of others", head + "select * from delivered", "use the view access"},
		{"a quoted name", head + `select * from "delivered"`, "use the view access"},
		{"a file by a function", head + "select * from read_parquet('x')", "calls read_parquet"},
		{"a file by its name", head + "select * from access, 'data/x.parquet'", "no table for a saved query"},
		{"a file as a table", head + "select count(*) from (table \"/x/part-1.parquet\")", "no table for a saved query"},
		{"a file in brackets", head + "select count(*) from ('/x/part-1.parquet' as a cross join access)", "no table for a saved query"},
		{"a file beside", head + "select * from access positional join '/x/part-*'", "no table for a saved query"},
		{"a file in a list", head + "select * from access where key in (table '/x/p.parq')", "no table for a saved query"},
		{"a file summarized", head + "select * from (summarize '/x/part-1.parquet')", "describes or lists"},
		{"a file described", head + "select * from (describe '/x/part-1.parquet')", "describes or lists"},
		{"a file first", head + "select * from (from '/x/part-1.parquet')", "no table for a saved query"},
		{"a file under its own name", head +
			"with \"/x/a.parquet\" as (select * from \"/x/a.parquet\") select * from \"/x/a.parquet\"", "use a name of letters"},
		{"others under their own name", head + "with delivered as (select * from delivered) select * from delivered",
			"a table of bucketproof"},
		{"tables of the engine", head +
			"with duckdb_views as (select * from duckdb_views) select * from duckdb_views", "use a name of letters"},
		{"in a schema", head + "select * from main.delivered", "write the table alone"},
		{"in a catalog", head + "select * from memory.main.access", "write the table alone"},
		{"who the others are", head + "select * from other_requesters", "more than the tenant's own"},
		{"other SQL", head + "select * from query('x')", "calls query"},
		{"an escaped name", head + "select * from U&\"deliver\\0065d\"", "no SQL"},
		{"a setting", head + "select current_setting('x')", "calls current_setting"},
		{"the list of tables", head + "select * from duckdb_tables()", "calls duckdb_tables"},
		{"rows made", head + "select n from range(3) t(n), unnest([1]) u(x)", ""},
		{"a change of the engine", head + "select * from enable_profiling(save_location = '/x')", "calls enable_profiling"},
		{"slices and more", head + "select [1, 2, 3][1:2] as a, $$ x;y :z $$ as d, 'delivered' as e/* c */from access where time < :to",
			""},
		{"not UTF-8", head + "select '\xff'", "not UTF-8"},
		{"an open comment", head + "select 1 /* ", "not closed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "q.sql"), []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := LoadCatalog(t.Context(), dir)
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			s, err := c.Query("q")
			if err != nil || !s.Own {
				t.Fatal(err)
			}
			f := newFixture(t, oneTenant)
			f.at("2026-10-07T01:00:00Z", backup, "REST.PUT.OBJECT", "veeam/1")
			f.store("file:logs")
			if _, err := f.open("acme", "2026-10-07", "2026-10-07").Run(t.Context(), s, ""); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestEveryTableIsOpenOrClosed: which tables a query of the user's own may read is decided for
// each, and those that it may read tell nothing of the other tenants of a shared bucket.
func TestEveryTableIsOpenOrClosed(t *testing.T) {
	f := newFixture(t, twoTenants)
	const b = "bucket=shared-bucket"
	f.at("2026-10-07T01:00:00Z", "arn:aws:iam::111122223333:user/acme", "REST.PUT.OBJECT", "acme/1", b)
	for i, who := range []string{"arn:aws:iam::444455556666:user/beta", "arn:aws:iam::777788889999:user/beta-stranger"} {
		f.at("2026-10-07T01:00:01Z", who, "REST.PUT.OBJECT", fmt.Sprint("beta/", i), b, "agent=beta-tool", "ip=203.0.113.77")
		f.at("2026-10-07T01:00:02Z", who, "REST.PUT.BUCKETPOLICY", "-", b, "agent=beta-tool", "ip=203.0.113.77")
	}
	f.store("file:logs")
	v := f.open("acme", "2026-10-07", "2026-10-07")
	for _, name := range append(slices.Clone(derived), sortedKeys(v.lazy)...) {
		if err := v.ready(t.Context(), &Statement{SQL: name}); err != nil {
			t.Fatal(err)
		}
	}
	tables, err := v.engine.Query(t.Context(), "SELECT table_name FROM information_schema.tables")
	if err != nil || len(tables.Rows) < 40 {
		t.Fatalf("%d tables, %v", len(tables.Rows), err)
	}
	for _, row := range tables.Rows {
		name := fmt.Sprint(row[0])
		if slices.Contains(open, name) == slices.Contains(closed, name) {
			t.Errorf("%s is neither open nor closed, or both", name)
		}
		if !slices.Contains(open, name) {
			continue
		}
		result, err := v.engine.Query(t.Context(), "SELECT * FROM "+name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, row := range result.Rows {
			if text := fmt.Sprint(row...); strings.Contains(text, "beta") || strings.Contains(text, "444455556666") ||
				strings.Contains(text, "777788889999") || strings.Contains(text, "203.0.113.77") {
				t.Errorf("%s tells %s", name, text)
			}
		}
	}
}

// The printed SQL has its parameters and can be run.
func TestFinal(t *testing.T) {
	f := newFixture(t, oneTenant)
	f.at("2026-10-07T01:00:00Z", backup, "REST.PUT.OBJECT", "veeam/1")
	f.store("file:logs")
	v := f.open("acme", "2026-10-07", "2026-10-07")
	for _, s := range f.data.Catalog.Queries {
		v.Key = "veeam/1"
		if err := v.ready(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		text := v.Final(s, "acme-backups")
		if _, err := v.engine.Query(t.Context(), text); err != nil {
			t.Errorf("%s: %v in\n%s", s.Name, err, text)
		}
		if strings.Contains(text, ":from") || strings.Contains(text, "?") && !strings.Contains(s.SQL, "?") {
			t.Errorf("%s is not final:\n%s", s.Name, text)
		}
	}
	for _, s := range append(f.data.Catalog.Queries, f.data.Catalog.Checks...) {
		if _, err := v.Plan(t.Context(), s, ""); err != nil {
			t.Error(err)
		}
	}
}

// Further queries with an answer that the eye can check.
func TestAskedTables(t *testing.T) {
	f := newFixture(t, wide)
	f.add("2026-09-21T22:00:00Z", admin, "REST.GET.OBJECT", "veeam/job.vbm", "")
	f.add("2026-09-21T22:00:01Z", "arn:aws:sts::111122223333:assumed-role/Odd/s1", "REST.GET.OBJECT", "veeam/a%2520b",
		"ip=203.0.113.5 agent=S3Console/0.4")
	f.add("2026-09-21T22:00:02Z", "arn:aws:sts::111122223333:assumed-role/Odd/s2", "REST.PUT.OBJECT", "veeam/a+b",
		"ip=203.0.113.5 agent=aws-cli/2")
	f.add("2026-09-21T22:00:03Z", backup, "REST.GET.OBJECT", "veeam/a", "agent=curl/8")
	f.store("file:logs")
	v := f.open("acme", "2026-09-22", "2026-09-22")
	v.Key = "veeam/a b"
	const odd = "arn:aws:sts::111122223333:assumed-role/Odd"
	same(t, "source-ips", v.answer(t, "source-ips"), []string{
		"acme-backups|198.51.100.7|office||||2|2|0|2026-09-21T22:00:00Z|2026-09-21T22:00:03Z",
		"acme-backups|203.0.113.5|||||2|1|0|2026-09-21T22:00:01Z|2026-09-21T22:00:02Z",
	})
	same(t, "sensitive-keys", v.answer(t, "sensitive-keys"),
		[]string{"2026-09-21T22:00:00Z|acme-backups|veeam/*.vb?|veeam/job.vbm|Admin|" + admin + "|REST.GET.OBJECT|200|198.51.100.7"})
	same(t, "automation", v.answer(t, "automation"), []string{
		"acme-backups|person|" + odd + "|" + odd + "||browser|1|1|0|2026-09-21T22:00:01Z|2026-09-21T22:00:01Z",
		"acme-backups|program|Admin|" + admin + "|admin|program|1|1|0|2026-09-21T22:00:00Z|2026-09-21T22:00:00Z",
		"acme-backups|program|Nightly backup role|arn:aws:sts::111122223333:assumed-role/BackupRole|backup|command " +
			"line|1|1|0|2026-09-21T22:00:03Z|2026-09-21T22:00:03Z",
		"acme-backups|unclear|" + odd + "|" + odd + "||command line|1|1|1|2026-09-21T22:00:02Z|2026-09-21T22:00:02Z",
	})
	history := v.answer(t, "object-history")
	if len(history) != 2 || !strings.Contains(history[0], "veeam/a%2520b") || !strings.Contains(history[1], "veeam/a+b") {
		t.Errorf("object-history is %q", history)
	}
	same(t, "unmapped-requesters", v.answer(t, "unmapped-requesters"), []string{
		odd + `|111122223333|2|1|2026-09-21T22:00:01Z|2026-09-21T22:00:02Z|match = "` + odd + `/*"`,
	})
}

// TestParameters: whoever has the parameters of the manifest can run the statement.
func TestParameters(t *testing.T) {
	f := newFixture(t, oneTenant)
	v := f.open("acme", "2026-10-07", "2026-10-07")
	asked := 0
	for _, s := range f.data.Catalog.Queries {
		have := v.Parameters(s)
		for _, name := range s.params {
			if value, ok := have[name]; !ok || value != v.values("")[name] {
				t.Errorf("%s: parameter %s is %v", s.Name, name, value)
			}
			asked++
		}
	}
	if asked == 0 {
		t.Error("no query has a parameter")
	}
}
