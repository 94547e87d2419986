package columnar

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// Encoder turns groups into row groups. It reuses its memory, and only one goroutine may
// use it at a time.
type Encoder struct {
	zstd   *zstd.Encoder
	page   []byte
	levels []byte
	thrift thrift.CompactProtocol
}

// NewEncoder returns an encoder.
func NewEncoder() (*Encoder, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, err
	}
	return &Encoder{zstd: z}, nil
}

// RowGroup is an encoded group.
type RowGroup struct {
	bytes  []byte
	chunks []format.ColumnMetaData // offsets from the beginning of bytes
	plain  int64                   // bytes before compression
	rows   int64
}

// Encode turns a group into a row group. It reuses the memory of into, which may be nil.
func (e *Encoder) Encode(g *Group, into *RowGroup) (*RowGroup, error) {
	if into == nil {
		into = &RowGroup{}
	}
	into.bytes, into.chunks, into.plain, into.rows = into.bytes[:0], into.chunks[:0], 0, int64(g.rows)
	for i := range g.columns {
		c := &g.columns[i]
		if c.rows != g.rows {
			return nil, fmt.Errorf("column %s has %d values in %d rows", g.schema.columns[i].Name, c.rows, g.rows)
		}
		if c.nulls > 0 && !c.optional { // no reader could tell where
			return nil, fmt.Errorf("column %s has %d NULLs and may have none", g.schema.columns[i].Name, c.nulls)
		}
		meta, err := e.chunk(into, c, g.schema.columns[i])
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", g.schema.columns[i].Name, err)
		}
		meta.PathInSchema = []string{g.schema.columns[i].Name}
		into.chunks = append(into.chunks, meta)
		into.plain += meta.TotalUncompressedSize
	}
	return into, nil
}

// chunk appends the pages of a column. Its codec is the same in every row group
// of a file, which some readers expect: where it has a dictionary, that is
// compressed, and the entries' numbers are not.
func (e *Encoder) chunk(out *RowGroup, c *column, plan Column) (format.ColumnMetaData, error) {
	from := len(out.bytes)
	least, greatest := c.bounds()
	meta := format.ColumnMetaData{NumValues: int64(c.rows), Codec: format.Uncompressed,
		Statistics: format.Statistics{NullCount: int64(c.nulls), MinValue: least, MaxValue: greatest}}
	if plan.Dictionary {
		plan.Codec = Small
	}
	meta.Codec = codecs[plan.Codec]
	switch c.kind {
	case Text:
		meta.Type = format.ByteArray
	case Int32:
		meta.Type = format.Int32
	case Int64:
		meta.Type = format.Int64
	case Bool:
		meta.Type = format.Boolean
	}
	rest := page{to: c.rows, nulls: c.nulls, codec: plan.Codec}
	if plan.Dictionary && c.dictionary {
		rest.codec = Plain // there is no value
	}
	if len(c.index) > 0 {
		e.page = e.page[:0]
		for n := range int32(c.entries.len()) {
			v := c.entry(n)
			e.page = append(binary.LittleEndian.AppendUint32(e.page, uint32(len(v))), v...)
		}
		head := format.PageHeader{Type: format.DictionaryPage,
			DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{NumValues: int32(c.entries.len()), Encoding: format.Plain})}
		if err := e.appendPage(out, &meta, head, nil, Small); err != nil {
			return meta, err
		}
		meta.DictionaryPageOffset = int64(from)
		meta.Encoding = append(meta.Encoding, format.Plain)
		coded := page{to: c.rows, nulls: c.nulls, dictionary: true}
		if !c.dictionary {
			coded.to, coded.nulls = c.split, c.before
			rest.from, rest.nulls = c.split, c.nulls-c.before
		}
		meta.DataPageOffset = int64(len(out.bytes))
		if err := e.dataPage(out, &meta, c, coded); err != nil {
			return meta, err
		}
	} else {
		meta.DataPageOffset = int64(len(out.bytes))
	}
	if len(c.index) == 0 || !c.dictionary {
		if err := e.dataPage(out, &meta, c, rest); err != nil {
			return meta, err
		}
	}
	meta.Encoding = append(meta.Encoding, format.RLE)
	meta.TotalCompressedSize = int64(len(out.bytes) - from)
	return meta, nil
}

// page is the rows of a data page.
type page struct {
	from, to   int
	nulls      int
	dictionary bool // its values are numbers of entries
	codec      Codec
}

var codecs = [...]format.CompressionCodec{Plain: format.Uncompressed, Fast: format.Snappy, Small: format.Zstd}

