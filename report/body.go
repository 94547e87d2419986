package report

import (
	"fmt"
	"slices"
	"strings"

	"bucketproof/analyze"
	"bucketproof/internal/state"
)

// body writes the sections behind the first page, always in this order.
func (d *document) body(files []File) error {
	hashes := map[string]string{}
	for _, f := range files {
		hashes[f.Path] = f.SHA256
	}
	d.newPage()
	n := 1
	d.identities(n)
	for i := range d.packet.Tables {
		n++
		d.queryTable(n, &d.packet.Tables[i], hashes)
	}
	n++
	d.findings(n, hashes)
	n++
	root, _, err := d.packet.sourcesRoot()
	if err != nil {
		return err
	}
	d.sources(n, hashes, root)
	n++
	d.method(n)
	n++
	d.statements(n)
	return nil
}

// identities is who is who: the mapping, and who is not in it.
func (d *document) identities(number int) {
	p := d.packet
	d.section(number, "Identity mapping", "Who is allowed to use the buckets, and under which name does this packet show them? Requesters that no line matches are shown as they are.", 0)
	requests := map[string]int64{}
	var strangers [][]cell
	for _, row := range p.table("top-requesters").Rows {
		name, requester := p.shown("", row[0]), p.shown("", row[1])
		n, ok := row[3].(int64)
		if !ok {
			continue // count has refused such a row before
		}
		if p.named(name) && name != requester {
			requests[name] += n
			continue
		}
		what := "not in the mapping"
		if requester == "-" {
			what = "anonymous"
		}
		strangers = append(strangers, []cell{{text: what, mark: verdictAttention}, {text: requester}, {text: p.shown("", row[2])}, {text: integer(n)}})
	}
	var rows [][]cell
	for _, m := range p.Tenant.Principals {
		rows = append(rows, plain(m.Name, m.Match, m.Role, integer(requests[m.Name])))
	}
	if len(rows) == 0 {
		d.paragraph(regular, textSize, ink, column, "The configuration maps no principal.")
	} else {
		d.table([]col{{head: "Principal", width: 40}, {head: "Identity", width: 92, face: mono}, {head: "Role", width: 18}, {head: "Requests", width: 20, right: true}}, rows)
	}
	d.heading("Requesters that are not in the mapping")
	if len(strangers) == 0 {
		d.paragraph(regular, textSize, ink, column, "None.")
	} else {
		shown := strangers[:min(len(strangers), maxRows)]
		d.table([]col{{head: "", width: 34}, {head: "Requester", width: 92, face: mono}, {head: "Account", width: 24}, {head: "Requests", width: 20, right: true}}, shown)
		d.note(rowsNote(len(shown), len(strangers)) + ". csv/top-requesters.csv.")
	}
	if n := min(len(p.Unmapped), maxReady); n > 0 {
		d.paragraph(regular, textSize, muted, column, "A requester that is approved is named by a [[tenant.principal]] block with one of these lines, a name and a role:")
		for _, u := range p.Unmapped[:n] {
			for _, line := range d.lines(mono, monoSize, column-8, u.Line) {
				d.need(monoSize * 1.5 * mmPerPoint)
				d.at(margin+4, d.y, mono, monoSize, ink, line)
				d.y += monoSize * 1.5 * mmPerPoint
			}
		}
		if len(p.Unmapped) > n {
			d.note(fmt.Sprintf("The %d busiest of %d.", n, len(p.Unmapped)))
		}
		d.space(2)
	}
	d.heading("Approved prefixes")
	rows = nil
	for _, b := range p.Tenant.Buckets {
		prefixes := make([]string, len(b.Prefixes))
		for i, x := range b.Prefixes {
			prefixes[i] = x
			if x == "" {
				prefixes[i] = "the whole bucket"
			}
		}
		rows = append(rows, plain(b.Name, strings.Join(prefixes, "  "), fmt.Sprintf("%s – %s, %s", b.Window.Start, b.Window.End, daysName(b.Window.Days)), integer(b.MinObjects)))
	}
	d.table([]col{{head: "Bucket", width: 44}, {head: "Prefixes", width: 66, face: mono}, {head: "Backup window", width: 44}, {head: "Least objects", width: 18, right: true}}, rows)
}

