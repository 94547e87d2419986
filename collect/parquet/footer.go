package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// A footer unfolds to many times its size, and is bounded: in bytes, of which
// that of a log object has some ten thousand, and in what it may list.
const (
	maxFooter  = 2 << 20
	maxColumns = 10_000 // nodes of the schema, and columns of a row group
	maxGroups  = 10_000
	maxPlaces  = 100_000 // columns of all row groups
)

// maxRows bounds the rows for each byte of the object. One of a log takes some
// bytes.
const maxRows = 8

// The enumerations of parquet.thrift that are asked for.
const (
	typeBoolean = iota
	typeInt32
	typeInt64
	typeInt96
	typeFloat
	typeDouble
	typeByteArray
	typeFixed
)

const (
	required = iota
	optional
	repeated
)

const (
	codecNone   = 0
	codecSnappy = 1
	codecGzip   = 2
	codecBrotli = 4
	codecZstd   = 6
	codecLZ4Raw = 7
)

// Column is a column at the top of the schema.
type Column struct {
	Name string
	// Unit is that of a timestamp stored as a number; 0 if it is none.
	Unit time.Duration

	leaf     int // its place among the chunks of a row group
	kind     int64
	width    int // of a value, in bytes; 0 for texts
	optional bool
}

// group is a row group: its rows and where its columns are.
type group struct {
	rows   int64
	chunks []place
}

// place is where a column of a row group is, and what it says about itself.
type place struct {
	kind, codec      int64
	values           int64
	packed, unpacked int64 // bytes
	data, dictionary int64 // offsets of the first pages; no dictionary: 0
	elsewhere        bool  // in another file, or encrypted
}

// begin is where the first page stands.
func (p *place) begin() int64 {
	if p.dictionary > 0 {
		return min(p.data, p.dictionary)
	}
	return p.data
}

// within tells whether the place is one in an object of size bytes.
func (p *place) within(size int64) bool {
	return p.begin() >= int64(len("PAR1")) && p.packed >= 0 && p.packed <= size && p.begin() <= size-p.packed
}

// footer reads the metadata at the end of the object.
func (f *File) footer() error {
	const frame = int64(len("PAR1") + 4 + len("PAR1"))
	var end [8]byte
	if f.size < frame {
		return errors.New("damaged Parquet: too short")
	}
	if err := readAt(f.src, end[:], f.size-int64(len(end))); err != nil {
		return err
	}
	if string(end[4:]) == "PARE" {
		return errors.New("an encrypted Parquet object is not read")
	}
	n := int64(binary.LittleEndian.Uint32(end[:]))
	if string(end[4:]) != "PAR1" || n > f.size-frame {
		return errors.New("damaged Parquet: no footer at the end")
	}
	if n > maxFooter {
		return fmt.Errorf("a Parquet footer of %d bytes is not read, only up to %d", n, maxFooter)
	}
	b := make([]byte, n)
	if err := readAt(f.src, b, f.size-int64(len(end))-n); err != nil {
		return err
	}
	c := &compact{data: b}
	var schema []element
	places := 0
	c.fields(func(id int16, kind byte) {
		switch id {
		case 2:
			c.list(kind, maxColumns, func() { schema = append(schema, c.element()) })
		case 3:
			f.rows = c.int(kind)
		case 4:
			c.list(kind, maxGroups, func() {
				g := c.group()
				if places += len(g.chunks); places > maxPlaces {
					c.fail()
				}
				f.groups = append(f.groups, g)
			})
		default:
			c.skip(kind)
		}
	})
	if c.err != nil {
		return c.err
	}
	return f.flat(schema)
}

// element is a node of the schema, which stands in depth-first order.
type element struct {
	Column
	name       string
	length     int64
	repetition int64
	children   int64
}

func (c *compact) element() (e element) {
	e.kind = -1
	c.fields(func(id int16, kind byte) {
		switch id {
		case 1:
			e.kind = c.int(kind)
		case 2:
			e.length = c.int(kind)
		case 3:
			e.repetition = c.int(kind)
		case 4:
			if kind != tBinary {
				c.fail()
				return
			}
			e.name = string(c.bytes())
		case 5:
			e.children = c.int(kind)
		case 6: // ConvertedType, of older writers
			switch c.int(kind) {
			case 9:
				e.Unit = time.Millisecond
			case 10:
				e.Unit = time.Microsecond
			}
		case 10:
			c.logical(kind, &e)
		default:
			c.skip(kind)
		}
	})
	return e
}

