package state

import (
	"bucketproof/internal/durable"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Backup writes a copy of the state as it is at this moment to a new file, while
// others may be writing. Where path exists the error is [os.ErrExist].
func (s *State) Backup(ctx context.Context, path string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("back up the state to %s: %w; name a new file", path, os.ErrExist)
	}
	part := path + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("back up the state: %w", err)
	}
	// SQLite makes the file as the umask says; one that is there and empty it fills.
	f, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("back up the state: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("back up the state to %s: %w", path, err), os.Remove(part))
		}
	}()
	_, err = s.db.DB.ExecContext(ctx, "VACUUM INTO ?", part)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(part, path); err != nil { // unlike a rename it never replaces
		return err
	}
	if err := os.Remove(part); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(path))
}

// retiredThrough is the note with the last day whose records were retired.
const retiredThrough = "retired_through"

// RetireBefore takes the partitions with dates before a date out of the dataset.
// Their files are removed by the collector a day later; what the ledger knows of
// the log objects stays, so that they are not read again. It returns the number
// of files.
func (s *State) RetireBefore(ctx context.Context, date string, at time.Time) (files int64, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, "UPDATE dataset_files SET retired = ? WHERE date < ? AND date <> '' AND retired IS NULL",
			at.UnixMilli(), date)
		if err != nil {
			return err
		}
		if files, err = r.RowsAffected(); err != nil || files == 0 {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO notes VALUES (?, ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
			retiredThrough, date)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("retire old records: %w", err)
	}
	return files, nil
}

// RetiredBefore is the date before which records were retired; "" for none.
func (s *State) RetiredBefore(ctx context.Context) (string, error) {
	return s.Note(ctx, retiredThrough)
}

// PartitionMonths returns the months, YYYY-MM, before a date of which records of
// a bucket are in the dataset, the earliest first.
func (s *State) PartitionMonths(ctx context.Context, bucket, before string) ([]string, error) {
	var out []string
	err := s.rows(ctx,
		"SELECT DISTINCT substr(date, 1, 7) FROM dataset_files WHERE kind = 'access' AND bucket = ? AND date < ? "+
			"AND retired IS NULL ORDER BY 1", func(r *sql.Rows) error {
			var month string
			err := r.Scan(&month)
			out = append(out, month)
			return err
		}, bucket, before)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return out, nil
}
