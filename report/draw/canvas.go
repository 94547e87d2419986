package draw

import (
	"io"
	"math"

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
	d        *Document
	x, y     float64 // of its upper left corner on the page
	stroke   drawing.Color
	fill     drawing.Color
	width    float64
	dashes   []float64
	text     drawing.Color
	size     float64
	path     []func()
	rotation float64
}

func (c *canvas) mm(v int) float64 { return float64(v) / scale }

func (c *canvas) ResetStyle() {
	c.stroke, c.fill, c.text = drawing.ColorTransparent, drawing.ColorTransparent, drawing.ColorBlack
	c.width, c.size, c.rotation, c.dashes = 1, 6.4, 0, nil
}
func (c *canvas) GetDPI() float64                 { return 72 }
func (c *canvas) SetDPI(float64)                  {}
func (c *canvas) SetClassName(string)             {}
func (c *canvas) SetStrokeColor(v drawing.Color)  { c.stroke = v }
func (c *canvas) SetFillColor(v drawing.Color)    { c.fill = v }
func (c *canvas) SetStrokeWidth(v float64)        { c.width = v }
func (c *canvas) SetStrokeDashArray(v []float64)  { c.dashes = v }
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
	if len(c.dashes) > 0 {
		dashes := make([]float64, len(c.dashes))
		for i, v := range c.dashes {
			dashes[i] = v / scale
		}
		c.d.pdf.SetDashPattern(dashes, 0)
		defer c.d.pdf.SetDashPattern([]float64{}, 0)
	}
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
	c.d.At(px, py-size*MMPerPoint, Regular, size, Color{c.text.R, c.text.G, c.text.B}, body)
}

// points is the size of the type on the page: go-chart thinks of it in its own
// units, which are scaled down.
func (c *canvas) points() float64 { return c.size / scale / MMPerPoint }

func (c *canvas) MeasureText(body string) chart.Box {
	size := c.points()
	return chart.Box{Right: int(math.Ceil(c.d.TextWidth(Regular, size, body) * scale)), Bottom: int(math.Ceil(size * MMPerPoint * scale))}
}

var _ chart.Renderer = (*canvas)(nil)
