package parquet

import (
	"encoding/binary"
	"errors"
	"math"
)

// errThrift means that a footer or a page header can't be read.
var errThrift = errors.New("damaged Parquet: metadata that can't be read")

// The types of Thrift's compact protocol.
const (
	tStop byte = iota
	tTrue
	tFalse
	tByte
	tI16
	tI32
	tI64
	tDouble
	tBinary
	tList
	tSet
	tMap
	tStruct
)

// maxDepth bounds how deep structures lie in each other; Parquet's own take six.
const maxDepth = 24

// compact reads Thrift's compact protocol from memory. It makes nothing larger
// than what it reads: a length that the content does not bear out is an error.
// After the first error everything reads as zero.
type compact struct {
	data  []byte
	pos   int
	depth int
	err   error
}

func (c *compact) fail() {
	if c.err == nil {
		c.err = errThrift
	}
	c.pos = len(c.data)
}

func (c *compact) byte() byte {
	if c.pos >= len(c.data) {
		c.fail()
		return 0
	}
	c.pos++
	return c.data[c.pos-1]
}

func (c *compact) uvarint() uint64 {
	v, n := binary.Uvarint(c.data[c.pos:])
	if n <= 0 {
		c.fail()
		return 0
	}
	c.pos += n
	return v
}

// integer reads an i16, i32 or i64.
func (c *compact) integer() int64 {
	v := c.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (c *compact) bytes() []byte {
	n := c.uvarint()
	if n > uint64(len(c.data)-c.pos) {
		c.fail()
		return nil
	}
	c.pos += int(n)
	return c.data[c.pos-int(n) : c.pos]
}

// fields calls read for each field of a structure; read takes its value.
func (c *compact) fields(read func(id int16, kind byte)) {
	if c.depth++; c.depth > maxDepth {
		c.fail()
	}
	id := int64(0)
	for c.err == nil {
		head := c.byte()
		if c.err != nil || head == tStop {
			break
		}
		if delta := head >> 4; delta != 0 {
			id += int64(delta)
		} else {
			id = c.integer()
		}
		if id < math.MinInt16 || id > math.MaxInt16 {
			c.fail()
			break
		}
		read(int16(id), head&0xf)
	}
	c.depth--
}

// list calls read for each element of a list of structures, of which there may
// be up to most; read takes it. A list of anything else is skipped.
func (c *compact) list(kind byte, most uint64, read func()) {
	if kind != tList {
		c.skip(kind)
		return
	}
	n, of := c.header()
	if of == tStruct && n > most {
		c.fail()
	}
	for ; n > 0 && c.err == nil; n-- {
		if of == tStruct {
			read()
		} else {
			c.skip(of)
		}
	}
}

// header reads the length of a list, each element of which takes a byte or more.
func (c *compact) header() (n uint64, of byte) {
	head := c.byte()
	n, of = uint64(head>>4), head&0xf
	if n == 15 {
		n = c.uvarint()
	}
	if n > uint64(len(c.data)-c.pos) {
		c.fail()
		return 0, of
	}
	return n, of
}

// int reads a field that should be a number.
func (c *compact) int(kind byte) int64 {
	switch kind {
	case tI16, tI32, tI64:
		return c.integer()
	}
	c.skip(kind)
	c.fail()
	return 0
}

// skip passes over a value. In a structure a boolean takes no byte.
func (c *compact) skip(kind byte) {
	switch kind {
	case tTrue, tFalse:
	case tByte:
		c.byte()
	case tI16, tI32, tI64:
		c.uvarint()
	case tDouble:
		for range 8 {
			c.byte()
		}
	case tBinary:
		c.bytes()
	case tList, tSet:
		n, of := c.header()
		for ; n > 0 && c.err == nil; n-- {
			c.skipElement(of)
		}
	case tMap:
		n := c.uvarint()
		if n == 0 {
			return
		}
		types := c.byte()
		for ; n > 0 && c.err == nil; n-- {
			c.skipElement(types >> 4)
			c.skipElement(types & 0xf)
		}
	case tStruct:
		c.fields(func(_ int16, kind byte) { c.skip(kind) })
	default:
		c.fail()
	}
}

// skipElement passes over an element of a list, where a boolean takes a byte.
func (c *compact) skipElement(kind byte) {
	if c.depth++; c.depth > maxDepth {
		c.fail()
	}
	if kind == tTrue || kind == tFalse {
		kind = tByte
	}
	c.skip(kind)
	c.depth--
}