func daysName(days [7]bool) string {
	names := []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
	var on []string
	for i := range 7 {
		if j := (i + 1) % 7; days[j] {
			on = append(on, names[j])
		}
	}
	if len(on) == 7 {
		return "every day"
	}
	return strings.Join(on, " ")
}

// maxRows is how many rows of a table are printed; the CSV has them all.
const maxRows = 60

// rowsOf is maxRows, or enough for a month of a tenant with few buckets.
func (p *Packet) rowsOf(query string) int {
	if query == "backup-windows" || query == "log-delivery" {
		return 4 * 31
	}
	return maxRows
}

func rowsNote(shown, all int) string {
	if shown == all {
		return fmt.Sprintf("All %d of %d rows", all, all)
	}
	return fmt.Sprintf("First %d of %d rows", shown, all)
}

// layouts are the widths of the printed columns, as shares; a query of the
// user's own gets equal ones.
var layouts = map[string][]float64{
	"backup-windows":            {34, 15, 22, 22, 16, 18, 17, 17, 13, 24},
	"top-requesters":            {34, 62, 23, 16, 17, 17, 20, 20},
	"unapproved-prefixes":       {24, 20, 30, 36, 32, 15, 17, 17, 34},
	"cross-account":             {30, 24, 62, 30, 18, 20, 20},
	"operations":                {50, 60, 30, 30},
	"deletes":                   {44, 18, 50, 20, 22, 22},
	"large-puts-business-hours": {20, 30, 56, 30, 50, 20},
	"errors":                    {40, 42, 14, 34, 18, 22, 22},
	"user-agents":               {32, 66, 16, 18, 17, 21, 21},
	"log-delivery":              {40, 16, 18, 20, 17, 22, 22, 22},
}

// monospaced are the columns that hold what machines read.
var monospaced = []string{"requester", "key", "sample_key", "prefix", "operation", "user_agent", "error_code"}

func (d *document) queryTable(number int, t *Table, hashes map[string]string) {
	p := d.packet
	cols, rows := p.printed(t)
	d.section(number, t.Statement.Title, t.Statement.Question, d.tableStart(cols, rows))
	file := csvPath(t.Statement.Name)
	if len(t.Rows) == 0 {
		d.paragraph(regular, textSize, ink, column, p.emptyNote(t.Statement.Name))
	} else {
		d.table(cols, rows)
	}
	shown := min(len(t.Rows), p.rowsOf(t.Statement.Name))
	order := ""
	if shown < len(t.Rows) && slices.Contains(t.Columns, "verdict") {
		order = ", those that are not ok first"
	}
	d.note(fmt.Sprintf("%s%s. %s, SHA-256 %s. Times in %s.", rowsNote(shown, len(t.Rows)), order, file, hashes[file], p.Range.Location))
	for _, c := range t.Columns {
		if note := t.Statement.Notes[c]; note != "" {
			d.paragraph(regular, 6.8, muted, column, strings.ReplaceAll(c, "_", " ")+": "+note+".")
		}
	}
}

// emptyNote says what it means that a query returned nothing.
func (p *Packet) emptyNote(query string) string {
	switch {
	case query == "cross-account" && len(p.Tenant.Accounts) == 0:
		return "Not evaluated: the configuration names no AWS account of the tenant."
	case p.Totals.Records == 0:
		return "Not evaluated: the log holds no record of the month."
	case p.Totals.DaysUnknown > 0:
		return "No row, but the log of the month has gaps, so this proves nothing about them."
	}
	return "No row: nothing of this kind is in the log of the month."
}

// printedRows are the rows of a table that the page has room for. Where
// verdicts are cut, those that are not ok stand first.
func (p *Packet) printedRows(t *Table) [][]any {
	n := p.rowsOf(t.Statement.Name)
	verdict := slices.Index(t.Columns, "verdict")
	if len(t.Rows) <= n || verdict < 0 {
		return t.Rows[:min(len(t.Rows), n)]
	}
	rows := slices.Clone(t.Rows)
	slices.SortStableFunc(rows, func(a, b []any) int {
		okA, okB := a[verdict] == verdictOK, b[verdict] == verdictOK
		switch {
		case okA == okB:
			return 0
		case okA:
			return 1
		}
		return -1
	})
	return rows[:n]
}

