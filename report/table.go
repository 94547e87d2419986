package report

import (
	"strings"
)

// col is a column of a printed table.
type col struct {
	head  string
	width float64 // share of the page's column, relative to the others
	right bool
	face  string // regular where empty
	line  bool   // its text is cut to one line
}

// cell is what stands in one place: text, and a mark before it where something
// must be seen.
type cell struct {
	text string
	mark string // a verdict; "" for none
}

func plain(texts ...string) []cell {
	out := make([]cell, len(texts))
	for i, t := range texts {
		out[i] = cell{text: t}
	}
	return out
}

const (
	cellGap   = 2.8 // between columns
	cellPad   = 1.1 // above and below the text of a row
	maxLines  = 12  // of one cell; more is cut with …
	markWidth = 3.4
)

// printedRow is a row broken into lines.
type printedRow struct {
	lines  [][]string
	height float64
}

const rowStep = tableSize * lineHeight * mmPerPoint

func (d *document) breakRow(cols []col, widths []float64, row []cell) printedRow {
	p := printedRow{lines: make([][]string, len(row))}
	height := 1
	for i, c := range row {
		face, size := faceOf(cols[i])
		width := widths[i]
		if c.mark != "" {
			width -= markWidth
		}
		if cols[i].line {
			p.lines[i] = []string{d.fit(c.text, face, size, width)}
			continue
		}
		p.lines[i] = d.cellLines(face, size, width, c.text)
		height = max(height, len(p.lines[i]))
	}
	p.height = float64(height)*rowStep + 2*cellPad
	return p
}

// tableStart is the height of a table's head and its first row, which must not
// be torn apart.
func (d *document) tableStart(cols []col, rows [][]cell) float64 {
	if len(rows) == 0 {
		return 0
	}
	widths := shares(cols)
	return d.headHeight(cols, widths) + d.breakRow(cols, widths, rows[0]).height
}

// table writes rows under a head that is repeated on every page. A row never
// breaks across pages.
func (d *document) table(cols []col, rows [][]cell) {
	widths := shares(cols)
	d.need(d.tableStart(cols, rows))
	d.head(cols, widths)
	for _, row := range rows {
		p := d.breakRow(cols, widths, row)
		if d.y+p.height > bottom {
			d.newPage()
			d.head(cols, widths)
		}
		x := margin
		for i, lines := range p.lines {
			d.tableCell(x, widths[i], cols[i], row[i], lines)
			x += widths[i] + cellGap
		}
		d.y += p.height
		d.line(margin, d.y, pageWidth-margin, d.y, rule, 0.5)
	}
}

func (d *document) tableCell(x, width float64, c col, content cell, lines []string) {
	face, size := faceOf(c)
	left := x
	if content.mark != "" {
		d.mark(left+1.2, d.y+cellPad+rowStep/2, 1.1, content.mark)
		left += markWidth
	}
	for n, line := range lines {
		y := d.y + cellPad + float64(n)*rowStep
		if face == mono {
			y += (tableSize - monoSize) * mmPerPoint
		}
		if c.right {
			d.right(x+width, y, face, size, ink, line)
		} else {
			d.at(left, y, face, size, ink, line)
		}
	}
}

func faceOf(c col) (string, float64) {
	if c.face == mono {
		return mono, monoSize
	}
	return regular, tableSize
}

func (d *document) cellLines(face string, size, width float64, text string) []string {
	const longest = 4000 // of a cell, before it is broken into lines
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	lines := d.lines(face, size, width, strings.ReplaceAll(text, "\n", " "))
	if len(lines) > maxLines {
		lines = lines[:maxLines]
		lines[maxLines-1] = strings.TrimRight(lines[maxLines-1], " ") + "…"
		for d.width(face, size, lines[maxLines-1]) > width && len(lines[maxLines-1]) > 4 {
			runes := []rune(lines[maxLines-1])
			lines[maxLines-1] = string(runes[:len(runes)-2]) + "…"
		}
	}
	return lines
}

func (d *document) headLines(cols []col, widths []float64) (lines [][]string, height int) {
	lines, height = make([][]string, len(cols)), 1
	for i, c := range cols {
		lines[i] = d.lines(medium, tableSize, widths[i], c.head)
		height = max(height, len(lines[i]))
	}
	return lines, height
}

func (d *document) headHeight(cols []col, widths []float64) float64 {
	_, height := d.headLines(cols, widths)
	return float64(height)*rowStep + 1
}

func (d *document) head(cols []col, widths []float64) {
	lines, height := d.headLines(cols, widths)
	x := margin
	for i, c := range cols {
		for n, line := range lines[i] {
			y := d.y + float64(height-len(lines[i])+n)*rowStep
			if c.right {
				d.right(x+widths[i], y, medium, tableSize, ink, line)
			} else {
				d.at(x, y, medium, tableSize, ink, line)
			}
		}
		x += widths[i] + cellGap
	}
	d.y += float64(height)*rowStep + 1
	d.line(margin, d.y, pageWidth-margin, d.y, ink, 0.9)
}

func shares(cols []col) []float64 {
	total := 0.0
	for _, c := range cols {
		total += c.width
	}
	free := column - cellGap*float64(len(cols)-1)
	widths := make([]float64, len(cols))
	for i, c := range cols {
		widths[i] = free * c.width / total
	}
	return widths
}

// mark draws a verdict as a shape with its colour: a dot, a triangle, a cross
// or a question mark.
func (d *document) mark(x, y, r float64, verdict string) {
	switch verdict {
	case verdictOK:
		d.pdf.SetFillColor(blue[0], blue[1], blue[2])
		d.pdf.Circle(x, y, r*0.75, "F")
	case verdictAttention:
		d.triangle(x, y, r, amber)
	case verdictMissed:
		d.pdf.SetLineCapStyle("round")
		d.line(x-r*0.8, y-r*0.8, x+r*0.8, y+r*0.8, red, 1.1)
		d.line(x-r*0.8, y+r*0.8, x+r*0.8, y-r*0.8, red, 1.1)
		d.pdf.SetLineCapStyle("butt")
	case verdictNotEvaluated:
		size := r * 5
		w := d.width(regular, size, "?")
		d.at(x-w/2, y-size*mmPerPoint*0.62, regular, size, muted, "?")
	}
}
