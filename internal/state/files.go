package state

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"bucketproof/internal/dataset"
)

// SmallFiles returns the files below bytes of those partitions with dates before
// a date that have at least count of them, in the order of their paths.
func (s *State) SmallFiles(ctx context.Context, before string, bytes int64, count int) ([]dataset.File, error) {
	var files []dataset.File
	const small = "SELECT path, kind, bucket, date, rows, bytes, count(*) OVER (PARTITION BY kind, bucket, date) " +
		"AS n FROM dataset_files WHERE date < ? AND bytes < ? AND retired IS NULL"
	err := s.rows(ctx, "SELECT path, kind, bucket, date, rows, bytes FROM ("+small+") WHERE n >= ? ORDER BY path", func(r *sql.Rows) error {
		var f dataset.File
		err := r.Scan(&f.Path, &f.Kind, &f.Bucket, &f.Date, &f.Rows, &f.Bytes)
		files = append(files, f)
		return err
	}, before, bytes, count)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return files, nil
}

// Replace puts files in the place of others with the same rows, in one
// transaction. The old ones stay on disk for queries that read them, until
// [State.DropRetired].
func (s *State) Replace(ctx context.Context, old, files []dataset.File, at time.Time) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
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
func (s *State) DropRetired(ctx context.Context, before time.Time) error {
	if _, err := s.db.ExecContext(ctx, "DELETE FROM dataset_files WHERE retired < ?", before.UnixMilli()); err != nil {
		return fmt.Errorf("write the ledger: %w", err)
	}
	return nil
}
