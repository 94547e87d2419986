// Package tabular writes rows as a text table, as CSV and as JSON. A [Table] gives the same
// values in all three. Times are RFC 3339 in UTC.
package tabular

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Table is named columns and rows. Cells are string, int64, int, float64, bool,
// [time.Time], []string or nil, which means unknown.
type Table struct {
	Columns []string
	Rows    [][]any
}

// Formats of [Write].
const (
	FormatTable = "table"
	FormatCSV   = "csv"
	FormatJSON  = "json"
)

// Write writes t in one of the formats, as a [Writer] does.
func Write(w io.Writer, t Table, format string, width int) error {
	out, err := NewWriter(w, t.Columns, format, width)
	if err != nil {
		return err
	}
	return out.table(t)
}

// Writer writes a table row by row. For CSV and JSON it holds no rows, for a text table
// only the first ones.
type Writer struct {
	row  func([]any) error
	done func() error
}

// NewWriter begins a table in one of the formats. Width is that of the terminal, in
// characters; 0 means no limit.
func NewWriter(w io.Writer, columns []string, format string, width int) (*Writer, error) {
	switch format {
	case FormatTable:
		t := newText(w, columns, width)
		return &Writer{t.row, t.close}, nil
	case FormatCSV:
		show := func(s string) string { return s }
		if width > 0 { // a terminal would obey what a log may hold
			show = Printable
		}
		return newCSV(w, columns, false, show), nil // a line feed alone, for the tools of a shell
	case FormatJSON:
		return newJSON(w, columns), nil
	}
	return nil, fmt.Errorf("--format is %q; write table, csv or json", format)
}

// Row writes a row.
func (w *Writer) Row(cells []any) error { return w.row(cells) }

// Close ends the table. It does not close the underlying writer.
func (w *Writer) Close() error { return w.done() }

func (w *Writer) table(t Table) error {
	for _, row := range t.Rows {
		if err := w.Row(row); err != nil {
			return err
		}
	}
	return w.Close()
}

// Cell is the text of a cell; "" if it is unknown.
func Cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format(time.RFC3339)
	case []string:
		return strings.Join(v, " ")
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}

// WriteCSV writes RFC 4180 with a header line, in UTF-8. A text cell that a spreadsheet
// would run as a formula gets an apostrophe in front; a lone -, which means unknown in
// access logs, does not.
func WriteCSV(w io.Writer, t Table) error {
	return newCSV(w, t.Columns, true, func(s string) string { return s }).table(t)
}

func newCSV(w io.Writer, columns []string, crlf bool, show func(string) string) *Writer {
	out := csv.NewWriter(w)
	out.UseCRLF = crlf
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = show(guard(c))
	}
	failed := out.Write(head)
	line := make([]string, len(columns))
	return &Writer{func(row []any) error {
		for i, cell := range row {
			line[i] = Cell(cell)
			switch cell.(type) {
			case string, []string:
				line[i] = show(guard(line[i]))
			}
		}
		return errors.Join(failed, out.Write(line))
	}, func() error {
		out.Flush()
		return errors.Join(failed, out.Error())
	}}
}

// guard keeps spreadsheets from running a cell (OWASP, CSV injection). Some take the
// wide forms of the signs for the signs, and pass over what does not show in front.
func guard(s string) string {
	if s == "" || s == "-" {
		return s
	}
	seen := strings.TrimLeftFunc(s, func(r rune) bool {
		return r == ' ' || r == '\u00a0' || hidden(r) && !strings.ContainsRune("\t\r\n", r)
	})
	if first, _ := utf8.DecodeRuneInString(seen); seen != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + s
	}
	return s
}

// JSONValue is a cell in a form that encoding/json writes correctly: a time as RFC 3339 in
// UTC, unknown as null, and a number that JSON does not have as text.
func JSONValue(cell any) any {
	switch v := cell.(type) {
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return Cell(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Cell(v)
		}
	}
	return cell
}

// newJSON writes one array of objects whose keys keep the order of the
// columns.
func newJSON(w io.Writer, columns []string) *Writer {
	out := bufio.NewWriterSize(w, 1<<16)
	var b bytes.Buffer
	n := 0
	return &Writer{func(row []any) error {
		b.Reset()
		b.WriteString(map[bool]string{true: "[", false: ","}[n == 0])
		n++
		b.WriteString("\n  {")
		for j, cell := range row {
			if j > 0 {
				b.WriteString(", ")
			}
			if err := appendJSON(&b, columns[j]); err != nil {
				return err
			}
			b.WriteString(": ")
			if err := appendJSON(&b, JSONValue(cell)); err != nil {
				return err
			}
		}
		b.WriteByte('}')
		_, err := out.Write(b.Bytes())
		return err
	}, func() error {
		end := "\n]\n"
		if n == 0 {
			end = "[]\n"
		}
		_, err := out.WriteString(end)
		return errors.Join(err, out.Flush())
	}}
}

