package page

import (
	"strings"
	"testing"

	"bucketproof/report/deliver/letter"
)

// TestLinksBehindTheForm: in each language the page has either the form, or links to the
// files; where no download is left it has neither.
func TestLinksBehindTheForm(t *testing.T) {
	files := []file{{Name: "a.pdf", Href: "T/packet.pdf", Main: true}, {Name: "b.csv", Href: "T/b.csv"}}
	for _, language := range []string{"en", "de"} {
		for _, c := range []struct {
			left        int
			linked      bool
			links, form int
		}{{3, false, 0, 1}, {3, true, 2, 0}, {0, false, 0, 0}} {
			body, err := letter.HTML("page."+language, fields{Left: c.left, Linked: c.linked, Files: files})
			if err != nil {
				t.Fatal(err)
			}
			links, form := strings.Count(body, `href="T/`), strings.Count(body, `<form method="post">`)
			if links != c.links || form != c.form || !strings.Contains(body, "a.pdf") || !strings.Contains(body, "b.csv") {
				t.Errorf("%s, %d left, linked %t: %d links and %d forms; want %d and %d", language, c.left, c.linked,
					links, form, c.links, c.form)
			}
		}
	}
}
