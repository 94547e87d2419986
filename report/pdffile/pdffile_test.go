package pdffile_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketproof/report/draw"
	"bucketproof/report/pdffile"
)

func pdf(t testing.TB, attachments ...pdffile.Attachment) []byte {
	t.Helper()
	d, err := draw.New(draw.Options{Paper: "A4", Title: "x", Date: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	d.NewPage()
	d.Text(`Zürich (a) \ Ελλάς`)
	d.Link(10, 10, 10, 10, "a")
	d.Anchor("a", "A", 0)
	body, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if len(attachments) == 0 {
		return body
	}
	if body, err = pdffile.Attach(body, attachments); err != nil {
		t.Fatal(err)
	}
	return body
}

func TestAttachments(t *testing.T) {
	want := []pdffile.Attachment{{Name: "csv_(1).csv", Body: []byte("a\r\nendstream\nendobj")},
		{Name: `Łódź\.csv`, Body: bytes.Repeat([]byte("x,"), 1<<20)}, {Name: "empty", Body: []byte{}}}
	f, err := pdffile.Open(pdf(t, want...))
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Attachments()
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d attachments: %v", len(got), err)
	}
	slices.SortFunc(want, func(a, b pdffile.Attachment) int { return strings.Compare(a.Name, b.Name) })
	for i := range want {
		if got[i].Name != want[i].Name || !bytes.Equal(got[i].Body, want[i].Body) {
			t.Errorf("%q came back as %q with %d bytes", want[i].Name, got[i].Name, len(got[i].Body))
		}
	}
	if text, err := f.PageText(); err != nil || !strings.Contains(text, `Zürich (a) \ Ελλάς`) {
		t.Errorf("the page shows %q: %v", text, err)
	}
	if f, err = pdffile.Open(pdf(t)); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Attachments(); err != nil || len(got) != 0 {
		t.Errorf("without any: %v, %v", got, err)
	}
}

func TestUpdate(t *testing.T) {
	body := pdf(t, pdffile.Attachment{Name: "a", Body: []byte("a")})
	f, err := pdffile.Open(body)
	if err != nil {
		t.Fatal(err)
	}
	page, inner, err := f.FirstPage()
	if err != nil {
		t.Fatal(err)
	}
	list, rest := pdffile.Annotations(inner)
	if !strings.Contains(list, "/Link") || strings.Contains(rest, "/Annots") {
		t.Errorf("the page is split into %q and %q", list, rest)
	}
	u := f.Update()
	n := u.Add("<< /Type /Test >>")
	u.Set(page, "<<"+rest+" /Annots ["+list+"] /Test "+"1"+">>")
	out := u.Bytes()
	if !bytes.HasPrefix(out, body) || n < 2 {
		t.Error("the update changes what was there")
	}
	g, err := pdffile.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	if _, inner, err := g.FirstPage(); err != nil || !strings.Contains(inner, "/Test 1") {
		t.Errorf("the page is %q: %v", inner, err)
	}
	if got, err := g.Attachments(); err != nil || len(got) != 1 {
		t.Errorf("attachments: %v, %v", got, err)
	}
}

func TestMalformed(t *testing.T) {
	good := pdf(t, pdffile.Attachment{Name: "a", Body: []byte("a")})
	replace := func(old, new string) []byte { return bytes.Replace(good, []byte(old), []byte(new), 1) }
	for name, body := range map[string][]byte{
		"nothing": nil, "no PDF": []byte("PK\x03\x04"), "cut off": good[:len(good)-40], "half": good[:len(good)/2],
		"a circle":       append(bytes.Clone(good), "xref\n0 0\ntrailer\n<< /Size 5 /Root 1 0 R /Prev 99999999 >>\nstartxref\n9\n%%EOF"...),
		"far startxref":  []byte("%PDF-1.3\nstartxref\n99999999999999\n%%EOF"),
		"no size":        replace("trailer\n<< /Size", "trailer\n<< /Sise"),
		"nested deeply":  append([]byte("%PDF-1.3\nxref\n0 0\ntrailer\n"+strings.Repeat("[", 100000)), "\nstartxref\n9\n%%EOF"...),
		"too many":       []byte("%PDF-1.3\nxref\n0 99999999\ntrailer\n<<>>\nstartxref\n9\n%%EOF"),
		"another stream": replace("/FlateDecode /Params", "/LZWDecode0 /Params"),
	} {
		t.Run(name, func(t *testing.T) {
			f, err := pdffile.Open(body)
			if err == nil {
				_, err = f.Attachments()
			}
			if !errors.Is(err, pdffile.ErrFormat) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// FuzzOpen must not panic, hang or take memory, whatever the file.
func FuzzOpen(f *testing.F) {
	f.Add(pdf(f, pdffile.Attachment{Name: "a", Body: []byte("a")}))
	f.Add([]byte("%PDF-1.3\nxref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 1 /Root 1 0 R >>\nstartxref\n9\n%%EOF"))
	f.Fuzz(func(t *testing.T, body []byte) {
		file, err := pdffile.Open(body)
		if err != nil {
			return
		}
		for _, err := range []error{second(file.Attachments()), second(file.PageText()), second(file.Signature())} {
			if err != nil && !errors.Is(err, pdffile.ErrFormat) {
				t.Errorf("error is %v", err)
			}
		}
		if _, _, err := file.Root(); err == nil {
			if _, err := pdffile.Open(file.Update().Bytes()); err != nil && !errors.Is(err, pdffile.ErrFormat) {
				t.Error(err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }
