package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"bucketproof/internal/dataset"
)

// DuckDB is an in-memory DuckDB over Parquet files. It is safe for concurrent
// use.
type DuckDB struct {
	db    *sql.DB
	conn  *sql.Conn
	loads *sql.Conn // fills tables, also while the rows of a statement are handed on
	temp  string
	small bool // the slice has few rows
}

// OpenDuckDB makes views over the files of a slice, and then closes every way out. What is loaded and
// asked comes behind that.
func OpenDuckDB(ctx context.Context, slice Slice, opts Options) (*DuckDB, error) {
	if err := os.MkdirAll(opts.TempDir, 0o750); err != nil {
		return nil, fmt.Errorf("open DuckDB: %w", err)
	}
	temp, err := os.MkdirTemp(opts.TempDir, "duckdb-*")
	if err != nil {
		return nil, fmt.Errorf("open DuckDB: %w", err)
	}
	settings := url.Values{
		"memory_limit":                 {fmt.Sprintf("%dB", opts.MemoryLimit*counted/100)},
		"temp_directory":               {temp},
		"autoinstall_known_extensions": {"false"},
		"autoload_known_extensions":    {"false"},
		"allow_community_extensions":   {"false"},
		"preserve_insertion_order":     {"false"},
	}
	if slice.Rows < rowsOfOne { // what threads cost is more than they bring
		settings.Set("threads", "1")
	}
	e := &DuckDB{temp: temp, small: slice.Rows < fewRows && slice.Bytes < fewBytes}
	if e.db, err = sql.Open("duckdb", "?"+settings.Encode()); err == nil {
		e.conn, err = e.db.Conn(ctx)
	}
	if err == nil {
		e.loads, err = e.db.Conn(ctx)
	}
	if err == nil {
		err = e.open(ctx, slice)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open DuckDB: %w", err), e.Close())
	}
	return e, nil
}

func (e *DuckDB) open(ctx context.Context, slice Slice) error {
	statements := []string{
		"SET TimeZone='UTC'",
		// Where statistics prove a side of a join empty, this optimizer of 1.5.5 leaves references to
		// columns that are gone: "Failed to bind column reference", and the statement fails.
		"SET disabled_optimizers='column_lifetime'",
		"CREATE " + kind(slice) + " delivered AS " + scan(slice.Access, declared(dataset.Access), ""),
		"CREATE VIEW delivered_events AS " + scan(slice.Trail, declared(dataset.Trail), ""),
		"CREATE VIEW rejected_lines AS " + scan(slice.Rejected, declared(dataset.Rejected), " EXCLUDE (raw)"),
	}
	for name, expression := range slice.Macros {
		statements = append(statements, "CREATE MACRO "+name+" AS (\n"+expression+"\n)")
	}
	return e.exec(ctx, append(statements, "SET allowed_directories = ["+literals(folders(slice))+"]",
		"SET enable_external_access = false",
		"SET lock_configuration = true")...)
}

// counted is how much of its memory DuckDB counts, in percent: not the rows that it hands out.
const counted = 85

const (
	someFiles = 8
	manyFiles = 256
	fewRows   = 2_000_000
	rowsOfOne = 100_000 // of a slice that one thread reads
	// fewBytes is how much of Parquet is held as tables. Ordinary logs have half a million
	// records in it; hostile ones few that are long, and hardly smaller there.
	fewBytes = 64 << 20
)

// kind is how the records are held: in place, or as a table where opening many
// small files again for every statement would cost more than reading them once.
func kind(slice Slice) string {
	files, most := len(slice.Access), int64(fewRows)
	if files <= manyFiles {
		most = rowsOfOne // few files, which are small, too
	}
	if files > someFiles && slice.Rows < most && slice.Bytes < fewBytes {
		return "TABLE"
	}
	return "VIEW"
}

// scan is a SELECT over Parquet files, or an empty one with the same columns.
func scan(files []string, columns []Column, exclude string) string {
	if len(files) > 0 {
		return "SELECT *" + exclude + " FROM read_parquet([" + literals(files) + "], hive_partitioning = false)"
	}
	nulls := make([]string, 0, len(columns))
	for _, c := range columns {
		if !strings.Contains(exclude, "("+c.Name+")") {
			nulls = append(nulls, "CAST(NULL AS "+c.Type+") AS "+c.Name)
		}
	}
	return "SELECT " + strings.Join(nulls, ", ") + " WHERE false"
}

func literals(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return strings.Join(quoted, ", ")
}

func folders(slice Slice) []string {
	var out []string
	seen := map[string]bool{}
	for _, list := range [][]string{slice.Access, slice.Rejected, slice.Trail} {
		for _, f := range list {
			if dir := filepath.Dir(f); !seen[dir] {
				seen[dir] = true
				out = append(out, dir)
			}
		}
	}
	return out
}

