package state

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestEveryPlan explains each statement of the package as SQLite would run it: none searches
// through a whole table, but for those in scans, each with its reason.
func TestEveryPlan(t *testing.T) {
	s := opened(t)
	statements := statementsOf(t)
	if len(statements) < 60 {
		t.Fatalf("%d statements were found", len(statements))
	}
	searched := map[string]bool{}
	for _, text := range statements {
		rows, err := s.db.DB.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, make([]any, highest(text))...)
		if err != nil {
			if !strings.Contains(err.Error(), "incomplete input") && !strings.Contains(err.Error(), "syntax error") &&
				!strings.Contains(err.Error(), "no such column") {
				t.Errorf("%v in %s", err, text)
			}
			continue // a part of a statement
		}
		var plan []string
		for rows.Next() {
			var id, parent, other int
			var detail string
			if err := rows.Scan(&id, &parent, &other, &detail); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, detail)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		for _, step := range plan {
			table, ok := strings.CutPrefix(step, "SCAN ")
			if !ok || strings.HasPrefix(table, "(") || strings.HasPrefix(table, "CONSTANT") {
				continue
			}
			short := strings.Join(strings.Fields(text), " ")
			if _, known := scans[short]; !known {
				t.Errorf("%q: reads all of it: %s", short, step)
			}
			searched[short] = true
		}
	}
	for text := range scans {
		if !searched[text] {
			t.Errorf("%q is on the list and reads no whole table", text)
		}
	}
}

// statementsOf are the constant texts of the package that begin as statements. A text that is put
// together of several constants is one.
func statementsOf(t *testing.T) (out []string) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	// What is imported stays unknown, which constants of this package need not.
	values := types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	_, _ = (&types.Config{Error: func(error) {}}).Check("state", set, files, &values)
	begins := regexp.MustCompile(`^\s*(SELECT|UPDATE|DELETE|WITH)\b`)
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			value := values.Types[e].Value
			if value == nil || value.Kind() != constant.String {
				return true
			}
			if text := constant.StringVal(value); begins.MatchString(text) {
				out = append(out, text)
			}
			return false
		})
	}
	return out
}

// highest is how many parameters a statement takes.
func highest(text string) int {
	n := 0
	for _, m := range regexp.MustCompile(`\?([0-9]*)`).FindAllStringSubmatch(text, -1) {
		if m[1] == "" {
			n++
		} else if k, err := strconv.Atoi(m[1]); err == nil {
			n = max(n, k)
		}
	}
	return n
}

// scans are the statements that read a whole table, with why they may.
var scans = map[string]string{
	"SELECT b.bucket, sum(b.records), sum(b.rejected), max(o.delivered) FROM log_object_buckets b JOIN log_objects o ON o.id = b.object WHERE b.bucket <> '' GROUP BY b.bucket ORDER BY b.bucket": "metrics, every half hour: the sums of all buckets",
	"SELECT tenant, severity, count(*) FROM findings WHERE status <> 'resolved' GROUP BY tenant, severity ORDER BY 1, 2":                                                                          "metrics: the open findings of all tenants",
	"SELECT tenant, count(*) FROM packets GROUP BY tenant ORDER BY 1":                                                                                                                             "metrics: there are twelve packets a year and tenant",
	"SELECT status, count(*) FROM mails GROUP BY status ORDER BY 1":                                                                                                                               "metrics: mails are dropped after a year",
	"SELECT kind, status, count(*) FROM outbox GROUP BY kind, status ORDER BY 1, 2":                                                                                                               "metrics: messages are dropped after a year",
	"SELECT path, kind, bucket, date, rows, bytes, count(*) OVER (PARTITION BY kind, bucket, date) AS n FROM dataset_files WHERE date < ? AND bytes < ? AND retired IS NULL":                      "compaction, once a collection: all files that are small",
	"DELETE FROM dataset_files WHERE retired < ?":                                                                                                                                                 "once a collection: files that were replaced",
	"SELECT id, check_name, severity, tenant, bucket, subject, status, owner, due, cause, resolution, count, first, last, coalesce((SELECT withdrawn FROM finding_days WHERE finding = finding_summary.id AND withdrawn <> '' ORDER BY instr('checked,program,configuration', withdrawn) DESC LIMIT 1), '') FROM finding_summary": "the beginning of statements that go on with WHERE; as it stands, all findings, which a person lists",
	"UPDATE dataset_files SET retired = ? WHERE date < ? AND date <> '' AND retired IS NULL":                                                                                   "retention, once a day",
	"DELETE FROM log_incidents AS i WHERE kind = 'gone' AND EXISTS (SELECT 1 FROM log_objects o WHERE o.location = i.location AND o.key = i.key AND o.collected >= i.noticed)": "there are as many as log objects were changed or went",
	"SELECT path FROM dataset_files": "the files that belong to the dataset, once a collection",
	"SELECT tenant, month, revision, email, sending, name, role, message_id, status, attempts, next, detail, link, link_ends, queued, ended FROM mails": "statements with WHERE begin so; as it stands, all mails",
	"SELECT id, kind, tenant, subject, payload, status, attempts, next, detail, queued, ended FROM outbox":                                              "as above, of all messages",
	"DELETE FROM outbox WHERE status <> 'waiting' AND ended < ?":                                                                                        "once a day: messages of long ago",
	"SELECT key, title, since FROM alerts ORDER BY since, key":                                                                                          "there are as many as alerts last",
	"SELECT job, tenant, max(ended) FROM runs WHERE outcome IN ('done', 'attention') GROUP BY job, tenant ORDER BY job, tenant":                         "metrics: runs are dropped after a year",
	"SELECT max(id) FROM runs WHERE outcome IN ('done', 'attention') GROUP BY job, tenant":                                                              "part of dropping old runs, once a day",
	"SELECT id FROM findings WHERE substr(id, 1, length(?)) = ? ORDER BY id LIMIT 2":                                                                    "a person names a finding by the beginning of its ID",
	"SELECT path, kind, bucket, date, rows, bytes FROM (SELECT path, kind, bucket, date, rows, bytes, count(*) OVER (PARTITION BY kind, bucket, date) AS n FROM dataset_files WHERE date < ? AND bytes < ? AND retired IS NULL) WHERE n >= ? ORDER BY path":                                                                                                                                                                                          "compaction, once a collection: all files that are small",
	"SELECT id, check_name, severity, tenant, bucket, subject, status, owner, due, cause, resolution, count, first, last, coalesce((SELECT withdrawn FROM finding_days WHERE finding = finding_summary.id AND withdrawn <> '' ORDER BY instr('checked,program,configuration', withdrawn) DESC LIMIT 1), '') FROM finding_summary WHERE (tenant = ? OR ? = '') ORDER BY instr('low,medium,high', severity) DESC, tenant, bucket, check_name, subject": "one statement for a tenant and for all: a person's list, and once a packet",
	"SELECT l.id, l.tenant, l.month, l.revision, l.email, l.name, l.created, l.ends, l.max_downloads, l.downloads, l.revoked FROM links l WHERE l.tenant = ? OR ? = '' ORDER BY l.created DESC, l.id":                                                                                                                                                                                                                                                "a person lists the links, of a tenant or of all",
	"DELETE FROM runs WHERE ended < ? AND id NOT IN (SELECT max(id) FROM runs WHERE outcome IN ('done', 'attention') GROUP BY job, tenant)":                                                                                                                                                                                                                                                                                                          "once a day: runs of long ago",
}
