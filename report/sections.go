package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"bucketproof/internal/reason"
	"bucketproof/internal/state"
	"bucketproof/internal/wildcard"
	"bucketproof/report/draw"
)

// section is a part of the body. Its title and question are the messages section.ID.title and
// section.ID.question of each language; queries name it in their headers.
type section struct {
	id     string
	write  func(*pages, section) error
	number int // from 1
}

// sections are the parts of the body, always in this order and with the same
// headings, so that two months can be laid side by side.
func sections() []section {
	list := []section{
		{id: "logging", write: (*pages).logging},
		{id: "completeness", write: (*pages).completeness},
		{id: "identities", write: (*pages).identities},
		{id: "windows", write: (*pages).windows},
		{id: "boundaries", write: (*pages).boundaries},
		{id: "dual", write: (*pages).dual},
		{id: "configuration", write: (*pages).configuration},
		{id: "deletes", write: (*pages).deletes},
		{id: "movement", write: (*pages).movement},
		{id: "errors", write: (*pages).errors},
		{id: "agents", write: (*pages).agents},
		{id: "findings", write: (*pages).findings},
		{id: "changes", write: (*pages).changes},
		{id: "actions", write: (*pages).actions},
		{id: "delivery", write: (*pages).delivery},
		{id: "further", write: (*pages).further},
		{id: "controls", write: (*pages).controlMapping},
		{id: "method", write: (*pages).method},
		{id: "queries", write: (*pages).queries},
		{id: "sources", write: (*pages).sources},
	}
	for i := range list {
		list[i].number = i + 1
	}
	return list
}

// body writes the sections.
func (d *pages) body() error {
	for _, s := range sections() {
		if err := s.write(d, s); err != nil {
			return fmt.Errorf("section %s: %w", s.id, err)
		}
	}
	return nil
}

// sectionNumber is that of a section; 0 where there is none of this name.
func sectionNumber(id string) int {
	return slices.IndexFunc(sections(), func(s section) bool { return s.id == id }) + 1
}

// begin writes a section's title, the question that it answers and the controls
// that it supports.
func (d *pages) begin(s section, follows float64) {
	p := d.p
	below := p.say("section." + s.id + ".question")
	if names := supportedBy(d.controls, s.id); len(names) > 0 {
		below += " " + p.say("section.supports", "controls", strings.Join(names, ", "))
	}
	d.Section(s.id, s.number, p.say("section."+s.id+".title"), below, follows)
}

func (d *pages) logging(s section) error {
	p := d.p
	d.begin(s, 30)
	var rows [][]draw.Cell
	for _, l := range p.Logging {
		mark, word := draw.OK, p.say("logging.delivering")
		switch {
		case l.Objects == 0:
			mark, word = draw.Unknown, p.say("logging.silent")
		case l.DaysKnown < l.Days:
			mark, word = draw.Attention, p.say("logging.gaps")
		}
		first, newest := "–", "–"
		if !l.First.IsZero() {
			at := l.First.In(p.Range.Location)
			first = p.Text.LongDate(at) + at.Format(" 15:04")
		}
		if !l.Newest.IsZero() {
			newest = p.local(l.Newest)
		}
		if l.Left {
			mark, word = draw.NoMark, p.say("logging.left")
		}
		rows = append(rows, []draw.Cell{{Text: l.Bucket}, {Text: word, Mark: mark}, {Text: l.Target}, {Text: first},
			{Text: newest}, {Text: p.Text.Integer(l.Objects)}, {Text: p.say("figure.of", "n", l.DaysKnown, "all", l.Days)}})
	}
	shown := rows[:min(len(rows), maxRows)]
	d.Draw(d.NewTable(draw.Column{Head: p.say("column.bucket"), Width: 34},
		draw.Column{Head: p.say("head.logging"), Width: 26}, draw.Column{Head: p.say("head.target"), Width: 52, Mono: true},
		draw.Column{Head: p.say("head.first-log"), Width: 24}, draw.Column{Head: p.say("head.newest-log"), Width: 21},
		draw.Column{Head: p.say("head.log-objects"), Width: 16, Right: true},
		draw.Column{Head: p.say("head.days-complete"), Width: 18, Right: true}), shown)
	note := "logging.note"
	setup := p.shownTable("logging-setup")
	if setup != nil {
		note = "logging.note-asked"
	}
	d.Note(p.rowsNote(len(shown), len(rows)) + ". " + p.say(note))
	if setup != nil {
		if err := d.query(setup.Statement.Name); err != nil {
			return err
		}
	}
	d.gapTable()
	if left := p.leftReason(); left != "" {
		d.Text(left)
		d.Space(2)
	}
	return d.query("log-delivery")
}

