package vended

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"bucketproof/collect/accesslog"
	"bucketproof/internal/dataset"
)

// ErrNotLog means that a Parquet object has other columns than an access log.
var ErrNotLog = errors.New("the Parquet object has no columns of an access log")

// IsParquet tells from the beginning of some content whether it is Parquet.
func IsParquet(head []byte) bool { return bytes.HasPrefix(head, []byte("PAR1")) }

// Parquet reads a log object in Parquet form. Lines are its rows, from 1.
type Parquet struct {
	file    *parquet.File
	columns []column
	group   int
	rows    parquet.Rows
	buffer  []parquet.Row
	waiting []parquet.Row
	number  int64
}

type column struct {
	name []byte
	unit int64 // of a timestamp, in nanoseconds; 0 for none
}

// NewParquet opens a log object of size bytes. One that is no access log, or
// damaged, is an error.
func NewParquet(src io.ReaderAt, size int64) (p *Parquet, err error) {
	defer recovered(&err)
	if err := plausible(src, size); err != nil {
		return nil, err
	}
	f, err := parquet.OpenFile(src, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	for _, g := range f.Metadata().RowGroups {
		for _, c := range g.Columns {
			m := &c.MetaData
			most := min(maxChunk, max(smallChunk, m.TotalCompressedSize*maxRatio))
			if !slices.Contains(codecs, m.Codec) || m.TotalUncompressedSize < 0 || m.TotalUncompressedSize > most {
				return nil, fmt.Errorf("a column of codec %s and %d bytes is not read", m.Codec, m.TotalUncompressedSize)
			}
		}
	}
	p = &Parquet{file: f, buffer: make([]parquet.Row, 16)}
	names := map[string]bool{}
	for _, path := range f.Schema().Columns() {
		c := column{}
		if len(path) == 1 { // what is nested is no field of ours
			c.name = []byte(path[0])
			names[path[0]] = true
		}
		if leaf, ok := f.Schema().Lookup(path...); ok {
			if t := leaf.Node.Type().LogicalType(); t != nil {
				if ts, ok := t.Value.(*format.TimestampType); ok {
					c.unit = int64(ts.Unit.Value.Duration())
				}
			}
		}
		p.columns = append(p.columns, c)
	}
	if !names["request_time"] || !names["operation"] || !names["bucket_name"] && !names["bucket_arn"] {
		return nil, ErrNotLog
	}
	return p, nil
}

// codecs are those that are read. The one that is left out, LZ4, has a decoder
// that asks for memory without end on damaged content.
var codecs = []format.CompressionCodec{format.Uncompressed, format.Snappy, format.Gzip, format.Zstd, format.Brotli}

const (
	// maxChunk bounds a column of a row group, in bytes before compression, and
	// maxRatio how much larger it is than it is packed, above smallChunk.
	maxChunk   = 256 << 20
	maxRatio   = 100
	smallChunk = 8 << 20
	// maxFooter bounds the footer, which unfolds to some thirty times its size.
	maxFooter = 2 << 20
)

// plausible checks the length of the footer, which the reader believes.
func plausible(src io.ReaderAt, size int64) error {
	const frame = int64(len("PAR1") + 4 + len("PAR1"))
	var end [8]byte
	if size < frame {
		return errors.New("damaged Parquet: too short")
	}
	if _, err := src.ReadAt(end[:], size-int64(len(end))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if n := int64(binary.LittleEndian.Uint32(end[:])); string(end[4:]) != "PAR1" || n > size-frame || n > maxFooter {
		return errors.New("damaged Parquet: no footer at the end")
	}
	return nil
}

// recovered turns a panic of the Parquet reader, which damaged content can
// cause, into an error.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("damaged Parquet: %v", r)
	}
}

// Close ends the reading.
func (p *Parquet) Close() (err error) {
	defer recovered(&err)
	if p.rows == nil {
		return nil
	}
	return p.rows.Close()
}

