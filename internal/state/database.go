package state

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// database is the state file, as all stores share it. Nothing is written to one that was opened
// for reading only; reads go to it as they are.
type database struct {
	*sql.DB
	readOnly error // why it can't be written; nil where it can
}

// ExecContext runs a statement that writes.
func (d *database) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if d.readOnly != nil {
		return nil, d.refused()
	}
	return d.DB.ExecContext(ctx, query, args...)
}

// BeginTx begins a transaction that writes.
func (d *database) BeginTx(ctx context.Context, options *sql.TxOptions) (*sql.Tx, error) {
	if d.readOnly != nil {
		return nil, d.refused()
	}
	return d.DB.BeginTx(ctx, options)
}

func (d *database) refused() error {
	return fmt.Errorf("the state is open for reading only, because it can't be written (%w); "+
		"run this as the user to whom it belongs, or on a copy of the data folder", d.readOnly)
}

// migrate brings the file up to date, in one transaction.
func (d *database) migrate(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	return d.write(ctx, func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if version > len(names) {
			return newer(version, len(names))
		}
		for i, name := range names[version:] {
			text, err := migrations.ReadFile(name)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, string(text)); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version+i+1)); err != nil {
				return err
			}
		}
		return nil
	})
}

// current refuses a file of another version, which can't be brought up to date here.
func (d *database) current(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	var version int
	if err := d.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > len(names) {
		return newer(version, len(names))
	}
	if version < len(names) {
		return fmt.Errorf("it has version %d and this program needs %d, but it can't be written (%w); "+
			"run this on a copy of the data folder, or the bucketproof that wrote it", version, len(names), d.readOnly)
	}
	return nil
}

func newer(version, known int) error {
	return fmt.Errorf("it has version %d and this program knows up to %d; run the newer bucketproof", version, known)
}

// write runs do in a transaction that holds the write lock from its start. Where another process
// holds it, it waits for half a minute.
func (d *database) write(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := d.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// queryer is a transaction, or the database.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each runs a query and hands every row to take.
func each(ctx context.Context, q queryer, query string, take func(*sql.Rows) error, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := take(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// list returns what scan makes of the rows of a query, in their order. An error begins with doing.
func list[T any](ctx context.Context, q queryer, doing, query string, scan func(*sql.Rows) (T, error), args ...any) ([]T, error) {
	var out []T
	err := each(ctx, q, query, func(rows *sql.Rows) error {
		v, err := scan(rows)
		out = append(out, v)
		return err
	}, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return out, nil
}

// index returns what scan makes of the rows of a query, by the key that it gives to each. An error
// begins with doing.
func index[K comparable, V any](ctx context.Context, q queryer, doing, query string, scan func(*sql.Rows) (K, V, error),
	args ...any) (map[K]V, error) {
	out := map[K]V{}
	err := each(ctx, q, query, func(rows *sql.Rows) error {
		k, v, err := scan(rows)
		out[k] = v
		return err
	}, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return out, nil
}

// column reads a row of one column.
func column[T any](rows *sql.Rows) (v T, err error) {
	err = rows.Scan(&v)
	return v, err
}

// Count is a number with the names that it is of.
type Count struct {
	Of []string
	N  int64
}

// counts reads rows of so many names and a number.
func counts(ctx context.Context, q queryer, names int, query string) ([]Count, error) {
	return list(ctx, q, "count", query, func(rows *sql.Rows) (Count, error) {
		c := Count{Of: make([]string, names)}
		into := make([]any, names, names+1)
		for i := range c.Of {
			into[i] = &c.Of[i]
		}
		err := rows.Scan(append(into, &c.N)...)
		return c, err
	})
}

func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

func fromMillis(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.UnixMilli(n.Int64).UTC()
}
