// Package parquet reads flat Parquet objects from untrusted writers, one row at a time.
// Others write the log objects, so this reader checks what an object says about itself
// against what it holds. It takes memory for one page and one dictionary of each column,
// within a bound, and never more than the pages bear out, whatever the footer promises.
// [Open] reads the footer, [File.Next] a row.
//
// It reads everything that flat columns may hold by the documents of the format
// (parquet.thrift and Encodings.md of apache/parquet-format 2.11), except for the codecs
// LZO and the older LZ4, the levels called BIT_PACKED, and encrypted objects; these are
// errors. Nested and repeated columns are skipped.
package parquet

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ErrMemory means that a row group needs more memory at a time than was allowed.
var ErrMemory = errors.New("a Parquet object needs more memory")

// File reads a Parquet object.
type File struct {
	src     io.ReaderAt
	size    int64
	limit   int64
	held    int64 // bytes of pages and dictionaries
	budget  int64 // bytes that may still be unpacked
	headers int64 // of pages that may still be read
	rows    int64
	columns []Column
	groups  []group
	unpack  unpacker
	head    [firstHeader]byte // the beginning of a page

	open   []chunk // of the row group that is read
	left   int64   // its rows
	number int64
	values []Value
}

const (
	// maxRatio bounds how many times its size an object may unfold to, above
	// freeBytes: not for memory, but for the time it takes.
	maxRatio  = 500
	freeBytes = 256 << 20
	// leastPage is less than any page takes: the kind, both lengths and what the kind
	// adds, in bytes.
	leastPage = 8
)

// Open reads the footer of an object of size bytes and the headers of its pages. Pages and
// dictionaries that are held together may take up to memory bytes; for an object that needs
// more, the error is [ErrMemory] here, before the first row. An error of src ends the
// reading, so src can stop it by failing.
func Open(src io.ReaderAt, size, memory int64) (*File, error) {
	f := &File{src: src, size: size, limit: memory, budget: freeBytes + maxRatio*size, headers: size / leastPage}
	if err := f.footer(); err != nil {
		return nil, err
	}
	if err := f.apart(); err != nil {
		return nil, err
	}
	for _, g := range f.groups {
		// What is damaged shows when it is read, behind the rows in front of it.
		if err := f.fits(g); errors.Is(err, ErrMemory) {
			return nil, err
		}
	}
	f.release()
	f.headers = size / leastPage
	f.values = make([]Value, len(f.columns))
	return f, nil
}

// apart makes sure that no two columns of row groups share bytes: reading one place
// again and again would take for ever. What lies outside of the object shows when it
// is read.
func (f *File) apart() error {
	var all []place
	for _, g := range f.groups {
		for _, c := range f.columns {
			if p := g.chunks[c.leaf]; p.packed > 0 && p.within(f.size) {
				all = append(all, p)
			}
		}
	}
	slices.SortFunc(all, func(a, b place) int { return cmp.Compare(a.begin(), b.begin()) })
	for i, p := range all {
		if i > 0 && p.begin() < all[i-1].begin()+all[i-1].packed {
			return errors.New("damaged Parquet: two columns lie at one place")
		}
	}
	return nil
}

// fits goes from page to page of a row group and adds up the greatest of each
// column.
func (f *File) fits(g group) error {
	f.release()
	if err := f.start(g); err != nil {
		return err
	}
	packed := int64(0)
	for i := range f.open {
		c := &f.open[i]
		for c.pos < c.end {
			h, err := c.header()
			if err == nil {
				packed = max(packed, h.packed)
				err = c.account(h)
			}
			if err != nil {
				return fmt.Errorf("column %q: %w", c.Name, err)
			}
			c.pos += h.packed
		}
	}
	return f.hold(packed)
}

// Columns are those at the top of the schema, in its order.
func (f *File) Columns() []Column { return f.columns }

// Next reads a row: a value for each column, valid until the next call. It returns io.EOF
// after the last row, and another error for damage.
func (f *File) Next() ([]Value, error) {
	for f.left == 0 {
		f.release()
		if len(f.groups) == 0 {
			if f.number != f.rows {
				return nil, fmt.Errorf("damaged Parquet: %d rows where there should be %d", f.number, f.rows)
			}
			return nil, io.EOF
		}
		g := f.groups[0]
		f.groups = f.groups[1:]
		if err := f.start(g); err != nil {
			return nil, err
		}
		f.left = g.rows
	}
	for i := range f.open {
		c := &f.open[i]
		if err := c.next(&f.values[i]); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, fmt.Errorf("column %q: %w", c.Name, err)
		}
	}
	f.left--
	f.number++
	return f.values, nil
}

// start opens the columns of a row group.
func (f *File) start(g group) error {
	f.open = f.open[:0]
	for i := range f.columns {
		column := &f.columns[i]
		p := g.chunks[column.leaf]
		switch {
		case p.elsewhere:
			return fmt.Errorf("column %q: encrypted, or in another file, is not read", column.Name)
		case p.kind != column.kind || p.values != g.rows:
			return fmt.Errorf("column %q: damaged Parquet: not as the schema says", column.Name)
		case p.packed != 0 && !p.within(f.size):
			return fmt.Errorf("column %q: damaged Parquet: outside of the object", column.Name)
		}
		f.open = append(f.open, chunk{Column: column, file: f, codec: p.codec, pos: p.begin(), end: p.begin() + p.packed, left: g.rows})
	}
	return nil
}

// release gives back what the columns of a row group held.
func (f *File) release() {
	clear(f.open)
	f.open = f.open[:0]
	f.held = 0
}

// hold accounts for n more bytes, or fewer where n is negative.
func (f *File) hold(n int64) error {
	if f.held+n > f.limit {
		return fmt.Errorf("%w: at least %d MB at a time, and %d MB are allowed", ErrMemory, (f.held+n)>>20, f.limit>>20)
	}
	f.held += n
	return nil
}
