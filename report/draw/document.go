// Package draw writes a PDF from top to bottom: text in faces that it embeds,
// tables whose heads repeat, charts and marks. It knows pages and millimetres,
// and nothing of what a document says. [New] begins a [Document].
//
// Every text passes one door, [Document.Escape]: a character that no face has,
// or that would change what stands beside it, is written as its code point.
package draw

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // a logo can be one
	"image/png"
	"time"

	"github.com/go-pdf/fpdf"
)

// Measures of the page, in millimetres, and of the type, in points.
const (
	Margin     = 14.0
	Gutter     = 6.0
	LineHeight = 1.4
	TextSize   = 7.8
	TableSize  = 7.0
	NoteSize   = 6.8
	MonoSize   = 6.3
	MMPerPoint = 25.4 / 72
	footHeight = 20.0
	headHeight = 10.0
)

// Color is red, green and blue.
type Color [3]uint8

// Colours that do not depend on the configuration. They differ in grey, too.
var (
	Ink       = Color{0x1B, 0x24, 0x30}
	Muted     = Color{0x5B, 0x66, 0x73}
	Rule      = Color{0xD5, 0xDB, 0xE1}
	Panel     = Color{0xF5, 0xF7, 0xF9}
	Amber     = Color{0xB7, 0x79, 0x1F}
	AmberTint = Color{0xFB, 0xF0, 0xDA}
	Red       = Color{0xA8, 0x32, 0x3A}
	RedTint   = Color{0xF7, 0xE1, 0xE2}
	White     = Color{0xFF, 0xFF, 0xFF}
)

// Options say how the document looks and what its metadata tell.
type Options struct {
	Paper    string // A4 or Letter
	Accent   Color
	Language string // of its text, as in BCP 47
	// Fallbacks are TrueType fonts for characters that the embedded faces lack.
	Fallbacks                         [][]byte
	Title, Subject, Creator, Producer string
	Date                              time.Time
	Head                              func(*Document) // drawn on every page past the first
	Foot                              func(*Document) // drawn on every page
}

// Document is a PDF that is being written. Y is where the next thing goes.
type Document struct {
	Y             float64
	Width, Height float64 // of the page
	Column        float64 // between the margins
	Bottom        float64 // where the foot begins
	Accent, Tint  Color

	pdf       *fpdf.Fpdf
	faces     [faceCount]*face
	fallbacks []*face
	options   Options
	entries   []Entry
	links     map[string]int
	logos     int
	spills    []string
}

// Entry is a heading with the page on which it stands.
type Entry struct {
	ID, Title string
	Level     int
	Page      int
}

// New begins a document without a page.
func New(o Options) (*Document, error) {
	pdf := fpdf.New("P", "mm", o.Paper, "")
	d := &Document{pdf: pdf, options: o, Accent: o.Accent, Tint: o.Accent.tint(), links: map[string]int{}}
	d.Width, d.Height = pdf.GetPageSize()
	d.Column, d.Bottom = d.Width-2*Margin, d.Height-footHeight
	pdf.SetMargins(Margin, Margin, Margin)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetCellMargin(0)
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(o.Date)
	pdf.SetModificationDate(o.Date)
	if err := d.loadFaces(); err != nil {
		return nil, err
	}
	pdf.SetTitle(d.Escape(Regular, o.Title), true)
	pdf.SetSubject(d.Escape(Regular, o.Subject), true)
	pdf.SetCreator(o.Creator, true)
	pdf.SetProducer(o.Producer, true)
	pdf.SetLang(o.Language)
	pdf.SetFooterFunc(func() {
		if o.Foot != nil {
			o.Foot(d)
		}
	})
	return d, pdf.Error()
}

// tint is a colour that is light enough to write on.
func (c Color) tint() Color {
	var out Color
	for i, v := range c {
		out[i] = uint8(255 - (255-int(v))*17/100)
	}
	return out
}

