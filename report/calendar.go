package report

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-pdf/fpdf"

	"bucketproof/internal/config"
)

func (d *document) triangle(x, y, r float64, c color) {
	d.pdf.SetFillColor(c[0], c[1], c[2])
	d.pdf.Polygon([]fpdf.PointType{{X: x, Y: y - r}, {X: x + r, Y: y + r*0.75}, {X: x - r, Y: y + r*0.75}}, "F")
}

// maxCalendarRows is how many buckets the first page has room for.
const maxCalendarRows = 10

// calendar draws the nights of the month, a row a bucket: every night by colour
// and by shape.
func (d *document) calendar() {
	p := d.packet
	d.heading("Every night, by bucket")
	const label = 26.0
	days := p.Range.Days()
	cellWidth := (column - label) / float64(len(days))
	for i := range days {
		text := fmt.Sprint(i + 1)
		d.at(margin+label+(float64(i)+0.5)*cellWidth-d.width(regular, 5.6, text)/2, d.y, regular, 5.6, muted, text)
	}
	d.y += 4
	buckets := p.Tenant.Buckets
	cut := len(buckets) > maxCalendarRows
	if cut {
		buckets = worstBuckets(p, maxCalendarRows)
	}
	for _, b := range buckets {
		text := b.Name
		if d.width(regular, 6.6, text) > label-2 {
			text = fitOneLine(d, b.Name, label-2, 6.6)
		}
		d.at(margin, d.y+1, regular, 6.6, ink, text)
		for i, day := range days {
			verdict, ok := p.verdictOf(b.Name, day.Date)
			if ok {
				d.night(margin+label+float64(i)*cellWidth, d.y, cellWidth-0.5, 4.7, verdict)
			}
		}
		d.y += 6
	}
	if cut {
		d.note(fmt.Sprintf("%d of %d buckets, those with the most nights that are not ok first; all of them are in csv/backup-windows.csv.", maxCalendarRows, len(p.Tenant.Buckets)))
	}
	d.legend()
}

// worstBuckets are the n buckets with the most nights that are not ok, in the
// order of the configuration where they are equal.
func worstBuckets(p *Packet, n int) []config.Bucket {
	bad := map[string]int{}
	for _, night := range p.Nights {
		if night.Verdict != verdictOK {
			bad[night.Bucket]++
		}
	}
	buckets := slices.Clone(p.Tenant.Buckets)
	slices.SortStableFunc(buckets, func(a, b config.Bucket) int { return bad[b.Name] - bad[a.Name] })
	return buckets[:n]
}

// fitOneLine cuts a name in its middle, where names differ least.
func fitOneLine(d *document, s string, width, size float64) string {
	runes := []rune(s)
	for keep := len(runes) - 1; keep > 4; keep-- {
		head := keep * 2 / 3
		text := string(runes[:head]) + "…" + string(runes[len(runes)-(keep-head):])
		if d.width(regular, size, text) <= width {
			return text
		}
	}
	return string(runes[:1]) + "…"
}

// night draws one cell of the calendar.
func (d *document) night(x, y, w, h float64, verdict string) {
	fill, border := blueTint, blue
	switch verdict {
	case verdictAttention:
		fill, border = amberTint, amber
	case verdictMissed:
		fill, border = redTint, red
	case verdictNotEvaluated:
		d.pdf.SetDashPattern([]float64{0.6, 0.6}, 0)
		fill, border = white, muted
	}
	d.box(x, y, w, h, fill, border, 0.6)
	d.pdf.SetDashPattern([]float64{}, 0)
	d.mark(x+w/2, y+h/2, 1.0, verdict)
}

func (d *document) legend() {
	d.y += 1.5
	x := margin
	for _, l := range [][2]string{{verdictOK, "backup written and checked"}, {verdictAttention, "attention"}, {verdictMissed, "missed"}, {verdictNotEvaluated, "not evaluated"}} {
		d.night(x, d.y, 3.2, 3.2, l[0])
		x += 4.2
		x += d.at(x, d.y+0.4, regular, 6.4, muted, l[1]) + 5
	}
	d.y += 5
}

// dateName is a date for people, such as 12 Oct.
func dateName(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.Format("2 Jan")
}
