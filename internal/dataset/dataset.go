// Package dataset is where collection and analysis meet: access log records as
// Parquet files under DIR/access/bucket=B/date=YYYY-MM-DD (the UTC date of the
// request), CloudTrail events under DIR/trail/account=A/date=YYYY-MM-DD, and the lines
// that could not be read under DIR/rejected, in the same partitions.
//
// A [Batch] writes new files. They belong to the dataset once the state names
// them, so a run that dies leaves files that nobody reads and that [Dataset.Sweep]
// removes. Text that is not UTF-8 is stored with \xNN in place of each bad
// byte, because a Parquet string must be UTF-8; nothing else is changed.
package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Kinds of files.
const (
	Access   = "access"
	Rejected = "rejected"
	Trail    = "trail"
)

// Dataset is a folder of partitions.
type Dataset struct{ Dir string }

// File is one Parquet file of a partition.
type File struct {
	Kind   string // Access, Rejected or Trail
	Path   string // relative to the dataset, with /
	Bucket string // or a TrailOwner
	Date   string // YYYY-MM-DD, UTC
	Rows   int64
	Bytes  int64
}

// Full is the path of a file of the dataset on this machine.
func (d Dataset) Full(path string) string { return filepath.Join(d.Dir, filepath.FromSlash(path)) }

// ErrForeignState means that the dataset holds files of batches that the state
// never gave out: it is not the state of this dataset, or an older copy of it.
var ErrForeignState = errors.New("the state is not that of this dataset, or an older copy")

// Sweep removes the files that known does not name: what a run left that died
// before the state took its files. LastBatch is the highest number that the
// state has given out; where a file has a higher one nothing is removed and the
// error is [ErrForeignState], because the log objects behind it may be gone.
// The caller holds the lock on the data folder. It returns the removed paths.
func (d Dataset) Sweep(known map[string]bool, lastBatch int64) ([]string, error) {
	var orphans []string
	for _, kind := range []string{Access, Rejected, Trail} {
		err := filepath.WalkDir(filepath.Join(d.Dir, kind), func(path string, e fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || e.IsDir() {
				return err
			}
			rel, err := filepath.Rel(d.Dir, path)
			if err != nil || known[filepath.ToSlash(rel)] {
				return err
			}
			if !strings.HasSuffix(path, extension) && !strings.HasSuffix(path, extension+partial) {
				return nil // not ours
			}
			if number, err := PartNumber(filepath.Base(path)); err == nil && number > lastBatch {
				return fmt.Errorf("%w: %s; restore state.db from a backup, or move the dataset away to collect again",
					ErrForeignState, path)
			}
			orphans = append(orphans, path)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("look for leftovers of an earlier run: %w", err)
		}
	}
	for _, path := range orphans {
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("remove leftovers of an earlier run: %w", err)
		}
	}
	return orphans, nil
}

// PartNumber is the number of the batch that wrote the file with this name.
func PartNumber(name string) (int64, error) {
	digits, ok := strings.CutPrefix(strings.TrimSuffix(name, extension), "part-")
	if !ok || !strings.HasSuffix(name, extension) {
		return 0, errors.New("the name is not that of a file of the dataset")
	}
	return strconv.ParseInt(digits, 10, 64)
}

// DateOf is the UTC date of a time in milliseconds since 1970.
func DateOf(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.DateOnly) }