// Bytes ends the document.
func (d *Document) Bytes() ([]byte, error) {
	var b bytes.Buffer
	if err := d.pdf.Output(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Pages is how many there are so far.
func (d *Document) Pages() int { return d.pdf.PageCount() }

// Page is the number of the page that is written, from 1.
func (d *Document) Page() int { return d.pdf.PageNo() }

// Right is where the right margin begins.
func (d *Document) Right() float64 { return d.Width - Margin }

// NewPage begins one.
func (d *Document) NewPage() {
	d.pdf.AddPage()
	d.Y = Margin
	if d.pdf.PageNo() > 1 {
		if d.options.Head != nil {
			d.options.Head(d)
		}
		d.Y = Margin + headHeight
	}
}

// AtTop tells whether nothing but the head stands on the page.
func (d *Document) AtTop() bool { return d.Y <= Margin+headHeight+0.01 }

// Need begins a new page where less than this height is left.
func (d *Document) Need(height float64) {
	if d.Y+height > d.Bottom && !d.AtTop() {
		d.NewPage()
	}
}

// Room is the height that is left on the page.
func (d *Document) Room() float64 { return d.Bottom - d.Y }

// Space moves down.
func (d *Document) Space(mm float64) { d.Y += mm }

// Line draws a straight line of a width in points.
func (d *Document) Line(x1, y1, x2, y2 float64, c Color, points float64) {
	d.pdf.SetDrawColor(int(c[0]), int(c[1]), int(c[2]))
	d.pdf.SetLineWidth(points * MMPerPoint)
	d.pdf.Line(x1, y1, x2, y2)
}

// Box fills a rectangle, and draws its border where points is not 0.
func (d *Document) Box(x, y, w, h float64, fill, border Color, points float64) {
	d.fill(fill)
	style := "F"
	if points > 0 {
		d.pdf.SetDrawColor(int(border[0]), int(border[1]), int(border[2]))
		d.pdf.SetLineWidth(points * MMPerPoint)
		style = "FD"
	}
	d.pdf.Rect(x, y, w, h, style)
}

func (d *Document) fill(c Color) { d.pdf.SetFillColor(int(c[0]), int(c[1]), int(c[2])) }

// dashed draws with dashes.
func (d *Document) dashed(draw func()) {
	d.pdf.SetDashPattern([]float64{0.6, 0.6}, 0)
	draw()
	d.pdf.SetDashPattern([]float64{}, 0)
}

// Anchor makes this place a target of [Document.Link] and an entry of the
// contents and the bookmarks.
func (d *Document) Anchor(id, title string, level int) {
	d.pdf.Bookmark(d.Escape(Regular, title), level, d.Y)
	d.pdf.SetLink(d.link(id), max(0, d.Y-4), d.pdf.PageNo())
	d.entries = append(d.entries, Entry{ID: id, Title: title, Level: level, Page: d.pdf.PageNo()})
}

// Link makes a rectangle a link to an anchor, which may come later.
func (d *Document) Link(x, y, w, h float64, id string) { d.pdf.Link(x, y, w, h, d.link(id)) }

func (d *Document) link(id string) int {
	n, ok := d.links[id]
	if !ok {
		n = d.pdf.AddLink()
		d.links[id] = n
	}
	return n
}

// Entries are the anchors so far, in their order.
func (d *Document) Entries() []Entry { return d.entries }

// Logo draws a PNG or JPEG image at x, y, within a width and a
// height, and returns how wide it is. It is drawn from its pixels alone, so that
// what else the file holds does not reach the document.
func (d *Document) Logo(body []byte, x, y, maxWidth, maxHeight float64) (width float64, err error) {
	img, _, err := image.Decode(bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("logo: %w", err)
	}
	size := img.Bounds().Size()
	plain := image.NewNRGBA(image.Rect(0, 0, size.X, size.Y))
	for py := range size.Y {
		for px := range size.X {
			plain.Set(px, py, img.At(img.Bounds().Min.X+px, img.Bounds().Min.Y+py))
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, plain); err != nil {
		return 0, fmt.Errorf("logo: %w", err)
	}
	scale := min(maxWidth/float64(size.X), maxHeight/float64(size.Y))
	d.logos++
	name := fmt.Sprintf("logo%d", d.logos)
	o := fpdf.ImageOptions{ImageType: "PNG"}
	d.pdf.RegisterImageOptionsReader(name, o, &b)
	d.pdf.ImageOptions(name, x, y, float64(size.X)*scale, float64(size.Y)*scale, false, o, 0, "")
	return float64(size.X) * scale, d.pdf.Error()
}
