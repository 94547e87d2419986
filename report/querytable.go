package report

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"bucketproof/analyze"
	"bucketproof/report/draw"
)

// maxRows is how many rows of a table are printed; the CSV has them all.
const maxRows = 60

// rowsOf is how many rows of a query's answer are printed: maxRows, or as many as its header
// says, and a few more where these are all.
func rowsOf(query *analyze.Statement, rows int) int {
	n := cmp.Or(query.Place.Rows, maxRows)
	if rows <= n+n/10 {
		return rows
	}
	return n
}

// rowsNote says how many of the rows are printed.
func (p *Packet) rowsNote(shown, all int) string {
	switch {
	case all <= 1:
		return p.say("rows.few", "n", all)
	case shown == all:
		return p.say("rows.all", "all", all)
	}
	return p.say("rows.first", "n", shown, "all", all)
}

// file names the CSV of a query with its hash.
func (d *pages) file(query string) string { return d.fileOf(csvPath(query)) }

func (d *pages) fileOf(path string) string { return path + ", SHA-256 " + d.hashes[path] }

// monospaced are the columns that hold what machines read.
var monospaced = []string{"requester", "key", "sample_key", "prefix", "operation", "user_agent", "error_code",
	"source", "remote_ip", "address", "source_ip", "request_id", "object"}

// query prints the answer of a saved query under its title.
func (d *pages) query(name string) error {
	p := d.p
	t := p.shownTable(name)
	s := t.Statement
	title, question := s.Title, s.Question
	if !s.Own {
		title, question = p.Text.Or("query."+name+".title", title), p.Text.Or("query."+name+".question", question)
	}
	if builtIn, ok := strings.CutSuffix(name, builtInSuffix); ok {
		title = p.say("table.built-in", "title", p.Text.Or("query."+builtIn+".title", s.Title))
	}
	table, rows := d.printed(t)
	d.Heading(title, d.Start(table, rows)+10)
	d.Paragraph(draw.Margin, d.Column, draw.Regular, draw.TextSize, draw.Muted, question)
	d.Space(1.5)
	if len(t.Rows) == 0 {
		d.Text(p.emptyNote(name))
	} else {
		d.Draw(table, rows)
	}
	shown := min(len(t.Rows), rowsOf(s, len(t.Rows)))
	order := ""
	if shown < len(t.Rows) && slices.Contains(t.Columns, "verdict") {
		order = ", " + p.say("rows.worst-first")
	}
	if t.More > 0 {
		order += ", " + p.say("rows.more", "n", t.More, "query", t.Statement.Name)
	}
	d.Note(p.say("table.note", "rows", p.rowsNote(shown, len(t.Rows))+order, "file", csvPath(name), "sha256",
		d.hashes[csvPath(name)], "zone", p.Range.Location.String()))
	for _, c := range t.Columns {
		note := s.Notes[c]
		if note == "" {
			continue
		}
		if !s.Own {
			note = p.Text.Or("query."+name+".column."+c, note)
		}
		d.Paragraph(draw.Margin, d.Column, draw.Regular, draw.NoteSize, draw.Muted, p.headOf(s, c)+": "+note+".")
	}
	d.Space(2)
	return nil
}

// drawn notes below a chart where the data of a query are that it draws.
func (d *pages) drawn(name string) {
	if d.p.core[name] != nil {
		name += builtInSuffix
	}
	t := d.p.shownTable(name)
	d.Note(d.p.say("table.drawn", "n", len(t.Rows), "file", csvPath(name), "sha256", d.hashes[csvPath(name)]))
}

// emptyNote says what it means that a query returned nothing.
func (p *Packet) emptyNote(query string) string {
	switch {
	case query == "cross-account" && len(p.Tenant.Accounts) == 0:
		return p.say("empty.accounts")
	case p.Totals.Records == 0:
		return p.say("empty.dark")
	case p.unheard(p.shownTable(query).Statement):
		return p.say("empty.gaps")
	}
	return p.say("empty.clean")
}

