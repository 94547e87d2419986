package draw

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"unicode"

	"eliasnaur.com/font/roboto/robotolight"
	"eliasnaur.com/font/roboto/robotomedium"
	"eliasnaur.com/font/roboto/robotoregular"
	"github.com/rivo/uniseg"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// Face is a face of the document: one family in three weights, and one for what
// is typed: ARNs, keys, SQL.
type Face int

// The faces.
const (
	Light Face = iota
	Regular
	Medium
	Mono
	faceCount
)

var embedded = [faceCount][]byte{Light: robotolight.TTF, Regular: robotoregular.TTF, Medium: robotomedium.TTF, Mono: gomono.TTF}

// face is a font with what is known of its characters.
type face struct {
	name   string
	font   *sfnt.Font
	buf    sfnt.Buffer
	widths map[rune]int // thousandths of the size; -1 where it has no glyph
}

func (d *Document) loadFaces() error {
	for i, ttf := range embedded {
		f, err := d.loadFace(fmt.Sprintf("face%d", i), ttf)
		if err != nil {
			return err
		}
		d.faces[i] = f
	}
	for i, ttf := range d.options.Fallbacks {
		f, err := d.loadFace(fmt.Sprintf("other%d", i), ttf)
		if err != nil {
			return fmt.Errorf("font %d of the configuration: %w", i+1, err)
		}
		d.fallbacks = append(d.fallbacks, f)
	}
	return nil
}

func (d *Document) loadFace(name string, ttf []byte) (*face, error) {
	f, err := sfnt.Parse(ttf)
	if err != nil {
		return nil, fmt.Errorf("font %s: %w", name, err)
	}
	d.pdf.AddUTF8FontFromBytes(name, "", bytes.Clone(ttf)) // the library writes into what it is given
	return &face{name: name, font: f, widths: map[rune]int{}}, d.pdf.Error()
}

// width is that of a character in thousandths of the size, or -1 where the face
// has none. It is rounded as the PDF library rounds it.
func (f *face) width(r rune) int {
	if w, known := f.widths[r]; known {
		return w
	}
	w := -1
	if i, err := f.font.GlyphIndex(&f.buf, r); err == nil && i != 0 {
		units := f.font.UnitsPerEm()
		if a, err := f.font.GlyphAdvance(&f.buf, i, fixed.I(int(units)), font.HintingNone); err == nil {
			w = int(math.Round(float64(a) / 64 * 1000 / float64(units)))
		}
	}
	f.widths[r] = w
	return w
}

// shows tells whether a character may stand for itself. The PDF library takes
// none above U+FFFF: one of them would empty the whole file. Control and format
// characters, the marks that turn the direction of writing among them, would
// change what stands beside them.
func shows(r rune) bool {
	return r <= 0xFFFF && !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r) && r != unicode.ReplacementChar &&
		!unicode.Is(unicode.Co, r) &&
		(r < 0xD800 || r > 0xDFFF) && r != 0x2028 && r != 0x2029
}

// faceFor is the face that shows r: the wanted one, or the first fallback that
// can; nil where none does.
func (d *Document) faceFor(wanted Face, r rune) *face {
	if !shows(r) {
		return nil
	}
	if f := d.faces[wanted]; f.width(r) >= 0 {
		return f
	}
	for _, f := range d.fallbacks {
		if f.width(r) >= 0 {
			return f
		}
	}
	return nil
}

// Escape is the one door through which text reaches the page: a character that
// can't be shown as itself, or would change what stands beside it, is written
// as its code point, \u{1F600}.
func (d *Document) Escape(wanted Face, s string) string {
	clean := true
	for _, r := range s {
		if r != ' ' && (r < '!' || r > '~') && d.faceFor(wanted, r) == nil {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if d.faceFor(wanted, r) != nil {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u{%04X}`, r)
		}
	}
	return b.String()
}

// runeWidth is that of an escaped character, in millimetres at a size of one
// point.
func (d *Document) runeWidth(wanted Face, r rune) float64 {
	if f := d.faceFor(wanted, r); f != nil {
		return float64(f.width(r)) / 1000 * MMPerPoint
	}
	return 0
}

// measure is the width of escaped text in millimetres.
func (d *Document) measure(wanted Face, size float64, s string) float64 {
	w := 0.0
	for _, r := range s {
		w += d.runeWidth(wanted, r)
	}
	return w * size
}

// TextWidth is the width of text in millimetres.
func (d *Document) TextWidth(wanted Face, size float64, s string) float64 {
	return d.measure(wanted, size, d.Escape(wanted, s))
}

// At writes one line whose box begins at x, y and returns its width.
func (d *Document) At(x, y float64, wanted Face, size float64, c Color, s string) float64 {
	s = leftToRight(d.Escape(wanted, s))
	whole := s
	d.pdf.SetTextColor(int(c[0]), int(c[1]), int(c[2]))
	start := x
	for len(s) > 0 {
		f, n := d.run(wanted, s)
		d.pdf.SetFont(f.name, "", size)
		d.pdf.Text(x, y+size*MMPerPoint, s[:n])
		x += d.measure(wanted, size, s[:n])
		s = s[n:]
	}
	if d.pdf.PageNo() > 0 && (start < Margin-0.1 || x > d.Right()+0.1 || y < 0 || y > d.Height) {
		d.spills = append(d.spills, whole)
	}
	return x - start
}

// Spills are the lines that reached out of the margins. There is none where the
// callers fit their text.
func (d *Document) Spills() []string { return d.spills }

// run is the longest beginning of escaped text that one face shows, in bytes.
func (d *Document) run(wanted Face, s string) (*face, int) {
	var first *face
	for i, r := range s {
		f := d.faceFor(wanted, r)
		if first == nil {
			first = f
		}
		if f != first && f != nil {
			return first, i
		}
	}
	if first == nil {
		first = d.faces[wanted]
	}
	return first, len(s)
}

// AtRight is At with the line ending at x.
func (d *Document) AtRight(x, y float64, wanted Face, size float64, c Color, s string) {
	d.At(x-d.TextWidth(wanted, size, s), y, wanted, size, c, s)
}

// AtCenter is At with the middle of the line at x.
func (d *Document) AtCenter(x, y float64, wanted Face, size float64, c Color, s string) {
	d.At(x-d.TextWidth(wanted, size, s)/2, y, wanted, size, c, s)
}

// leftToRight turns words of scripts that are written from right to left around,
// because a PDF draws from left to right. They move nothing else: what stands
// before them in the data stands before them on the page.
func leftToRight(s string) string {
	if !strings.ContainsFunc(s, fromRight) {
		return s
	}
	var b strings.Builder
	runes := []rune(s)
	for i := 0; i < len(runes); {
		if !fromRight(runes[i]) {
			b.WriteRune(runes[i])
			i++
			continue
		}
		end := i + 1
		for j := i + 1; j < len(runes) && (fromRight(runes[j]) || unicode.Is(unicode.Mn, runes[j]) || runes[j] == ' '); j++ {
			if runes[j] != ' ' {
				end = j + 1
			}
		}
		b.WriteString(uniseg.ReverseString(string(runes[i:end])))
		i = end
	}
	return b.String()
}

func fromRight(r rune) bool {
	return r >= 0x0590 && unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko) && unicode.IsLetter(r)
}
