// Package state is what bucketproof remembers beside the dataset, in one
// SQLite file: which log objects are in and which files they went to (the
// ledger), the findings, and the runs. [Open] brings a file of an earlier
// version up to date, and opens one that may not be written for reading only.
package state

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// State is an open state file. It is safe for concurrent use.
type State struct {
	db     database
	copies *sql.Stmt // of Copies, which is asked for each log object
}

// Open opens the state file at path, or makes it. One that may not be written is opened
// for reading only; one that a newer version has written is refused.
func Open(ctx context.Context, path string) (*State, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	if err := private(path); forbidden(err) && exists(path) {
		return openReadOnly(ctx, path, err)
	} else if err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	return openFile(ctx, path, nil, url.Values{
		"_pragma": {"busy_timeout(30000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)"},
		"_txlock": {"immediate"},
	})
}

// openFile opens a file that is there. Where readOnly says why it can't be written it is left
// as it is.
func openFile(ctx context.Context, path string, readOnly error, settings url.Values) (*State, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	dsn := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: settings.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	s := &State{db: database{db, readOnly}}
	if readOnly != nil {
		err = s.current(ctx)
	} else {
		err = s.migrate(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open state %s: %w", path, err), db.Close())
	}
	if s.copies, err = db.PrepareContext(ctx,
		"SELECT buckets FROM log_objects WHERE location = ? AND sha256 = ? AND kind = 'log' AND NOT (key = ? AND "+
			"etag = ? AND size = ?)"); err != nil {
		return nil, errors.Join(fmt.Errorf("open state %s: %w", path, err), db.Close())
	}
	return s, nil
}

// private makes the file, which holds what is nobody else's business, readable by
// its owner only. SQLite gives its own files beside it the same mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err == nil && st.Mode().Perm()&0o077 != 0 {
		err = f.Chmod(0o600)
	}
	return errors.Join(err, f.Close())
}

// Close closes the file.
func (s *State) Close() error { return errors.Join(s.copies.Close(), s.db.Close()) }

func (s *State) migrate(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error {
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

func newer(version, known int) error {
	return fmt.Errorf("it has version %d and this program knows up to %d; run the newer bucketproof", version, known)
}

// write runs do in a transaction that holds the write lock from its start.
func (s *State) write(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// rows runs a query and hands every row to scan.
func (s *State) rows(ctx context.Context, query string, scan func(*sql.Rows) error, args ...any) error {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := scan(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
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
