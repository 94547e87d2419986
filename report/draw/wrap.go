package draw

import (
	"strings"
	"unicode/utf8"
)

// Lines breaks text for a width in millimetres.
func (d *Document) Lines(wanted Face, size, width float64, text string) []string {
	var b strings.Builder
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(d.Escape(wanted, line))
	}
	return wrap(b.String(), width, func(r rune) float64 { return d.runeWidth(wanted, r) * size })
}

// lineBytes is more than a line of the narrowest characters has.
const lineBytes = 2000

// shortened is text without what has no room in so many bytes anyway.
func shortened(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	return strings.ToValidUTF8(s[:bytes], "") + "…"
}

// Fit cuts text to a width, with … at the cut.
func (d *Document) Fit(wanted Face, size, width float64, s string) string {
	s = d.Escape(wanted, shortened(s, lineBytes))
	if d.measure(wanted, size, s) <= width {
		return s
	}
	used := d.measure(wanted, size, "…")
	for i, r := range s {
		if used += d.runeWidth(wanted, r) * size; used > width && i > 0 {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

// FitMiddle cuts a name in its middle, where names differ least.
func (d *Document) FitMiddle(wanted Face, size, width float64, s string) string {
	const most = 400 // bytes of either end; more has no room
	if len(s) > 2*most {
		s = strings.ToValidUTF8(s[:most]+s[len(s)-most:], "")
	}
	s = d.Escape(wanted, s)
	if d.measure(wanted, size, s) <= width {
		return s
	}
	runes := []rune(s)
	for keep := len(runes) - 1; keep > 4; keep-- {
		head := keep * 2 / 3
		text := string(runes[:head]) + "…" + string(runes[len(runes)-(keep-head):])
		if d.measure(wanted, size, text) <= width {
			return text
		}
	}
	return string(runes[:1]) + "…"
}

// cutLines keeps n lines of a width, with … where there are more.
func (d *Document) cutLines(wanted Face, size, width float64, lines []string, n int) []string {
	if len(lines) <= n {
		return lines
	}
	lines = lines[:n]
	last := strings.TrimRight(lines[n-1], " ") + "…"
	for d.measure(wanted, size, last) > width && utf8.RuneCountInString(last) > 2 {
		runes := []rune(last)
		last = strings.TrimRight(string(runes[:len(runes)-2]), " ") + "…"
	}
	lines[n-1] = last
	return lines
}

// CutLines is Lines with no more than n of them.
func (d *Document) CutLines(wanted Face, size, width float64, text string, n int) []string {
	return d.cutLines(wanted, size, width, d.Lines(wanted, size, width, shortened(text, n*lineBytes)), n)
}

// wrap breaks text into lines that are no wider than width. It breaks at
// spaces; a word that is wider by itself breaks behind /, : or -, and only
// where there is none of them anywhere else, never inside a %XX.
func wrap(text string, width float64, of func(rune) float64) []string {
	measure := func(s string) float64 {
		w := 0.0
		for _, r := range s {
			w += of(r)
		}
		return w
	}
	space := of(' ')
	var lines []string
	for _, paragraph := range strings.Split(text, "\n") {
		line, used := "", 0.0
		for n, word := range strings.Split(paragraph, " ") {
			w := measure(word)
			if n > 0 && used+space+w <= width {
				line += " " + word
				used += space + w
				continue
			}
			if n > 0 {
				lines = append(lines, line)
			}
			line, used = word, w
			for used > width {
				cut := breakAt(line, width, of)
				lines = append(lines, line[:cut])
				used -= measure(line[:cut])
				line = line[cut:]
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// breakAt is where a word that is too wide ends its line, in bytes.
func breakAt(word string, width float64, of func(rune) float64) int {
	fits, soft, used := 0, 0, 0.0
	for i, r := range word {
		if used += of(r); used > width {
			break
		}
		fits = i + utf8.RuneLen(r)
		if strings.ContainsRune("/:-.,&=?_", r) {
			soft = fits
		}
	}
	if soft > 0 && soft*3 >= fits { // a break far to the left would leave a hole
		return soft
	}
	if fits == 0 { // a single character is wider
		_, n := utf8.DecodeRuneInString(word)
		return n
	}
	for back := 1; back <= 2 && fits-back > 0; back++ {
		if word[fits-back] == '%' && isHex(word, fits-back+1) {
			return fits - back
		}
	}
	// Not inside of an escaped character, \u{1F600}, either.
	if at := strings.LastIndex(word[:fits], `\u{`); at > 0 && !strings.Contains(word[at:fits], "}") && fits-at < len(`\u{10FFFF}`) {
		return at
	}
	return fits
}

// isHex tells whether a percent sign before i begins an encoded byte.
func isHex(s string, i int) bool {
	const digits = "0123456789abcdefABCDEF"
	return i+1 < len(s) && strings.IndexByte(digits, s[i]) >= 0 && strings.IndexByte(digits, s[i+1]) >= 0
}

// Paragraph writes text from x over a width, breaking pages, and moves down.
func (d *Document) Paragraph(x, width float64, wanted Face, size float64, c Color, text string) {
	step := size * LineHeight * MMPerPoint
	for _, line := range d.Lines(wanted, size, width, text) {
		if d.Y+step > d.Bottom {
			d.NewPage()
		}
		d.At(x, d.Y, wanted, size, c, line)
		d.Y += step
	}
}

// Text is Paragraph over the readable part of the column, in ink.
func (d *Document) Text(text string) { d.Paragraph(Margin, d.Column, Regular, TextSize, Ink, text) }

// Note is a line of secondary text below a table or a chart.
func (d *Document) Note(text string) {
	d.Space(1.2)
	d.Paragraph(Margin, d.Column, Regular, NoteSize, Muted, text)
	d.Space(2)
}

// Section begins a part with its number, title and what stands below the title,
// on a new page where less room is left than it, and the height that must
// follow it, take.
func (d *Document) Section(id string, number int, title, below string, follows float64) {
	d.Need(max(48, 30+follows))
	if !d.AtTop() {
		d.Space(9)
	}
	text := itoa(number) + "  " + title
	d.Anchor(id, text, 0)
	d.At(Margin, d.Y, Light, 16, Ink, text)
	d.Y += 16*MMPerPoint + 3
	d.Paragraph(Margin, d.Column, Regular, TextSize, Muted, below)
	d.Space(2.5)
}

// Heading begins a part of a section that at least follows below must fit under.
func (d *Document) Heading(title string, follows float64) {
	d.Need(max(20, 9+follows))
	d.HeadingHere(title)
}

// HeadingHere is Heading on this page, whatever room is left.
func (d *Document) HeadingHere(title string) {
	if !d.AtTop() {
		d.Space(3)
	}
	d.At(Margin, d.Y, Medium, 10, Ink, title)
	d.Y += 10*MMPerPoint + 2.5
}
