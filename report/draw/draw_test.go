package draw

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func document(t *testing.T, o Options) *Document {
	t.Helper()
	if o.Paper == "" {
		o.Paper = "A4"
	}
	o.Accent = Color{0x2F, 0x6F, 0x8F}
	o.Date = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestEscape(t *testing.T) {
	d := document(t, Options{})
	for text, want := range map[string]string{
		"Zürich Café, Łódź, Ελλάς, Москва": "Zürich Café, Łódź, Ελλάς, Москва",
		"a😀b":       `a\u{1F600}b`,
		"\u202ex":   `\u{202E}x`,
		"\x00\t":    `\u{0000}\u{0009}`,
		"中":         `\u{4E2D}`,
		"\xff":      `\u{FFFD}`,
		"a\u00adb":  `a\u{00AD}b`,
		"\ue000":    `\u{E000}`,
		"(a) \\ Tj": `(a) \ Tj`,
	} {
		if got := d.Escape(Regular, text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// A font of the configuration shows what the embedded ones lack.
func TestFallback(t *testing.T) {
	const arrow = "⇨"
	if got := document(t, Options{}).Escape(Light, arrow); got != `\u{21E8}` {
		t.Errorf("without the font it is %s", got)
	}
	ttf, err := os.ReadFile("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
	if err != nil {
		t.Skip("the font of this test is not installed; .ci/run installs it: ", err)
	}
	d := document(t, Options{Fallbacks: [][]byte{ttf}})
	if got := d.Escape(Light, "a"+arrow+"😀"); got != "a"+arrow+`\u{1F600}` {
		t.Errorf("with the font it is %s", got)
	}
	d.NewPage()
	if w := d.At(20, 20, Light, 10, Ink, "a"+arrow+"b"); math.Abs(w-d.TextWidth(Light, 10, "a"+arrow+"b")) > 0.01 {
		t.Errorf("the width is %g", w)
	}
	if _, err := d.Bytes(); err != nil {
		t.Error(err)
	}
}

func TestRightToLeft(t *testing.T) {
	for in, want := range map[string]string{
		"abc":           "abc",
		"שלום":          "םולש",
		"a/שלום עולם/b": "a/םלוע םולש/b",
		"1 ש 2":         "1 ש 2",
	} {
		if got := leftToRight(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	one := func(rune) float64 { return 1 }
	for _, tt := range []struct {
		width float64
		text  string
		want  string
	}{
		{7, "one two three", "one two|three"},
		{7, "a.b.cccccc", "a.b.|cccccc"},
		{7, "abcde/fg", "abcde/|fg"},
		{8, "arn:aws:iam::111122223333:user/x", "arn:aws:|iam::|11112222|3333:|user/x"},
		{7, "aaaaaa%C3%BC", "aaaaaa|%C3%BC"},
		{7, `aaaa\u{1F600}`, `aaaa|\u{1F60|0}`},
		{7, "ééééééééé", "ééééééé|éé"},
		{7, "", ""},
		{7, "a  b", "a  b"},
	} {
		got := strings.Join(wrap(tt.text, tt.width, one), "|")
		if got != tt.want {
			t.Errorf("%q became %q, want %q", tt.text, got, tt.want)
		}
		for _, line := range strings.Split(got, "|") {
			if float64(utf8.RuneCountInString(line)) > tt.width {
				t.Errorf("%q is wider than %g", line, tt.width)
			}
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("arn:aws:iam::111122223333:user/%C3%BC \u202e", 12.0)
	d, err := New(Options{Paper: "A4"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string, width float64) {
		if !(width > 3 && width < 200) {
			t.Skip()
		}
		lines := d.Lines(Mono, MonoSize, width, text)
		if got, want := strings.Join(strings.Fields(strings.Join(lines, "")), ""),
			strings.Join(strings.Fields(strings.ReplaceAll(d.Escape(Mono, strings.ReplaceAll(text, "\n", " ")), " ",
				"")), ""); strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
			t.Errorf("%q lost text: %q", text, lines)
		}
		for _, line := range lines {
			if d.measure(Mono, MonoSize, line) > width+0.001 && utf8.RuneCountInString(line) > 1 {
				t.Errorf("%q is wider than %g", line, width)
			}
		}
	})
}

func TestAxis(t *testing.T) {
	for _, v := range []float64{0, 0.3, 1, 4, 7, 9.99, 10, 31, 2400, 1e12, 1.0000001} {
		top, step := niceTop(v)
		if n := top / step; top < v || n < 1 || n > 5.01 {
			t.Errorf("%g has the axis %g by %g", v, top, step)
		}
	}
}

// What other libraries refuse is drawn: nothing, one value, equal values, all
// zero, all unknown.
func TestBars(t *testing.T) {
	same := func(n int, b Bar) (out []Bar) {
		for range n {
			out = append(out, b)
		}
		return out
	}
	for name, bars := range map[string][]Bar{
		"none": nil, "one": {{Label: "1", Value: 3, Known: true}},
		"equal": same(31, Bar{Label: "x", Value: 7, Known: true}), "zero": same(31, Bar{Known: true}),
		"unknown": same(31, Bar{}), "huge": {{Value: math.MaxInt64, Known: true},
			{Value: 1, Known: true, Mark: strings.Repeat("long ", 80)}}, "a year": same(366, Bar{Value: 1, Known: true}),
	} {
		t.Run(name, func(t *testing.T) {
			d := document(t, Options{})
			d.NewPage()
			if err := d.Bars(25, bars, func(v float64) string { return "v" }); err != nil {
				t.Fatal(err)
			}
			d.Shares([]Share{{Label: strings.Repeat("x", 500), Value: "1", Amount: 0}})
			d.Heat(HeatRows{Rows: []string{"a"}, Columns: []string{"1", "2"}, Values: [][]float64{{0, 0}}})
			if _, err := d.Bytes(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestShades(t *testing.T) {
	d := document(t, Options{})
	last := 300.0
	for i := 0; i <= heatShades; i++ {
		c := d.shade(float64(i), heatShades)
		grey := 0.2126*float64(c[0]) + 0.7152*float64(c[1]) + 0.0722*float64(c[2])
		if grey > last-12 {
			t.Errorf("shade %d is %v, which is hardly darker in grey than the one before", i, c)
		}
		last = grey
	}
}

func TestLogo(t *testing.T) {
	deep := image.NewNRGBA64(image.Rect(0, 0, 30, 10))
	for x := range 30 {
		deep.Set(x, x%10, color.RGBA64{R: 0xffff, A: 0xffff})
	}
	var p, j bytes.Buffer
	if err := png.Encode(&p, deep); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&j, deep, nil); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{"16-bit PNG": p.Bytes(), "JPEG": j.Bytes()} {
		t.Run(name, func(t *testing.T) {
			d := document(t, Options{Paper: "Letter"})
			d.NewPage()
			w, err := d.Logo(body, 10, 10, 40, 9)
			if err != nil || math.Abs(w-27) > 0.01 {
				t.Errorf("it is %g wide: %v", w, err)
			}
			if _, err := d.Bytes(); err != nil {
				t.Error(err)
			}
		})
	}
	d := document(t, Options{})
	d.NewPage()
	if _, err := d.Logo([]byte("GIF89a"), 0, 0, 1, 1); err == nil {
		t.Error("a broken image is taken")
	}
}

func TestTableBreaks(t *testing.T) {
	d := document(t, Options{Paper: "Letter"})
	d.NewPage()
	var rows [][]Cell
	for range 200 {
		rows = append(rows, Cells("bucket", strings.Repeat("key/", 200), "1"))
	}
	d.Draw(d.NewTable(Column{Head: "Bucket", Width: 20}, Column{Head: "Key", Width: 60, Mono: true},
		Column{Head: "N", Width: 5, Right: true}), rows)
	if d.Y > d.Bottom {
		t.Errorf("the last row ends at %g, below %g", d.Y, d.Bottom)
	}
	if s := d.Spills(); len(s) > 0 {
		t.Errorf("text leaves the page: %q", s)
	}
}

func TestHeadsAreNotBroken(t *testing.T) {
	d := document(t, Options{})
	d.NewPage()
	table := d.NewTable(Column{Head: "Wiederherstellungsprotokoll", Width: 16, Right: true},
		Column{Head: "Tage vollständig", Width: 8}, Column{Head: "Rest", Width: 80})
	lines, _ := d.headLines(table, table.widths())
	if len(lines[0]) != 1 || strings.Join(lines[1], "|") != "Tage|vollständig" {
		t.Errorf("heads are broken into %q", lines)
	}
}
