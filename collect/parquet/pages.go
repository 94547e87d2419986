package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// maxHeader bounds the header of a page, which may hold the least and the
// greatest value.
const maxHeader = 8 << 20

// firstHeader is how much is read for a header at first, in bytes.
const firstHeader = 512

// Page types.
const (
	pageData       = 0
	pageDictionary = 2
	pageDataV2     = 3
)

// chunk reads a column of a row group, value by value.
type chunk struct {
	*Column
	file     *File
	codec    int64
	pos, end int64 // of what is not read yet
	left     int64 // values

	inPage  int64 // values of the page that are left
	page    []byte
	held    int64  // bytes for pages
	levels  hybrid // where a value is known, for optional columns
	values  decoder
	hasDict bool
	dict    dictionary
}

// header is what a page says about itself.
type header struct {
	kind             int64
	unpacked, packed int64 // bytes
	crc              uint32
	hasCRC           bool
	values           int64
	encoding         int64
	levelEncoding    int64
	repetition       int64 // bytes of levels in a page of version 2
	definition       int64
	isPlain          bool // version 2: not packed
}

// next reads the next value.
func (c *chunk) next(v *Value) error {
	for c.inPage == 0 {
		if err := c.advance(); err != nil {
			return err
		}
	}
	c.inPage--
	c.left--
	if c.optional {
		known, err := c.levels.next()
		if err != nil {
			return err
		}
		if known == 0 {
			*v = Value{}
			return nil
		}
	}
	return c.values.next(v)
}

// advance reads the next page; the page in front of it goes.
func (c *chunk) advance() error {
	if c.pos >= c.end {
		return io.ErrUnexpectedEOF
	}
	h, err := c.header()
	if err == nil {
		err = c.account(h)
	}
	if err != nil {
		return err
	}
	at := c.pos
	c.pos += h.packed
	switch h.kind {
	case pageDictionary:
		if c.hasDict {
			return errors.New("damaged Parquet: two dictionaries")
		}
		return c.readDictionary(h, at)
	case pageData, pageDataV2:
		return c.readData(h, at)
	}
	return nil // an index
}

// account holds what the page takes.
func (c *chunk) account(h header) error {
	want := h.unpacked
	switch {
	case h.kind == pageDictionary:
		// Each text takes four bytes of the page and four of the places.
		return c.file.hold(2 * h.unpacked)
	case h.kind != pageData && h.kind != pageDataV2:
		return nil
	case h.encoding == encDeltaText:
		want *= 2 // the text in front is kept, which can be as long as all of them
	}
	if want <= c.held {
		return nil
	}
	grown := want - c.held
	c.held = want
	return c.file.hold(grown)
}

func (c *chunk) readDictionary(h header, at int64) error {
	c.hasDict = true
	if h.encoding != encPlain && h.encoding != encPlainDictionary {
		return fmt.Errorf("damaged Parquet: a dictionary in encoding %d", h.encoding)
	}
	data, err := c.content(h, at, 0, make([]byte, h.unpacked))
	if err != nil {
		return err
	}
	return c.dict.read(c.Column, data, h.values)
}

func (c *chunk) readData(h header, at int64) error {
	if h.values < 0 || h.values > c.left {
		return errors.New("damaged Parquet: a page has more values than its column")
	}
	if h.unpacked > int64(cap(c.page)) {
		c.page = make([]byte, h.unpacked)
	}
	levels := int64(0)
	if h.kind == pageDataV2 {
		levels = h.repetition + h.definition
		if h.repetition < 0 || h.definition < 0 || levels > h.packed || levels > h.unpacked {
			return errors.New("damaged Parquet: a page is shorter than its levels")
		}
	}
	data, err := c.content(h, at, levels, c.page[:h.unpacked])
	if err != nil {
		return err
	}
	if c.optional {
		known := data[h.repetition:levels]
		if h.kind == pageData {
			if h.levelEncoding != encRLE {
				return fmt.Errorf("levels in encoding %d are not read", h.levelEncoding)
			}
			if known, data, err = prefixed(data); err != nil {
				return err
			}
		}
		c.levels = hybrid{data: known, width: 1}
	}
	if h.kind == pageDataV2 {
		data = data[levels:]
	}
	c.inPage = h.values
	c.values, err = c.decoder(h, data)
	return err
}

// header reads the header of the page at c.pos, and moves behind it.
func (c *chunk) header() (h header, err error) {
	if c.file.headers--; c.file.headers < 0 {
		return h, fmt.Errorf("damaged Parquet: more pages than one for %d bytes", leastPage)
	}
	for size := int64(firstHeader); ; size *= 16 {
		b := c.file.head[:min(size, c.end-c.pos, firstHeader)]
		if size > firstHeader {
			b = make([]byte, min(size, c.end-c.pos, maxHeader))
		}
		if err := readAt(c.file.src, b, c.pos); err != nil {
			return h, err
		}
		r := &compact{data: b}
		h = r.pageHeader()
		if r.err == nil {
			if h.kind < pageData || h.kind > pageDataV2 {
				return h, errors.New("damaged Parquet: a page of no known kind")
			}
			c.pos += int64(r.pos)
			if h.kind < 0 {
				return h, errors.New("damaged Parquet: a page that does not say what it is")
			}
			if h.packed < 0 || h.packed > c.end-c.pos || h.unpacked < 0 || h.unpacked > math.MaxInt32 {
				return h, errors.New("damaged Parquet: a page goes beyond its column")
			}
			return h, nil
		}
		if int64(len(b)) < size {
			return h, r.err
		}
	}
}

