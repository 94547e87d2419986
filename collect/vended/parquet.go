package vended

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"time"

	"bucketproof/collect/accesslog"
	"bucketproof/collect/parquet"
	"bucketproof/internal/dataset"
)

// ErrNotLog means that a Parquet object does not have the columns of an access log.
var ErrNotLog = errors.New("the Parquet object has no columns of an access log")

// IsParquet tells from the beginning of some content whether it is Parquet.
func IsParquet(head []byte) bool { return bytes.HasPrefix(head, []byte("PAR1")) }

// Parquet reads a log object in Parquet form. Its lines are the rows, from 1.
type Parquet struct {
	file   *parquet.File
	names  [][]byte
	units  []time.Duration
	number int64
}

// NewParquet opens a log object of size bytes and holds up to memory bytes of it at a time.
// An object that is no access log, is damaged or needs more memory is an error.
func NewParquet(src io.ReaderAt, size, memory int64) (*Parquet, error) {
	f, err := parquet.Open(src, size, memory)
	if err != nil {
		return nil, err
	}
	p := &Parquet{file: f}
	names := map[string]bool{}
	for _, c := range f.Columns() {
		p.names = append(p.names, []byte(c.Name))
		p.units = append(p.units, c.Unit)
		names[c.Name] = true
	}
	if !names["request_time"] || !names["operation"] || !names["bucket_name"] && !names["bucket_arn"] {
		return nil, ErrNotLog
	}
	return p, nil
}

// Next reads the next row into rec, like [JSON.Next].
func (p *Parquet) Next(rec *dataset.Record) (line accesslog.Line, rejected, err error) {
	row, err := p.file.Next()
	if err != nil {
		return line, nil, err
	}
	p.number++
	line = accesslog.Line{Number: p.number, Terminated: true}
	size := 0
	for _, v := range row {
		size += len(v.Bytes)
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

func (p *Parquet) read(row []parquet.Value, rec *dataset.Record) error {
	out := begin(rec)
	var extra []byte
	for i, v := range row {
		field := p.value(i, v)
		if !out.set(p.names[i], field) && v.Kind != parquet.Null {
			extra = appendField(extra, p.names[i], field.json())
		}
	}
	if extra != nil {
		rec.Extra = append(extra, '}')
	}
	return out.end()
}

// value is a field of its own memory.
func (p *Parquet) value(column int, v parquet.Value) value {
	switch v.Kind {
	case parquet.Text:
		return value{kind: text, text: bytes.Clone(v.Bytes)}
	case parquet.Int:
		if unit := p.units[column]; unit != 0 {
			return value{kind: instant, ms: milliseconds(v.Int, unit)}
		}
		return value{kind: number, text: strconv.AppendInt(nil, v.Int, 10)}
	case parquet.Int96: // nanoseconds of the day and the Julian day
		const epoch, day = 2440588, 24 * 60 * 60 * 1000
		nanos, julian := binary.LittleEndian.Uint64(v.Bytes), binary.LittleEndian.Uint32(v.Bytes[8:])
		return value{kind: instant, ms: (int64(julian)-epoch)*day + int64(nanos/uint64(time.Millisecond))}
	case parquet.Single:
		return value{kind: number, text: strconv.AppendFloat(nil, v.Float, 'f', -1, 32)}
	case parquet.Double:
		return value{kind: number, text: strconv.AppendFloat(nil, v.Float, 'f', -1, 64)}
	case parquet.Bool:
		return value{kind: boolean, text: strconv.AppendBool(nil, v.Int == 1)}
	}
	return value{}
}

func milliseconds(n int64, unit time.Duration) int64 {
	if unit == time.Millisecond {
		return n
	}
	per := int64(time.Millisecond / unit)
	ms := n / per
	if n%per < 0 { // before 1970
		ms--
	}
	return ms
}

// text is a row as a JSON object, for those that can't be read.
func (p *Parquet) text(row []parquet.Value) []byte {
	var out []byte
	for i, v := range row {
		if v.Kind != parquet.Null {
			out = appendField(out, p.names[i], p.value(i, v).json())
		}
	}
	if out == nil {
		return []byte("{}")
	}
	return append(out, '}')
}

// json is a field as JSON.
func (v value) json() []byte {
	plain := v.text
	switch v.kind {
	case boolean:
		return plain
	case number:
		if f, err := strconv.ParseFloat(string(plain), 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return plain
		}
	case instant:
		return strconv.AppendInt(nil, v.ms, 10)
	}
	b, err := json.Marshal(string(plain))
	if err != nil {
		return []byte(`""`) // a string has no error
	}
	return b
}
