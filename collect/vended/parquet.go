package vended

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"bucketproof/collect/accesslog"
	"bucketproof/internal/dataset"
)

var errNotLog = errors.New("the Parquet object has no columns of an access log")

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
	f, err := parquet.OpenFile(src, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	p = &Parquet{file: f, buffer: make([]parquet.Row, 64)}
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
		return nil, errNotLog
	}
	return p, nil
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

// Next reads the next row into rec, like [accesslog.Reader.Next].
func (p *Parquet) Next(rec *dataset.Record) (line accesslog.Line, rejected, err error) {
	defer recovered(&err)
	for len(p.waiting) == 0 {
		if p.rows == nil {
			groups := p.file.RowGroups()
			if p.group == len(groups) {
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
	if rejected = p.read(row, rec); rejected != nil {
		line.Text = p.text(row)
	}
	return line, rejected, nil
}

func (p *Parquet) read(row parquet.Row, rec *dataset.Record) error {
	begin(rec)
	var extra []byte
	for _, v := range row {
		c := p.columns[v.Column()]
		if c.name == nil {
			continue
		}
		known, err := set(rec, c.name, c.value(v))
		if err != nil {
			return err
		}
		if !known && !v.IsNull() {
			extra = appendField(extra, c.name, textOf(v))
		}
	}
	if extra != nil {
		rec.Extra = append(extra, '}')
	}
	return complete(rec)
}

func (c *column) value(v parquet.Value) value {
	switch v.Kind() {
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return value{kind: text, text: bytes.Clone(v.ByteArray())}
	case parquet.Int32:
		return value{kind: number, number: float64(v.Int32())}
	case parquet.Int64:
		if c.unit != 0 {
			return value{kind: instant, number: float64(v.Int64() / (int64(time.Millisecond) / c.unit))}
		}
		return value{kind: number, number: float64(v.Int64())}
	case parquet.Float:
		return value{kind: number, number: float64(v.Float())}
	case parquet.Double:
		return value{kind: number, number: v.Double()}
	case parquet.Boolean:
		if v.Boolean() {
			return value{kind: boolean, number: 1}
		}
		return value{kind: boolean}
	}
	if v.IsNull() {
		return value{}
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
	case parquet.Boolean, parquet.Int32, parquet.Int64, parquet.Float, parquet.Double:
		return []byte(v.String())
	}
	b, err := json.Marshal(v.String())
	if err != nil {
		return []byte(`""`) // a string has no error
	}
	return b
}