func (p *Packet) printed(t *Table) ([]col, [][]cell) {
	shares := layouts[t.Statement.Name]
	cols := make([]col, len(t.Columns))
	for i, name := range t.Columns {
		cols[i] = col{head: headName(name), width: 20}
		if i < len(shares) {
			cols[i].width = shares[i]
		}
		if slices.Contains(monospaced, name) {
			cols[i].face = mono
		}
	}
	var rows [][]cell
	for _, row := range p.printedRows(t) {
		line := make([]cell, len(row))
		for i, v := range row {
			line[i] = cell{text: p.shown(t.Columns[i], v)}
			if _, isNumber := v.(int64); isNumber {
				cols[i].right = true
			}
			if t.Columns[i] == "verdict" {
				line[i].mark = line[i].text
			}
			if no, isBool := v.(bool); isBool && t.Columns[i] == "expected" && !no {
				line[i].mark = verdictAttention
			}
		}
		rows = append(rows, line)
	}
	return cols, rows
}

// headName is a column's name for people.
func headName(column string) string {
	switch column {
	case "max_delay_s":
		return "Max delay, s"
	case "http_status":
		return "HTTP status"
	}
	s := strings.ReplaceAll(column, "_", " ")
	return strings.ToUpper(s[:1]) + s[1:]
}

func (d *document) findings(number int, hashes map[string]string) {
	p := d.packet
	d.section(number, "Findings", "What did not fit, and was it noticed and closed?", 0)
	if len(p.Findings) == 0 {
		d.paragraph(regular, textSize, ink, column, p.checkedNote())
	}
	for _, f := range p.Findings {
		d.finding(f)
	}
	d.note(fmt.Sprintf("%s. findings.csv, SHA-256 %s.", rowsNote(len(p.Findings), len(p.Findings)), hashes["findings.csv"]))
	d.notEvaluated()
	d.suppressed()
}

// maxReady is how many ready lines of configuration a packet shows.
const maxReady = 5

// finding is one panel.
func (d *document) finding(f Finding) {
	p := d.packet
	text := f.Sentence + " Seen " + p.seen(f) + ", first " + p.local(f.First) + ", last " + p.local(f.Last) + "."
	if days := len(f.Days); days > 0 {
		last := f.Days[days-1]
		if len(last.Who) > 0 {
			text += " By " + enumerate(last.Who) + "."
		}
		if last.Expected != "" {
			text += " Usual: " + last.Expected + "."
		}
	}
	if f.Draft != "" {
		text += " Draft, to be confirmed by a person: " + f.Draft
	}
	if f.Cause != "" {
		text += " Cause: " + stopped(f.Cause)
	}
	if f.Resolution != "" {
		text += " Resolution: " + stopped(f.Resolution)
	}
	owner := f.Owner
	if owner == "" {
		owner = "nobody yet"
	}
	meta := fmt.Sprintf("Finding %s · severity %s · owner %s · due %s · %s", f.ID, f.Severity, owner, f.Due, count(samplesOf(f), "sample record", "sample records")+" in findings.csv")
	if h := p.history(f); h != "" {
		meta += " · " + h
	}
	const pad = 4.0
	width := column - 2*pad
	title := d.lines(medium, textSize+0.4, width, f.Title+" · "+f.Status)
	where := d.lines(mono, monoSize, width, f.Bucket+"  "+fitText(f.Subject, 300))
	body := d.lines(regular, textSize, width, text)
	foot := d.lines(regular, 6.8, width, meta)
	step := textSize * lineHeight * mmPerPoint
	height := float64(len(title)+len(body))*step + float64(len(where))*monoSize*1.5*mmPerPoint + float64(len(foot))*step + 2*pad - 1
	if d.y+height+3 > bottom {
		d.newPage()
	}
	d.box(margin, d.y, column, height, panel, panel, 0)
	c := amber
	if f.Severity == "high" {
		c = red
	}
	if f.Status == state.StatusResolved {
		c = blue
	}
	d.box(margin, d.y, 0.8, height, c, c, 0)
	y := d.y + pad - 0.6
	write := func(lines []string, face string, size, step float64, c color) {
		for _, line := range lines {
			d.at(margin+pad, y, face, size, c, line)
			y += step
		}
	}
	write(title, medium, textSize+0.4, step, ink)
	write(where, mono, monoSize, monoSize*1.5*mmPerPoint, ink)
	write(body, regular, textSize, step, ink)
	write(foot, regular, 6.8, step, muted)
	d.y += height + 3
}

