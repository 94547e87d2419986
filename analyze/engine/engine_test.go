package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/dataset"
)

// opened is an engine over files, with tables and views.
func opened(t *testing.T, slice Slice, tables []Table, views ...View) *DuckDB {
	t.Helper()
	e, err := OpenDuckDB(t.Context(), slice, Options{MemoryLimit: 200_000_000, TempDir: filepath.Join(t.TempDir(), "spill")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, table := range tables {
		if err := e.Load(t.Context(), table); err != nil {
			t.Fatal(err)
		}
	}
	for _, view := range views {
		if err := e.Derive(t.Context(), view); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func ask(t *testing.T, e *DuckDB, sql string, args ...any) [][]any {
	t.Helper()
	r, err := e.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return r.Rows
}

// parquet writes a file with the SQL that DuckDB has for it, in a folder of its own.
func parquet(t *testing.T, query string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "it's", "part.parquet")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := NewParser()
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.db.ExecContext(t.Context(), "COPY ("+query+") TO '"+strings.ReplaceAll(path, "'", "''")+"' (FORMAT parquet)")
	if err = errors.Join(err, p.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestCells: each type of DuckDB comes as the cells that a result promises, and what would
// come out wrong is an error.
func TestCells(t *testing.T) {
	e := opened(t, Slice{}, nil)
	for sql, want := range map[string]any{
		"NULL":                                nil,
		"'Zürich'":                            "Zürich",
		"true":                                true,
		"9223372036854775807":                 int64(9223372036854775807),
		"(-5)::TINYINT":                       int64(-5),
		"(-5)::SMALLINT":                      int64(-5),
		"(-5)::INTEGER":                       int64(-5),
		"5::UTINYINT":                         int64(5),
		"5::USMALLINT":                        int64(5),
		"5::UINTEGER":                         int64(5),
		"9223372036854775807::UBIGINT":        int64(9223372036854775807),
		"sum(5::BIGINT)":                      int64(5),
		"1.5::FLOAT":                          1.5,
		"1.5::DOUBLE":                         1.5,
		"1.50::DECIMAL(9, 2)":                 1.5,
		"'x'::BLOB":                           "x",
		"TIMESTAMP '2026-10-07 12:00:00.123'": time.Date(2026, 10, 7, 12, 0, 0, 123_000_000, time.UTC),
		"TIMESTAMPTZ '2026-10-07 12:00:00+02:00'": time.Date(2026, 10, 7, 10, 0, 0, 0, time.UTC),
		"['a', 'b']": []string{"a", "b"},
		"[1, 2]":     []string{"1", "2"},
	} {
		if got := ask(t, e, "SELECT "+sql)[0][0]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %#v, want %#v", sql, got, want)
		}
	}
	for sql, want := range map[string]string{
		"9223372036854775808::UBIGINT": "column x: 9223372036854775808 does not fit",
		"sum(9223372036854775807) + 1": "column x: 9223372036854775808 does not fit into 64 bits",
		"INTERVAL 1 DAY":               "can't be shown; cast it in the SQL",
		"{'a': 1}":                     "can't be shown; cast it in the SQL",
		"1/":                           "syntax error",
	} {
		if _, err := e.Query(t.Context(), "SELECT "+sql+" AS x"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", sql, err, want)
		}
	}
}

// TestClosedIn: SQL in a slice reads its own files and tables and nothing else, and can't open
// itself a way out.
func TestClosedIn(t *testing.T) {
	mine := parquet(t, "SELECT 'mine' AS bucket")
	other := parquet(t, "SELECT 'other' AS bucket")
	e := opened(t, Slice{Access: []string{mine}, Rows: 1}, nil)
	if got := ask(t, e, "SELECT bucket FROM delivered"); len(got) != 1 || got[0][0] != "mine" {
		t.Errorf("the slice holds %v", got)
	}
	quoted := strings.ReplaceAll(other, "'", "''")
	for _, sql := range []string{
		"SELECT * FROM read_parquet('" + quoted + "')", "SELECT * FROM '" + quoted + "'", "SELECT * FROM read_text('/etc/passwd')",
		"SELECT * FROM read_csv('https://example.com/x.csv')", "COPY (SELECT 1) TO '" + filepath.Join(t.TempDir(), "x") + "'",
		"ATTACH '" + filepath.Join(t.TempDir(), "x.db") + "'", "INSTALL httpfs", "LOAD httpfs", "SET enable_external_access = true",
		"SET memory_limit = '100GB'", "RESET allowed_directories",
	} {
		if _, err := e.Query(t.Context(), sql); err == nil {
			t.Errorf("%s is answered", sql)
		}
	}
	if got := ask(t, e, "SELECT current_setting('TimeZone')")[0][0]; got != "UTC" {
		t.Errorf("times are of %v", got)
	}
}

// TestEmptySlice: without any file the views are there, with all columns and no row.
func TestEmptySlice(t *testing.T) {
	e := opened(t, Slice{}, nil)
	for view, kind := range map[string]string{"delivered": dataset.Access, "delivered_events": dataset.Trail,
		"rejected_lines": dataset.Rejected} {
		want := declared(kind)
		r, err := e.Query(t.Context(), "SELECT * FROM "+view)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, c := range want {
			if c.Name != "raw" { // what could not be read goes nowhere
				names = append(names, c.Name)
			}
		}
		if len(r.Rows) != 0 || !reflect.DeepEqual(r.Columns, names) || r.At(names[1]) != 1 || r.At("raw") != -1 {
			t.Errorf("%s has %d rows of %v", view, len(r.Rows), r.Columns)
		}
	}
}

// TestRejectedLines: the text of a line that can't be read is in no view.
func TestRejectedLines(t *testing.T) {
	path := parquet(t, "SELECT 'b' AS bucket, 'why' AS reason, 'secret'::BLOB AS raw")
	r, err := opened(t, Slice{Rejected: []string{path}}, nil).Query(t.Context(), "SELECT * FROM rejected_lines")
	if err != nil || len(r.Rows) != 1 || strings.Join(r.Columns, " ") != "bucket reason" {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestTables: tables and views are there by their names, in their order, and a table that is
// loaded again gets the rows, too.
func TestTables(t *testing.T) {
	table := Table{Name: "windows", Columns: []Column{{"name", Text}, {"n", Int}, {"f", Double}, {"yes", Bool}, {"seen", Time}},
		Rows: [][]any{{"a", int64(1), 0.5, true, time.Date(2026, 10, 7, 0, 0, 0, 0, time.UTC)}, {nil, nil, nil, nil, nil}}}
	if table.At("seen") != 4 || table.At("none") != -1 {
		t.Error("columns are not found by name")
	}
	for _, rows := range []int64{0, fewRows} { // views are tables in a small slice
		e := opened(t, Slice{Rows: rows, Macros: map[string]string{"double(x)": "2 * x"}}, []Table{table},
			View{"named", "SELECT name, double(n) AS twice FROM windows WHERE name IS NOT NULL"}, View{"again", "SELECT twice FROM named"})
		if err := e.Load(t.Context(), Table{Name: "windows", Columns: table.Columns, Rows: table.Rows[:1]}); err != nil {
			t.Fatal(err)
		}
		want := int64(2)
		if rows == 0 {
			want = 1
		}
		if got := ask(t, e, "SELECT count(*), max(twice) FROM again")[0]; got[0] != want || got[1] != int64(2) {
			t.Errorf("%d rows: %v, want %d", rows, got, want)
		}
		if got := ask(t, e, "SELECT * FROM windows WHERE n = ?", 1); len(got) != 2 || !reflect.DeepEqual(got[0], table.Rows[0]) {
			t.Errorf("the table holds %v", got)
		}
		if err := e.Load(t.Context(), Table{Name: "windows", Columns: table.Columns,
			Rows: [][]any{{"a", "text", 0.5, true, nil}}}); err == nil {
			t.Error("a row of other types is taken")
		}
	}
}

// TestBroken: what can't be opened is no engine, leaves nothing behind and says what it was;
// what can't be loaded or derived is an error.
func TestBroken(t *testing.T) {
	dir := t.TempDir()
	for want, slice := range map[string]Slice{
		"No files":     {Access: []string{filepath.Join(dir, "none.parquet")}},
		"Parser Error": {Macros: map[string]string{"f(x)": "("}},
	} {
		_, err := OpenDuckDB(t.Context(), slice, Options{MemoryLimit: 200_000_000, TempDir: dir})
		if err == nil || !strings.HasPrefix(err.Error(), "open DuckDB: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("there are left %v, %v", left, err)
	}
	e := opened(t, Slice{}, nil)
	if err := e.Load(t.Context(), Table{Name: "t", Columns: []Column{{"a", "NOTYPE"}}}); err == nil {
		t.Error("a table of no type is loaded")
	}
	if err := e.Derive(t.Context(), View{"v", "SELECT nothing"}); err == nil {
		t.Error("a view of nothing is derived")
	}
}

// TestFirst: of very many rows the first are held, and the others counted and added up.
func TestFirst(t *testing.T) {
	e := opened(t, Slice{}, nil)
	const sql = "SELECT 'x' || n AS name, n, n / 2.0 AS half FROM range(1, 11) r(n) ORDER BY n"
	r, err := e.First(t.Context(), 3, sql)
	if err != nil || len(r.Rows) != 3 || r.More != 7 || len(r.Rest) != 1 || r.Rest["n"] != 4+5+6+7+8+9+10 || r.Rows[2][0] != "x3" {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := e.First(t.Context(), 10, sql); err != nil || len(r.Rows) != 10 || r.More != 0 || r.Rest != nil {
		t.Errorf("all: %+v, %v", r, err)
	}
	stop := errors.New("stop")
	n := 0
	if _, err := e.Each(t.Context(), func([]string, []any) error {
		if n++; n == 2 {
			return stop
		}
		return nil
	}, sql); !errors.Is(err, stop) || n != 2 {
		t.Errorf("stopped at row %d with %v", n, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Query(ended, sql); err == nil {
		t.Error("a question whose context has ended is answered")
	}
}

// TestKind: many small files are read once, few or large ones where they lie.
func TestKind(t *testing.T) {
	for _, c := range []struct {
		files       int
		rows, bytes int64
		want        string
	}{
		{someFiles, 10, 10, "VIEW"},
		{someFiles + 1, rowsOfOne - 1, 10, "TABLE"},
		{someFiles + 1, rowsOfOne, 10, "VIEW"},
		{manyFiles, rowsOfOne, 10, "VIEW"},
		{manyFiles + 1, fewRows - 1, fewBytes - 1, "TABLE"},
		{manyFiles + 1, fewRows, fewBytes - 1, "VIEW"},
		{manyFiles + 1, fewRows - 1, fewBytes, "VIEW"},
	} {
		if got := kind(Slice{Access: make([]string, c.files), Rows: c.rows, Bytes: c.bytes}); got != c.want {
			t.Errorf("%d files of %d rows and %d bytes: %s, want %s", c.files, c.rows, c.bytes, got, c.want)
		}
	}
}

// TestParse: a statement's names are those that DuckDB itself reads, however they are written.
func TestParse(t *testing.T) {
	p, err := NewParser()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}()
	for sql, want := range map[string]Names{
		"SELECT 1": {},
		"SELECT a.x FROM Access a JOIN days USING (x)": {Tables: []string{"access", "days"}},
		"FROM access":               {Tables: []string{"access"}},
		"TABLE \"/x/part.parquet\"": {Tables: []string{"/x/part.parquet"}},
		"SELECT * FROM '/x/part.parquet' UNION SELECT * FROM access": {Tables: []string{"/x/part.parquet", "access"}},
		"SELECT * FROM information_schema.tables":                    {Tables: []string{"information_schema.tables"}},
		"SELECT * FROM a.b.c":                                        {Tables: []string{"a.b.c"}},
		"WITH mine AS (SELECT * FROM access) SELECT * FROM mine":     {Tables: []string{"access", "mine"}, Local: []string{"mine"}},
		"SELECT * FROM read_text('/etc/passwd')":                     {Functions: []string{"read_text"}, TableFunctions: []string{"read_text"}},
		"SELECT (SELECT max(k) FROM access), COUNT(*)":               {Tables: []string{"access"}, Functions: []string{"count_star", "max"}},
		"SELECT row_number() OVER (ORDER BY 1)":                      {Functions: []string{"row_number"}},
		"DESCRIBE access":                                            {Tables: []string{"access"}, Shows: true},
		"SELECT * FROM access WHERE x IN (SELECT y FROM '/z.csv')":   {Tables: []string{"/z.csv", "access"}},
	} {
		got, err := p.Parse(t.Context(), sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
			t.Errorf("%s names\n%s, want\n%s", sql, g, w)
		}
	}
	for sql, want := range map[string]string{"SELEC 1": "it is no SQL: ", "SELECT 1; SELECT 2": "it holds 2 statements",
		"": "it holds 0 statements", "INSERT INTO a VALUES (1)": "it is no SELECT", "DROP TABLE a": "it is no SELECT"} {
		if _, err := p.Parse(t.Context(), sql); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", sql, err, want)
		}
	}
	if v, err := Version(t.Context()); err != nil || !strings.HasPrefix(v, "v1.") {
		t.Errorf("version %q, %v", v, err)
	}
}
