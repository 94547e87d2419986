package report

import (
	"slices"
	"strings"

	"bucketproof/internal/config"
	"bucketproof/internal/state"
	"bucketproof/report/draw"
)

// summaryID is the anchor of the first page.
const summaryID = "summary"

const (
	// maxReasons is how many lines the first page has for what the verdict
	// rests on.
	maxReasons = 6
	// listsHeight is what the lists at its foot take at the least.
	listsHeight = 34.0
	trendHeight = 41.0
)

// firstPage stands alone: an account manager can show just this page.
func (d *pages) firstPage() error {
	p := d.p
	d.NewPage()
	if err := d.letterhead(); err != nil {
		return err
	}
	size := 23.0
	if len(d.Lines(draw.Light, size, d.Column, p.Tenant.Name)) > 2 {
		size = 13
	}
	for _, line := range d.CutLines(draw.Light, size, d.Column, p.Tenant.Name, 4) {
		d.At(draw.Margin, d.Y, draw.Light, size, draw.Ink, line)
		d.Y += size * draw.MMPerPoint * 1.15
	}
	d.Anchor(summaryID, p.say("document.summary"), 0)
	d.Y += 3
	d.verdict()
	d.figures()
	d.HeadingHere(p.say("calendar.title"))
	buckets := int((d.Room() - trendHeight - listsHeight - 26) / draw.CalendarStep)
	d.calendar(max(3, buckets))
	if err := d.trend(); err != nil {
		return err
	}
	d.lists()
	return nil
}

// letterhead names who made the packet and for which period.
func (d *pages) letterhead() error {
	p := d.p
	x := draw.Margin
	if p.Look.Logo != nil {
		w, err := d.Logo(p.Look.Logo, draw.Margin, d.Y-1, 46, 9.5)
		if err != nil {
			return err
		}
		x += w + 4
	}
	days := p.Range.Days()
	period := p.say("first.period", "first", p.Text.Day(days[0].Date), "last", p.Text.Day(days[len(days)-1].Date),
		"zone", p.Range.Location.String()) + " · "
	if p.Provisional {
		period += p.say("standing.provisional")
	} else {
		period += p.say("standing.final")
	}
	if p.Revision.Number > 1 {
		period += " · " + p.say("standing.revision", "n", p.Revision.Number)
	}
	name := p.Look.MSP
	kind := p.say("document.kind")
	if name == "" {
		name, kind = kind, p.say("document.subject")
	}
	right := d.Right() - x - d.TextWidth(draw.Regular, 7.8, period) - 4
	d.At(x, d.Y, draw.Medium, 9, draw.Ink, d.Fit(draw.Medium, 9, right, name))
	d.AtRight(d.Right(), d.Y, draw.Medium, 9, draw.Ink, p.MonthName())
	d.Y += 4.3
	d.At(x, d.Y, draw.Regular, 7.8, draw.Muted, d.Fit(draw.Regular, 7.8, right, kind))
	d.AtRight(d.Right(), d.Y, draw.Regular, 7.8, draw.Muted, period)
	d.Y += 5.6
	d.Line(draw.Margin, d.Y, d.Right(), d.Y, draw.Ink, 1.2)
	d.Y += 5
	return nil
}

// verdictColor goes with the mark of the verdict.
func (d *pages) verdictColor() draw.Color {
	switch d.p.Verdict {
	case verdictAttention:
		return draw.Amber
	case verdictNotEvaluated:
		return draw.Muted
	}
	return d.Accent
}

// verdict is the one sentence, with a bar in its colour and its shape.
func (d *pages) verdict() {
	p := d.p
	top := d.Y
	const indent = 5.4
	c := d.verdictColor()
	label := strings.ToUpper(p.say("verdict.label." + verdictKey(p.Verdict)))
	if p.Provisional {
		label += " · " + strings.ToUpper(p.say("standing.provisional"))
	}
	d.Mark(draw.Margin+indent+1.2, d.Y+1.5, 1.2, markOf(p.Verdict))
	d.At(draw.Margin+indent+4, d.Y, draw.Medium, 7, draw.Ink, label)
	d.Y += 4.4
	for _, line := range d.Lines(draw.Medium, 12, d.Column-indent, p.Sentence) {
		d.At(draw.Margin+indent, d.Y, draw.Medium, 12, draw.Ink, line)
		d.Y += 12 * draw.MMPerPoint * 1.35
	}
	d.Y += 0.6
	var reasons []string
	if len(p.Reasons) > 0 {
		reasons = d.CutLines(draw.Regular, draw.TextSize, d.Column-indent, strings.Join(p.Reasons, "\n"), maxReasons)
	}
	for _, line := range reasons {
		d.At(draw.Margin+indent, d.Y, draw.Regular, draw.TextSize, draw.Muted, line)
		d.Y += draw.TextSize * draw.MMPerPoint * draw.LineHeight
	}
	d.Box(draw.Margin, top-0.6, 1, d.Y-top+0.8, c, c, 0)
	d.Y += 5
}

