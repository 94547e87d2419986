package reports

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// table is a CSV that is being read.
type table struct {
	head    []string       // as written
	columns map[string]int // by folded name
	rows    []tableRow
	// semicolons separate the columns, as where commas stand in front of decimals.
	semicolons, decimalComma bool
}

type tableRow struct {
	line   int64
	fields []string
}

// cell is the first of the columns that has a text.
func (t *table) cell(r tableRow, names ...string) string {
	for _, n := range names {
		if i, ok := t.columns[fold(n)]; ok && n != "" && i < len(r.fields) && strings.TrimSpace(r.fields[i]) != "" {
			return strings.TrimSpace(r.fields[i])
		}
	}
	return ""
}

func (t *table) has(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { _, ok := t.columns[fold(n)]; return ok && n != "" })
}

// readTable reads a CSV: one of a known tool, the configured columns, or
// date,bucket,objects,bytes.
func (p *parser) readTable(text string) {
	t, err := p.openTable(text)
	if err != nil {
		p.problem(0, "%s", unknownForm)
		return
	}
	read := p.byObject
	switch {
	case t.has("backupjobid", "copyjobid", "restorejobid") && t.has("jobstatus", "state"):
	case p.Columns.Start != "" && t.has(p.Columns.Start):
		p.missingColumns(t)
		read = p.configured
	case p.Columns.Start == "" && t.has("planname") && t.has("laststart", "starttime", "start") && t.has("status", "laststatus", "result"):
	case p.Columns.Start == "" && t.has("creationtime", "creationtimeutc") && t.has("result", "status", "state"):
	case t.has("date") && t.has("bytes"):
		read = p.plain
	default:
		if p.Columns.Start != "" {
			p.problem(0, "it has no column %q, which tenant.report_columns.start names, and is in no form that is known", p.Columns.Start)
		} else {
			p.problem(0, "%s", unknownForm)
		}
		return
	}
	p.known = true
	t.decimalComma = decimalComma(t.all(append(sizes, p.Columns.Bytes, p.Columns.Objects, "bytes", "objects")), t.semicolons)
	for _, row := range t.rows {
		if p.stop() {
			return
		}
		if len(row.fields) < len(t.head) && p.needs(t, len(row.fields)) {
			p.problem(row.line, "the row has %d columns and the head %d; was it written to its end?", len(row.fields), len(t.head))
			continue
		}
		if slices.ContainsFunc(row.fields[min(len(row.fields), len(t.head)):], func(f string) bool { return strings.TrimSpace(f) != "" }) {
			p.problem(row.line, "the row has %d columns and the head %d; put texts with the separator in quotes",
				len(row.fields), len(t.head))
			continue
		}
		read(t, row)
	}
}

// needs tells whether a column from a place on is one that the report is read by.
// Programs leave empty columns at the end of a row out.
func (p *parser) needs(t *table, from int) bool {
	c := p.Columns
	for i, h := range t.head[from:] {
		if i == 0 && from < 2 || slices.ContainsFunc([]string{c.ID, c.Bucket, c.Start, c.End, c.Objects, c.Bytes,
			c.Status, "result", "status", "bytes"},
			func(n string) bool { return n != "" && fold(n) == fold(h) }) {
			return true
		}
	}
	return false
}

// openTable reads the rows behind the head. What Excel (sep=;) and PowerShell (#TYPE)
// write above it, and heads that appending repeats, are no rows.
func (p *parser) openTable(text string) (*table, error) {
	skipped := int64(0)
	for {
		line, rest, more := strings.Cut(text, "\n")
		trimmed := strings.ToLower(strings.TrimSpace(line))
		if !more || trimmed != "" && !strings.HasPrefix(trimmed, "#type") && !strings.HasPrefix(trimmed, `"#type`) &&
			!strings.HasPrefix(trimmed, "sep=") {
			break
		}
		text, skipped = rest, skipped+1
	}
	t := &table{columns: map[string]int{}}
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	first, _, _ := strings.Cut(text, "\n")
	for _, separator := range []string{";", "\t", "|"} {
		if strings.Count(first, separator) > strings.Count(first, string(cmp.Or(r.Comma, ','))) {
			r.Comma = rune(separator[0])
		}
	}
	t.semicolons = r.Comma == ';'
	if widest(text, byte(r.Comma)) > 100*maxColumns {
		return nil, fmt.Errorf("a row has more than %d columns", 100*maxColumns)
	}
	for {
		fields, err := r.Read()
		var perr *csv.ParseError
		switch {
		case p.ctx.Err() != nil:
			return nil, p.ctx.Err()
		case errors.Is(err, io.EOF):
			if t.head == nil {
				return nil, io.ErrUnexpectedEOF
			}
			return t, nil
		case errors.As(err, &perr) && t.head != nil:
			p.problem(skipped+int64(perr.StartLine), "%s", perr.Err)
			continue
		case err != nil:
			return nil, err
		}
		line, _ := r.FieldPos(0)
		switch {
		case t.head == nil && len(fields) > maxColumns:
			return nil, fmt.Errorf("it has more than %d columns", maxColumns)
		case t.head == nil:
			t.head = fields
			for i, h := range fields {
				if _, ok := t.columns[fold(h)]; !ok {
					t.columns[fold(h)] = i
				}
			}
		case len(fields) == 1 && (strings.TrimSpace(fields[0]) == "" || strings.HasPrefix(fields[0], "#TYPE")),
			slices.Equal(fields, t.head):
		case len(t.rows) >= MaxSessions:
			p.leaveOut(skipped + int64(line))
			return t, nil
		default:
			fields = fields[:min(len(fields), maxColumns+1)]
			t.rows = append(t.rows, tableRow{skipped + int64(line), fields})
		}
	}
}

