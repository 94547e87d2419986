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
	cellGap  = 2.8 // between columns
	cellPad  = 1.1 // above and below the text of a row
	maxLines = 12  // of one cell; more is cut with …
)

// table writes rows under a head that is repeated on every page. A row never
// breaks across pages.
func (d *document) table(cols []col, rows [][]cell) {
	widths := shares(cols)
	d.need(20)
	d.head(cols, widths)
	step := tableSize * lineHeight * mmPerPoint
	for _, row := range rows {
		cells := make([][]string, len(row))
		height := 1
		for i, c := range row {
			face, size := faceOf(cols[i])
			width := widths[i]
			if c.mark != "" {
				width -= 3.4
			}
			cells[i] = d.cellLines(face, size, width, c.text)
			height = max(height, len(cells[i]))
		}
		total := float64(height)*step + 2*cellPad
		if d.y+total > bottom {
			d.newPage()
			d.head(cols, widths)
		}
		x := margin
		for i, lines := range cells {
			face, size := faceOf(cols[i])
			left := x
			if row[i].mark != "" {
				d.mark(left+1.2, d.y+cellPad+step/2, 1.1, row[i].mark)
				left += 3.4
			}
			for n, line := range lines {
				y := d.y + cellPad + float64(n)*step
				if face == mono {
					y += (tableSize - monoSize) * mmPerPoint
				}
				if cols[i].right {
					d.right(x+widths[i], y, face, size, ink, line)
				} else {
					d.at(left, y, face, size, ink, line)
				}
			}
			x += widths[i] + cellGap
		}
		d.y += total
		d.line(margin, d.y, pageWidth-margin, d.y, rule, 0.5)
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

func (d *document) head(cols []col, widths []float64) {
	x := margin
	step := tableSize * lineHeight * mmPerPoint
	lines, height := make([][]string, len(cols)), 1
	for i, c := range cols {
		lines[i] = d.lines(medium, tableSize, widths[i], c.head)
		height = max(height, len(lines[i]))
	}
	for i, c := range cols {
		for n, line := range lines[i] {
			y := d.y + float64(height-len(lines[i])+n)*step
			if c.right {
				d.right(x+widths[i], y, medium, tableSize, ink, line)
			} else {
				d.at(x, y, medium, tableSize, ink, line)
			}
		}
		x += widths[i] + cellGap
	}
	d.y += float64(height)*step + 1
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
