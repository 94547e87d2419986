package analyze

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// A check whose columns are not those of a check says which, also on a day without any row.
func TestColumnsOfChecks(t *testing.T) {
	columns := []string{"bucket", "subject", "date", "count", "first_seen", "last_seen", "severity", "samples"}
	row := []any{"acme", "who", "2026-10-05", int64(3), time.Unix(1, 0), time.Unix(2, 0), "", []string{"o:1"}}
	with := func(at int, cell any) []any {
		out := slices.Clone(row)
		out[at] = cell
		return out
	}
	for name, test := range map[string]struct {
		columns []string
		rows    [][]any
		want    string
	}{
		"whole":            {columns, [][]any{row}, ""},
		"no sample":        {columns, [][]any{with(7, nil)}, ""},
		"who and expected": {append(columns, "expected", "who"), [][]any{append(slices.Clone(row), "5", []string{"a"})}, ""},
		"no row":           {columns[1:], nil, "it has no column bucket"},
		"no severity":      {slices.Delete(slices.Clone(columns), 6, 7), [][]any{row[:7]}, "it has no column severity"},
		"a count of text":  {columns, [][]any{row, with(3, "3")}, "column count is a text, where a whole number is needed"},
		"no time":          {columns, [][]any{with(4, nil)}, "column first_seen is NULL, where a time is needed"},
		"a single sample":  {columns, [][]any{with(7, "o:1")}, "column samples is a text, where a list of texts is needed"},
	} {
		each := func(do func([]string, []any) error) ([]string, error) {
			for _, r := range test.rows {
				if err := do(test.columns, r); err != nil {
					return test.columns, err
				}
			}
			return test.columns, nil
		}
		n := 0
		err := eachRow(checkResult, each, func(r checkRow) error {
			n++
			if r.Bucket != "acme" || r.Count != 3 || !r.LastSeen.Equal(time.Unix(2, 0)) {
				t.Errorf("%s: read %+v", name, r)
			}
			return nil
		})
		switch {
		case test.want == "" && (err != nil || n != len(test.rows)):
			t.Errorf("%s: %d rows, %v", name, n, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), checkResult)):
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}