// dataPage appends a data page.
func (e *Encoder) dataPage(out *RowGroup, meta *format.ColumnMetaData, c *column, p page) error {
	encoding, err := e.values(c, p.dictionary)
	if err != nil {
		return err
	}
	if e.levels = e.levels[:0]; c.optional {
		if e.levels, err = c.encodeLevels(e.levels, p); err != nil {
			return err
		}
	}
	meta.Encoding = append(meta.Encoding, encoding)
	rows := int32(p.to - p.from)
	head := format.PageHeader{Type: format.DataPageV2, DataPageHeaderV2: thrift.New(format.DataPageHeaderV2{
		NumValues: rows, NumNulls: int32(p.nulls), NumRows: rows, Encoding: encoding,
		DefinitionLevelsByteLength: int32(len(e.levels)), IsCompressed: thrift.New(p.codec != Plain),
	})}
	return e.appendPage(out, meta, head, e.levels, p.codec)
}

// values encodes values of a column into e.page.
func (e *Encoder) values(c *column, dictionary bool) (format.Encoding, error) {
	var err error
	e.page = e.page[:0]
	switch {
	case dictionary:
		e.page, err = (&rle.DictionaryEncoding{}).EncodeInt32(e.page, c.index)
		return format.RLEDictionary, err
	case c.kind == Text:
		e.page, err = (&delta.LengthByteArrayEncoding{}).EncodeByteArray(e.page, c.plain.data, c.plain.offsets)
		return format.DeltaLengthByteArray, err
	case c.kind == Int32:
		e.page, err = (&delta.BinaryPackedEncoding{}).EncodeInt32(e.page, c.int32s)
		return format.DeltaBinaryPacked, err
	case c.kind == Int64:
		e.page, err = (&delta.BinaryPackedEncoding{}).EncodeInt64(e.page, c.int64s)
		return format.DeltaBinaryPacked, err
	}
	for i, v := range c.bools { // one bit each, the lowest first
		if i%8 == 0 {
			e.page = append(e.page, 0)
		}
		e.page[len(e.page)-1] |= v << (i % 8)
	}
	return format.Plain, nil
}

// encodeLevels appends the definition levels of a page: one run where all are
// alike.
func (c *column) encodeLevels(dst []byte, p page) ([]byte, error) {
	rows := p.to - p.from
	if p.nulls == 0 || p.nulls == rows {
		level := byte(1)
		if p.nulls > 0 {
			level = 0
		}
		return append(binary.AppendUvarint(dst, uint64(rows)<<1), level), nil
	}
	return (&rle.Encoding{BitWidth: 1}).EncodeLevels(dst, c.levels[p.from:p.to])
}

// appendPage appends a page: its header, its levels, which are never
// compressed, and e.page.
func (e *Encoder) appendPage(out *RowGroup, meta *format.ColumnMetaData, head format.PageHeader, levels []byte, codec Codec) error {
	body := e.page
	head.UncompressedPageSize = int32(len(levels) + len(body))
	if codec != Plain {
		// The compressed page goes behind room for its header, which tells its size.
		const room = 256
		from := len(out.bytes)
		out.bytes = append(out.bytes, make([]byte, room)...)
		if codec == Small {
			out.bytes = e.zstd.EncodeAll(body, out.bytes)
		} else {
			out.bytes = slices.Grow(out.bytes, s2.MaxEncodedLen(len(body)))
			packed := s2.EncodeSnappy(out.bytes[len(out.bytes):cap(out.bytes)], body)
			out.bytes = append(out.bytes, packed...) // which is there already
		}
		size := len(out.bytes) - from - room
		head.CompressedPageSize = int32(len(levels) + size)
		text, err := thrift.Marshal(&e.thrift, &head)
		if err != nil {
			return err
		}
		if len(text)+len(levels) <= room {
			copy(out.bytes[from:], text)
			copy(out.bytes[from+len(text):], levels)
			copy(out.bytes[from+len(text)+len(levels):], out.bytes[from+room:])
			out.bytes = out.bytes[:from+len(text)+len(levels)+size]
		} else {
			packed := append([]byte(nil), out.bytes[from+room:]...)
			out.bytes = append(append(append(out.bytes[:from], text...), levels...), packed...)
		}
		meta.TotalUncompressedSize += int64(len(text)) + int64(head.UncompressedPageSize)
		return nil
	}
	head.CompressedPageSize = head.UncompressedPageSize
	text, err := thrift.Marshal(&e.thrift, &head)
	if err != nil {
		return err
	}
	out.bytes = append(append(append(out.bytes, text...), levels...), body...)
	meta.TotalUncompressedSize += int64(len(text)) + int64(head.UncompressedPageSize)
	return nil
}
