// Package columnar writes flat rows as Parquet files. A [Group] gathers rows column by
// column, [Encoder.Encode] turns it into a [RowGroup] while the next group can be filled,
// and a [Writer] appends row groups to a file.
//
// Text columns that repeat have a dictionary for each row group; others are
// DELTA_LENGTH_BYTE_ARRAY. Integers are DELTA_BINARY_PACKED. The format is Apache Parquet
// with data pages of version 2; encodings and footer come from
// github.com/parquet-go/parquet-go.
package columnar

import (
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// Column is a column of a file: its name, and how its values are kept.
type Column struct {
	Name       string
	Kind       Kind
	Optional   bool // it has NULL
	Dictionary bool // its values repeat
	Codec      Codec
}

// Codec is how the values of a column are compressed. A dictionary is always compressed,
// the indexes into it never.
type Codec int

// Codecs.
const (
	Plain Codec = iota // not at all: random text and packed numbers
	Fast               // Snappy: large columns whose compression would bound the speed
	Small              // zstd
)

// Schema is the columns of a file, in order.
type Schema struct {
	columns  []Column
	elements []format.SchemaElement
	orders   []format.ColumnOrder
}

// NewSchema makes the schema of files whose rows have a name and these columns.
func NewSchema(name string, columns []Column) *Schema {
	s := &Schema{columns: columns, elements: []format.SchemaElement{{Name: name, NumChildren: thrift.New(int32(len(columns)))}}}
	for _, c := range columns {
		t := types[c.Kind]
		e := format.SchemaElement{Name: c.Name, Type: thrift.New(format.Type(t.Kind())),
			RepetitionType: thrift.New(format.Required)}
		if c.Optional {
			e.RepetitionType.Set(format.Optional)
		}
		if n := t.Length(); n > 0 {
			e.TypeLength.Set(int32(n))
		}
		if converted := t.ConvertedType(); converted != nil {
			e.ConvertedType.Set(*converted)
		}
		if logical := t.LogicalType(); logical != nil {
			e.LogicalType = *logical
		}
		s.elements = append(s.elements, e)
		s.orders = append(s.orders, *t.ColumnOrder())
	}
	return s
}

// types are those of Parquet, by kind.
var types = [...]parquet.Type{
	Text:  parquet.String().Type(),
	Int32: parquet.Int(32).Type(),
	Int64: parquet.Int(64).Type(),
	Bool:  parquet.BooleanType,
	Time:  parquet.Timestamp(parquet.Millisecond).Type(),
}

// Columns are the columns, in their order.
func (s *Schema) Columns() []Column { return s.columns }

// Group gathers rows for a file. For each row, call one of the methods for each column and
// then [Group.EndRow].
type Group struct {
	schema  *Schema
	columns []column
	rows    int
	bytes   int
}

// NewGroup returns an empty group.
func (s *Schema) NewGroup() *Group {
	g := &Group{schema: s, columns: make([]column, len(s.columns))}
	for i, c := range s.columns {
		g.columns[i].kind, g.columns[i].optional = c.Kind.stored(), c.Optional
	}
	g.Reset()
	return g
}

// Reset empties the group and keeps its memory.
func (g *Group) Reset() {
	g.rows, g.bytes = 0, 0
	for i := range g.columns {
		g.columns[i].reset(g.schema.columns[i].Dictionary)
	}
}

// Rows is how many rows the group has.
func (g *Group) Rows() int { return g.rows }

// Bytes is about how much memory the rows take.
func (g *Group) Bytes() int { return g.bytes }

// EndRow ends a row.
func (g *Group) EndRow() {
	g.rows++
	g.bytes += 4 * len(g.columns)
}

// Null sets column i of the row to NULL.
func (g *Group) Null(i int) { g.columns[i].null() }

// Text sets column i of the row; nil is NULL. V is copied.
func (g *Group) Text(i int, v []byte) {
	if v == nil {
		g.columns[i].null()
		return
	}
	c := &g.columns[i]
	before := len(c.entries.data) + len(c.plain.data)
	c.text(v)
	g.bytes += len(c.entries.data) + len(c.plain.data) - before
}

// Int32 sets column i of the row.
func (g *Group) Int32(i int, v int32) {
	c := &g.columns[i]
	c.present()
	c.int32s = append(c.int32s, v)
}

// Int64 sets column i of the row, which is an Int64 or a Time.
func (g *Group) Int64(i int, v int64) {
	c := &g.columns[i]
	c.present()
	c.int64s = append(c.int64s, v)
}

// Bool sets column i of the row.
func (g *Group) Bool(i int, v bool) {
	c := &g.columns[i]
	c.present()
	b := byte(0)
	if v {
		b = 1
	}
	c.bools = append(c.bools, b)
}

// Value sets column v.Column() of the row to a value of a file of the same
// schema.
func (g *Group) Value(v parquet.Value) {
	i := v.Column()
	switch {
	case v.IsNull():
		g.Null(i)
	case g.columns[i].kind == Text:
		g.Text(i, v.ByteArray())
	case g.columns[i].kind == Int32:
		g.Int32(i, v.Int32())
	case g.columns[i].kind == Int64:
		g.Int64(i, v.Int64())
	default:
		g.Bool(i, v.Boolean())
	}
}
