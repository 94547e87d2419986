package analyze

import (
	"context"

	"bucketproof/analyze/engine"
)

// tableRows asks one of the statements behind the bound tables, without parameters, and reads
// its rows by the names of their columns.
func tableRows[T any](ctx context.Context, query engine.Query, c *Catalog, name string) ([]T, error) {
	result, err := query(ctx, c.tables[name])
	if err != nil {
		return nil, err
	}
	return engine.Rows[T](tableFile(name), result.Columns, result.Rows)
}

// askedRows does the same with one that has parameters or names derived tables, see asking.ask.
func askedRows[T any](ctx context.Context, v *asking, name string) ([]T, error) {
	result, err := v.ask(ctx, name)
	if err != nil {
		return nil, err
	}
	return engine.Rows[T](tableFile(name), result.Columns, result.Rows)
}

// eachRow hands on the rows of a statement one by one, read by the names of their columns. Each
// runs the statement, as [Engine.Each] does.
func eachRow[T any](statement string, each func(do func(columns []string, cells []any) error) ([]string, error), do func(T) error) error {
	var r *engine.RowReader[T]
	columns, err := each(func(columns []string, cells []any) (err error) {
		if r == nil {
			if r, err = engine.NewRowReader[T](statement, columns); err != nil {
				return err
			}
		}
		var row T
		if err := r.Read(cells, &row); err != nil {
			return err
		}
		return do(row)
	})
	if err == nil && r == nil { // also where it has no row
		_, err = engine.NewRowReader[T](statement, columns)
	}
	return err
}

// tableFile is where such a statement stands.
func tableFile(name string) string { return "templates/tables/" + name + ".sql" }
