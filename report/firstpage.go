package report

import (
	"fmt"
	"strings"

	"bucketproof/internal/state"
)

// firstPage stands alone: an account manager can show just this page.
func (d *document) firstPage() error {
	p := d.packet
	d.newPage()
	d.at(margin, d.y, medium, 9, ink, "Backup evidence packet")
	d.right(pageWidth-margin, d.y, medium, 9, ink, p.MonthName())
	d.y += 4.3
	d.at(margin, d.y, regular, 7.8, muted, "from Amazon S3 server access logs")
	days := p.Range.Days()
	d.right(pageWidth-margin, d.y, regular, 7.8, muted, fmt.Sprintf("%s 00:00 – %s 24:00, %s%s", dateName(days[0].Date), dateName(days[len(days)-1].Date), p.Range.Location, revisionName(p.Revision)))
	d.y += 5.6
	d.line(margin, d.y, pageWidth-margin, d.y, ink, 1.2)
	d.y += 5
	const titleLines = 2
	for _, line := range cutLines(d.lines(light, 23, column, p.Tenant.Name), titleLines) {
		d.at(margin, d.y, light, 23, ink, line)
		d.y += 23 * mmPerPoint * 1.15
	}
	d.pdf.Bookmark("Summary", 0, margin)
	d.y += 4
	d.verdict()
	d.figures()
	d.calendar()
	if err := d.trend(); err != nil {
		return err
	}
	d.whatDidNotFit()
	return nil
}

func revisionName(r Revision) string {
	if r.Number > 1 {
		return fmt.Sprintf(" · revision %d", r.Number)
	}
	return ""
}

// verdict is the one sentence, with a bar in its colour and its shape.
func (d *document) verdict() {
	p := d.packet
	c := blue
	switch {
	case p.Totals.NightsMissed > 0:
		c = red
	case p.Verdict == verdictAttention:
		c = amber
	case p.Verdict == verdictNotEvaluated:
		c = muted
	}
	top := d.y
	const indent = 5.4
	d.at(margin+indent, d.y, medium, 7, c, strings.ToUpper(p.Verdict))
	d.y += 4.2
	for _, line := range d.lines(medium, 12, column-indent, p.Sentence) {
		d.at(margin+indent, d.y, medium, 12, ink, line)
		d.y += 12 * mmPerPoint * 1.35
	}
	d.y += 0.6
	for _, reason := range p.Reasons {
		for _, line := range d.lines(regular, textSize, column-indent, reason) {
			d.at(margin+indent, d.y, regular, textSize, muted, line)
			d.y += textSize * mmPerPoint * lineHeight
		}
	}
	d.box(margin, top-0.6, 1, d.y-top+0.8, c, c, 0)
	d.y += 5
}

// figure is a number that carries the verdict.
type figure struct{ value, label, note string }

func (d *document) figures() {
	p, t := d.packet, d.packet.Totals
	nightsNote := "every night was evaluated"
	if t.NightsMissed+t.NightsUnknown > 0 {
		nightsNote = fmt.Sprintf("%d missed, %d not evaluated", t.NightsMissed, t.NightsUnknown)
	}
	logNote := "every line was read"
	if t.Records == 0 {
		logNote = "nothing to evaluate"
	}
	if t.Rejected > 0 {
		logNote = count(int(t.Rejected), "line could not be read", "lines could not be read")
	}
	all := []figure{
		{integer(int64(t.NightsOK+t.NightsAttention)) + " of " + integer(int64(t.Nights)), "nights covered", nightsNote},
		{bytesName(t.BytesWritten), "written in backup windows", count(len(p.Tenant.Buckets), "bucket", "buckets")},
		{percent(t.ApprovedRecords, p.requests), "of requests by approved principals", fmt.Sprintf("%s of %s were not", integer(p.requests-t.ApprovedRecords), integer(p.requests))},
		{p.foreignValue(), "requests from other AWS accounts", p.accountsNote()},
		{integer(int64(t.Findings)), "findings in the month", fmt.Sprintf("%d open, %d resolved", t.FindingsOpen, t.Findings-t.FindingsOpen)},
		{integer(t.Records), "log records, each counted once", logNote},
	}
	width := (column - 2*gutter) / 3
	for i, f := range all {
		x := margin + float64(i%3)*(width+gutter)
		d.line(x, d.y, x+width, d.y, rule, 0.6)
		d.at(x, d.y+2.2, light, 17, ink, f.value)
		d.at(x, d.y+9.6, medium, textSize, ink, f.label)
		d.at(x, d.y+13.2, regular, textSize, muted, f.note)
		if i%3 == 2 {
			d.y += 19.5
		}
	}
}

func (p *Packet) foreignValue() string {
	if len(p.Tenant.Accounts) == 0 {
		return "–"
	}
	return integer(p.Totals.ForeignRecords)
}

