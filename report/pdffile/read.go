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
	"regexp"
	"slices"
	"strconv"
	"unicode/utf16"
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

// value is an object: dict, array, ref, name, text, int64, float64, bool or nil.
type (
	dict  map[string]any
	array []any
	ref   int
	name  string
	text  []byte
)

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

// String is UTF-16 with its mark, or bytes as they are.
func (t text) String() string {
	if !bytes.HasPrefix(t, []byte{0xFE, 0xFF}) {
		return string(t)
	}
	var units []uint16
	for i := 2; i+1 < len(t); i += 2 {
		units = append(units, uint16(t[i])<<8|uint16(t[i+1]))
	}
	return string(utf16.Decode(units))
}

// parser reads objects from the beginning of b.
type parser struct{ b []byte }

func (p *parser) space() {
	for len(p.b) > 0 {
		switch p.b[0] {
		case ' ', '\t', '\r', '\n', '\f', 0:
			p.b = p.b[1:]
		case '%':
			end := bytes.IndexAny(p.b, "\r\n")
			if end < 0 {
				end = len(p.b)
			}
			p.b = p.b[end:]
		default:
			return
		}
	}
}

func (p *parser) word(w string) bool {
	p.space()
	if !bytes.HasPrefix(p.b, []byte(w)) {
		return false
	}
	p.b = p.b[len(w):]
	return true
}

var number = regexp.MustCompile(`^[+-]?[0-9]*\.?[0-9]*`)

func (p *parser) integer() (int64, bool) {
	p.space()
	n := 0
	for n < len(p.b) && n < 20 && p.b[n] >= '0' && p.b[n] <= '9' {
		n++
	}
	v, err := strconv.ParseInt(string(p.b[:n]), 10, 64)
	if err != nil {
		return 0, false
	}
	p.b = p.b[n:]
	return v, true
}

func (p *parser) value(depth int) (any, error) {
	p.space()
	if depth > maxDepth {
		return nil, malformed("its objects are nested too deeply")
	}
	if len(p.b) == 0 {
		return nil, malformed("it ends inside an object")
	}
	switch {
	case bytes.HasPrefix(p.b, []byte("<<")):
		p.b = p.b[2:]
		d := dict{}
		for !p.word(">>") {
			key, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			k, ok := key.(name)
			if !ok {
				return nil, malformed("a dictionary has a key that is no name")
			}
			if _, twice := d[string(k)]; twice {
				return nil, malformed("a dictionary has the key %s twice", k)
			}
			if d[string(k)], err = p.value(depth + 1); err != nil {
				return nil, err
			}
		}
		return d, nil
	case p.b[0] == '[':
		p.b = p.b[1:]
		var a array
		for !p.word("]") {
			v, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			a = append(a, v)
		}
		return a, nil
	case p.b[0] == '/':
		n := 1
		for n < len(p.b) && !bytes.ContainsRune([]byte(" \t\r\n\f\x00/<>[]()%{}"), rune(p.b[n])) {
			n++
		}
		v := name(p.b[1:n])
		p.b = p.b[n:]
		return v, nil
	case p.b[0] == '(':
		return p.literal()
	case p.b[0] == '<':
		return p.hex()
	case p.word("true"):
		return true, nil
	case p.word("false"):
		return false, nil
	case p.word("null"):
		return nil, nil
	}
	return p.number()
}

// number reads a number or, where two whole ones and an R stand there, a
// reference.
func (p *parser) number() (any, error) {
	m := number.Find(p.b[:min(len(p.b), 64)])
	if len(m) == 0 {
		return nil, malformed("%q is no object", p.b[:min(len(p.b), 16)])
	}
	if v, err := strconv.ParseInt(string(m), 10, 64); err == nil {
		p.b = p.b[len(m):]
		ahead := &parser{b: p.b}
		if _, ok := ahead.integer(); ok && v >= 0 && v < maxObjects && ahead.word("R") {
			p.b = ahead.b
			return ref(v), nil
		}
		return v, nil
	}
	v, err := strconv.ParseFloat(string(m), 64)
	if err != nil {
		return nil, malformed("%q is no number", m)
	}
	p.b = p.b[len(m):]
	return v, nil
}