func markOf(verdict string) draw.Mark {
	switch verdict {
	case verdictOK:
		return draw.OK
	case verdictAttention:
		return draw.Attention
	case verdictMissed:
		return draw.Missed
	}
	return draw.Unknown
}

// figure is a number that carries the verdict.
type figure struct{ value, label, note string }

func (d *pages) figures() {
	width := (d.Column - 2*draw.Gutter) / 3
	for i, f := range d.p.keyFigures() {
		x := draw.Margin + float64(i%3)*(width+draw.Gutter)
		d.Line(x, d.Y, x+width, d.Y, draw.Rule, 0.6)
		d.At(x, d.Y+2.2, draw.Light, 17, draw.Ink, d.Fit(draw.Light, 17, width, f.value))
		d.At(x, d.Y+9.6, draw.Medium, draw.TextSize, draw.Ink, d.Fit(draw.Medium, draw.TextSize, width, f.label))
		d.At(x, d.Y+13.2, draw.Regular, draw.TextSize, draw.Muted, d.Fit(draw.Regular, draw.TextSize, width, f.note))
		if i%3 == 2 {
			d.Y += 19
		}
	}
}

// keyFigures are the six that carry the verdict.
func (p *Packet) keyFigures() []figure {
	t := p.Totals
	label := p.say("figure.nights")
	if n := len(p.Tenant.Buckets); n > 1 {
		label = p.say("figure.nights-of", "n", n)
	}
	nights := p.say("figure.nights-all")
	if t.NightsMissed+t.NightsUnknown > 0 {
		nights = p.say("figure.nights-note", "missed", t.NightsMissed, "unknown", t.NightsUnknown)
	}
	findings := p.say("figure.findings-none")
	switch {
	case t.FindingsOpen+t.FindingsCarried > 0:
		findings = p.say("figure.findings-open", "n", t.FindingsOpen)
		if t.FindingsCarried > 0 {
			findings += p.say("figure.findings-carried", "n", t.FindingsCarried)
		}
		if t.FindingsOverdue > 0 {
			findings += p.say("figure.findings-overdue", "n", t.FindingsOverdue)
		} else if due := p.nextDue(); due != "" {
			findings += p.say("figure.findings-due", "date", p.Text.Day(due))
		}
	case t.Findings > 0:
		findings = p.say("figure.findings-closed")
	case t.Records == 0:
		findings = p.say("figure.log-none")
	case len(p.Suppressed) > 0:
		findings = p.say("figure.findings-suppressed", "n", len(p.Suppressed))
	case len(p.NotEvaluated) > 0:
		findings = p.say("figure.findings-partly")
	}
	return []figure{
		{p.say("figure.of", "n", t.NightsOK+t.NightsAttention, "all", t.Nights), label, nights},
		{p.Text.Bytes(t.BytesWritten), p.say("figure.written"), p.writtenNote()},
		{p.Text.Percent(t.ApprovedRecords, p.requests), p.say("figure.approved"),
			p.say("figure.approved-note", "n", p.requests-t.ApprovedRecords, "all", p.requests)},
		{p.foreignValue(), p.say("figure.foreign"), p.foreignNote()},
		{p.Text.Integer(int64(t.Findings)) + " / " + p.Text.Integer(int64(t.FindingsResolved)), p.say("figure.findings"), findings},
		{p.Text.Percent(int64(t.BucketDays-t.DaysUnknown), int64(t.BucketDays)), p.say("figure.log"), p.logNote()},
	}
}

