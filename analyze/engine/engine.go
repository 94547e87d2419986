// Package engine runs SQL over a slice of the dataset. [OpenDuckDB] opens the
// engine that is built in; what it gives answers queries until it is closed.
//
// A slice is closed to everything but its own files: the SQL that runs in it
// can read no other file, no network and no setting.
package engine

import (
	"context"
	"slices"
)

// Types of the columns of a [Table].
const (
	Text   = "VARCHAR"
	Int    = "BIGINT"
	Bool   = "BOOLEAN"
	Double = "DOUBLE"
	Time   = "TIMESTAMP"
)

// Column is a column of a result or of a table.
type Column struct{ Name, Type string }

// Table is rows that SQL sees under a name: the identity mapping, approved
// prefixes, windows. Cells are string, int64, bool, time.Time or nil.
type Table struct {
	Name    string
	Columns []Column
	Rows    [][]any
}

// At is the position of a column, -1 where there is none of this name.
func (t Table) At(column string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == column })
}

// At is the position of a column, -1 where there is none of this name.
func (r *Result) At(column string) int { return slices.Index(r.Columns, column) }

// Result is what a statement returned. Cells are string, int64, float64, bool,
// time.Time in UTC, []string or nil.
type Result struct {
	Columns []string
	Rows    [][]any
	// More is how many rows came behind those that were asked for, and Rest the sums of
	// their whole numbers by column.
	More int64
	Rest map[string]int64
}

// Query runs one statement with its positional arguments.
type Query func(ctx context.Context, sql string, args ...any) (*Result, error)

// View is a named statement.
type View struct{ Name, SQL string }

// Slice is a part of the dataset.
type Slice struct {
	Access   []string          // paths of Parquet files, read as the view `delivered`
	Rows     int64             // in Access and Trail
	Bytes    int64             // of these files
	Rejected []string          // paths of Parquet files, read as the view `rejected_lines`, without the raw text
	Trail    []string          // paths of Parquet files, read as the view `delivered_events`
	Macros   map[string]string // expressions by their name and parameters, "name(a, b)"
}

// Options bound an engine.
type Options struct {
	MemoryLimit int64  // bytes
	TempDir     string // where it spills; made and removed by the engine
}
