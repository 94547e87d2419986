package report

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/golang/freetype/truetype"
	"github.com/wcharczuk/go-chart/v2"
	"github.com/wcharczuk/go-chart/v2/drawing"
)

// scale is how many of go-chart's whole units make a millimetre: its
// coordinates are integers, so it draws large and is scaled down.
const scale = 20.0

// canvas draws what go-chart renders onto the page, as vectors, in the
// document's own type. It implements chart.Renderer.
type canvas struct {
	d        *document
	x, y     float64 // of its upper left corner on the page
	stroke   drawing.Color
	fill     drawing.Color
	width    float64
	text     drawing.Color
	size     float64
	path     []func()
	rotation float64
}

func (c *canvas) mm(v int) float64 { return float64(v) / scale }

func (c *canvas) ResetStyle() {
	c.stroke, c.fill, c.text = drawing.ColorTransparent, drawing.ColorTransparent, drawing.ColorBlack
	c.width, c.size, c.rotation = 1, 6.4, 0
}
func (c *canvas) GetDPI() float64                 { return 72 }
func (c *canvas) SetDPI(float64)                  {}
func (c *canvas) SetClassName(string)             {}
func (c *canvas) SetStrokeColor(v drawing.Color)  { c.stroke = v }
func (c *canvas) SetFillColor(v drawing.Color)    { c.fill = v }
func (c *canvas) SetStrokeWidth(v float64)        { c.width = v }
func (c *canvas) SetStrokeDashArray([]float64)    {}
func (c *canvas) SetFont(*truetype.Font)          {}
func (c *canvas) SetFontColor(v drawing.Color)    { c.text = v }
func (c *canvas) SetFontSize(v float64)           { c.size = v }
func (c *canvas) SetTextRotation(radians float64) { c.rotation = radians }
func (c *canvas) ClearTextRotation()              { c.rotation = 0 }
func (c *canvas) Save(io.Writer) error            { return nil }
func (c *canvas) add(f func())                    { c.path = append(c.path, f) }
func (c *canvas) at(x, y int) (float64, float64)  { return c.x + c.mm(x), c.y + c.mm(y) }

func (c *canvas) MoveTo(x, y int) {
	c.add(func() { px, py := c.at(x, y); c.d.pdf.MoveTo(px, py) })
}

func (c *canvas) LineTo(x, y int) {
	c.add(func() { px, py := c.at(x, y); c.d.pdf.LineTo(px, py) })
}

func (c *canvas) QuadCurveTo(cx, cy, x, y int) {
	c.add(func() {
		ax, ay := c.at(cx, cy)
		px, py := c.at(x, y)
		c.d.pdf.CurveTo(ax, ay, px, py)
	})
}

func (c *canvas) ArcTo(cx, cy int, rx, ry, start, delta float64) {
	c.add(func() {
		px, py := c.at(cx, cy)
		degrees := 180 / math.Pi
		c.d.pdf.ArcTo(px, py, rx/scale, ry/scale, 0, -start*degrees, -(start+delta)*degrees)
	})
}

func (c *canvas) Close() { c.add(func() { c.d.pdf.ClosePath() }) }

func (c *canvas) Stroke()     { c.draw("D") }
func (c *canvas) Fill()       { c.draw("F") }
func (c *canvas) FillStroke() { c.draw("FD") }

// draw emits colours and width before the path: between its points a PDF takes
// no other operator. What is transparent is not painted.
func (c *canvas) draw(style string) {
	path := c.path
	c.path = nil
	if c.stroke.IsTransparent() || c.width == 0 {
		style = map[string]string{"D": "", "F": "F", "FD": "F"}[style]
	}
	if c.fill.IsTransparent() {
		style = map[string]string{"D": "D", "F": "", "FD": "D", "": ""}[style]
	}
	if style == "" {
		return
	}
	c.d.pdf.SetDrawColor(int(c.stroke.R), int(c.stroke.G), int(c.stroke.B))
	c.d.pdf.SetFillColor(int(c.fill.R), int(c.fill.G), int(c.fill.B))
	c.d.pdf.SetLineWidth(c.width / scale)
	for _, f := range path {
		f()
	}
	c.d.pdf.DrawPath(style)
}

func (c *canvas) Circle(radius float64, x, y int) {
	px, py := c.at(x, y)
	c.d.pdf.SetFillColor(int(c.fill.R), int(c.fill.G), int(c.fill.B))
	c.d.pdf.Circle(px, py, radius/scale, "F")
}

