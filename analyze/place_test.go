package analyze

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bucketproof/templates"
)

func TestPlace(t *testing.T) {
	for text, want := range map[string]string{
		"-- packet: 5\n-- section: errors":                 "{5  errors false false [] 0 [] []}",
		"-- packet: 5, with cloudtrail":                    "{5 cloudtrail  false false [] 0 [] []}",
		"-- section: a, placed by code\n-- widths: 1, 2.5": "{0  a true false [1 2.5] 0 [] []}",
		"-- section: a, and further\n-- printed rows: 9":   "{0  a false true [] 9 [] []}",
		"-- monospaced: a, b\n-- translated: c":            "{0   false false [] 0 [a b] [c]}",
		"-- packet: first":                                 `q.sql:1: packet is "first", which does not read`,
		"-- title: T\n-- packet: 0":                        `q.sql:2: packet is "0"`,
		"-- section: a, somewhere":                         `q.sql:1: section is "a, somewhere"`,
		"-- widths: 3, wide":                               `q.sql:1: widths is "3, wide"`,
		"-- printed rows: -1":                              `q.sql:1: printed rows is "-1"`,
	} {
		header, _, _ := templates.ReadHeader(text)
		p, err := readPlace("q.sql", header)
		got := fmt.Sprint(p)
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

// Each query in the packet says how wide its columns are, and what it asks of a packet's section.
func TestWidthsFitColumns(t *testing.T) {
	f := newFixture(t, oneTenant)
	v := f.open("acme", "2026-10-07", "2026-10-07")
	for _, s := range f.data.Catalog.Queries {
		if len(s.Place.Widths) == 0 {
			continue
		}
		result, err := v.Run(t.Context(), s, "")
		if err != nil {
			t.Fatal(err)
		}
		if len(result.Columns) != len(s.Place.Widths) {
			t.Errorf("%s has %d widths for the columns %v", s.Name, len(s.Place.Widths), result.Columns)
		}
	}
}

// A query of the user's own has the place of the one whose name it has, and no other.
func TestPlaceOfOwnQueries(t *testing.T) {
	dir := t.TempDir()
	for name, place := range map[string]string{"errors": "-- packet: 1\n-- section: movement\n", "mine": "-- packet: 1\n-- widths: x\n"} {
		text := "-- title: T\n-- question: Q?\n" + place + "SELECT 1 AS n"
		if err := os.WriteFile(filepath.Join(dir, name+".sql"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := LoadCatalog(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"errors": "errors", "mine": ""} {
		s, err := c.Query(name)
		if err != nil || !s.Own || s.Place.Section != want || c.InPacket(name) != (want != "") {
			t.Errorf("%s has the place %+v, %v", name, s.Place, err)
		}
	}
	if own, err := c.BuiltIn("errors"); err != nil || own.Own || own.Place.Section != "" {
		t.Errorf("what the figures rest on is shown in %q, %v", own.Place.Section, err)
	}
}
