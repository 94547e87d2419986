package draw

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/wcharczuk/go-chart/v2"
	"github.com/wcharczuk/go-chart/v2/drawing"
)

// Bar is one day of a chart. A day that is not known is a gap, not zero.
type Bar struct {
	Label string
	Value float64
	Known bool
	Mark  string // words at its place; "" for none
}

const (
	axisWidth  = 16.0 // room for the numbers
	labelRoom  = 4.5  // for the dates
	labelSize  = 5.8
	calloutTop = 3.2
)

// BarsHeight is what [Document.Bars] takes of the page.
func BarsHeight(height float64, values []Bar) float64 {
	if slices.ContainsFunc(values, func(b Bar) bool { return b.Mark != "" }) {
		height += calloutTop
	}
	return height + 3
}

// Bars draws a bar chart of a height in millimetres. Bars begin at zero, the
// axis has three to five lines, and a gap is a grey band.
func (d *Document) Bars(height float64, values []Bar, unit func(float64) string) error {
	if len(values) == 0 {
		return nil
	}
	d.Need(BarsHeight(height, values))
	// A bar and its gap are a whole number of units, or the labels would drift.
	units := int((d.Column - axisWidth) * scale / float64(len(values)))
	each := float64(units) / scale
	plot := height - labelRoom
	highest := 0.0
	for _, b := range values {
		if b.Known {
			highest = math.Max(highest, b.Value)
		}
	}
	top, step := niceTop(highest)
	d.Y += 1
	if slices.ContainsFunc(values, func(b Bar) bool { return b.Mark != "" }) {
		d.Y += calloutTop
	}
	left := Margin + axisWidth
	for i, b := range values {
		if !b.Known {
			d.Box(left+float64(i)*each+each*0.08, d.Y, each*0.84, plot, Panel, Panel, 0)
		}
	}
	for v := 0.0; v <= top+step/2; v += step {
		y := d.Y + plot*(1-v/top)
		d.Line(left, y, d.Right(), y, Rule, 0.5)
		d.AtRight(left-1.5, y-1.3, Regular, labelSize, Muted, unit(v))
	}
	if err := d.renderBars(left, d.Y, units, plot, values, top); err != nil {
		return err
	}
	every := int(math.Ceil(float64(len(values)) / 7))
	taken := left
	for i, b := range values {
		x := left + (float64(i)+0.5)*each
		if i%every == 0 || len(values) <= 12 {
			w := d.TextWidth(Regular, labelSize, b.Label)
			d.At(min(x-w/2, d.Right()-w), d.Y+plot+1.2, Regular, labelSize, Muted, b.Label)
		}
		if b.Mark != "" {
			taken = d.callout(x, plot, b.Mark, taken)
		}
	}
	d.Y += height + 2
	return nil
}

// callout marks the one thing that matters in words, at its place. Words that
// would stand on others are left out; the line stays.
func (d *Document) callout(x, height float64, text string, taken float64) float64 {
	d.Line(x, d.Y-2.8, x, d.Y+height, Red, 0.6)
	w := d.TextWidth(Regular, labelSize, text)
	left := x + 1
	if left+w > d.Right() {
		left = x - 1 - w
	}
	if left < taken {
		return taken
	}
	if left+w > d.Right() {
		return taken
	}
	d.At(left, d.Y-3.2, Regular, labelSize, Red, text)
	return left + w + 2
}

// renderBars has go-chart draw the bars alone: its own axis begins at the least
// value and not at zero, and takes no equal or missing values.
func (d *Document) renderBars(x, y float64, units int, h float64, values []Bar, top float64) error {
	invisible := drawing.Color{R: 255, G: 255, B: 255} // not the zero color, which takes go-chart's default
	width := max(1, units*72/100)
	bars := make([]chart.Value, len(values))
	for i, b := range values {
		fill := drawing.Color{R: d.Accent[0], G: d.Accent[1], B: d.Accent[2], A: 255}
		if !b.Known || b.Value <= 0 {
			fill, b.Value = invisible, 0
		}
		bars[i] = chart.Value{Value: b.Value, Style: chart.Style{FillColor: fill, StrokeColor: invisible}}
	}
	empty := chart.Style{FillColor: invisible, StrokeColor: invisible}
	padded := empty
	padded.Padding = chart.Box{IsSet: true}
	c := chart.BarChart{
		Width: units * len(values), Height: int(h * scale), BarWidth: width, BarSpacing: max(1, units-width), DPI: 72,
		Background: padded, Canvas: empty, XAxis: chart.Hidden(),
		YAxis: chart.YAxis{Style: chart.Hidden(), Range: &chart.ContinuousRange{Min: 0, Max: top}},
		Bars:  bars,
	}
	r := &canvas{d: d, x: x, y: y}
	r.ResetStyle()
	if err := c.Render(func(int, int) (chart.Renderer, error) { return r, nil }, io.Discard); err != nil {
		return fmt.Errorf("draw chart: %w", err)
	}
	return nil
}

// niceTop is the end of an axis that begins at zero, and the step between its
// lines: 1, 2 or 5 times a power of ten, three to five of them.
func niceTop(highest float64) (top, step float64) {
	if highest <= 0 {
		return 1, 1
	}
	step = math.Pow(10, math.Floor(math.Log10(highest)))
	for _, f := range []float64{0.2, 0.5, 1, 2, 5} {
		if highest/(step*f) <= 4 {
			step *= f
			break
		}
	}
	step = math.Max(step, 1) // bytes and requests come whole
	return math.Ceil(highest/step-1e-9) * step, step
}

// Share is one bar of [Document.Shares].
type Share struct {
	Label, Value string
	Amount       float64
	Mark         Mark
}