func (p *parser) literal() (any, error) {
	var out text
	depth := 0
	for i := 0; i < len(p.b); i++ {
		switch c := p.b[i]; c {
		case '(':
			if depth++; depth > 1 {
				out = append(out, c)
			}
		case ')':
			if depth--; depth == 0 {
				p.b = p.b[i+1:]
				return out, nil
			}
			out = append(out, c)
		case '\\':
			i++
			if i >= len(p.b) {
				return nil, malformed("it ends inside a text")
			}
			switch e := p.b[i]; e {
			case 'n':
				out = append(out, '\n')
			case 'r':
				out = append(out, '\r')
			case 't':
				out = append(out, '\t')
			case '(', ')', '\\':
				out = append(out, e)
			default:
				n := 0
				for n < 3 && i+n < len(p.b) && p.b[i+n] >= '0' && p.b[i+n] <= '7' {
					n++
				}
				if n > 0 {
					v, _ := strconv.ParseUint(string(p.b[i:i+n]), 8, 16) // three octal digits are a number
					out = append(out, byte(v))
					i += n - 1
				} else {
					out = append(out, e)
				}
			}
		default:
			out = append(out, c)
		}
	}
	return nil, malformed("a text is not closed")
}

func (p *parser) hex() (any, error) {
	end := bytes.IndexByte(p.b, '>')
	if end < 0 {
		return nil, malformed("a text is not closed")
	}
	var digits []byte
	for _, c := range p.b[1:end] {
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			digits = append(digits, c)
		}
	}
	if len(digits)%2 == 1 {
		digits = append(digits, '0')
	}
	out := make(text, len(digits)/2)
	for i := range out {
		v, err := strconv.ParseUint(string(digits[2*i:2*i+2]), 16, 8)
		if err != nil {
			return nil, malformed("a text has digits that are not hexadecimal")
		}
		out[i] = byte(v)
	}
	p.b = p.b[end+1:]
	return out, nil
}

var shown = regexp.MustCompile(`(?s)\((?:[^()\\]|\\.)*\) Tj`)

// PageText returns what the pages show as the characters that their fonts were
// asked for, one string of a page after the other, in the order in which it was
// written. It reads the pages of the first writing; an update shows nothing more.
func (f *File) PageText() (string, error) {
	var numbers []int
	for n, offset := range f.offsets {
		if offset > 0 {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	var out []byte
	for _, n := range numbers {
		d, _, err := f.object(n)
		if err != nil || d["Type"] != name("Page") {
			continue
		}
		contents, ok := d["Contents"].(ref)
		if !ok {
			return "", malformed("page %d has no contents", n)
		}
		body, err := f.stream(int(contents), maxAttachment)
		if err != nil {
			return "", err
		}
		for _, s := range shown.FindAll(body, -1) {
			p := &parser{b: s}
			v, err := p.literal()
			if err != nil {
				return "", err
			}
			t, ok := v.(text)
			if !ok {
				return "", malformed("page %d shows no text", n)
			}
			out = append(out, append(text{0xFE, 0xFF}, t...).String()...)
			out = append(out, '\n')
		}
		out = append(out, '\f')
	}
	return string(out), nil
}

// Links returns the object numbers of the pages, and of those to which the links
// of a page lead, in their order. Page counts from 1.
func (f *File) Links(page int) (pages, targets []int, err error) {
	catalog, err := f.resolve(f.trailer["Root"])
	if err != nil {
		return nil, nil, err
	}
	tree, err := f.resolve(catalog["Pages"])
	if err != nil {
		return nil, nil, err
	}
	kids, ok := tree["Kids"].(array)
	if !ok || page < 1 || page > len(kids) {
		return nil, nil, malformed("it has no page %d", page)
	}
	for _, k := range kids {
		r, ok := k.(ref)
		if !ok {
			return nil, nil, malformed("its pages can't be read")
		}
		pages = append(pages, int(r))
	}
	p, err := f.resolve(kids[page-1])
	if err != nil {
		return nil, nil, err
	}
	annotations, ok := p["Annots"].(array)
	if !ok {
		return pages, nil, nil
	}
	for _, a := range annotations {
		d, err := f.resolve(a)
		if err != nil {
			return nil, nil, err
		}
		if target, ok := destination(d); ok {
			targets = append(targets, target)
		}
	}
	return pages, targets, nil
}

// destination is the page to which a link or a bookmark leads.
func destination(d dict) (page int, ok bool) {
	dest, ok := d["Dest"].(array)
	if !ok || len(dest) == 0 {
		return 0, false
	}
	r, ok := dest[0].(ref)
	return int(r), ok
}

// Bookmarks returns the object numbers of the pages to which the bookmarks lead,
// in their order.
func (f *File) Bookmarks() ([]int, error) {
	catalog, err := f.resolve(f.trailer["Root"])
	if err != nil || catalog["Outlines"] == nil {
		return nil, err
	}
	outlines, err := f.resolve(catalog["Outlines"])
	if err != nil {
		return nil, err
	}
	var out []int
	for next := outlines["First"]; next != nil && len(out) < maxObjects; {
		d, err := f.resolve(next)
		if err != nil {
			return nil, err
		}
		if page, ok := destination(d); ok {
			out = append(out, page)
		}
		next = d["Next"]
	}
	return out, nil
}
