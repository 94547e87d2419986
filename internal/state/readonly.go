package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"syscall"
)

// database is a state file that nothing is written to where it was opened for reading only.
// Reads go to it as they are.
type database struct {
	*sql.DB
	readOnly error // why it can't be written; nil where it can
}

// ExecContext runs a statement that writes.
func (d database) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if d.readOnly != nil {
		return nil, d.refused()
	}
	return d.DB.ExecContext(ctx, query, args...)
}

// BeginTx begins a transaction that writes.
func (d database) BeginTx(ctx context.Context, options *sql.TxOptions) (*sql.Tx, error) {
	if d.readOnly != nil {
		return nil, d.refused()
	}
	return d.DB.BeginTx(ctx, options)
}

func (d database) refused() error {
	return fmt.Errorf("the state is open for reading only, because it can't be written (%w); "+
		"run this as the user to whom it belongs, or on a copy of the data folder", d.readOnly)
}

// forbidden tells whether an error is that of a file that may not be opened for writing.
func forbidden(err error) bool {
	var at *fs.PathError
	return errors.As(err, &at) && at.Op == "open" && (errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// openReadOnly opens a state file that can't be written, for a reason. Without a journal of
// changes beside it nobody is at work on it, and SQLite needs no files of its own there.
func openReadOnly(ctx context.Context, path string, reason error) (*State, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open state: %w; run this as the user to whom it belongs", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	settings := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(30000)"}}
	journal, err := os.Stat(path + "-wal")
	whole := errors.Is(err, fs.ErrNotExist) || err == nil && journal.Size() == 0
	if whole {
		settings.Set("immutable", "1")
	}
	s, err := openFile(ctx, path, reason, settings)
	if err != nil && !whole {
		return nil, fmt.Errorf("%w; where that is because of the changes in %s-wal, "+
			"copy state.db and state.db-wal to a folder that can be written", err, path)
	}
	return s, err
}

// current refuses a file of another version, which can't be brought up to date here.
func (s *State) current(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	var version int
	if err := s.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > len(names) {
		return newer(version, len(names))
	}
	if version < len(names) {
		return fmt.Errorf("it has version %d and this program needs %d, but it can't be written (%w); "+
			"run this on a copy of the data folder, or the bucketproof that wrote it", version, len(names), s.db.readOnly)
	}
	return nil
}
