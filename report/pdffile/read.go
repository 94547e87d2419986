// Package pdffile reads the PDF files that bucketproof writes, and adds to them
// by an incremental update: what was there stays as it is, byte for byte, and
// the addition stands behind it (ISO 32000-1, 7.5.6). [Open] gives a [File],
// [File.Attachments] what is inside it, and [File.Update] begins an addition.
//
// It reads files with plain cross-reference tables, whose attachments are
// deflated: those of bucketproof. Of other files it says that it can't read them.
package pdffile

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
)

// ErrFormat means that a file is no PDF of bucketproof's form.
var ErrFormat = errors.New("it is no PDF file as bucketproof writes them")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

const (
	maxObjects    = 1 << 20
	maxRevisions  = 100
	maxAttachment = 1 << 30 // bytes, of all attachments together
	maxDepth      = 32
)

// File is a PDF file in memory.
type File struct {
	Body    []byte
	offsets map[int]int64 // of the objects in use, by number
	size    int           // one more than the highest object number
	start   int64         // of the newest cross-reference table
	trailer dict          // the newest
	dicts   map[int]dict  // that were read
}

// Open reads the cross-reference tables of a file, the newest first.
func Open(body []byte) (*File, error) {
	if !bytes.HasPrefix(body, []byte("%PDF-")) {
		return nil, malformed("it does not begin with %%PDF-")
	}
	tail := body[max(0, len(body)-1024):]
	i := bytes.LastIndex(tail, []byte("startxref"))
	if i < 0 {
		return nil, malformed("it has no startxref at its end, as a file that was cut off")
	}
	p := &parser{b: tail[i+len("startxref"):]}
	at, ok := p.integer()
	if !ok {
		return nil, malformed("its startxref is no number")
	}
	if end := bytes.TrimLeft(p.b, "\r\n "); !bytes.HasPrefix(end, []byte("%%EOF")) || len(bytes.Trim(end[len("%%EOF"):], "\r\n ")) > 0 {
		return nil, malformed("it does not end with its startxref, as a file that was cut off or has something behind it")
	}
	f := &File{Body: body, offsets: map[int]int64{}, start: at, dicts: map[int]dict{}}
	for n := 0; ; n++ {
		if n == maxRevisions {
			return nil, malformed("it has more than %d cross-reference tables", maxRevisions)
		}
		trailer, err := f.table(at)
		if err != nil {
			return nil, err
		}
		if f.trailer == nil {
			f.trailer = trailer
			size, ok := trailer["Size"].(int64)
			if !ok || size < 1 || size > maxObjects {
				return nil, malformed("its trailer has no size")
			}
			f.size = int(size)
		}
		prev, ok := trailer["Prev"].(int64)
		if !ok {
			return f, nil
		}
		if prev >= at {
			return nil, malformed("its cross-reference tables go in a circle")
		}
		at = prev
	}
}

// table reads one cross-reference table and its trailer. What a newer one has
// told holds.
func (f *File) table(at int64) (dict, error) {
	if at < 0 || at >= int64(len(f.Body)) {
		return nil, malformed("a cross-reference table would be outside of the file")
	}
	p := &parser{b: f.Body[at:]}
	if !p.word("xref") {
		return nil, malformed("there is no cross-reference table at %d", at)
	}
	for !p.word("trailer") {
		first, ok := p.integer()
		count, ok1 := p.integer()
		if !ok || !ok1 || first < 0 || count < 0 || first+count > maxObjects {
			return nil, malformed("the cross-reference table at %d can't be read", at)
		}
		for i := range count {
			offset, ok := p.integer()
			_, ok1 := p.integer()
			p.space()
			if !ok || !ok1 || len(p.b) == 0 {
				return nil, malformed("the cross-reference table at %d can't be read", at)
			}
			kind := p.b[0]
			p.b = p.b[1:]
			if _, known := f.offsets[int(first+i)]; !known {
				if kind != 'n' {
					offset = -1
				}
				f.offsets[int(first+i)] = offset
			}
		}
	}
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	trailer, ok := v.(dict)
	if !ok {
		return nil, malformed("the trailer behind %d can't be read", at)
	}
	return trailer, nil
}