const shareStep = 4.8

// SharesHeight is what [Document.Shares] takes of the page.
func SharesHeight(n int) float64 { return float64(n)*shareStep + 2 }

// Shares draws a bar from zero for each row, its name in front and its value
// behind.
func (d *Document) Shares(rows []Share) {
	d.Need(SharesHeight(len(rows)))
	const label = 62.0
	value := 20.0
	for _, r := range rows {
		value = math.Max(value, d.TextWidth(Regular, 6.6, r.Value)+2)
	}
	plot := d.Column - label - value
	most := 0.0
	for _, r := range rows {
		most = math.Max(most, r.Amount)
	}
	for _, r := range rows {
		left := Margin
		if r.Mark != NoMark {
			d.Mark(left+1.2, d.Y+1.9, 1.1, r.Mark)
			left += markWidth
		}
		d.At(left, d.Y+0.5, Regular, 6.6, Ink, d.FitMiddle(Regular, 6.6, Margin+label-2-left, r.Label))
		width := 0.0
		if most > 0 {
			width = plot * r.Amount / most
		}
		if r.Amount > 0 {
			width = math.Max(width, 0.3) // what is there can be seen
		}
		d.Line(Margin+label, d.Y-0.3, Margin+label, d.Y+shareStep-0.7, Rule, 0.5)
		if width > 0 {
			d.Box(Margin+label, d.Y+0.4, width, shareStep-1.9, d.Accent, d.Accent, 0)
		}
		d.At(Margin+label+width+1.5, d.Y+0.5, Regular, 6.6, Muted, r.Value)
		d.Y += shareStep
	}
	d.Y += 2
}

// HeatRows are the values of a heat map: by row, such as a weekday, and column,
// such as an hour.
type HeatRows struct {
	Rows    []string
	Columns []string
	Values  [][]float64
	Low     string // beside the lightest shade
	High    string // beside the darkest
}

const (
	heatStep   = 4.1
	heatShades = 5
)

// HeatHeight is what [Document.Heat] takes of the page.
func HeatHeight(h HeatRows) float64 { return float64(len(h.Rows))*heatStep + 12 }

// Heat draws a heat map. Nothing is white; the shades differ in grey, too.
func (d *Document) Heat(h HeatRows) {
	d.Need(HeatHeight(h))
	const label = 16.0
	width := (d.Column - label) / float64(len(h.Columns))
	most := 0.0
	for _, row := range h.Values {
		for _, v := range row {
			most = math.Max(most, v)
		}
	}
	for j, c := range h.Columns {
		d.AtCenter(Margin+label+(float64(j)+0.5)*width, d.Y, Regular, 5.6, Muted, c)
	}
	d.Y += 3.4
	for i, row := range h.Values {
		d.At(Margin, d.Y+0.8, Regular, 6.4, Ink, h.Rows[i])
		for j, v := range row {
			d.Box(Margin+label+float64(j)*width, d.Y, width-0.4, heatStep-0.4, d.shade(v, most), Rule, 0.3)
		}
		d.Y += heatStep
	}
	d.Y += 1.6
	x := Margin + label
	x += d.At(x, d.Y, Regular, 6.0, Muted, h.Low) + 1.5
	for n := range heatShades + 1 {
		d.Box(x, d.Y, 4, 2.4, d.shade(float64(n)/heatShades, 1), Rule, 0.3)
		x += 4.3
	}
	d.At(x+1.2, d.Y, Regular, 6.0, Muted, h.High)
	d.Y += 6
}

// shade is white for nothing, and darker in five steps.
func (d *Document) shade(v, most float64) Color {
	if v <= 0 || most <= 0 {
		return White
	}
	level := math.Ceil(v / most * heatShades) // 1 to heatShades
	part := 0.12 + 0.88*(level-1)/(heatShades-1)
	var c Color
	for i := range c {
		c[i] = uint8(255 - (255-float64(d.Accent[i]))*part)
	}
	return c
}

// NightRow is a row of a calendar: a bucket with a mark for each day; NoMark
// where nothing was to be expected.
type NightRow struct {
	Label string
	Marks []Mark
}

// CalendarStep is the height of a row of a calendar.
const CalendarStep = 6.0

// Calendar draws a row for each bucket: every night by colour and by shape.
func (d *Document) Calendar(days []string, rows []NightRow) {
	const label = 26.0
	width := (d.Column - label) / float64(len(days))
	head := func() {
		for i, day := range days {
			d.AtCenter(Margin+label+(float64(i)+0.5)*width, d.Y, Regular, 5.6, Muted, day)
		}
		d.Y += 4
	}
	d.Need(4 + CalendarStep)
	head()
	for _, r := range rows {
		if d.Y+CalendarStep > d.Bottom {
			d.NewPage()
			head()
		}
		d.At(Margin, d.Y+1, Regular, 6.6, Ink, d.FitMiddle(Regular, 6.6, label-2, r.Label))
		for i, m := range r.Marks {
			if m != NoMark {
				d.Night(Margin+label+float64(i)*width, d.Y, width-0.5, 4.7, m)
			}
		}
		d.Y += CalendarStep
	}
}

// Legend explains the marks of a calendar.
func (d *Document) Legend(names map[Mark]string) {
	d.Need(7)
	d.Y += 1.2
	x := Margin
	for _, m := range []Mark{OK, Attention, Missed, Unknown} {
		d.Night(x, d.Y, 3.2, 3.2, m)
		x += 4.2
		x += d.At(x, d.Y+0.4, Regular, 6.4, Muted, names[m]) + 5
	}
	d.Y += 5
}