func (e *DuckDB) exec(ctx context.Context, statements ...string) error {
	for _, s := range statements {
		if _, err := e.conn.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// Load makes a table and fills it. One that is there gets the rows, too.
func (e *DuckDB) Load(ctx context.Context, t Table) error {
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = c.Name + " " + c.Type
	}
	if _, err := e.loads.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+t.Name+" ("+strings.Join(columns, ", ")+")"); err != nil {
		return err
	}
	return e.loads.Raw(func(c any) error {
		a, err := duckdb.NewAppenderFromConn(c.(driver.Conn), "", t.Name)
		if err != nil {
			return err
		}
		row := make([]driver.Value, len(t.Columns))
		for _, r := range t.Rows {
			for i, cell := range r {
				row[i] = cell
			}
			if err := a.AppendRow(row...); err != nil {
				return errors.Join(err, a.Close())
			}
		}
		return a.Close()
	})
}

// Derive names what a statement returns: as a table, so that it is made once, where the
// slice is small enough to keep it.
func (e *DuckDB) Derive(ctx context.Context, v View) error {
	what := "VIEW"
	if e.small {
		what = "TABLE"
	}
	return e.exec(ctx, "CREATE "+what+" "+v.Name+" AS "+v.SQL)
}

// Query runs one statement.
func (e *DuckDB) Query(ctx context.Context, text string, args ...any) (*Result, error) {
	return e.First(ctx, math.MaxInt, text, args...)
}

// First runs one statement and holds its first rows; the others are counted and added up.
func (e *DuckDB) First(ctx context.Context, most int, text string, args ...any) (*Result, error) {
	result := &Result{}
	columns, err := e.Each(ctx, func(columns []string, cells []any) error {
		if len(result.Rows) < most {
			result.Rows = append(result.Rows, cells)
			return nil
		}
		if result.More++; result.Rest == nil {
			result.Rest = map[string]int64{}
		}
		for i, name := range columns {
			if n, ok := cells[i].(int64); ok {
				result.Rest[name] += n
			}
		}
		return nil
	}, text, args...)
	result.Columns = columns
	return result, err
}

// Each runs one statement and hands on its rows, as cells of a [Result], one by one. What is
// called with them may load a table, and run no other statement.
func (e *DuckDB) Each(ctx context.Context, do func(columns []string, cells []any) error, text string,
	args ...any) (columns []string, err error) {
	rows, err := e.conn.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if columns, err = rows.Columns(); err != nil {
		return nil, err
	}
	into := make([]any, len(columns))
	for rows.Next() {
		cells := make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			return columns, err
		}
		for i := range cells {
			if cells[i], err = plain(cells[i]); err != nil {
				return columns, fmt.Errorf("column %s: %w", columns[i], err)
			}
		}
		if err := do(columns, cells); err != nil {
			return columns, err
		}
	}
	return columns, rows.Err()
}

// plain turns what the driver gives into the cells that [Result] promises.
func plain(v any) (any, error) {
	switch v := v.(type) {
	case nil, string, int64, float64, bool:
		return v, nil
	case int32:
		return int64(v), nil
	case int16:
		return int64(v), nil
	case int8:
		return int64(v), nil
	case uint64:
		if v > math.MaxInt64 {
			return nil, fmt.Errorf("%d does not fit into 64 bits with a sign; cast it to text", v)
		}
		return int64(v), nil
	case uint32:
		return int64(v), nil
	case uint16:
		return int64(v), nil
	case uint8:
		return int64(v), nil
	case float32:
		return float64(v), nil
	case []byte:
		return string(v), nil
	case time.Time:
		return v.UTC(), nil
	case *big.Int: // sums of BIGINT are HUGEINT
		if !v.IsInt64() {
			return nil, fmt.Errorf("%s does not fit into 64 bits", v)
		}
		return v.Int64(), nil
	case duckdb.Decimal:
		return v.Float64(), nil
	case []any:
		list := make([]string, len(v))
		for i, e := range v {
			list[i] = fmt.Sprint(e)
		}
		return list, nil
	}
	return nil, fmt.Errorf("a value of type %T can't be shown; cast it in the SQL", v)
}

// Close releases memory and temporary files.
func (e *DuckDB) Close() error {
	var errs []error
	for _, c := range []*sql.Conn{e.conn, e.loads} {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	if e.db != nil {
		errs = append(errs, e.db.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(e.temp))...)
}

// Version is the version of the library, such as v1.5.5.
func Version(ctx context.Context) (version string, err error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.QueryRowContext(ctx, "SELECT version()").Scan(&version)
	return version, err
}