// accountsNote says how many of the requests from other accounts came from
// principals that the mapping approves: those are no finding.
func (p *Packet) accountsNote() string {
	if len(p.Tenant.Accounts) == 0 {
		return "not evaluated: no accounts are configured"
	}
	strange := int64(0)
	for _, f := range p.Findings {
		if f.Check == "cross-account" {
			strange += f.Count
		}
	}
	if approved := p.Totals.ForeignRecords - strange; approved > 0 {
		return integer(approved) + " of them by approved principals"
	}
	return "own: " + enumerate(p.Tenant.Accounts)
}

// trend draws what each night wrote and what each day requested.
func (d *document) trend() error {
	p := d.packet
	written, requests := p.daily()
	d.heading("Data written each night")
	if err := d.bars(25, written, func(v float64) string { return axisName(v, true) }); err != nil {
		return err
	}
	d.at(margin, d.y+0.6, medium, 8, ink, "Requests each day")
	d.y += 5
	if err := d.bars(17, requests, func(v float64) string { return axisName(v, false) }); err != nil {
		return err
	}
	d.note("Bytes of successful writes in the backup windows, by the day on which the window starts, and log records by day; all buckets. Figures: csv/backup-windows.csv and csv/log-delivery.csv. A night that could not be evaluated, and a day without records, is a gap.")
	return nil
}

func axisName(v float64, bytes bool) string {
	if bytes {
		return bytesName(int64(v))
	}
	return integer(int64(v))
}

// daily are the two series of the trend.
func (p *Packet) daily() (written, requests []bar) {
	records := map[string]int64{}
	for _, row := range p.table("log-delivery").Rows {
		date, ok := row[1].(string)
		n, ok1 := row[3].(int64)
		if ok && ok1 {
			records[date] += n
		}
	}
	for _, day := range p.Range.Days() {
		w := bar{label: dateName(day.Date)}
		missed := 0
		for _, n := range p.Nights {
			if n.Date == day.Date {
				w.value += float64(n.Bytes)
				w.known = w.known || n.Verdict != verdictNotEvaluated
				if n.Verdict == verdictMissed {
					missed++
				}
			}
		}
		if missed > 0 && p.Totals.NightsMissed <= 3 {
			w.mark = dateName(day.Date) + ": no backup written"
			if len(p.Tenant.Buckets) > 1 {
				w.mark = dateName(day.Date) + ": a backup was missed"
			}
		}
		written = append(written, w)
		n := records[day.Date]
		requests = append(requests, bar{label: dateName(day.Date), value: float64(n), known: n > 0})
	}
	return written, requests
}

// whatDidNotFit lists the gravest findings, as far as the page has room.
func (d *document) whatDidNotFit() {
	p := d.packet
	const headingHeight, headHeight, rowHeight, noteHeight = 9.0, 5.0, 5.7, 6.0
	room := bottom - d.y - headingHeight
	if room < noteHeight {
		return
	}
	d.headingHere("What did not fit")
	if len(p.Findings) == 0 {
		d.paragraph(regular, textSize, ink, column, p.checkedNote())
		return
	}
	const most = 7
	rows := min(most, int((room-headHeight-noteHeight)/rowHeight))
	if rows < 1 {
		d.paragraph(regular, textSize, ink, column, fmt.Sprintf("%s; see the section on findings.", count(len(p.Findings), "finding", "findings")))
		return
	}
	rows = min(rows, len(p.Findings))
	var cells [][]cell
	for _, f := range p.Findings[:rows] {
		status := f.Status
		if f.Status != state.StatusResolved && f.Due != "" {
			status += ", due " + dateName(f.Due)
		}
		cells = append(cells, plain(f.Title, f.Bucket, f.Subject, p.seen(f), integer(f.Count), status))
	}
	d.table([]col{{head: "Finding", width: 48, line: true}, {head: "Bucket", width: 28, line: true}, {head: "Subject", width: 40, line: true}, {head: "Seen", width: 22, line: true},
		{head: "Count", width: 11, right: true}, {head: "Status", width: 27, line: true}}, cells)
	if rows < len(p.Findings) {
		d.note(fmt.Sprintf("First %d of %d findings; all of them are in the section on findings.", rows, len(p.Findings)))
	}
}

// checkedNote says what the absence of findings means.
func (p *Packet) checkedNote() string {
	if p.Totals.Records == 0 {
		return "Not evaluated: there is no log record to look at."
	}
	if len(p.NotEvaluated) == 0 {
		return "Nothing. Every check looked at every day and found nothing."
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
		checks[i] = fmt.Sprintf("%s on %s", c, count(len(dates[c]), "day", "days"))
	}
	return "No check found anything where it could look. Not evaluated: " + strings.Join(checks, ", ") + "; why is in the section on findings."
}

func (p *Packet) seen(f Finding) string {
	first, last := f.Days[0].Date, f.Days[len(f.Days)-1].Date
	if first == last {
		return dateName(first)
	}
	return dateName(first) + " – " + dateName(last)
}

func fitText(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}
