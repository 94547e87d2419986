package report

import (
	"fmt"
	"slices"
	"strings"

	"bucketproof/internal/state"
	"bucketproof/report/draw"
)

// lists are what did not fit and what happens next, side by side as far as the
// page has room.
func (d *pages) lists() {
	p := d.p
	left := d.Column*0.54 - draw.Gutter/2
	right := d.Column - left - draw.Gutter
	x := draw.Margin + left + draw.Gutter
	d.Space(1)
	top := d.Y
	const head = 10*draw.MMPerPoint + 2.5
	d.At(draw.Margin, top, draw.Medium, 10, draw.Ink, p.say("first.findings"))
	d.Y = top + head
	d.topFindings(left)
	d.At(x, top, draw.Medium, 10, draw.Ink, p.say("first.actions"))
	d.Y = top + head
	d.topActions(x, right)
}

func (d *pages) topFindings(width float64) {
	p := d.p
	if len(p.Findings)+len(p.Carried) == 0 {
		for _, line := range d.CutLines(draw.Regular, draw.TextSize, width, p.checkedNote(true), int(d.Room()/4)) {
			d.At(draw.Margin, d.Y, draw.Regular, draw.TextSize, draw.Ink, line)
			d.Y += draw.TextSize * draw.LineHeight * draw.MMPerPoint
		}
		return
	}
	const headHeight, rowHeight, noteHeight = 5.0, 5.7, 5.0
	groups := p.findingGroups()
	rows := min(len(groups), 7, int((d.Room()-headHeight-noteHeight)/rowHeight))
	if rows < 1 {
		d.At(draw.Margin, d.Y, draw.Regular, draw.NoteSize, draw.Muted, p.say("first.more-findings", "n", 0, "all", len(groups)))
		return
	}
	var cells [][]draw.Cell
	for _, g := range groups[:rows] {
		what := g.what
		if full := g.what + g.where; d.TextWidth(draw.Regular, draw.TableSize, full) < (width-6)*0.50 {
			what = full
		}
		cells = append(cells, draw.Cells(what, g.seen, g.status))
	}
	t := &draw.Table{X: draw.Margin, Width: width,
		Columns: []draw.Column{{Head: p.say("head.finding"), Width: 50, OneLine: true},
			{Head: p.say("head.seen"), Width: 20, OneLine: true}, {Head: p.say("head.status"), Width: 30, OneLine: true}}}
	d.Draw(t, cells)
	if rows < len(groups) {
		d.At(draw.Margin, d.Y+1.2, draw.Regular, draw.NoteSize, draw.Muted, p.say("first.more-findings", "n", rows, "all", len(groups)))
	}
}

// findingGroup is what the first page says of the findings of one check.
type findingGroup struct{ what, where, seen, status string }

// findingGroups puts the findings of a check together, in the order of the
// findings.
func (p *Packet) findingGroups() []findingGroup {
	var order []string
	of := map[string][]Finding{}
	for _, f := range slices.Concat(p.Findings, p.Carried) {
		if len(of[f.Check]) == 0 {
			order = append(order, f.Check)
		}
		of[f.Check] = append(of[f.Check], f)
	}
	var out []findingGroup
	for _, check := range order {
		list := of[check]
		g := findingGroup{what: list[0].Title}
		if len(list) > 1 {
			g.what = p.say("first.group", "title", list[0].Title, "n", len(list))
		} else if list[0].Bucket != "" { // what CloudTrail tells may concern none
			g.where = ", " + list[0].Bucket
		}
		first, last, open, due := "9999", "", 0, ""
		for _, f := range list {
			first, last = min(first, f.Days[0].Date), max(last, f.Days[len(f.Days)-1].Date)
			if f.Status != state.StatusResolved {
				open++
				if f.Due != "" && (due == "" || f.Due < due) {
					due = f.Due
				}
			}
		}
		g.seen = p.Text.Day(first)
		if last != first {
			g.seen += " – " + p.Text.Day(last)
		}
		switch {
		case open == 0:
			g.status = p.Text.Phrase(state.StatusResolved)
		case len(list) == 1:
			g.status = p.Text.Phrase(list[0].Status)
		default:
			g.status = p.say("first.open", "n", open)
		}
		if open > 0 && due != "" {
			g.status += ", " + p.dueText(due)
			if _, last := p.dates(); due <= last {
				g.status = p.dueText(due)
			}
		}
		out = append(out, g)
	}
	return out
}

// topActions lists what happens next, as far as the page has room.
func (d *pages) topActions(x, width float64) {
	p := d.p
	step := draw.TextSize * draw.LineHeight * draw.MMPerPoint
	if len(p.Actions) == 0 {
		for _, line := range d.Lines(draw.Regular, draw.TextSize, width, p.say("action.none")) {
			d.At(x, d.Y, draw.Regular, draw.TextSize, draw.Ink, line)
			d.Y += step
		}
		return
	}
	for i, a := range p.Actions {
		lines := d.CutLines(draw.Regular, draw.TextSize, width-5, p.actionLine(a), 3)
		more := 0.0
		if i+1 < len(p.Actions) {
			more = step
		}
		if d.Room() < float64(len(lines))*step+more || i == 6 {
			d.At(x, d.Y, draw.Regular, draw.NoteSize, draw.Muted, p.say("first.more-actions", "n", len(p.Actions)-i))
			return
		}
		d.At(x, d.Y, draw.Regular, draw.TextSize, draw.Muted, fmt.Sprintf("%d.", i+1))
		for _, line := range lines {
			d.At(x+5, d.Y, draw.Regular, draw.TextSize, draw.Ink, line)
			d.Y += step
		}
		d.Y += 0.8
	}
}

// actionLine is an action with who and until when.
func (p *Packet) actionLine(a Action) string {
	var who []string
	if a.Owner != "" {
		who = append(who, a.Owner)
	}
	if a.Due != "" {
		who = append(who, p.dueText(a.Due))
	}
	if len(who) == 0 {
		return a.Text
	}
	return strings.TrimSuffix(a.Text, ".") + " (" + strings.Join(who, ", ") + ")."
}

// checkedNote says what the absence of findings means. Elsewhere is set where the
// section on findings is another place.
func (p *Packet) checkedNote(elsewhere bool) string {
	if p.Totals.Records == 0 {
		return p.say("findings.dark")
	}
	if len(p.Suppressed) > 0 {
		return p.say("findings.suppressed", "n", len(p.Suppressed))
	}
	if len(p.NotEvaluated) == 0 {
		return p.say("findings.none")
	}
	var checks []string
	dates := map[string]map[string]bool{}
	for _, n := range p.NotEvaluated {
		if dates[n.Check] == nil {
			dates[n.Check] = map[string]bool{}
			checks = append(checks, n.Check)
		}
		dates[n.Check][n.Date] = true
	}
	for i, c := range checks {
		checks[i] = p.say("findings.check-days", "check", p.check(c), "n", len(dates[c]))
	}
	text := p.say("findings.none-where-looked", "checks", strings.Join(checks, ", "))
	if elsewhere {
		text += " " + p.say("findings.why")
	}
	return text
}
