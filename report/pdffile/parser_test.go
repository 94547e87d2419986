package pdffile

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestValues: the objects of ISO 32000-1, 7.3, as writers write them.
func TestValues(t *testing.T) {
	for source, want := range map[string]any{
		"true": true, "false": false, "null": nil,
		"17": int64(17), "-98": int64(-98), "+17": int64(17), "0": int64(0),
		"34.5": 34.5, "-.002": -.002, "4.": 4.0,
		"12 0 R": ref(12), "12 0": int64(12), "12 R": int64(12), "-1 0 R": int64(-1),
		"/Name": name("Name"), "/A/B": name("A"), "/": name(""), "/A(x)": name("A"), "/A>>": name("A"),
		"(text)": text("text"), "()": text(nil), "(a(b)c)": text("a(b)c"),
		`(a\(b\)\\c)`: text(`a(b)\c`), `(\n\r\t)`: text("\n\r\t"), `(\q)`: text("q"),
		`(\101\1012)`: text("AA2"), `(\0053)`: text("\0053"), `(\7)`: text("\a"), `(\78)`: text("\a8"),
		"<48656C6c6F>": text("Hello"), "<48 65\n6C>": text("Hel"), "<4>": text("@"), "<>": text{},
		"[1 2 R]":           array{ref(1)},
		"[ 1 (a) /B [] ]":   array{int64(1), text("a"), name("B"), array(nil)},
		"<< /A 1 /B [2] >>": dict{"A": int64(1), "B": array{int64(2)}},
		"<</A<</B 1>>>>":    dict{"A": dict{"B": int64(1)}},
		"% what\n 7":        int64(7),
		"\x00\f\t\r\n 7":    int64(7),
	} {
		p := &parser{b: []byte(source)}
		got, err := p.value(0)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %#v, %v; want %#v", source, got, err, want)
		}
	}
	for source, want := range map[string]string{
		"": "it ends inside an object", "%": "it ends inside an object", "[1": "it ends inside an object",
		"<< /A":     "it ends inside an object",
		"<< 1 2 >>": "a key that is no name", "<< /A 1 /A 2 >>": "has the key A twice", "(a": "a text is not closed",
		`(a\`: "ends inside a text",
		"<4":  "a text is not closed", "<4x>": "are not hexadecimal", "x": "is no object", "-": "is no number", ".": "is no number",
		"+.": "is no number", strings.Repeat("[", maxDepth+2): "nested too deeply",
	} {
		if got, err := (&parser{b: []byte(source)}).value(0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is %#v, %v; want %q", source, got, err, want)
		}
	}
	for b, want := range map[string]string{"\xfe\xff\x00Z\x00\xfc": "Zü", "plain": "plain",
		"\xfe\xff\xd8\x3d\xde\x00": "😀", "\xfe\xff\x00": ""} {
		if got := text(b).String(); got != want {
			t.Errorf("%q reads %q, want %q", b, got, want)
		}
	}
	for s, want := range map[string]string{"a (b) \\": `(a \(b\) \\)`, "ü": "<FEFF00FC>", "a\n": "<FEFF0061000A>",
		"~": "(~)", "\x7f": "<FEFF007F>"} {
		if got := Text(s); !strings.EqualFold(got, want) {
			t.Errorf("%q is written %s, want %s", s, got, want)
		}
	}
}

// form is a file of objects, the first of which is its catalog.
func form(objects ...string) []byte {
	var b strings.Builder
	b.WriteString("%PDF-1.7\n")
	var offsets []int
	for i, o := range objects {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return []byte(b.String())
}

// TestSignatureOfAFile: a signature is read as it stands, and a file that hides one, or has
// another form than bucketproof's, is told from one without.
func TestSignatureOfAFile(t *testing.T) {
	const catalog, fields, field = "<< /Type /Catalog /AcroForm 2 0 R >>", "<< /Fields [3 0 R] >>", "<< /FT /Sig /V 4 0 R >>"
	const signature = "<< /Type /Sig /M (D:20261103070000+01'00') /SubFilter /ETSI.CAdES.detached /Contents <0102> /ByteRange [0 10 20 30] >>"
	body := form(catalog, fields, field, signature)
	f, err := Open(body)
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Signature()
	if err != nil {
		t.Fatal(err)
	}
	at := int64(strings.Index(string(body), "<0102>"))
	want := &Signature{Range: [4]int64{0, 10, 20, 30}, Span: [2]int64{at, at + 6}, Contents: []byte{1, 2}, SubFilter: "ETSI.CAdES.detached",
		Claimed: time.Date(2026, 11, 3, 6, 0, 0, 0, time.UTC)}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("it reads %+v, want %+v", s, want)
	}
	if f, err = Open(form("<< /Type /Catalog >>")); err != nil {
		t.Fatal(err)
	}
	if s, err := f.Signature(); s != nil || err != nil {
		t.Errorf("without a signature: %+v, %v", s, err)
	}
	for name, c := range map[string]struct {
		objects []string
		want    string
	}{
		"hidden":         {[]string{"<< /Type /Catalog >>", fields, field, signature}, "it holds a signature that it does not name any more"},
		"two fields":     {[]string{catalog, "<< /Fields [3 0 R 3 0 R] >>", field, signature}, "it has not exactly one signature"},
		"no fields":      {[]string{catalog, "<< /Fields 3 >>", field, signature}, "it has not exactly one signature"},
		"two signatures": {[]string{catalog, fields, field, signature, signature}, "it has not exactly one signature"},
		"another field":  {[]string{catalog, fields, "<< /FT /Tx /V 4 0 R >>", signature}, "its form is no signature"},
		"no value":       {[]string{catalog, fields, "<< /FT /Sig /V (x) >>", signature}, "its form is no signature"},
		"no contents": {[]string{catalog, fields, field, strings.Replace(signature, "/Contents", "/Other", 1)},
			"no byte range or no contents"},
		"no filter": {[]string{catalog, fields, field, strings.Replace(signature, "/SubFilter", "/Other", 1)},
			"no byte range or no contents"},
		"another type": {[]string{catalog, fields, field, strings.Replace(signature, "/Type /Sig", "/Type /Sign", 1)},
			"no byte range or no contents"},
		"a short range": {[]string{catalog, fields, field, strings.Replace(signature, "[0 10 20 30]", "[0 10 20]", 1)},
			"no byte range or no contents"},
		"another range": {[]string{catalog, fields, field, strings.Replace(signature, "[0 10 20 30]", "[0 10 20 3.5]",
			1)}, "byte range of its signature can't be read"},
	} {
		f, err := Open(form(c.objects...))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if s, err := f.Signature(); s != nil || err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %+v, %v; want %q", name, s, err, c.want)
		}
	}
}

// TestFirstPage: the first page is that of the catalog, and what has none says so.
func TestFirstPage(t *testing.T) {
	page := "<< /Type /Page /Annots [5 0 R 6 0 R] /Parent 2 0 R >>"
	f, err := Open(form("<< /Pages 2 0 R >>", "<< /Kids [3 0 R] >>", page))
	if err != nil {
		t.Fatal(err)
	}
	n, inner, err := f.FirstPage()
	if err != nil || n != 3 || !strings.Contains(inner, "/Type /Page") || strings.Contains(inner, "<<") {
		t.Errorf("page %d is %q, %v", n, inner, err)
	}
	list, rest := Annotations(inner)
	if strings.TrimSpace(list) != "5 0 R 6 0 R" || strings.Contains(rest, "Annots") || !strings.Contains(rest, "/Parent 2 0 R") {
		t.Errorf("annotations %q of %q", list, rest)
	}
	if n, inner, err := f.Root(); err != nil || n != 1 || strings.TrimSpace(inner) != "/Pages 2 0 R" {
		t.Errorf("the root is %d, %q, %v", n, inner, err)
	}
	for _, objects := range [][]string{{"<< /Pages 2 0 R >>", "<< /Kids [] >>"}, {"<< /Pages 2 0 R >>", "<< /Kids [7] >>"},
		{"<< /Pages 2 0 R >>", "<< /Kids 7 >>"}, {"<< >>", "<< >>"}} {
		f, err := Open(form(objects...))
		if err != nil {
			t.Fatal(err)
		}
		if n, inner, err := f.FirstPage(); err == nil {
			t.Errorf("%v: page %d, %q", objects, n, inner)
		}
	}
}
