package engine

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

type key struct {
	Bucket string `column:"bucket"`
	Date   string `column:"date"`
}

type figures struct {
	key
	Requests int64     `column:"requests"`
	Share    float64   `column:"share,null"`
	Failed   bool      `column:"failed"`
	Late     *int64    `column:"late,optional"`
	Rate     *float64  `column:"rate,optional"`
	First    time.Time `column:"first,null"`
	Who      []string  `column:"who,optional"`
	Expected string    `column:"expected,optional"`
}

func TestRows(t *testing.T) {
	first := time.Date(2026, 10, 5, 1, 0, 0, 0, time.UTC)
	columns := []string{"failed", "who", "date", "bucket", "requests", "share", "more", "first", "late", "rate"}
	late, rate := int64(0), 0.25
	got, err := Rows[figures]("query q", columns, [][]any{
		{true, []string{"a"}, "2026-10-05", "acme", int64(7), 0.5, nil, first, late, rate},
		{false, nil, "2026-10-06", "acme", int64(0), nil, int64(1), nil, nil, nil},
	})
	want := []figures{
		{key: key{"acme", "2026-10-05"}, Requests: 7, Share: 0.5, Failed: true, First: first, Who: []string{"a"},
			Late: &late, Rate: &rate},
		{key: key{"acme", "2026-10-06"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if got, err := Rows[figures]("query q", columns, nil); err != nil || len(got) != 0 {
		t.Errorf("no row is %+v, %v", got, err)
	}
}

func TestRowsSayWhatIsWrong(t *testing.T) {
	columns := []string{"bucket", "date", "requests", "share", "failed", "first"}
	at := time.Unix(0, 0)
	row := []any{"b", "d", int64(1), 1.0, true, at}
	with := func(at int, cell any) []any {
		out := slices.Clone(row)
		out[at] = cell
		return out
	}
	for name, test := range map[string]struct {
		columns []string
		row     []any
		want    string
	}{
		"no column": {columns[1:], nil,
			"query q: it has no column bucket, which is needed; its columns are date, requests, share, failed, first"},
		"twice":      {append(columns, "date"), nil, "query q: two of its columns are named date; give one another name"},
		"NULL":       {columns, with(0, nil), "query q: column bucket is NULL, where a text is needed"},
		"text":       {columns, with(2, "secret"), "query q: column requests is a text, where a whole number is needed"},
		"integer":    {columns, with(3, int64(1)), "column share is a whole number, where a number with a fraction is needed"},
		"number":     {columns, with(2, 1.5), "column requests is a number with a fraction, where a whole number is needed"},
		"time":       {columns, with(1, at), "column date is a time, where a text is needed"},
		"list":       {columns, with(4, []string{"secret"}), "column failed is a list of texts, where true or false is needed"},
		"bool":       {columns, with(5, false), "column first is true or false, where a time is needed"},
		"no text":    {columns, with(0, int64(1)), "column bucket is a whole number, where a text is needed"},
		"swapped":    {[]string{"requests", "date", "bucket", "share", "failed", "first"}, row, "column bucket is a whole number"},
		"no list":    {append(columns, "who"), append(row, "secret"), "column who is a text, where a list of texts is needed"},
		"pointer":    {append(columns, "late"), append(row, 1.5), "column late is a number with a fraction"},
		"both wrong": {columns, make([]any, len(columns)), "column bucket is NULL"},
	} {
		var rows [][]any
		if test.row != nil {
			rows = [][]any{test.row}
		}
		_, err := Rows[figures]("query q", test.columns, rows)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

// TestRowsOfDuckDB reads what DuckDB answers.
func TestRowsOfDuckDB(t *testing.T) {
	ctx := context.Background()
	e, err := OpenDuckDB(ctx, Slice{}, Options{MemoryLimit: 100 << 20, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	result, err := e.Query(ctx, `select true as failed, ['x', 'y'] as who, '2026-10-05' as date, 'acme' as bucket,
		sum(n) as requests, avg(n) as share, timestamptz '2026-10-05 01:00:00Z' as first from range(3) r(n)`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Rows[figures]("query q", result.Columns, result.Rows)
	want := []figures{{key: key{"acme", "2026-10-05"}, Requests: 3, Share: 1, Failed: true,
		First: time.Date(2026, 10, 5, 1, 0, 0, 0, time.UTC), Who: []string{"x", "y"}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestColumnsAndCells(t *testing.T) {
	type night struct {
		key
		Bytes int64   `column:"bytes"`
		Share float64 `column:"share"`
	}
	wantColumns := []Column{{"bucket", Text}, {"date", Text}, {"bytes", Int}, {"share", Double}}
	if got := ColumnsOf[night](); !reflect.DeepEqual(got, wantColumns) {
		t.Errorf("columns are %v, want %v", got, wantColumns)
	}
	wantCells := []any{"acme", "2026-10-05", int64(7), 0.5}
	if got := CellsOf(&night{key{"acme", "2026-10-05"}, 7, 0.5}); !reflect.DeepEqual(got, wantCells) {
		t.Errorf("cells are %v, want %v", got, wantCells)
	}
}
