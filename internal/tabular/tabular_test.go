package tabular

import (
	"encoding/json"
	"errors"
	"fmt"
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

// TestCut: text is as long as it may be, to the column, and goes on behind nothing that was
// left out.
func TestCut(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"a世c", 3, "a…"}, {"a世cd", 4, "a世…"}, {"世世世", 5, "世世…"},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301…"}, {"ab", 1, "…"}} {
		if got := cut(c.text, c.n); got != c.want {
			t.Errorf("%q in %d columns is %q, want %q", c.text, c.n, got, c.want)
		}
	}
}

// TestFit: the widest columns give way first, and none is narrower than three.
func TestFit(t *testing.T) {
	for _, c := range []struct {
		widths []int
		width  int
		want   string
	}{
		{[]int{10, 4}, 16, "[10 4]"},
		{[]int{10, 4}, 15, "[9 4]"},
		{[]int{10, 4}, 9, "[3 4]"},
		{[]int{10, 9}, 16, "[7 7]"},
		{[]int{10, 2}, 3, "[3 2]"},
		{[]int{10, 4}, 0, "[10 4]"},
	} {
		fit(c.widths, c.width)
		if got := fmt.Sprint(c.widths); got != c.want {
			t.Errorf("in %d columns they are %s, want %s", c.width, got, c.want)
		}
	}
}

// TestCSVOnATerminal: what a log holds has no control over a terminal, and reaches a file as it is.
func TestCSVOnATerminal(t *testing.T) {
	for width, want := range map[int]string{0: "a\n\"x\x1b[31m\"\n", 80: "a\nx\\u001b[31m\n"} {
		var b strings.Builder
		w, err := NewWriter(&b, []string{"a"}, FormatCSV, width)
		if err == nil {
			err = errors.Join(w.Row([]any{"x\x1b[31m"}), w.Close())
		}
		if got := strings.ReplaceAll(b.String(), "\"", ""); err != nil || got != strings.ReplaceAll(want, "\"", "") {
			t.Errorf("width %d: %q, %v", width, got, err)
		}
	}
	if _, err := NewWriter(nil, nil, "xml", 0); err == nil || !strings.Contains(err.Error(), "write table, csv or json") {
		t.Error(err)
	}
}