// logical reads the union LogicalType for the unit of a timestamp.
func (c *compact) logical(kind byte, e *element) {
	if kind != tStruct {
		c.skip(kind)
		return
	}
	c.fields(func(id int16, kind byte) {
		if id != 8 || kind != tStruct { // TimestampType
			c.skip(kind)
			return
		}
		c.fields(func(id int16, kind byte) {
			if id != 2 || kind != tStruct { // TimeUnit
				c.skip(kind)
				return
			}
			c.fields(func(id int16, kind byte) {
				switch id {
				case 1:
					e.Unit = time.Millisecond
				case 2:
					e.Unit = time.Microsecond
				case 3:
					e.Unit = time.Nanosecond
				}
				c.skip(kind)
			})
		})
	})
}

func (c *compact) group() (g group) {
	c.fields(func(id int16, kind byte) {
		switch id {
		case 1:
			c.list(kind, maxColumns, func() { g.chunks = append(g.chunks, c.place()) })
		case 3:
			g.rows = c.int(kind)
		default:
			c.skip(kind)
		}
	})
	return g
}

func (c *compact) place() (p place) {
	c.fields(func(id int16, kind byte) {
		switch {
		case id == 1 || id == 8:
			p.elsewhere = true
			c.skip(kind)
		case id == 3 && kind == tStruct:
			c.fields(func(id int16, kind byte) {
				switch id {
				case 1:
					p.kind = c.int(kind)
				case 4:
					p.codec = c.int(kind)
				case 5:
					p.values = c.int(kind)
				case 6:
					p.unpacked = c.int(kind)
				case 7:
					p.packed = c.int(kind)
				case 9:
					p.data = c.int(kind)
				case 11:
					p.dictionary = c.int(kind)
				default:
					c.skip(kind)
				}
			})
		default:
			c.skip(kind)
		}
	})
	return p
}

// flat finds the columns at the top of the schema. What lies deeper, or repeats,
// is passed over.
func (f *File) flat(schema []element) error {
	if len(schema) == 0 {
		return errThrift
	}
	leaf, next := 0, 1
	for range schema[0].children {
		if next >= len(schema) {
			return errThrift
		}
		e := schema[next]
		next++
		if e.children == 0 {
			if e.repetition != repeated {
				column := e.Column
				column.Name, column.leaf, column.optional = e.name, leaf, e.repetition == optional
				var err error
				if column.width, err = width(e.kind, e.length); err != nil {
					return fmt.Errorf("column %q: %w", e.name, err)
				}
				f.columns = append(f.columns, column)
			}
			leaf++
			continue
		}
		for open := e.children; open > 0; open-- {
			if next >= len(schema) || schema[next].children < 0 || schema[next].children > int64(len(schema)) {
				return errThrift
			}
			if n := schema[next].children; n > 0 {
				open += n
			} else {
				leaf++
			}
			next++
		}
	}
	rows := int64(0)
	for _, g := range f.groups {
		// A run makes a billion of nulls from six bytes.
		if rows += g.rows; rows < 0 || rows > maxRows*f.size {
			return errors.New("damaged Parquet: more rows than there is content for")
		}
		if len(g.chunks) != leaf || g.rows < 0 {
			return errors.New("damaged Parquet: a row group has not the columns of the schema")
		}
	}
	return nil
}

// width is how many bytes a value of a type takes; 0 for those with a length of
// their own and for booleans, which are bits.
func width(kind, length int64) (int, error) {
	switch kind {
	case typeBoolean, typeByteArray:
		return 0, nil
	case typeInt32, typeFloat:
		return 4, nil
	case typeInt64, typeDouble:
		return 8, nil
	case typeInt96:
		return 12, nil
	case typeFixed:
		if length > 0 && length <= maxFooter {
			return int(length), nil
		}
	}
	return 0, fmt.Errorf("damaged Parquet: type %d of length %d", kind, length)
}

// readAt fills b from offset.
func readAt(src io.ReaderAt, b []byte, offset int64) error {
	n, err := src.ReadAt(b, offset)
	switch {
	case n == len(b):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return err
}
