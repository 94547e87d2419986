package report

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"bucketproof/internal/state"
	"bucketproof/report/draw"
)

// monthBefore is the name of the month before, such as September 2026.
func (p *Packet) monthBefore() string { return p.Text.Month(p.Range.First.AddDate(0, -1, 0)) }

// changes compares the month with the one before.
func (d *pages) changes(s section) error {
	p := d.p
	d.begin(s, 40)
	if p.Previous == nil {
		d.Text(p.say("changes.none", "month", p.monthBefore()))
		return nil
	}
	b, a := p.Previous.Totals, p.Totals
	var rows [][]draw.Cell
	add := func(key string, before, after int64, shown func(int64) string) {
		change := p.Text.Change(before, after)
		switch {
		case before == 0 && after == 0:
			change = "± 0"
		case before == 0:
			change = p.say("changes.from-nothing")
		}
		rows = append(rows, draw.Cells(p.say("total."+key), shown(before), shown(after), change))
	}
	share := func(key string, before, wholeBefore, after, whole int64) {
		rows = append(rows, draw.Cells(p.say("total."+key), p.Text.Percent(before, wholeBefore),
			p.Text.Percent(after, whole), p.points(before, wholeBefore, after, whole)))
	}
	n := p.Text.Integer
	add("nights", int64(b.Nights), int64(a.Nights), n)
	add("nights_missed", int64(b.NightsMissed), int64(a.NightsMissed), n)
	add("nights_not_evaluated", int64(b.NightsUnknown), int64(a.NightsUnknown), n)
	add("bytes_written", b.BytesWritten, a.BytesWritten, p.Text.Bytes)
	add("requests", b.Requests, a.Requests, n)
	share("approved_share", b.ApprovedRecords, b.Requests, a.ApprovedRecords, a.Requests)
	add("records_outside_approved_prefixes", b.OutsideRecords, a.OutsideRecords, n)
	add("records_by_other_accounts", b.ForeignRecords, a.ForeignRecords, n)
	add("objects_deleted", b.ObjectsDeleted, a.ObjectsDeleted, n)
	add("errors", b.Errors, a.Errors, n)
	add("principals", int64(b.Principals), int64(a.Principals), n)
	add("findings", int64(b.Findings), int64(a.Findings), n)
	share("complete_share", int64(b.BucketDays-b.DaysUnknown), int64(b.BucketDays), int64(a.BucketDays-a.DaysUnknown), int64(a.BucketDays))
	d.Draw(d.NewTable(draw.Column{Width: 80},
		draw.Column{Head: p.Text.Month(p.Previous.Range.First), Width: 34, Right: true},
		draw.Column{Head: p.MonthName(), Width: 34, Right: true}, draw.Column{Head: p.say("head.change"), Width: 24, Right: true}), rows)
	d.Note(p.say("changes.note"))
	for _, c := range []struct{ key, query, column string }{{"principals", "top-requesters", "principal"},
		{"agents", "user-agents", "user_agent"}} {
		before, err := p.Previous.names(c.query, c.column)
		if err != nil {
			return err
		}
		after, err := p.names(c.query, c.column)
		if err != nil {
			return err
		}
		d.Heading(p.say("changes."+c.key), 12)
		d.Text(p.came("changes.new", before, after))
		d.Text(p.came("changes.gone", after, before))
	}
	return nil
}

// points is by how many points of percent a share differs.
func (p *Packet) points(before, wholeBefore, after, whole int64) string {
	if wholeBefore == 0 || whole == 0 {
		return "–"
	}
	change := 100*float64(after)/float64(whole) - 100*float64(before)/float64(wholeBefore)
	sign := "+"
	if change < 0 {
		sign, change = "−", -change
	}
	return p.say("changes.points", "n", sign+p.Text.Decimal(change, 2))
}

// maxListed is how many names a list of changes has.
const maxListed = 12