// appendJSON writes a value. What does not show comes out as \uNNNN, which is the same text
// to whoever reads the JSON, and nothing that a terminal obeys.
func appendJSON(b *bytes.Buffer, v any) error {
	switch t := v.(type) {
	case string:
		if strings.IndexFunc(t, hidden) >= 0 {
			b.WriteString(escaped(t))
			return nil
		}
	case []string:
		if slices.ContainsFunc(t, func(s string) bool { return strings.IndexFunc(s, hidden) >= 0 }) {
			b.WriteByte('[')
			for i, s := range t {
				if i > 0 {
					b.WriteByte(',')
				}
				b.WriteString(escaped(s))
			}
			b.WriteByte(']')
			return nil
		}
	}
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the encoder's newline
	return nil
}

// looked is how many rows say how wide the columns of a text table are. What is wider
// behind them stands out.
const looked = 5000

// text is a text table. It aligns columns, numbers to the right. Where the table is wider
// than the terminal the widest columns are cut, with … at the cut.
type text struct {
	out    *bufio.Writer
	width  int
	cells  [][]string // the first ones, while their widths are not known
	right  []bool
	rows   int
	widths []int
}

func newText(w io.Writer, columns []string, width int) *text {
	t := &text{out: bufio.NewWriterSize(w, 1<<16), width: width, right: make([]bool, len(columns)), widths: make([]int, len(columns))}
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = Printable(c)
	}
	t.cells = append(t.cells, head)
	return t
}

func (t *text) row(row []any) error {
	line := make([]string, len(row))
	for j, cell := range row {
		line[j] = Printable(Cell(cell))
		number := false
		switch cell.(type) {
		case int64, int, float64, nil:
			number = true
		}
		if t.rows < looked {
			t.right[j] = number && (t.right[j] || t.rows == 0)
		}
	}
	t.rows++
	if t.rows > looked {
		return t.line(line)
	}
	if t.cells = append(t.cells, line); t.rows == looked {
		return t.first()
	}
	return nil
}

// first writes the first rows, from which the widths are taken.
func (t *text) first() error {
	for _, line := range t.cells {
		for j, s := range line {
			t.widths[j] = max(t.widths[j], uniseg.StringWidth(s))
		}
	}
	fit(t.widths, t.width)
	for _, line := range t.cells {
		if err := t.line(line); err != nil {
			return err
		}
	}
	t.cells = nil
	return nil
}

func (t *text) line(line []string) error {
	var b strings.Builder
	for j, s := range line {
		if j > 0 {
			b.WriteString("  ")
		}
		if t.width > 0 {
			s = cut(s, t.widths[j])
		}
		pad := strings.Repeat(" ", max(0, t.widths[j]-uniseg.StringWidth(s)))
		if t.right[j] {
			s = pad + s
		} else {
			s += pad
		}
		b.WriteString(s)
	}
	_, err := t.out.WriteString(strings.TrimRight(b.String(), " ") + "\n")
	return err
}

func (t *text) close() error {
	var err error
	if t.rows < looked {
		err = t.first()
	}
	return errors.Join(err, t.out.Flush())
}

// fit makes the widest columns narrower until the line fits.
func fit(widths []int, width int) {
	const narrowest = 3
	total := -2
	for _, n := range widths {
		total += n + 2
	}
	for width > 0 && total > width {
		widest := 0
		for j := range widths {
			if widths[j] > widths[widest] {
				widest = j
			}
		}
		if widths[widest] <= narrowest {
			return
		}
		widths[widest]--
		total--
	}
}

// cut shortens text to n columns of the terminal, between characters as a person
// sees them: an accent, a flag or a family stays whole.
func cut(s string, n int) string {
	if uniseg.StringWidth(s) <= n {
		return s
	}
	var b strings.Builder
	left, state := n-1, -1
	for s != "" {
		var cluster string
		var width int
		cluster, s, width, state = uniseg.FirstGraphemeClusterInString(s, state)
		if width > left {
			break
		}
		left -= width
		b.WriteString(cluster)
	}
	return b.String() + "…"
}

// Printable keeps text from a log from controlling the terminal: invisible characters come
// out as \uNNNN.
func Printable(s string) string {
	if strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hidden(r) {
			fmt.Fprintf(&b, "\\u%04x", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// escaped is a text as a string of JSON in ASCII.
func escaped(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < utf8.RuneSelf && !hidden(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, "\\u%04x\\u%04x", high, low)
		default:
			fmt.Fprintf(&b, "\\u%04x", r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func hidden(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }
