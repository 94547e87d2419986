package collect

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bucketproof/internal/dataset"
)

const (
	// smallFile is below what size, in bytes, a file of a finished day is put
	// together with others.
	smallFile = 8 << 20
	// smallFiles is how many of them a day must have.
	smallFiles = 8
)

// compact puts the small files of finished days together. A day is finished
// when log objects for it are late. What comes later still lies in files
// of its own beside.
func (c *Collector) compact(ctx context.Context) error {
	late := c.LateDays
	if late == 0 {
		late = DefaultLateDays
	}
	finished := c.Now().UTC().AddDate(0, 0, -late).Format(time.DateOnly)
	small, err := c.State.Files.Small(ctx, finished, smallFile, smallFiles)
	if err != nil {
		return err
	}
	for len(small) > 0 && ctx.Err() == nil {
		n := 1
		for n < len(small) && small[n].Kind == small[0].Kind && small[n].Bucket == small[0].Bucket && small[n].Date == small[0].Date {
			n++
		}
		if err := c.compactDay(ctx, small[:n]); err != nil {
			return err
		}
		small = small[n:]
	}
	return ctx.Err()
}

// compactDay puts files of one partition together.
func (c *Collector) compactDay(ctx context.Context, files []dataset.File) error {
	number, err := c.State.Ledger.NextBatch(ctx)
	if err != nil {
		return err
	}
	out := c.Dataset.NewBatch(number)
	var rows int64
	for _, f := range files {
		if err := out.Copy(f); err != nil {
			return errors.Join(err, out.Discard())
		}
		rows += f.Rows
	}
	whole, err := out.Close()
	if err != nil {
		return err
	}
	if len(whole) != 1 || whole[0].Rows != rows {
		return errors.Join(fmt.Errorf("%s: %d rows became %+v", files[0].Path, rows, whole), out.Discard())
	}
	if err := c.State.Files.Replace(ctx, files, whole, c.Now()); err != nil {
		return err
	}
	c.Log.Info("put the small files of a finished day together", "kind", files[0].Kind, "bucket", files[0].Bucket,
		"date", files[0].Date, "files", len(files), "rows", rows)
	return nil
}