// nextDue is the first day on which an open finding is due.
func (p *Packet) nextDue() string {
	due := ""
	for _, f := range slices.Concat(p.Findings, p.Carried) {
		if f.Status != state.StatusResolved && f.Due != "" && (due == "" || f.Due < due) {
			due = f.Due
		}
	}
	return due
}

func (p *Packet) writtenNote() string {
	if p.Previous != nil && p.Previous.Totals.BytesWritten > 0 {
		return p.say("figure.written-change", "change",
			p.Text.Change(p.Previous.Totals.BytesWritten, p.Totals.BytesWritten), "month", p.monthBefore())
	}
	return p.say("figure.written-note", "n", len(p.Tenant.Buckets))
}

// logNote says what the share of days leaves out.
func (p *Packet) logNote() string {
	t := p.Totals
	switch {
	case t.Records == 0:
		return p.say("figure.log-none")
	case t.Rejected > 0:
		return p.say("figure.log-rejected", "records", t.Records, "n", t.Rejected)
	case p.Completeness.Trail != nil:
		return p.say("figure.log-trail", "share", p.Text.Percent(p.Completeness.Trail.InBoth, p.Completeness.Trail.All()))
	}
	return p.say("figure.log-note", "records", t.Records)
}

func (p *Packet) foreignValue() string {
	if len(p.Tenant.Accounts) == 0 || p.Totals.Records == 0 {
		return "–"
	}
	return p.Text.Integer(p.Totals.ForeignRecords)
}

// foreignNote says how many of the requests from other accounts came from
// principals that the mapping approves: those are no finding.
func (p *Packet) foreignNote() string {
	if len(p.Tenant.Accounts) == 0 {
		return p.say("figure.foreign-unknown")
	}
	if p.Totals.Records == 0 {
		return p.say("figure.log-none")
	}
	if p.approvedForeign > 0 {
		return p.say("figure.foreign-approved", "n", p.approvedForeign)
	}
	return p.say("figure.foreign-own", "accounts", p.Text.List(p.Tenant.Accounts, 3))
}

// calendar draws the nights of the month for as many buckets as there is room
// for, those with the most nights that are not ok first where not all fit.
func (d *pages) calendar(room int) {
	p := d.p
	buckets := p.Tenant.Buckets
	cut := len(buckets) > room
	if cut {
		buckets = p.worstBuckets(room)
	}
	days := p.Range.Days()
	labels := make([]string, len(days))
	for i, day := range days {
		labels[i] = strings.TrimPrefix(day.Date[len(day.Date)-2:], "0")
	}
	verdicts := map[[2]string]string{}
	for _, n := range p.Nights {
		verdicts[[2]string{n.Bucket, n.Date}] = n.Verdict
	}
	var rows []draw.NightRow
	for _, b := range buckets {
		row := draw.NightRow{Label: b.Name, Marks: make([]draw.Mark, len(days))}
		for i, day := range days {
			if v, ok := verdicts[[2]string{b.Name, day.Date}]; ok {
				row.Marks[i] = markOf(v)
			}
		}
		rows = append(rows, row)
	}
	d.Calendar(labels, rows)
	d.Legend(map[draw.Mark]string{draw.OK: p.say("calendar.ok"), draw.Attention: p.say("calendar.attention"),
		draw.Missed: p.say("calendar.missed"), draw.Unknown: p.say("calendar.unknown")})
	if cut {
		d.Note(p.say("calendar.cut", "n", room, "all", len(p.Tenant.Buckets)))
	}
}

// worstBuckets are the n buckets with the most missed nights, then odd ones, then
// ones that are not evaluated, in the order of the configuration where they are
// equal.
func (p *Packet) worstBuckets(n int) []config.Bucket {
	weight := map[string]int{verdictMissed: 10_000, verdictAttention: 100, verdictNotEvaluated: 1} // a month has fewer nights than 100
	bad := map[string]int{}
	for _, night := range p.Nights {
		bad[night.Bucket] += weight[night.Verdict]
	}
	buckets := slices.Clone(p.Tenant.Buckets)
	slices.SortStableFunc(buckets, func(a, b config.Bucket) int { return bad[b.Name] - bad[a.Name] })
	return buckets[:n]
}

// trend draws what each night wrote.
func (d *pages) trend() error {
	d.HeadingHere(d.p.say("chart.written.title"))
	return d.writtenChart(24)
}
