package tabular

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

var sample = Table{
	Columns: []string{"name", "n", "at", "note"},
	Rows: [][]any{
		{"Zürich <Café>", int64(1234567), time.Date(2026, 10, 1, 12, 0, 0, 0, time.FixedZone("x", 7200)), nil},
		{"=HYPERLINK(\"http://x\")", int64(-5), time.Time{}, "a\tb\u202e\x1b[31m"},
		{"-", int64(0), nil, "-1+1"},
	},
}

func write(t *testing.T, format string, width int) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, sample, format, width); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCSVIsSafeInASpreadsheet(t *testing.T) {
	want := "name,n,at,note\nZürich <Café>,1234567,2026-10-01T10:00:00Z,\n\"'=HYPERLINK(\"\"http://x\"\")\",-5,,a\tb\u202e\x1b[31m\n-,0,,'-1+1\n"
	if got := write(t, FormatCSV, 0); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestJSONIsOneArrayInColumnOrder(t *testing.T) {
	text := write(t, FormatJSON, 0)
	var rows []map[string]any
	if err := json.Unmarshal([]byte(text), &rows); err != nil || len(rows) != 3 {
		t.Fatalf("%v in %s", err, text)
	}
	if !strings.Contains(text, `{"name": "Zürich <Café>", "n": 1234567, "at": "2026-10-01T10:00:00Z", "note": null}`) {
		t.Errorf("got %s", text)
	}
}

func TestTableFitsTheTerminalAndKeepsItsControl(t *testing.T) {
	text := write(t, FormatTable, 40)
	if strings.ContainsAny(text, "\t\x1b\u202e") {
		t.Errorf("control characters reach the terminal: %q", text)
	}
	for _, line := range strings.Split(text, "\n") {
		if n := len([]rune(line)); n > 44 {
			t.Errorf("%d characters in %q", n, line)
		}
	}
	if wide := write(t, FormatTable, 0); !strings.Contains(wide, "1234567  2026-10-01T10:00:00Z") || !strings.Contains(wide, "     -5") {
		t.Errorf("numbers are not aligned:\n%s", wide)
	}
}
