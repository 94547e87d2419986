package draw

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden file")

// pageContent is the drawing of a page, before it is compressed.
var pageContent = regexp.MustCompile(`(?s)stream\n(.*?)\nendstream`)

// TestDrawings: each thing is drawn as before, so that a packet that is made again has the same
// bytes (decision 0007). Where a drawing changes on purpose, look at a packet, then run with
// -update.
func TestDrawings(t *testing.T) {
	marks := []Mark{NoMark, OK, Attention, Missed, Unknown}
	bars := func(n int, value func(int) float64) (out []Bar) {
		for i := range n {
			out = append(out, Bar{Label: fmt.Sprintf("%d Oct", i+1), Value: value(i), Known: i%7 != 3})
		}
		return out
	}
	unit := func(v float64) string { return fmt.Sprintf("%g", v) }
	var logo bytes.Buffer
	img := image.NewNRGBA(image.Rect(0, 0, 3, 2))
	img.Set(1, 1, color.NRGBA{R: 9, G: 99, B: 199, A: 255})
	if err := png.Encode(&logo, img); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("arn:aws:iam::111122223333:user/somebody ", 9)
	drawings := map[string]func(d *Document) error{
		"marks": func(d *Document) error {
			for i, m := range marks {
				d.Mark(30+float64(i)*10, 40, 1.5, m)
				d.Night(30+float64(i)*10, 60, 4, 5, m)
			}
			return nil
		},
		"bars": func(d *Document) error {
			return d.Bars(30, bars(31, func(i int) float64 { return float64(i * i) }), unit)
		},
		"few bars": func(d *Document) error {
			list := bars(5, func(i int) float64 { return float64(5 - i) })
			list[1].Mark, list[2].Mark, list[4].Mark = "the most of all that there is, in words", "hidden", "at the end"
			return d.Bars(20, list, unit)
		},
		"equal bars": func(d *Document) error { return d.Bars(20, bars(12, func(int) float64 { return 3 }), unit) },
		"no bars":    func(d *Document) error { return d.Bars(20, nil, unit) },
		"shares": func(d *Document) error {
			d.Shares([]Share{{"Backup", "1,000", 1000, OK}, {"Stranger " + long, "1", 1, Missed}, {"None", "0", 0, NoMark},
				{"Wide", "a value that is wide", 500, Attention}})
			return nil
		},
		"heat": func(d *Document) error {
			d.Heat(HeatRows{Rows: []string{"Mon", "Tue"}, Columns: []string{"0", "1", "2", "3", "4", "5", "6"},
				Values: [][]float64{{0, 1, 2, 3, 4, 5, 6}, {100, 50, 25, 12, 6, 3, 0}}, Low: "few", High: "many"})
			return nil
		},
		"calendar": func(d *Document) error {
			rows := []NightRow{}
			for i := range 50 { // more than a page
				rows = append(rows, NightRow{Label: fmt.Sprintf("bucket-%d-with-a-long-name", i),
					Marks: []Mark{marks[i%5], marks[(i+1)%5], OK}})
			}
			d.Calendar([]string{"1", "2", "3"}, rows)
			d.Legend(map[Mark]string{OK: "all well", Attention: "look", Missed: "missed", Unknown: "not known"})
			return nil
		},
		"table": func(d *Document) error {
			table := d.NewTable(Column{Head: "Who has done it", Width: 3, Mono: true},
				Column{Head: "How many requests", Width: 1, Right: true},
				Column{Head: "One line", Width: 2, OneLine: true})
			rows := [][]Cell{{{long, Missed}, {"1,234", NoMark}, {long, OK}}, Cells("a", "2", "b"), Cells("", "", "")}
			for i := range 90 {
				rows = append(rows, Cells(fmt.Sprint("row ", i), fmt.Sprint(i), "x"))
			}
			d.Start(table, rows)
			d.Draw(table, rows)
			return nil
		},
		"words": func(d *Document) error {
			d.Section("s", 3, "A section", "What is below "+long, 20)
			d.Heading("A heading", 10)
			d.Text("Zürich Café, Łódź, Ελλάς, Москва, שלום, 中: " + long)
			d.Note("A note. " + long)
			d.HeadingHere("Another")
			d.Paragraph(50, 60, Medium, 9, Red, "narrow "+long)
			d.AtRight(100, 200, Mono, 7, Amber, "to the right")
			d.AtCenter(100, 210, Light, 7, Muted, "in the middle")
			for i, s := range d.CutLines(Regular, 8, 40, long, 2) {
				d.At(20, 220+float64(i)*4, Regular, 8, Ink, s)
			}
			d.At(20, 240, Regular, 8, Ink, d.Fit(Regular, 8, 40, long)+d.FitMiddle(Regular, 8, 40, long))
			d.Link(20, 30, 40, 5, "s")
			d.Need(500)
			d.Space(7)
			d.Text("on the next page")
			return nil
		},
		"logo": func(d *Document) error {
			w, err := d.Logo(logo.Bytes(), 20, 20, 30, 10)
			d.At(20, 50, Regular, 8, Ink, fmt.Sprintf("%.3f", w))
			return err
		},
	}
	var got strings.Builder
	for _, name := range slices.Sorted(maps.Keys(drawings)) {
		d := document(t, Options{Head: func(d *Document) { d.Line(20, 10, 100, 10, Ink, 1) },
			Foot: func(d *Document) { d.Box(20, 280, 9, 3, White, Red, 1) }})
		d.pdf.SetCompression(false)
		d.NewPage()
		if err := drawings[name](d); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		y, entries := d.Y, fmt.Sprintf("%+v", d.Entries())
		body, err := d.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		pages := pageContent.FindAllSubmatch(body, d.Pages())
		for i, p := range pages {
			h := sha256.Sum256(p[1])
			fmt.Fprintf(&got, "%s, page %d: %d bytes, %s\n", name, i+1, len(p[1]), hex.EncodeToString(h[:8]))
		}
		fmt.Fprintf(&got, "%s: ends at %.3f, %s\n", name, y, entries)
	}
	path := filepath.Join("testdata", "drawings.txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(got.String()) {
		if !strings.Contains(string(want), line) {
			t.Errorf("another drawing: %s", line)
		}
	}
}