// gapTable lists the days whose log can't be trusted to be complete.
func (d *pages) gapTable() {
	p := d.p
	type span struct {
		bucket, first, last string
		gap                 reason.Reason
	}
	var spans []span
	for _, c := range p.Coverage {
		if c.Gap.None() {
			continue
		}
		if n := len(spans); n > 0 && spans[n-1].bucket == c.Bucket && spans[n-1].gap == c.Gap {
			spans[n-1].last = c.Date
			continue
		}
		spans = append(spans, span{c.Bucket, c.Date, c.Date, c.Gap})
	}
	d.Heading(p.say("logging.gaps-title"), 14)
	if len(spans) == 0 {
		d.Text(p.say("logging.no-gap"))
		d.Space(2)
		return
	}
	var rows [][]draw.Cell
	for _, g := range spans[:min(len(spans), maxRows)] {
		days := p.Text.Day(g.first)
		if g.last != g.first {
			days += " – " + p.Text.Day(g.last)
		}
		rows = append(rows, []draw.Cell{{Text: g.bucket}, {Text: days, Mark: draw.Unknown}, {Text: p.Text.Reason(g.gap)}})
	}
	d.Draw(d.NewTable(draw.Column{Head: p.say("column.bucket"), Width: 40},
		draw.Column{Head: p.say("head.days"), Width: 32}, draw.Column{Head: p.say("head.why"), Width: 100}), rows)
	d.Note(p.rowsNote(len(rows), len(spans)) + ". " + p.say("findings.not-clean"))
}

// identities is who is who: the mapping, and who is not in it.
func (d *pages) identities(s section) error {
	p := d.p
	d.begin(s, 20)
	requests := map[string]int64{}
	var strangers [][]draw.Cell
	for _, r := range p.requesters {
		if p.approved(r) {
			requests[r.Principal] += r.Requests
			continue
		}
		what := p.say("identities.unmapped")
		if r.Requester == "-" {
			what = p.say("word.anonymous")
		}
		strangers = append(strangers, []draw.Cell{{Text: what, Mark: draw.Attention}, {Text: p.shown("", r.Requester)},
			{Text: p.shown("", r.Account)}, {Text: p.Text.Integer(r.Requests)}})
	}
	var rows [][]draw.Cell
	for _, m := range p.Tenant.Principals {
		rows = append(rows, draw.Cells(m.Name, m.Match, p.say("role."+m.Role), p.Text.Integer(requests[m.Name])))
	}
	if len(rows) == 0 {
		d.Text(p.say("identities.none"))
	} else {
		shown := rows[:min(len(rows), maxRows)]
		d.Draw(d.NewTable(draw.Column{Head: p.say("column.principal"), Width: 40},
			draw.Column{Head: p.say("head.identity"), Width: 92, Mono: true},
			draw.Column{Head: p.say("head.role"), Width: 20}, draw.Column{Head: p.say("column.requests"), Width: 20, Right: true}), shown)
		d.Note(p.rowsNote(len(shown), len(rows)) + ". " + p.say("identities.note"))
	}
	d.Heading(p.say("identities.unmapped-title"), 14)
	if len(strangers) == 0 {
		d.Text(p.say("word.none"))
	} else {
		shown := strangers[:min(len(strangers), maxRows)]
		d.Draw(d.NewTable(draw.Column{Width: 34}, draw.Column{Head: p.say("column.requester"), Width: 92, Mono: true},
			draw.Column{Head: p.say("column.account"), Width: 24},
			draw.Column{Head: p.say("column.requests"), Width: 20, Right: true}), shown)
		d.Note(p.rowsNote(len(shown), len(strangers)+int(p.table("top-requesters").More)) + ". " + d.file("top-requesters") + ".")
	}
	d.readyLines()
	d.Heading(p.say("identities.prefixes"), 14)
	rows = nil
	for _, b := range p.Tenant.Buckets {
		prefixes := slices.Clone(b.Prefixes)
		for i, x := range prefixes {
			if x == "" {
				prefixes[i] = p.say("identities.whole-bucket")
			}
		}
		rows = append(rows, draw.Cells(b.Name, strings.Join(prefixes, "  "),
			fmt.Sprintf("%s – %s, %s", b.Window.Start, b.Window.End, p.daysName(b.Window.Days)), p.Text.Integer(b.MinObjects),
			cmp.Or(p.Tenant.BucketOwner(b.Name), "–")))
	}
	shown := rows[:min(len(rows), maxRows)]
	d.Draw(d.NewTable(draw.Column{Head: p.say("column.bucket"), Width: 38},
		draw.Column{Head: p.say("head.prefixes"), Width: 56, Mono: true},
		draw.Column{Head: p.say("head.window"), Width: 40}, draw.Column{Head: p.say("head.least"), Width: 18, Right: true},
		draw.Column{Head: p.say("head.owner"), Width: 24}), shown)
	d.Note(p.rowsNote(len(shown), len(rows)) + ".")
	return nil
}

// readyLines print the lines of configuration that would name the busiest
// requesters that the mapping lacks.
func (d *pages) readyLines() {
	p := d.p
	n := min(len(p.Unmapped), maxReady)
	if n == 0 {
		return
	}
	const step = draw.MonoSize * 1.5 * draw.MMPerPoint
	d.Need(14)
	d.Paragraph(draw.Margin, d.Column, draw.Regular, draw.TextSize, draw.Muted, p.say("identities.ready"))
	for _, u := range p.Unmapped[:n] {
		for _, line := range d.CutLines(draw.Mono, draw.MonoSize, d.Column-8, u.Line, 4) {
			d.Need(step)
			d.At(draw.Margin+4, d.Y, draw.Mono, draw.MonoSize, draw.Ink, line)
			d.Y += step
		}
	}
	if all := int64(len(p.Unmapped)) + p.UnmappedMore; all > int64(n) {
		d.Note(p.say("identities.busiest", "n", n, "all", all))
	}
	d.Space(2)
}

func (p *Packet) daysName(days [7]bool) string {
	var on []string
	for i := range 7 {
		if j := (i + 1) % 7; days[j] {
			on = append(on, p.say(fmt.Sprintf("weekday.%d", j)))
		}
	}
	if len(on) == 7 {
		return p.say("word.every-day")
	}
	return strings.Join(on, " ")
}

// maxCalendars is how many buckets the calendar of the section has.
const maxCalendars = 60

func (d *pages) windows(s section) error {
	p := d.p
	d.begin(s, 40)
	d.calendar(min(maxCalendars, max(1, len(p.Tenant.Buckets))))
	d.Heading(p.say("chart.written.title"), draw.BarsHeight(28, nil)+8)
	if err := d.writtenChart(28); err != nil {
		return err
	}
	return d.placed(s)
}

func (d *pages) boundaries(s section) error {
	d.begin(s, 40)
	d.principalsChart()
	if err := d.placed(s); err != nil {
		return err
	}
	d.heatMap()
	d.drawn("requests-by-hour")
	return nil
}

func (d *pages) deletes(s section) error {
	d.begin(s, 45)
	if err := d.dayChart("chart.deletes", func(x Day) int64 { return x.Deletes }, d.p.Text.Integer, d.p.Text.Integer); err != nil {
		return err
	}
	return d.placed(s)
}

func (d *pages) movement(s section) error {
	p := d.p
	d.begin(s, 45)
	if err := d.dayChart("chart.requests", func(x Day) int64 { return x.Requests }, p.Text.Integer, p.Text.Integer); err != nil {
		return err
	}
	if err := d.dayChart("chart.bytes", func(x Day) int64 { return x.Written }, p.Text.Bytes, p.Text.Round); err != nil {
		return err
	}
	if err := d.dayChart("chart.sent", func(x Day) int64 { return x.Sent }, p.Text.Bytes, p.Text.Round); err != nil {
		return err
	}
	d.drawn("bytes-by-day")
	return d.placed(s)
}

func (d *pages) errors(s section) error { d.begin(s, 30); return d.placed(s) }

func (d *pages) agents(s section) error { d.begin(s, 30); return d.placed(s) }

// further are the queries that the tenant's configuration asks for.
func (d *pages) further(s section) error {
	p := d.p
	d.begin(s, 10)
	none := true
	for i := range p.Tables {
		if place := p.Tables[i].Statement.Place; place.Section != "" && !place.Again {
			continue
		}
		none = false
		if err := d.query(p.Tables[i].Statement.Name); err != nil {
			return err
		}
	}
	if none {
		d.Text(p.say("further.none"))
	}
	return nil
}