// widest is how many separators stand in a row, at most. The reader of CSV makes room
// for all of them.
func widest(text string, separator byte) (most int) {
	n, quoted := 0, false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == separator:
			n++
			most = max(most, n)
		case c == '\n':
			n = 0
		}
	}
	return most
}

// sizes are the columns of known tools that hold a number of bytes, as they are
// written for people.
var sizes = []string{"datacopied", "copied", "datauploaded", "transferreddatabytes", "transferedsize", "transferredsize"}

// all are the texts of some columns.
func (t *table) all(columns []string) (out []string) {
	for _, row := range t.rows {
		for _, c := range columns {
			if text := t.cell(row, c); text != "" {
				out = append(out, text)
			}
		}
	}
	return out
}

// byObject reads a row of a tool whose columns are named like the members of its
// JSON.
func (p *parser) byObject(t *table, row tableRow) {
	o := &object{line: row.line, members: map[string]any{}}
	for name, i := range t.columns {
		if i < len(row.fields) {
			o.members[name] = strings.TrimSpace(row.fields[i])
		}
	}
	for _, name := range sizes {
		if text := o.text(name); text != "" {
			n, err := amount(text, t.decimalComma)
			if err != nil {
				p.problem(row.line, "%s: %s", name, err)
				return
			}
			o.members[name] = strconv.FormatInt(n, 10)
		}
	}
	if !p.recognize(o) {
		p.problem(row.line, "the row lacks its ID, start or status")
	}
}

// missingColumns notes configured columns that the CSV does not have: a name that is
// written wrong must not read as "nothing to tell".
func (p *parser) missingColumns(t *table) {
	c := p.Columns
	for _, n := range []struct{ key, name string }{{"id", c.ID}, {"job", c.Job}, {"bucket", c.Bucket}, {"end",
		c.End}, {"objects", c.Objects}, {"bytes", c.Bytes}, {"status", c.Status}} {
		if n.name != "" && !t.has(n.name) {
			p.problem(1, "it has no column %q, which tenant.report_columns.%s names", n.name, n.key)
		}
	}
}

// configured reads a row by the configured columns.
func (p *parser) configured(t *table, row tableRow) {
	c := p.Columns
	r := record{start: t.cell(row, c.Start), end: t.cell(row, c.End),
		Session: Session{Tool: Table, ID: t.cell(row, c.ID), Bucket: t.cell(row, c.Bucket), Line: row.line,
			State: Succeeded, Status: "reported",
			Job: t.cell(row, c.Job, "jobname", "job", "planname", "plan")}}
	if r.ID != "" {
		r.ID += " " + r.start // an ID of a job is no ID of a session
	}
	switch {
	case t.has(c.Status):
		r.Status = t.cell(row, c.Status)
		r.State = p.status(r.Status)
	case c.Status != "":
		r.State, r.Status = Unclear, ""
	case t.has("result", "status"):
		r.Status = t.cell(row, "result", "status")
		r.State = p.status(r.Status)
	}
	if p.amounts(t, row, &r, c.Objects, c.Bytes) {
		p.add(r)
	}
}

// plain reads a row of date,bucket,objects,bytes and perhaps job and status.
func (p *parser) plain(t *table, row tableRow) {
	r := record{Session: Session{Tool: Plain, Bucket: t.cell(row, "bucket"), Date: t.cell(row, "date"),
		Job: t.cell(row, "job"), Line: row.line,
		State: Succeeded, Status: "reported"}}
	if _, err := time.Parse(time.DateOnly, r.Date); err != nil {
		p.lose(row.line, p.guess(r.Date, p.Location), "date is %q; write YYYY-MM-DD, the day on which the night begins", r.Date)
		return
	}
	if t.has("status", "result") {
		r.Status = t.cell(row, "status", "result")
		r.State = p.status(r.Status)
	}
	if p.amounts(t, row, &r, "objects", "bytes") {
		p.add(r)
	}
}

// amounts reads the figures of a row.
func (p *parser) amounts(t *table, row tableRow, r *record, objects, size string) bool {
	var err error
	for _, a := range []struct {
		column string
		to     *int64
	}{{objects, &r.Objects}, {size, &r.Bytes}} {
		if *a.to, err = amount(t.cell(row, a.column), t.decimalComma); err != nil {
			at := p.guess(cmp.Or(r.Date, r.start), p.Location)
			p.lose(row.line, at, "%s: %s", a.column, err)
			return false
		}
	}
	return true
}