// unheard tells whether a witness that must have spoken for no row to mean anything was
// silent on a day of the month.
func (p *Packet) unheard(s *analyze.Statement) bool {
	heard := s.Witness
	if len(heard) == 0 {
		heard = []string{analyze.WitnessLog} // a query of the user's own
	}
	return slices.ContainsFunc(p.Witnesses, func(w analyze.WitnessDay) bool {
		return slices.Contains(heard, w.Witness) && w.State != analyze.Spoke
	})
}

// printedRows are the rows of a table that the page has room for. Where
// verdicts are cut, those that are not ok stand first.
func printedRows(t *Table) [][]any {
	n := rowsOf(t.Statement, len(t.Rows))
	verdict := slices.Index(t.Columns, "verdict")
	if len(t.Rows) <= n || verdict < 0 {
		return t.Rows[:min(len(t.Rows), n)]
	}
	rows := slices.Clone(t.Rows)
	sortBy(rows, func(row []any) int {
		if row[verdict] == verdictOK || row[verdict] == "agrees" {
			return 1
		}
		return 0
	})
	return rows[:n]
}

// markedVerdicts are those of the columns named verdict.
var markedVerdicts = map[string]draw.Mark{verdictOK: draw.OK, verdictAttention: draw.Attention,
	verdictMissed: draw.Missed, verdictNotEvaluated: draw.Unknown, "agrees": draw.OK}

// markedOutcomes are those of the columns named outcome.
var markedOutcomes = map[string]draw.Mark{"ok": draw.OK, "warning": draw.Attention, "fault": draw.Missed, "not known": draw.Unknown}

// words are the columns whose texts are words of bucketproof's own, and not of
// the log.
var words = []string{"verdict", "actor", "agent_kind", "direction", "side", "difference", "reason", "witness", "outcome"}

// word is a text of such a column in the packet's language. Which texts are reasons is
// known from the witnesses.
func (d *pages) word(text string) string {
	if d.reasons == nil {
		d.reasons = analyze.ReasonsByWords(d.p.Witnesses)
	}
	if why, ok := d.reasons[text]; ok {
		return d.p.Text.Reason(why)
	}
	return d.p.Text.Phrase(text)
}

func (d *pages) printed(t *Table) (*draw.Table, [][]draw.Cell) {
	p := d.p
	place := t.Statement.Place
	widths := place.Widths
	cols := make([]draw.Column, len(t.Columns))
	for i, name := range t.Columns {
		cols[i] = draw.Column{Head: p.headOf(t.Statement, name), Width: 20}
		if i < len(widths) && len(widths) == len(t.Columns) {
			cols[i].Width = widths[i]
		}
		cols[i].Mono = slices.Contains(monospaced, name) || slices.Contains(place.Monospaced, name)
	}
	var rows [][]draw.Cell
	for _, row := range printedRows(t) {
		line := make([]draw.Cell, len(row))
		for i, v := range row {
			text := p.shown(t.Columns[i], v)
			line[i].Text = text
			switch v.(type) {
			case int64, float64:
				cols[i].Right = true
			}
			switch name := t.Columns[i]; {
			case name == "verdict":
				line[i].Text = p.Text.Phrase(text)
				mark, known := markedVerdicts[text]
				if !known {
					mark = draw.Attention
				}
				line[i].Mark = mark
			case slices.Contains(words, name) || slices.Contains(place.Translated, name):
				line[i].Text = d.word(text)
				if name == "outcome" {
					line[i].Mark = markedOutcomes[text]
				}
			case name == "expected" && v == false:
				line[i].Mark = draw.Attention
			case name == "principal" && text == "-":
				line[i] = draw.Cell{Text: p.say("word.anonymous"), Mark: draw.Attention}
			}
		}
		rows = append(rows, line)
	}
	return d.NewTable(cols...), rows
}

// headOf is the name of a query's column for people, which its header can say.
func (p *Packet) headOf(s *analyze.Statement, column string) string {
	if key := "query." + s.Name + ".head." + column; !s.Own && p.Text.Has(key) {
		return p.say(key)
	}
	return p.headName(column)
}

// headName is a column's name for people.
func (p *Packet) headName(column string) string {
	if p.Text.Has("column." + column) {
		return p.say("column." + column)
	}
	first, n := utf8.DecodeRuneInString(column)
	return string(unicode.ToUpper(first)) + strings.ReplaceAll(column[n:], "_", " ")
}