// Text writes with its baseline at x, y.
func (c *canvas) Text(body string, x, y int) {
	px, py := c.at(x, y)
	if c.rotation != 0 {
		c.d.pdf.TransformBegin()
		defer c.d.pdf.TransformEnd()
		c.d.pdf.TransformRotate(-c.rotation*180/math.Pi, px, py)
	}
	size := c.points()
	c.d.at(px, py-size*mmPerPoint, regular, size, color{int(c.text.R), int(c.text.G), int(c.text.B)}, body)
}

// points is the size of the type on the page: go-chart thinks of it in its own
// units, which are scaled down.
func (c *canvas) points() float64 { return c.size / scale / mmPerPoint }

func (c *canvas) MeasureText(body string) chart.Box {
	size := c.points()
	w := c.d.width(regular, size, c.d.glyphs[regular].escape(body))
	return chart.Box{Right: int(math.Ceil(w * scale)), Bottom: int(math.Ceil(size * mmPerPoint * scale))}
}

var _ chart.Renderer = (*canvas)(nil)

// bar is one day of a chart. A day that is not known is a gap, not zero.
type bar struct {
	label string
	value float64
	known bool
	mark  string // words at its place; "" for none
}

// bars draws a bar chart of a height in millimetres. Bars begin at zero, and
// the axis has three or four lines.
func (d *document) bars(height float64, values []bar, unit func(float64) string) error {
	if len(values) == 0 {
		return nil
	}
	const axis, labels = 14.0, 4.5 // room for the numbers and for the dates
	// A bar and its gap are a whole number of units, or the labels would drift.
	units := int((column - axis) * scale / float64(len(values)))
	each := float64(units) / scale
	plotHeight := height - labels
	highest := 0.0
	for _, b := range values {
		if b.known {
			highest = math.Max(highest, b.value)
		}
	}
	d.need(height + 7)
	if highest == 0 {
		d.paragraph(regular, textSize, muted, column, "No data in this month.")
		d.space(2)
		return nil
	}
	top, step := niceTop(highest)
	if slices.ContainsFunc(values, func(b bar) bool { return b.mark != "" }) {
		d.y += 3.2 // words stand above the bars
	}
	for v := 0.0; v <= top+step/2; v += step {
		y := d.y + plotHeight*(1-v/top)
		d.line(margin+axis, y, pageWidth-margin, y, rule, 0.5)
		d.right(margin+axis-1.5, y-1.3, regular, 5.8, muted, unit(v))
	}
	if err := d.renderBars(margin+axis, d.y, units, plotHeight, values, top); err != nil {
		return err
	}
	every := int(math.Ceil(float64(len(values)) / 7))
	for i, b := range values {
		x := margin + axis + (float64(i)+0.5)*each
		if i%every == 0 {
			d.at(x-d.width(regular, 5.8, b.label)/2, d.y+plotHeight+1.2, regular, 5.8, muted, b.label)
		}
		if b.mark != "" {
			d.callout(x, plotHeight, b.mark)
		}
	}
	d.y += height + 2
	return nil
}

// callout marks the one thing that matters in words, at its place.
func (d *document) callout(x, height float64, text string) {
	d.line(x, d.y-2.8, x, d.y+height, red, 0.6)
	w := d.width(regular, 5.8, text)
	left := x + 1
	if left+w > pageWidth-margin {
		left = x - 1 - w
	}
	d.at(left, d.y-3.2, regular, 5.8, red, text)
}

// renderBars has go-chart draw the bars alone: its own axis begins at the least
// value and not at zero, and takes no equal or missing values.
func (d *document) renderBars(x, y float64, units int, h float64, values []bar, top float64) error {
	invisible := drawing.Color{R: 255, G: 255, B: 255} // not the zero color, which takes go-chart's default
	width := max(1, units*72/100)
	bars := make([]chart.Value, len(values))
	for i, b := range values {
		fill := drawing.Color{R: uint8(blue[0]), G: uint8(blue[1]), B: uint8(blue[2]), A: 255}
		if !b.known || b.value == 0 {
			fill, b.value = invisible, 0
		}
		bars[i] = chart.Value{Value: b.value, Style: chart.Style{FillColor: fill, StrokeColor: invisible}}
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