// came says which names are in the second list and not in the first.
func (p *Packet) came(key string, without, in []string) string {
	var names []string
	for _, name := range in {
		if _, found := slices.BinarySearch(without, name); !found {
			if name == "-" {
				name = p.say("word.anonymous")
			}
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return p.say(key, "names", p.say("word.none"))
	}
	return p.say(key, "names", p.Text.List(short(names), maxListed)+".")
}

// maxActions is how many actions are printed.
const maxActions = 60

func (d *pages) actions(s section) error {
	p := d.p
	d.begin(s, 14)
	if len(p.Actions) == 0 {
		d.Text(p.say("action.none"))
		return nil
	}
	var rows [][]draw.Cell
	for i, a := range p.Actions[:min(len(p.Actions), maxActions)] {
		mark := draw.NoMark
		switch a.Severity {
		case "high":
			mark = draw.Missed
		case "medium", "low":
			mark = draw.Attention
		}
		severity := "–"
		if a.Severity != "" {
			severity = p.Text.Phrase(a.Severity)
		}
		owner := a.Owner
		if owner == "" {
			owner = "–"
		}
		rows = append(rows, []draw.Cell{{Text: strconv.Itoa(i + 1)}, {Text: a.Text}, {Text: severity, Mark: mark},
			{Text: owner}, {Text: p.dueName(a.Due, true)}})
	}
	d.Draw(d.NewTable(draw.Column{Width: 7}, draw.Column{Head: p.say("head.action"), Width: 100},
		draw.Column{Head: p.say("head.severity"), Width: 20}, draw.Column{Head: p.say("head.owner"), Width: 34},
		draw.Column{Head: p.say("head.due"), Width: 18}), rows)
	d.Note(p.rowsNote(len(rows), len(p.Actions)) + ". " + p.say("action.note"))
	return nil
}

// controlMapping says which controls the packet supports, by which sections, and
// what that does not prove.
func (d *pages) controlMapping(s section) error {
	p := d.p
	d.begin(s, 30)
	d.Text(p.say("controls.note"))
	d.Space(2)
	var rows [][]draw.Cell
	for _, c := range d.controls {
		w := c.Words[p.Text.Name]
		var numbers []string
		for _, id := range c.Sections {
			if n := sectionNumber(id); n > 0 {
				numbers = append(numbers, strconv.Itoa(n))
			}
		}
		rows = append(rows, draw.Cells(c.Framework+" "+c.ID, w.About, strings.Join(numbers, ", "), w.Supports, w.Limits))
	}
	d.Draw(d.NewTable(draw.Column{Head: p.say("head.control"), Width: 24},
		draw.Column{Head: p.say("head.about"), Width: 42}, draw.Column{Head: p.say("head.sections"), Width: 16},
		draw.Column{Head: p.say("head.supports"), Width: 50}, draw.Column{Head: p.say("head.limits"), Width: 54}), rows)
	d.Note(p.say("controls.sources"))
	return nil
}

// method says how it was made and what it does not prove.
func (d *pages) method(s section) error {
	p := d.p
	d.begin(s, 20)
	texts := []string{
		p.say("method.read"), p.say("method.day", "zone", p.Range.Location.String()),
		p.say("method.principals", "section", sectionNumber("identities")),
		p.say("method.effort"), p.ownReadsNote(), p.say("method.verdict"),
		p.say("method.settle", "hours", int(settle/time.Hour)), p.say("method.secrets"),
		p.say("method.made", "version", p.Version),
	}
	for _, text := range texts {
		if text != "" {
			d.Paragraph(draw.Margin, d.Column*0.86, draw.Regular, draw.TextSize, draw.Ink, text)
			d.Space(2)
		}
	}
	d.Heading(p.say("glossary.title"), 14)
	var rows [][]draw.Cell
	for _, key := range p.Text.Keys() {
		if rest, ok := strings.CutPrefix(key, "glossary.term."); ok {
			term, meaning, _ := strings.Cut(p.say("glossary.term."+rest), ": ")
			rows = append(rows, draw.Cells(term, meaning))
		}
	}
	sortBy(rows, func(row []draw.Cell) string { return strings.ToLower(row[0].Text) })
	d.Draw(d.NewTable(draw.Column{Head: p.say("head.term"), Width: 34}, draw.Column{Head: p.say("head.meaning"), Width: 140}), rows)
	return nil
}

// ownReadsNote discloses the requests that are left out.
func (p *Packet) ownReadsNote() string {
	if len(p.OwnReads) == 0 {
		return ""
	}
	parts := make([]string, len(p.OwnReads))
	for i, o := range p.OwnReads {
		parts[i] = p.say("method.own-part", "n", o.Requests, "bucket", o.Bucket)
	}
	return p.say("method.own", "role", p.Tenant.AWS.RoleARN, "requests", strings.Join(parts, ", "))
}

// queries prints the SQL of every query.
func (d *pages) queries(s section) error {
	p := d.p
	d.begin(s, 20)
	const form = "2006-01-02T15:04:05Z"
	d.Paragraph(draw.Margin, d.Column, draw.Regular, draw.TextSize, draw.Muted,
		p.say("queries.parameters", "from", p.Range.Start().Format(form), "to", p.Range.End().Format(form), "tenant",
			p.Tenant.ID, "large", p.Tenant.LargePut))
	const step = draw.MonoSize * 1.45 * draw.MMPerPoint
	for _, t := range p.Tables {
		d.Heading(t.Statement.Name, 4*step)
		for _, line := range strings.Split(t.Statement.SQL, "\n") {
			text := strings.TrimLeft(line, " ")
			by := d.TextWidth(draw.Mono, draw.MonoSize, " ") * float64(len(line)-len(text))
			for n, part := range d.Lines(draw.Mono, draw.MonoSize, d.Column-8-by-4, text) {
				d.Need(step + 1)
				d.Box(draw.Margin, d.Y, d.Column, step+0.05, draw.Panel, draw.Panel, 0)
				d.At(draw.Margin+4+by+4*float64(min(n, 1)), d.Y+0.3, draw.Mono, draw.MonoSize, draw.Ink, part)
				d.Y += step
			}
		}
	}
	return nil
}

// maxSources is how many log objects are printed with their hashes.
const maxSources = 40

// sources lists what the packet was made from.
func (d *pages) sources(s section) error {
	p := d.p
	d.begin(s, 20)
	type place struct {
		location             string
		objects, foreign     int64
		size, records, wrong int64
	}
	var places []*place
	at := map[string]*place{}
	var objects []*state.Source
	for i := range p.Sources {
		o := &p.Sources[i]
		pl := at[o.Location]
		if pl == nil {
			pl = &place{location: o.Location}
			at[o.Location] = pl
			places = append(places, pl)
		}
		if o.Kind != state.KindLog {
			pl.foreign++
			continue
		}
		objects = append(objects, o)
		pl.objects++
		pl.size += o.Size
		pl.records += o.Records
		pl.wrong += o.Rejected
	}
	if len(places) == 0 {
		d.Text(p.say("sources.none"))
		d.Space(2)
	} else {
		var rows [][]draw.Cell
		for _, pl := range places[:min(len(places), maxRows)] {
			rows = append(rows, draw.Cells(pl.location, p.Text.Integer(pl.objects), p.Text.Bytes(pl.size),
				p.Text.Integer(pl.records), p.Text.Integer(pl.wrong), p.Text.Integer(pl.foreign)))
		}
		d.Draw(d.NewTable(draw.Column{Head: p.say("head.target"), Width: 80, Mono: true},
			draw.Column{Head: p.say("head.log-objects"), Width: 20, Right: true},
			draw.Column{Head: p.say("head.size"), Width: 18, Right: true},
			draw.Column{Head: p.say("column.records"), Width: 20, Right: true},
			draw.Column{Head: p.say("head.unreadable"), Width: 20, Right: true},
			draw.Column{Head: p.say("head.other-objects"), Width: 18, Right: true}), rows)
		d.Note(p.rowsNote(len(rows), len(places)) + ".")
	}
	d.Text(p.say("sources.root", "root", d.root, "duplicates", p.Totals.Duplicates))
	d.Space(2)
	if len(objects) > 0 {
		d.Heading(p.say("sources.objects"), 14)
		var rows [][]draw.Cell
		for _, o := range objects[:min(len(objects), maxSources)] {
			rows = append(rows, draw.Cells(o.Key, p.Text.Integer(o.Size), p.Text.Integer(o.Records), o.SHA256))
		}
		d.Draw(d.NewTable(draw.Column{Head: p.say("head.object"), Width: 54, Mono: true},
			draw.Column{Head: p.say("head.bytes"), Width: 15, Right: true},
			draw.Column{Head: p.say("column.records"), Width: 14, Right: true}, draw.Column{Head: "SHA-256", Width: 92, Mono: true}), rows)
		d.Note(p.rowsNote(len(rows), len(objects)) + ". " + d.fileOf(sourcesFile) + ".")
	}
	return nil
}
