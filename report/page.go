package report

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-pdf/fpdf"
)

// Measures of the page, in millimetres, and of the type, in points.
const (
	pageWidth  = 210.0
	pageHeight = 297.0
	margin     = 14.0
	column     = pageWidth - 2*margin
	bottom     = pageHeight - 20
	gutter     = 6.0
	lineHeight = 1.4
	textSize   = 7.8
	tableSize  = 7.0
	monoSize   = 6.3
	mmPerPoint = 25.4 / 72
)

// color is red, green and blue.
type color [3]int

var (
	ink       = color{0x1B, 0x24, 0x30}
	muted     = color{0x5B, 0x66, 0x73}
	rule      = color{0xD5, 0xDB, 0xE1}
	panel     = color{0xF5, 0xF7, 0xF9}
	blue      = color{0x2F, 0x6F, 0x8F}
	blueTint  = color{0xDC, 0xE9, 0xEF}
	amber     = color{0xB7, 0x79, 0x1F}
	amberTint = color{0xFB, 0xF0, 0xDA}
	red       = color{0xA8, 0x32, 0x3A}
	redTint   = color{0xF7, 0xE1, 0xE2}
	white     = color{0xFF, 0xFF, 0xFF}
)

// document is a PDF that is being written from top to bottom.
type document struct {
	pdf    *fpdf.Fpdf
	glyphs map[string]*glyphs
	packet *Packet
	pages  int // in all; 0 while they are being counted
	y      float64
}

func newDocument(p *Packet, pages int) (*document, error) {
	g, err := loadGlyphs()
	if err != nil {
		return nil, err
	}
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetMargins(margin, margin, margin)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetCellMargin(0)
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(p.Range.End())
	pdf.SetModificationDate(p.Range.End())
	pdf.SetProducer("bucketproof "+p.Version, true)
	pdf.SetCreator("bucketproof", true)
	d := &document{pdf: pdf, glyphs: g, packet: p, pages: pages}
	pdf.SetTitle(d.glyphs[regular].escape(fmt.Sprintf("Backup evidence, %s, %s", p.Tenant.Name, p.MonthName())), true)
	pdf.SetSubject("Evidence from Amazon S3 server access logs", true)
	pdf.SetLang("en")
	for _, name := range []string{light, regular, medium, mono} {
		pdf.AddUTF8FontFromBytes(name, "", bytes.Clone(faces[name])) // the library writes into what it is given
	}
	pdf.SetFooterFunc(d.foot)
	return d, pdf.Error()
}