func (c *compact) pageHeader() (h header) {
	h.kind = -1
	c.fields(func(id int16, kind byte) {
		switch {
		case id == 1:
			h.kind = c.int(kind)
		case id == 2:
			h.unpacked = c.int(kind)
		case id == 3:
			h.packed = c.int(kind)
		case id == 4:
			h.crc, h.hasCRC = uint32(c.int(kind)), true
		case (id == 5 || id == 7 || id == 8) && kind == tStruct:
			v2 := id == 8
			c.fields(func(id int16, kind byte) {
				switch {
				case id == 1:
					h.values = c.int(kind)
				case id == 2 && !v2 || id == 4 && v2:
					h.encoding = c.int(kind)
				case id == 3 && !v2:
					if kind == tTrue || kind == tFalse { // of a dictionary: sorted
						return
					}
					h.levelEncoding = c.int(kind)
				case id == 5 && v2:
					h.definition = c.int(kind)
				case id == 6 && v2:
					h.repetition = c.int(kind)
				case id == 7 && v2:
					h.isPlain = kind == tFalse
				default:
					c.skip(kind)
				}
			})
		default:
			c.skip(kind)
		}
	})
	return h
}

// content reads a page into out, of its unpacked length; the first bytes of it,
// the levels, are never packed.
func (c *chunk) content(h header, at, levels int64, out []byte) ([]byte, error) {
	codec := c.codec
	if h.isPlain {
		codec = codecNone
	}
	if codec == codecNone && h.packed != h.unpacked {
		return nil, errors.New("damaged Parquet: a page has two lengths")
	}
	if c.file.budget -= h.unpacked; c.file.budget < 0 {
		return nil, fmt.Errorf("a Parquet object that unfolds to more than %d times its size is not read", maxRatio)
	}
	packed := out
	if codec != codecNone {
		if h.packed > int64(cap(c.file.unpack.packed)) {
			c.file.unpack.packed = make([]byte, h.packed)
		}
		packed = c.file.unpack.packed[:h.packed]
	}
	if err := readAt(c.file.src, packed, at); err != nil {
		return nil, err
	}
	if h.hasCRC && crc32.ChecksumIEEE(packed) != h.crc {
		return nil, errors.New("damaged Parquet: the checksum of a page does not fit")
	}
	if codec == codecNone {
		return out, nil
	}
	copy(out, packed[:levels])
	if err := c.file.unpack.into(out[levels:], packed[levels:], codec); err != nil {
		return nil, fmt.Errorf("damaged Parquet: unpack a page: %w", err)
	}
	return out, nil
}

// errLength means that a page unfolds to another length than it says.
var errLength = errors.New("another length than it says")

// unpacker unpacks pages; it is kept for the next one.
type unpacker struct {
	packed []byte
	zstd   *zstd.Decoder
}

// maxWindow bounds what zstd may look back, in bytes. Writers of pages, which
// have a megabyte, stay below it.
const maxWindow = 8 << 20

// into fills out, which has the length that the page says. A panic of a codec,
// which damaged content might cause, is an error.
func (u *unpacker) into(out, packed []byte, codec int64) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	switch codec {
	case codecSnappy:
		n, err := snappy.DecodedLen(packed)
		if err != nil {
			return err
		}
		if n != len(out) {
			return errLength
		}
		_, err = snappy.Decode(out, packed)
		return err
	case codecLZ4Raw:
		n, err := lz4.UncompressBlock(packed, out)
		if err == nil && n != len(out) {
			err = errLength
		}
		return err
	case codecGzip:
		r, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return err
		}
		return exactly(r, out)
	case codecBrotli:
		return exactly(brotli.NewReader(bytes.NewReader(packed)), out)
	case codecZstd:
		if len(packed) == 0 && len(out) == 0 {
			return nil
		}
		if u.zstd == nil {
			if u.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
				zstd.WithDecoderMaxWindow(maxWindow)); err != nil {
				return err
			}
		}
		if err := u.zstd.Reset(bytes.NewReader(packed)); err != nil {
			return err
		}
		return exactly(u.zstd, out)
	}
	return fmt.Errorf("codec %d is not read", codec)
}

// exactly reads r into out and expects its end there.
func exactly(r io.Reader, out []byte) error {
	if _, err := io.ReadFull(r, out); err != nil {
		return err
	}
	var more [1]byte
	n, err := io.ReadFull(r, more[:])
	if n > 0 {
		return errLength
	}
	if err != io.EOF {
		return err
	}
	return nil
}

// prefixed splits content that begins with its length in four bytes.
func prefixed(data []byte) (first, rest []byte, err error) {
	if len(data) < 4 {
		return nil, nil, io.ErrUnexpectedEOF
	}
	n := binary.LittleEndian.Uint32(data)
	if uint64(n) > uint64(len(data)-4) {
		return nil, nil, io.ErrUnexpectedEOF
	}
	return data[4 : 4+n], data[4+n:], nil
}
