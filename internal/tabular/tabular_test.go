package tabular

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rivo/uniseg"
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
	want := "name,n,at,note\nZürich " +
		"<Café>,1234567,2026-10-01T10:00:00Z,\n\"'=HYPERLINK(\"\"http://x\"\")\",-5,,a\tb\u202e\x1b[31m\n-,0,,'-1+1\n"
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

// A table fits the terminal's columns, of which a wide character takes two, and
// no character is cut in two.
func TestTextFitsTheTerminal(t *testing.T) {
	wide := Table{Columns: []string{"key", "n"}, Rows: [][]any{
		{"備份/二〇二六年十一月/資料庫/完整備份檔案", int64(12)},
		{"cafe\u0301/" + strings.Repeat("e\u0301", 40), int64(3456)},
		{"👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦", int64(7)},
		{"short", int64(1)},
	}}
	for width := 14; width < 60; width++ {
		var b strings.Builder
		if err := Write(&b, wide, FormatTable, width); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
		for _, line := range lines {
			if n := uniseg.StringWidth(line); n > width || n != uniseg.StringWidth(lines[0]) {
				t.Errorf("at %d: %q takes %d columns, the head %d", width, line, n, uniseg.StringWidth(lines[0]))
			}
			if !utf8.ValidString(line) || strings.Contains(line, "e…") || strings.Contains(line, "\u200d…") {
				t.Errorf("at %d: %q is cut inside a character", width, line)
			}
		}
	}
}

// TestHostileCells: no text of a log is run by a spreadsheet or obeyed by a terminal, and
// JSON gives it back as it was.
func TestHostileCells(t *testing.T) {
	for _, cell := range []string{"=1+1", "＝1+1", "＋1", "－1", "＠x", " =1", "\u00a0=1", "\ufeff=1", "\u200b@x", "\t=1", "-1", "\n="} {
		var out strings.Builder
		if err := WriteCSV(&out, Table{Columns: []string{"c"}, Rows: [][]any{{cell}}}); err != nil ||
			!strings.Contains(out.String(), "'"+strings.ReplaceAll(cell, "\n", "\r\n")) {
			t.Errorf("%q is written as %q, %v", cell, out.String(), err)
		}
	}
	for _, cell := range []string{"-", "", "a=b", "ü", "1"} {
		if got := guard(cell); got != cell {
			t.Errorf("%q became %q", cell, got)
		}
	}
	hostile := "a\x1b[2J\u009b31m\u202e\u2066\x00\x7f\"\\ü😀\U000e0041z"
	for _, format := range []string{FormatCSV, FormatJSON, FormatTable} {
		var out strings.Builder
		if err := Write(&out, Table{Columns: []string{"c", hostile},
			Rows: [][]any{{hostile, []string{hostile, "b"}}}}, format, 80); err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(out.String(), func(r rune) bool { return r != '\n' && hidden(r) }); i >= 0 {
			t.Errorf("%s holds %q", format, out.String()[i:])
		}
	}
	var out strings.Builder
	if err := Write(&out, Table{Columns: []string{"c", "d"}, Rows: [][]any{{hostile, []string{hostile, "b"}}}}, FormatJSON, 0); err != nil {
		t.Fatal(err)
	}
	var back []struct {
		C string
		D []string
	}
	if err := json.Unmarshal([]byte(out.String()), &back); err != nil || back[0].C != hostile || back[0].D[0] != hostile {
		t.Errorf("%q, %v", back, err)
	}
}
