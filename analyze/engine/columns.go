package engine

import (
	"bucketproof/internal/columnar"
	"bucketproof/internal/dataset"
)

// declared are the columns of the files of a kind, for a slice without any file.
func declared(kind string) []Column {
	var out []Column
	for _, c := range dataset.Columns(kind) {
		out = append(out, Column{c.Name, types[c.Kind]})
	}
	return out
}

// types are those as which DuckDB reads the columns of a file.
var types = [...]string{
	columnar.Text:  Text,
	columnar.Int32: "INTEGER",
	columnar.Int64: Int,
	columnar.Bool:  Bool,
	columnar.Time:  "TIMESTAMP WITH TIME ZONE",
}