func (d *document) output() ([]byte, error) {
	var b bytes.Buffer
	if err := d.pdf.Output(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// font sets the face, the size in points and the colour of what follows.
func (d *document) font(face string, size float64, c color) {
	d.pdf.SetFont(face, "", size)
	d.pdf.SetTextColor(c[0], c[1], c[2])
}

func (d *document) width(face string, size float64, s string) float64 {
	d.pdf.SetFont(face, "", size)
	return d.pdf.GetStringWidth(s)
}

// at writes one line with its baseline box at x, y and returns its width.
func (d *document) at(x, y float64, face string, size float64, c color, s string) float64 {
	s = d.glyphs[face].escape(s)
	d.font(face, size, c)
	d.pdf.Text(x, y+size*mmPerPoint, s)
	return d.pdf.GetStringWidth(s)
}

// fit cuts text to a width, with … at the cut.
func (d *document) fit(s, face string, size, width float64) string {
	s = d.glyphs[face].escape(s)
	if d.width(face, size, s) <= width {
		return s
	}
	runes := []rune(s)
	for len(runes) > 1 && d.width(face, size, string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// cutLines keeps n lines, with … where there are more.
func cutLines(lines []string, n int) []string {
	if len(lines) <= n {
		return lines
	}
	lines[n-1] = strings.TrimRight(lines[n-1], " ") + "…"
	return lines[:n]
}

// right is at with the line ending at x.
func (d *document) right(x, y float64, face string, size float64, c color, s string) {
	s = d.glyphs[face].escape(s)
	d.at(x-d.width(face, size, s), y, face, size, c, s)
}

// lines breaks text for a width.
func (d *document) lines(face string, size, width float64, text string) []string {
	text = d.escapeLines(face, text)
	d.pdf.SetFont(face, "", size)
	return wrap(text, width, d.pdf.GetStringWidth)
}

// escapeLines is escape that leaves newlines.
func (d *document) escapeLines(face, text string) string {
	var b bytes.Buffer
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(d.glyphs[face].escape(line))
	}
	return b.String()
}

// paragraph writes text from the left margin over a width, breaking pages, and
// moves down.
func (d *document) paragraph(face string, size float64, c color, width float64, text string) {
	step := size * lineHeight * mmPerPoint
	for _, line := range d.lines(face, size, width, text) {
		d.need(step)
		d.at(margin, d.y, face, size, c, line)
		d.y += step
	}
}

// need begins a new page where less than this height is left.
func (d *document) need(height float64) {
	if d.y+height > bottom {
		d.newPage()
	}
}

func (d *document) space(mm float64) { d.y += mm }

func (d *document) newPage() {
	d.pdf.AddPage()
	if d.pdf.PageNo() == 1 {
		d.y = margin
		return
	}
	d.at(margin, margin-2, regular, 8, muted, d.fit(d.packet.Tenant.Name, regular, 8, column*0.7))
	d.right(pageWidth-margin, margin-2, regular, 8, muted, d.packet.MonthName())
	d.line(margin, margin+4, pageWidth-margin, margin+4, ink, 1.2)
	d.y = margin + 10
}

func (d *document) foot() {
	y := pageHeight - 12
	d.line(margin, y-2.5, pageWidth-margin, y-2.5, rule, 0.5)
	p := d.packet
	d.at(margin, y, regular, 6.3, muted, fmt.Sprintf("%s · %s · packet %s", d.fit(p.Tenant.Name, regular, 6.3, column*0.2), p.MonthName(), p.Name()))
	note := "Verify: SHA-256 of every file in manifest.json"
	d.at((pageWidth-d.width(regular, 6.3, note))/2+12, y, regular, 6.3, muted, note)
	d.right(pageWidth-margin, y, regular, 6.3, muted, fmt.Sprintf("%d of %d", d.pdf.PageNo(), max(d.pages, d.pdf.PageNo())))
}

// line draws a straight line of a width in points.
func (d *document) line(x1, y1, x2, y2 float64, c color, points float64) {
	d.pdf.SetDrawColor(c[0], c[1], c[2])
	d.pdf.SetLineWidth(points * mmPerPoint)
	d.pdf.Line(x1, y1, x2, y2)
}

// box fills a rectangle, and draws its border where points is not 0.
func (d *document) box(x, y, w, h float64, fill, border color, points float64) {
	d.pdf.SetFillColor(fill[0], fill[1], fill[2])
	style := "F"
	if points > 0 {
		d.pdf.SetDrawColor(border[0], border[1], border[2])
		d.pdf.SetLineWidth(points * mmPerPoint)
		style = "FD"
	}
	d.pdf.Rect(x, y, w, h, style)
}

// section begins a numbered part below what is there, or on a new page where
// less room is left than it, and the height that must follow it, take.
func (d *document) section(number int, title, question string, follows float64) {
	d.need(max(45, 28+follows))
	if d.y > margin+12 {
		d.space(9)
	}
	text := fmt.Sprintf("%d  %s", number, title)
	d.pdf.Bookmark(d.glyphs[regular].escape(text), 0, d.y)
	d.at(margin, d.y, light, 16, ink, text)
	d.y += 16*mmPerPoint + 3
	d.paragraph(regular, textSize, muted, column, question)
	d.space(3)
}

// heading begins a part of a section.
func (d *document) heading(title string) {
	d.need(22)
	d.headingHere(title)
}

// headingHere is heading on this page, whatever room is left.
func (d *document) headingHere(title string) {
	d.space(3)
	d.at(margin, d.y, medium, 10, ink, title)
	d.y += 10*mmPerPoint + 2.5
}

// note is a line of secondary text below a table or a chart.
func (d *document) note(text string) {
	d.space(1.2)
	d.paragraph(regular, 6.8, muted, column, text)
	d.space(2)
}
