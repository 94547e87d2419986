package report

import (
	"fmt"
	"strings"
	"unicode"

	"eliasnaur.com/font/roboto/robotolight"
	"eliasnaur.com/font/roboto/robotomedium"
	"eliasnaur.com/font/roboto/robotoregular"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/sfnt"
)

// Faces of the document: one family in three weights, and one for what is
// typed: ARNs, keys, SQL.
const (
	light   = "light"
	regular = "regular"
	medium  = "medium"
	mono    = "mono"
)

var faces = map[string][]byte{light: robotolight.TTF, regular: robotoregular.TTF, medium: robotomedium.TTF, mono: gomono.TTF}

// glyphs tells which characters a face has.
type glyphs struct {
	font *sfnt.Font
	buf  sfnt.Buffer
	has  map[rune]bool
}

func loadGlyphs() (map[string]*glyphs, error) {
	all := map[string]*glyphs{}
	for name, ttf := range faces {
		f, err := sfnt.Parse(ttf)
		if err != nil {
			return nil, fmt.Errorf("font %s: %w", name, err)
		}
		all[name] = &glyphs{font: f, has: map[rune]bool{}}
	}
	return all, nil
}

// covers tells whether the face can show r. The PDF library takes no character
// above U+FFFF: one of them would empty the whole file.
func (g *glyphs) covers(r rune) bool {
	if r > 0xFFFF || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == 0xFFFD || r >= 0xD800 && r <= 0xDFFF || r == 0x2028 || r == 0x2029 {
		return false
	}
	ok, known := g.has[r]
	if !known {
		i, err := g.font.GlyphIndex(&g.buf, r)
		ok = err == nil && i != 0
		g.has[r] = ok
	}
	return ok
}

// escape is the one door through which text reaches the page: a character that
// can't be shown as itself, or would change what stands beside it, is written
// as its code point, \u{1F600}.
func (g *glyphs) escape(s string) string {
	clean := true
	for _, r := range s {
		if !g.covers(r) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if g.covers(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u{%04X}`, r)
		}
	}
	return b.String()
}

// wrap breaks text into lines that are no wider than width. It breaks at
// spaces; a word that is wider by itself breaks behind /, : or -, and only
// where there is none of them anywhere else, never inside a %XX.
func wrap(text string, width float64, measure func(string) float64) []string {
	var lines []string
	for _, paragraph := range strings.Split(text, "\n") {
		line := ""
		for _, word := range strings.Split(paragraph, " ") {
			candidate := word
			if line != "" {
				candidate = line + " " + word
			}
			if measure(candidate) <= width {
				line = candidate
				continue
			}
			if line != "" {
				lines = append(lines, line)
			}
			line = word
			for measure(line) > width {
				n := breakAt(line, width, measure)
				lines = append(lines, line[:n])
				line = line[n:]
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// breakAt is where a word that is too wide ends its line, in bytes.
func breakAt(word string, width float64, measure func(string) float64) int {
	fits, soft := 0, 0
	for i, r := range word {
		end := i + len(string(r))
		if measure(word[:end]) > width {
			break
		}
		fits = end
		if strings.ContainsRune("/:-.", r) {
			soft = end
		}
	}
	if soft > 0 && soft*3 >= fits { // a break far to the left would leave a hole
		return soft
	}
	if fits == 0 {
		for _, r := range word {
			return len(string(r))
		}
	}
	for back := 1; back <= 2 && fits-back > 0; back++ {
		if word[fits-back] == '%' && isHex(word, fits-back+1) {
			return fits - back
		}
	}
	return fits
}

// isHex tells whether a percent sign before i begins an encoded byte.
func isHex(s string, i int) bool {
	return i+1 < len(s) && strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i])) && strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i+1]))
}
