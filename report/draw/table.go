package draw

import (
	"strconv"
	"strings"

	"github.com/go-pdf/fpdf"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Mark is a shape that says a verdict.
type Mark int

// Marks: a dot, a triangle, a cross, a question mark in a dashed frame.
const (
	NoMark Mark = iota
	OK
	Attention
	Missed
	Unknown
)

// Column is a column of a table.
type Column struct {
	Head    string
	Width   float64 // share of the table, relative to the others
	Right   bool
	Mono    bool
	OneLine bool // its text is cut to one line
}

// Cell is what stands in one place: text, and a mark before it where something
// must be seen.
type Cell struct {
	Text string
	Mark Mark
}

// Cells are texts without marks.
func Cells(texts ...string) []Cell {
	out := make([]Cell, len(texts))
	for i, t := range texts {
		out[i].Text = t
	}
	return out
}

const (
	cellGap   = 2.8 // between columns
	cellPad   = 1.1 // above and below the text of a row
	maxLines  = 12  // of one cell; more is cut with …
	longest   = 4000
	markWidth = 3.4
	rowStep   = TableSize * LineHeight * MMPerPoint
)

// Table is a table of a width that begins at X.
type Table struct {
	X, Width float64
	Columns  []Column
}

// NewTable spans the page's column.
func (d *Document) NewTable(columns ...Column) *Table {
	return &Table{X: Margin, Width: d.Column, Columns: columns}
}

func (t *Table) widths() []float64 {
	total := 0.0
	for _, c := range t.Columns {
		total += c.Width
	}
	free := t.Width
	for i := range t.Columns {
		free -= t.gap(i)
	}
	widths := make([]float64, len(t.Columns))
	for i, c := range t.Columns {
		widths[i] = free * c.Width / total
	}
	return widths
}

// gap is the room behind a column: more where figures end and text begins.
func (t *Table) gap(i int) float64 {
	switch {
	case i == len(t.Columns)-1:
		return 0
	case t.Columns[i].Right && !t.Columns[i+1].Right:
		return cellGap + 2
	}
	return cellGap
}

func (c Column) face() (Face, float64) {
	if c.Mono {
		return Mono, MonoSize
	}
	return Regular, TableSize
}

// brokenRow is a row broken into lines.
type brokenRow struct {
	lines  [][]string
	height float64
}

func (d *Document) breakRow(t *Table, widths []float64, row []Cell) brokenRow {
	b := brokenRow{lines: make([][]string, len(t.Columns))}
	height := 1
	for i, c := range row {
		face, size := t.Columns[i].face()
		width := widths[i]
		if c.Mark != NoMark {
			width -= markWidth
		}
		text := c.Text
		text = shortened(text, longest)
		text = strings.ReplaceAll(text, "\n", " ")
		if t.Columns[i].OneLine {
			b.lines[i] = []string{d.Fit(face, size, width, text)}
			continue
		}
		b.lines[i] = d.CutLines(face, size, width, text, maxLines)
		height = max(height, len(b.lines[i]))
	}
	b.height = float64(height)*rowStep + 2*cellPad
	return b
}

// Start is the height of a table's head and its first row, which must not be
// torn apart.
func (d *Document) Start(t *Table, rows [][]Cell) float64 {
	if len(rows) == 0 {
		return 0
	}
	widths := t.widths()
	return d.headHeight(t, widths) + d.breakRow(t, widths, rows[0]).height
}

// Draw writes the rows under a head that is repeated on every page. A row never
// breaks across pages.
func (d *Document) Draw(t *Table, rows [][]Cell) {
	widths := t.widths()
	d.Need(d.Start(t, rows))
	d.head(t, widths)
	for _, row := range rows {
		b := d.breakRow(t, widths, row)
		if d.Y+b.height > d.Bottom {
			d.NewPage()
			d.head(t, widths)
		}
		x := t.X
		for i, lines := range b.lines {
			if i < len(row) {
				d.cell(x, widths[i], t.Columns[i], row[i], lines)
			}
			x += widths[i] + t.gap(i)
		}
		d.Y += b.height
		d.Line(t.X, d.Y, t.X+t.Width, d.Y, Rule, 0.5)
	}
}

func (d *Document) cell(x, width float64, c Column, content Cell, lines []string) {
	face, size := c.face()
	left := x
	if content.Mark != NoMark {
		d.Mark(left+1.2, d.Y+cellPad+rowStep/2, 1.1, content.Mark)
		left += markWidth
	}
	for n, line := range lines {
		y := d.Y + cellPad + float64(n)*rowStep
		if c.Mono {
			y += (TableSize - MonoSize) * MMPerPoint
		}
		if c.Right {
			d.AtRight(x+width, y, face, size, Ink, line)
		} else {
			d.At(left, y, face, size, Ink, line)
		}
	}
}

// headSize is the size at which the longest word of a head fits its column: a
// word of a head is not broken.
func (d *Document) headSize(head string, width float64) float64 {
	const least = 5.0
	size := TableSize
	for _, word := range strings.Fields(head) {
		if w := d.TextWidth(Medium, TableSize, word); w > width {
			size = min(size, max(least, TableSize*width/w*0.999))
		}
	}
	return size
}

func (d *Document) headLines(t *Table, widths []float64) (lines [][]string, height int) {
	lines, height = make([][]string, len(t.Columns)), 1
	for i, c := range t.Columns {
		lines[i] = d.CutLines(Medium, d.headSize(c.Head, widths[i]), widths[i], c.Head, 3)
		height = max(height, len(lines[i]))
	}
	return lines, height
}

func (d *Document) headHeight(t *Table, widths []float64) float64 {
	_, height := d.headLines(t, widths)
	return float64(height)*rowStep + 1
}

func (d *Document) head(t *Table, widths []float64) {
	all, height := d.headLines(t, widths)
	x := t.X
	for i, c := range t.Columns {
		size := d.headSize(c.Head, widths[i])
		for n, line := range all[i] {
			y := d.Y + float64(height-len(all[i])+n)*rowStep + (TableSize-size)*MMPerPoint
			if c.Right {
				d.AtRight(x+widths[i], y, Medium, size, Ink, line)
			} else {
				d.At(x, y, Medium, size, Ink, line)
			}
		}
		x += widths[i] + t.gap(i)
	}
	d.Y += float64(height)*rowStep + 1
	d.Line(t.X, d.Y, t.X+t.Width, d.Y, Ink, 0.9)
}

// Mark draws a verdict as a shape with its colour around x, y.
func (d *Document) Mark(x, y, r float64, m Mark) {
	switch m {
	case OK:
		d.fill(d.Accent)
		d.pdf.Circle(x, y, r*0.75, "F")
	case Attention:
		d.fill(Amber)
		d.pdf.Polygon([]fpdf.PointType{{X: x, Y: y - r}, {X: x + r, Y: y + r*0.75}, {X: x - r, Y: y + r*0.75}}, "F")
	case Missed:
		d.pdf.SetLineCapStyle("round")
		d.Line(x-r*0.8, y-r*0.8, x+r*0.8, y+r*0.8, Red, 1.1)
		d.Line(x-r*0.8, y+r*0.8, x+r*0.8, y-r*0.8, Red, 1.1)
		d.pdf.SetLineCapStyle("butt")
	case Unknown:
		size := r * 5
		d.AtCenter(x, y-size*MMPerPoint*0.62, Regular, size, Muted, "?")
	}
}

// Night draws a mark in a frame of its colours: one night of a calendar.
func (d *Document) Night(x, y, w, h float64, m Mark) {
	fill, border := d.Tint, d.Accent
	switch m {
	case Attention:
		fill, border = AmberTint, Amber
	case Missed:
		fill, border = RedTint, Red
	case Unknown:
		d.dashed(func() { d.Box(x, y, w, h, White, Muted, 0.6) })
		d.Mark(x+w/2, y+h/2, 1.0, m)
		return
	}
	d.Box(x, y, w, h, fill, border, 0.6)
	d.Mark(x+w/2, y+h/2, 1.0, m)
}
