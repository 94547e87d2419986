package pdffile

import (
	"bytes"
	"time"
)

// Signature is the signature of a file, as it stands there.
type Signature struct {
	Range     [4]int64 // two intervals that it covers: where they begin and how long they are
	Span      [2]int64 // where its contents stand, from < to behind >
	Contents  []byte
	SubFilter string
	Claimed   time.Time // zero for none
}

// Signature returns that of a file, or nil where its newest form names none. A
// file with more than one, or with one that its newest form does not name, is
// none of bucketproof's.
func (f *File) Signature() (*Signature, error) {
	catalog, err := f.resolve(f.trailer["Root"])
	if err != nil {
		return nil, err
	}
	if catalog["AcroForm"] == nil {
		if bytes.Contains(f.Body, []byte("/ByteRange")) {
			return nil, malformed("it holds a signature that it does not name any more")
		}
		return nil, nil
	}
	form, err := f.resolve(catalog["AcroForm"])
	if err != nil {
		return nil, err
	}
	fields, ok := form["Fields"].(array)
	if !ok || len(fields) != 1 || bytes.Count(f.Body, []byte("/ByteRange")) != 1 {
		return nil, malformed("it has not exactly one signature")
	}
	field, err := f.resolve(fields[0])
	if err != nil {
		return nil, err
	}
	number, ok := field["V"].(ref)
	if field["FT"] != name("Sig") || !ok {
		return nil, malformed("its form is no signature")
	}
	v, err := f.resolve(number)
	if err != nil {
		return nil, err
	}
	ranges, ok := v["ByteRange"].(array)
	contents, ok1 := v["Contents"].(text)
	sub, ok2 := v["SubFilter"].(name)
	if !ok || !ok1 || !ok2 || len(ranges) != 4 || v["Type"] != name("Sig") {
		return nil, malformed("its signature has no byte range or no contents")
	}
	s := &Signature{Contents: contents, SubFilter: string(sub)}
	for i, r := range ranges {
		if s.Range[i], ok = r.(int64); !ok {
			return nil, malformed("the byte range of its signature can't be read")
		}
	}
	if s.Span, err = f.span(int(number), "Contents"); err != nil {
		return nil, err
	}
	if m, ok := v["M"].(text); ok {
		if at, err := time.Parse("D:20060102150405-07'00'", m.String()); err == nil {
			s.Claimed = at.UTC()
		}
	}
	return s, nil
}

// span is where the value of a key of an object stands in the file.
func (f *File) span(n int, key string) (at [2]int64, err error) {
	p := &parser{b: f.Body[f.offsets[n]:]}
	for _, ok := p.integer(); ok; _, ok = p.integer() {
		continue // the numbers in front of obj
	}
	if !p.word("obj") || !p.word("<<") {
		return at, malformed("object %d is no dictionary", n)
	}
	for !p.word(">>") {
		k, err := p.value(0)
		if err != nil {
			return at, err
		}
		p.space()
		at[0] = int64(len(f.Body) - len(p.b))
		if _, err := p.value(0); err != nil {
			return at, err
		}
		at[1] = int64(len(f.Body) - len(p.b))
		if k == name(key) {
			return at, nil
		}
	}
	return at, malformed("object %d has no %s", n, key)
}