func (d *pages) findings(s section) error {
	p := d.p
	d.begin(s, 20)
	if len(p.Findings) == 0 {
		d.Text(p.checkedNote(false))
	}
	for _, f := range p.Findings[:min(len(p.Findings), maxPanels)] {
		d.panel(f)
	}
	d.Note(p.rowsNote(min(len(p.Findings), maxPanels), len(p.Findings)) + ". " + d.fileOf("findings.csv") + ".")
	if len(p.Carried) > 0 {
		d.Heading(p.say("findings.carried"), 30)
		for _, f := range p.Carried[:min(len(p.Carried), maxPanels)] {
			d.panel(f)
		}
		d.Note(p.rowsNote(min(len(p.Carried), maxPanels), len(p.Carried)) + ".")
	}
	d.notEvaluated()
	d.suppressed()
	return nil
}

const (
	maxReady  = 5   // lines of configuration that a packet shows
	maxPanels = 120 // findings that are printed
)

// panel is one finding.
func (d *pages) panel(f Finding) {
	p := d.p
	text := f.Sentence + " " + p.say("finding.seen", "days", p.seen(f), "first", p.local(f.First), "last", p.local(f.Last))
	if f.Since < f.Days[0].Date {
		text += " " + p.say("finding.since", "date", p.since(f))
	}
	if who := f.who(); len(who) > 0 {
		text += " " + p.say("finding.by", "who", p.Text.List(short(who), maxNamed))
	}
	if u := f.usual(); !u.None() {
		text += " " + p.say("finding.usual", "usual", p.Text.Reason(u))
	}
	if w := p.withdrawnText(f); w != "" {
		text += " " + w
	}
	if len(f.Unchecked) > 0 {
		text += " " + p.say("finding.unchecked", "days", p.dayList(f.Unchecked))
	}
	if f.Draft != "" {
		text += " " + p.say("finding.draft") + " " + f.Draft
	}
	if f.Cause != "" {
		text += " " + p.say("finding.cause") + " " + stopped(f.Cause)
	}
	if f.Resolution != "" {
		text += " " + p.say("finding.resolution") + " " + stopped(f.Resolution)
	}
	owner := f.Owner
	if owner == "" {
		owner = p.say("finding.nobody")
	}
	meta := p.say("finding.meta", "id", f.ID, "severity", p.Text.Phrase(f.Severity), "owner", owner, "due",
		p.dueName(f.Due, f.Status != state.StatusResolved), "n", len(f.samples()))
	if h := p.history(f); h != "" {
		meta += " · " + h
	}
	const pad = 4.0
	const step = draw.TextSize * draw.LineHeight * draw.MMPerPoint
	const monoStep = draw.MonoSize * 1.5 * draw.MMPerPoint
	const maxBody = 40
	width := d.Column - 2*pad
	title := d.CutLines(draw.Medium, draw.TextSize+0.4, width, f.Title+" · "+p.Text.Phrase(f.Status), 3)
	where := d.CutLines(draw.Mono, draw.MonoSize, width, strings.TrimSpace(f.Bucket+"  "+p.subject(f.Finding)), 4)
	body := d.CutLines(draw.Regular, draw.TextSize, width, text, maxBody)
	foot := d.CutLines(draw.Regular, draw.NoteSize, width, meta, 6)
	height := float64(len(title)+len(body)+len(foot))*step + float64(len(where))*monoStep + 2*pad - 1
	d.Need(height + 3)
	d.Box(draw.Margin, d.Y, d.Column, height, draw.Panel, draw.Panel, 0)
	c, mark := draw.Amber, draw.Attention
	if f.Severity == "high" {
		c, mark = draw.Red, draw.Missed
	}
	if f.Status == state.StatusResolved {
		c, mark = d.Accent, draw.OK
	}
	d.Box(draw.Margin, d.Y, 0.8, height, c, c, 0)
	d.Mark(d.Right()-pad, d.Y+pad+0.6, 1.2, mark)
	y := d.Y + pad - 0.6
	lines := func(lines []string, face draw.Face, size, step float64, c draw.Color) {
		for _, line := range lines {
			d.At(draw.Margin+pad, y, face, size, c, line)
			y += step
		}
	}
	lines(title, draw.Medium, draw.TextSize+0.4, step, draw.Ink)
	lines(where, draw.Mono, draw.MonoSize, monoStep, draw.Ink)
	lines(body, draw.Regular, draw.TextSize, step, draw.Ink)
	lines(foot, draw.Regular, draw.NoteSize, step, draw.Muted)
	d.Y += height + 3
}

// stopped is a sentence with its full stop.
func stopped(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

// suppressed says what the configuration kept from becoming a finding, and which
// checks it does not ask for.
func (d *pages) suppressed() {
	p := d.p
	if len(p.Suppressed)+len(p.Tenant.Suppressions) > 0 {
		d.Heading(p.say("suppressed.title"), 20)
		d.Text(p.say("suppressed.note"))
		d.Space(2)
		var rows [][]draw.Cell
		for _, s := range p.Suppressed {
			rows = append(rows, draw.Cells(p.check(s.Check), s.Bucket+"  "+s.Subject, p.Text.Integer(s.Count),
				s.Reason, p.Text.Day(s.Until)))
		}
		for _, s := range p.Tenant.Suppressions {
			hit := slices.ContainsFunc(p.Suppressed, func(f state.SuppressedFinding) bool {
				return f.Check == s.Check && f.Reason == s.Reason && f.Until == s.Until &&
					(s.Bucket == "" || s.Bucket == f.Bucket) && wildcard.Match(s.Subject, f.Subject)
			})
			if first, _ := p.dates(); !hit && s.Until >= first {
				rows = append(rows, draw.Cells(p.check(s.Check), strings.TrimSpace(s.Bucket+"  "+s.Subject), "0",
					s.Reason, p.Text.Day(s.Until)))
			}
		}
		if len(rows) == 0 {
			d.Text(p.say("suppressed.none"))
		} else {
			shown := rows[:min(len(rows), maxRows)]
			d.Draw(d.NewTable(draw.Column{Head: p.say("head.check"), Width: 34},
				draw.Column{Head: p.say("head.subject"), Width: 62, Mono: true},
				draw.Column{Head: p.say("head.count"), Width: 16, Right: true},
				draw.Column{Head: p.say("head.reason"), Width: 52}, draw.Column{Head: p.say("head.until"), Width: 22}), shown)
			d.Note(p.rowsNote(len(shown), len(rows)) + ".")
		}
	}
	if len(p.Unasked) > 0 {
		d.Note(p.say("findings.unasked", "checks", strings.Join(p.Unasked, ", ")))
	}
}

// notEvaluated says which days the checks could not look at.
func (d *pages) notEvaluated() {
	p := d.p
	if len(p.NotEvaluated) == 0 {
		return
	}
	d.Heading(p.say("findings.not-evaluated"), 20)
	type key struct{ bucket, why string }
	var order []key
	checks, dates := map[key][]string{}, map[key][]string{}
	for _, n := range p.NotEvaluated {
		why := p.Text.Reason(n.Reason)
		if n.Reason.Cause() == reason.Learning {
			why = p.say("findings.learning")
		}
		k := key{n.Bucket, why}
		if len(dates[k]) == 0 {
			order = append(order, k)
		}
		if title := p.check(n.Check); !slices.Contains(checks[k], title) {
			checks[k] = append(checks[k], title)
		}
		if !slices.Contains(dates[k], n.Date) {
			dates[k] = append(dates[k], n.Date)
		}
	}
	var rows [][]draw.Cell
	for _, k := range order {
		slices.Sort(dates[k])
		span := p.Text.Day(dates[k][0])
		if len(dates[k]) > 1 {
			span = p.say("findings.days", "n", len(dates[k]), "first", span, "last", p.Text.Day(dates[k][len(dates[k])-1]))
		}
		rows = append(rows, draw.Cells(k.bucket, strings.Join(checks[k], ", "), span, k.why))
	}
	shown := rows[:min(len(rows), maxRows)]
	d.Draw(d.NewTable(draw.Column{Head: p.say("column.bucket"), Width: 36},
		draw.Column{Head: p.say("head.checks"), Width: 60}, draw.Column{Head: p.say("head.days"), Width: 36},
		draw.Column{Head: p.say("head.why"), Width: 60}), shown)
	d.Note(p.rowsNote(len(shown), len(rows)) + ". " + p.say("findings.not-clean"))
}
