package state

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"bucketproof/internal/dataset"
)

// Files are those of the dataset. One that no entry names does not belong to it.
type Files struct{ db *database }

// Small returns the files below bytes of those partitions with dates before
// a date that have at least count of them, in the order of their paths.
func (s *Files) Small(ctx context.Context, before string, bytes int64, count int) ([]dataset.File, error) {
	const small = "SELECT path, kind, bucket, date, rows, bytes, count(*) OVER (PARTITION BY kind, bucket, date) " +
		"AS n FROM dataset_files WHERE date < ? AND bytes < ? AND retired IS NULL"
	const query = "SELECT path, kind, bucket, date, rows, bytes FROM (" + small + ") WHERE n >= ? ORDER BY path"
	return list(ctx, s.db, "read the ledger", query, func(r *sql.Rows) (dataset.File, error) {
		var f dataset.File
		err := r.Scan(&f.Path, &f.Kind, &f.Bucket, &f.Date, &f.Rows, &f.Bytes)
		return f, err
	}, before, bytes, count)
}

// Replace puts files in the place of others with the same rows, in one
// transaction. The old ones stay on disk for queries that read them, until
// [Files.DropRetired].
func (s *Files) Replace(ctx context.Context, old, files []dataset.File, at time.Time) error {
	err := s.db.write(ctx, func(tx *sql.Tx) error {
		for _, f := range old {
			r, err := tx.ExecContext(ctx, "UPDATE dataset_files SET retired = ? WHERE path = ? AND retired IS NULL", at.UnixMilli(), f.Path)
			if err != nil {
				return err
			}
			if n, err := r.RowsAffected(); err != nil || n != 1 {
				return fmt.Errorf("%s is no file of the dataset (%w)", f.Path, err)
			}
		}
		return commitFiles(ctx, tx, files)
	})
	if err != nil {
		return fmt.Errorf("write the ledger: %w", err)
	}
	return nil
}

// DropRetired forgets the files that were replaced before a time; they can be
// removed from disk.
func (s *Files) DropRetired(ctx context.Context, before time.Time) error {
	if _, err := s.db.ExecContext(ctx, "DELETE FROM dataset_files WHERE retired < ?", before.UnixMilli()); err != nil {
		return fmt.Errorf("write the ledger: %w", err)
	}
	return nil
}

// Of returns the files of the dataset of one kind and bucket with UTC dates
// from and to, both inclusive, in the order of their paths. Bucket "" holds the
// rejected lines that do not tell theirs.
func (s *Files) Of(ctx context.Context, kind, bucket, from, to string) ([]dataset.File, error) {
	const query = "SELECT path, kind, bucket, date, rows, bytes FROM dataset_files WHERE kind = ? AND bucket = ? AND date >= " +
		"? AND date <= ? AND retired IS NULL ORDER BY path"
	return list(ctx, s.db, "read the ledger", query, func(r *sql.Rows) (dataset.File, error) {
		var f dataset.File
		err := r.Scan(&f.Path, &f.Kind, &f.Bucket, &f.Date, &f.Rows, &f.Bytes)
		return f, err
	}, kind, bucket, from, to)
}

// Paths returns the paths of all files of the dataset, with those that were
// replaced and may still be read.
func (s *Files) Paths(ctx context.Context) (map[string]bool, error) {
	return index(ctx, s.db, "read the ledger", "SELECT path FROM dataset_files", func(r *sql.Rows) (path string, is bool, err error) {
		err = r.Scan(&path)
		return path, true, err
	})
}

func commitFiles(ctx context.Context, tx *sql.Tx, files []dataset.File) error {
	for _, f := range files {
		if _, err := tx.ExecContext(ctx,
			"INSERT INTO dataset_files (path, kind, bucket, date, rows, bytes) VALUES (?, ?, ?, ?, ?, ?)", f.Path,
			f.Kind, f.Bucket, f.Date, f.Rows, f.Bytes); err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return nil
}

// RetireBefore takes the partitions with dates before a date out of the dataset.
// Their files are removed by the collector a day later; what the ledger knows of
// the log objects stays, so that they are not read again. It returns the number
// of files.
func (s *Files) RetireBefore(ctx context.Context, date string, at time.Time) (files int64, err error) {
	err = s.db.write(ctx, func(tx *sql.Tx) error {
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

// retiredThrough is the note with the last day whose records were retired.
const retiredThrough = "retired_through"

// RetiredBefore is the date before which records were retired; "" for none.
func (s *Files) RetiredBefore(ctx context.Context) (string, error) {
	return (&Notes{s.db}).Get(ctx, retiredThrough)
}

// Months returns the months, YYYY-MM, before a date of which records of
// a bucket are in the dataset, the earliest first.
func (s *Files) Months(ctx context.Context, bucket, before string) ([]string, error) {
	const query = "SELECT DISTINCT substr(date, 1, 7) FROM dataset_files WHERE kind = 'access' AND bucket = ? AND date < ? " +
		"AND retired IS NULL ORDER BY 1"
	return list(ctx, s.db, "read the ledger", query, column[string], bucket, before)
}