// object reads an object that is a dictionary. It returns where what follows the
// dictionary begins.
func (f *File) object(n int) (dict, int64, error) {
	offset, ok := f.offsets[n]
	if !ok || offset < 0 || offset >= int64(len(f.Body)) {
		return nil, 0, malformed("object %d is missing", n)
	}
	p := &parser{b: f.Body[offset:]}
	number, ok := p.integer()
	_, ok1 := p.integer()
	if !ok || !ok1 || int(number) != n || !p.word("obj") {
		return nil, 0, malformed("object %d is not where the cross-reference table says", n)
	}
	v, err := p.value(0)
	if err != nil {
		return nil, 0, err
	}
	d, ok := v.(dict)
	if !ok {
		return nil, 0, malformed("object %d is no dictionary", n)
	}
	return d, int64(len(f.Body) - len(p.b)), nil
}

// resolve follows a reference to a dictionary, or takes a direct one.
func (f *File) resolve(v any) (dict, error) {
	switch v := v.(type) {
	case dict:
		return v, nil
	case ref:
		d, _, err := f.object(int(v))
		return d, err
	}
	return nil, malformed("a dictionary is missing")
}

// stream reads and inflates the stream of an object, up to a number of bytes.
func (f *File) stream(n int, limit int64) ([]byte, error) {
	d, at, err := f.object(n)
	if err != nil {
		return nil, err
	}
	length, ok := d["Length"].(int64)
	if !ok || length < 0 {
		return nil, malformed("the stream of object %d has no length", n)
	}
	p := &parser{b: f.Body[at:]}
	if !p.word("stream") {
		return nil, malformed("object %d has no stream", n)
	}
	b, ok := bytes.CutPrefix(bytes.TrimPrefix(p.b, []byte("\r")), []byte("\n"))
	if !ok {
		return nil, malformed("object %d has no stream", n)
	}
	if length > int64(len(b)) {
		return nil, malformed("the stream of object %d is cut off", n)
	}
	if d["Filter"] == nil {
		return b[:length], nil
	}
	if d["Filter"] != name("FlateDecode") {
		return nil, malformed("the stream of object %d has an unknown filter", n)
	}
	r, err := zlib.NewReader(bytes.NewReader(b[:length]))
	if err != nil {
		return nil, malformed("the stream of object %d can't be inflated (%s)", n, err)
	}
	out, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, malformed("the stream of object %d can't be inflated (%s)", n, err)
	case int64(len(out)) > limit:
		return nil, malformed("its streams hold more than %d bytes", maxAttachment)
	}
	return out, r.Close()
}

// Attachment is a file inside the PDF.
type Attachment struct {
	Name        string
	Description string // not read
	Body        []byte
}

// Attachments returns the files inside the PDF, in the order of its name tree.
func (f *File) Attachments() ([]Attachment, error) {
	catalog, err := f.resolve(f.trailer["Root"])
	if err != nil {
		return nil, err
	}
	if catalog["Names"] == nil {
		return nil, nil
	}
	names, err := f.resolve(catalog["Names"])
	if err != nil || names["EmbeddedFiles"] == nil {
		return nil, err
	}
	tree, err := f.resolve(names["EmbeddedFiles"])
	if err != nil {
		return nil, err
	}
	pairs, ok := tree["Names"].(array)
	if !ok || len(pairs)%2 != 0 {
		return nil, malformed("its list of attachments can't be read")
	}
	var out []Attachment
	left := int64(maxAttachment)
	for i := 1; i < len(pairs); i += 2 {
		spec, err := f.resolve(pairs[i])
		if err != nil {
			return nil, err
		}
		ef, err := f.resolve(spec["EF"])
		if err != nil {
			return nil, err
		}
		file, ok := ef["F"].(ref)
		title, ok1 := spec["UF"].(text)
		if !ok || !ok1 {
			return nil, malformed("an attachment has no file or no name")
		}
		body, err := f.stream(int(file), left)
		if err != nil {
			return nil, fmt.Errorf("attachment %q: %w", title.String(), err)
		}
		left -= int64(len(body))
		out = append(out, Attachment{Name: title.String(), Body: body})
	}
	return out, nil
}