// history is what people did with a finding, and when it closed or came back.
func (p *Packet) history(f Finding) string {
	var parts []string
	for _, e := range f.Events {
		if e.Actor == "" && e.Kind == "opened" || e.Kind == "noted" {
			continue
		}
		text := e.Kind + " " + e.At.In(p.Range.Location).Format("2 Jan 2006")
		if e.Actor != "" {
			text += " by " + e.Actor
		}
		if e.Kind == "assigned" {
			text += " " + e.Text
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// stopped is a sentence with its full stop.
func stopped(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

func samplesOf(f Finding) int {
	n := 0
	for _, day := range f.Days {
		n += len(day.Samples)
	}
	return min(n, maxSamples)
}

// suppressed says what the configuration kept from becoming a finding, and which
// checks it does not ask for.
func (d *document) suppressed() {
	p := d.packet
	if len(p.Suppressed)+len(p.Tenant.Suppressions) > 0 {
		d.heading("Suppressed")
		d.paragraph(regular, textSize, ink, column*0.86, "The configuration keeps these from becoming findings. They are counted here, and nowhere else.")
		d.space(2)
		var rows [][]cell
		for _, s := range p.Suppressed {
			rows = append(rows, plain(s.Check, s.Bucket+"  "+s.Subject, integer(s.Count), s.Reason, s.Until))
		}
		for _, s := range p.Tenant.Suppressions {
			hit := slices.ContainsFunc(p.Suppressed, func(f state.SuppressedFinding) bool {
				return f.Check == s.Check && f.Reason == s.Reason && f.Until == s.Until && (s.Bucket == "" || s.Bucket == f.Bucket) && analyze.Matches(s.Subject, f.Subject)
			})
			if first, _ := p.dates(); !hit && s.Until >= first {
				rows = append(rows, plain(s.Check, strings.TrimSpace(s.Bucket+"  "+s.Subject), "0", s.Reason, s.Until))
			}
		}
		if len(rows) == 0 {
			d.paragraph(regular, textSize, ink, column, "None in this month.")
		} else {
			shown := rows[:min(len(rows), maxRows)]
			d.table([]col{{head: "Check", width: 34}, {head: "Bucket and subject", width: 62, face: mono}, {head: "Count", width: 16, right: true}, {head: "Reason", width: 52}, {head: "Until", width: 22}}, shown)
			d.note(rowsNote(len(shown), len(rows)) + ".")
		}
	}
	if len(p.Unasked) > 0 {
		d.note("Not asked for by the configuration: " + strings.Join(p.Unasked, ", ") + ".")
	}
}

// notEvaluated says which days the checks could not look at.
func (d *document) notEvaluated() {
	p := d.packet
	if len(p.NotEvaluated) == 0 {
		return
	}
	d.heading("Not evaluated")
	type key struct{ bucket, reason string }
	var order []key
	checks, dates := map[key][]string{}, map[key][]string{}
	for _, n := range p.NotEvaluated {
		reason := n.Reason
		if strings.HasSuffix(reason, "still learning") {
			reason = "fewer than 7 days of history, still learning"
		}
		k := key{n.Bucket, reason}
		if !slices.Contains(order, k) {
			order = append(order, k)
		}
		if !slices.Contains(checks[k], n.Check) {
			checks[k] = append(checks[k], n.Check)
		}
		if !slices.Contains(dates[k], n.Date) {
			dates[k] = append(dates[k], n.Date)
		}
	}
	var rows [][]cell
	for _, k := range order {
		slices.Sort(dates[k])
		span := dateName(dates[k][0])
		if len(dates[k]) > 1 {
			span = fmt.Sprintf("%d days, %s – %s", len(dates[k]), span, dateName(dates[k][len(dates[k])-1]))
		}
		rows = append(rows, plain(k.bucket, strings.Join(checks[k], ", "), span, k.reason))
	}
	shown := rows[:min(len(rows), maxRows)]
	d.table([]col{{head: "Bucket", width: 36}, {head: "Checks", width: 60}, {head: "Days", width: 36}, {head: "Why", width: 60}}, shown)
	d.note(rowsNote(len(shown), len(rows)) + ". What could not be evaluated is not counted as clean.")
}
