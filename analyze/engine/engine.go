// Package engine runs SQL over a slice of the dataset. [OpenDuckDB] opens the
// engine that is built in; what it gives answers queries until it is closed.
//
// A slice is closed to everything but its own files: the SQL that runs in it
// can read no other file, no network and no setting.
package engine

import "context"

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

// Result is what a statement returned. Cells are string, int64, float64, bool,
// time.Time in UTC, []string or nil.
type Result struct {
	Columns []string
	Rows    [][]any
}

// Query runs one statement with its positional arguments.
type Query func(ctx context.Context, sql string, args ...any) (*Result, error)

// View is a named statement.
type View struct{ Name, SQL string }

// Slice is a part of the dataset, made ready for queries.
type Slice struct {
	Access   []string // paths of Parquet files, read as the view `delivered`
	Rows     int64    // in Access
	Rejected []string // paths of Parquet files, read as the view `rejected_lines`, without the raw text
	Trail    []string // paths of Parquet files, read as the view `delivered_events`
	// Prepare returns the tables that the queries join, and the views that are
	// made when they are there. It can query the two views above.
	Prepare func(ctx context.Context, query Query) ([]Table, []View, error)
}

// Options bound an engine.
type Options struct {
	MemoryLimit int64  // bytes
	TempDir     string // where it spills; made and removed by the engine
}