// Next reads the next row into rec, like [JSON.Next].
func (p *Parquet) Next(rec *dataset.Record) (line accesslog.Line, rejected, err error) {
	defer recovered(&err)
	for len(p.waiting) == 0 {
		if p.rows == nil {
			groups := p.file.RowGroups()
			for p.group < len(groups) && groups[p.group].NumRows() == 0 {
				p.group++
			}
			if p.group == len(groups) {
				if p.number != p.file.NumRows() {
					return line, nil, fmt.Errorf("damaged Parquet: %d rows where there should be %d", p.number, p.file.NumRows())
				}
				return line, nil, io.EOF
			}
			p.rows = groups[p.group].Rows()
			p.group++
		}
		n, err := p.rows.ReadRows(p.buffer)
		p.waiting = p.buffer[:n]
		if errors.Is(err, io.EOF) {
			err = p.rows.Close()
			p.rows = nil
		}
		if err != nil {
			return line, nil, err
		}
	}
	row := p.waiting[0]
	p.waiting = p.waiting[1:]
	p.number++
	line = accesslog.Line{Number: p.number, Terminated: true}
	size := 0
	for _, v := range row {
		if v.Kind() == parquet.ByteArray || v.Kind() == parquet.FixedLenByteArray {
			size += len(v.ByteArray())
		}
	}
	if line.TooLong = size > accesslog.MaxLine; line.TooLong {
		begin(rec)
		return line, accesslog.ErrTooLong, nil
	}
	if rejected = p.read(row, rec); rejected != nil {
		line.Text = p.text(row)
	}
	return line, rejected, nil
}

func (p *Parquet) read(row parquet.Row, rec *dataset.Record) error {
	out := begin(rec)
	var extra []byte
	for _, v := range row {
		c := p.columns[v.Column()]
		if c.name == nil {
			continue
		}
		if !out.set(c.name, c.value(v)) && !v.IsNull() {
			extra = appendField(extra, c.name, textOf(v))
		}
	}
	if extra != nil {
		rec.Extra = append(extra, '}')
	}
	return out.end()
}

func (c *column) value(v parquet.Value) value {
	if v.IsNull() {
		return value{}
	}
	switch v.Kind() {
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return value{kind: text, text: bytes.Clone(v.ByteArray())}
	case parquet.Int64:
		if c.unit != 0 {
			return value{kind: instant, ms: v.Int64() / (int64(time.Millisecond) / c.unit)}
		}
		return value{kind: number, text: strconv.AppendInt(nil, v.Int64(), 10)}
	case parquet.Int96: // nanoseconds of the day and the Julian day
		const epoch, day = 2440588, 24 * 60 * 60 * 1000
		t := v.Int96()
		return value{kind: instant, ms: (int64(t[2])-epoch)*day + int64(uint64(t[1])<<32|uint64(t[0]))/int64(time.Millisecond)}
	case parquet.Int32:
		return value{kind: number, text: strconv.AppendInt(nil, int64(v.Int32()), 10)}
	case parquet.Float:
		return value{kind: number, text: strconv.AppendFloat(nil, float64(v.Float()), 'f', -1, 32)}
	case parquet.Double:
		return value{kind: number, text: strconv.AppendFloat(nil, v.Double(), 'f', -1, 64)}
	case parquet.Boolean:
		return value{kind: boolean, text: strconv.AppendBool(nil, v.Boolean())}
	}
	return value{kind: other}
}

// text is a row as a JSON object, for those that can't be read.
func (p *Parquet) text(row parquet.Row) []byte {
	var out []byte
	for _, v := range row {
		if c := p.columns[v.Column()]; c.name != nil && !v.IsNull() {
			out = appendField(out, c.name, textOf(v))
		}
	}
	if out == nil {
		return []byte("{}")
	}
	return append(out, '}')
}

// textOf is a value as JSON.
func textOf(v parquet.Value) []byte {
	switch v.Kind() {
	case parquet.Boolean, parquet.Int32, parquet.Int64:
		return []byte(v.String())
	}
	b, err := json.Marshal(v.String())
	if err != nil {
		return []byte(`""`) // a string has no error
	}
	return b
}
