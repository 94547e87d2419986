package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/parquet-go/parquet-go"
)

// Copy adds the rows of a file of the dataset to the batch, in their order.
func (b *Batch) Copy(file File) (err error) {
	day, err := time.Parse(time.DateOnly, file.Date)
	if err != nil {
		return fmt.Errorf("copy %s: %w", file.Path, err)
	}
	f, err := os.Open(b.dataset.Full(file.Path))
	if err != nil {
		return openError(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	schema := schemas[file.Kind]
	p, err := b.part(file.Kind, file.Bucket, day.UnixMilli(), schema)
	if err != nil {
		return err
	}
	r := parquet.NewGenericReader[any](f)
	defer func() { err = errors.Join(err, r.Close()) }()
	if r.NumRows() != file.Rows || len(r.Schema().Columns()) != len(schema.Columns()) {
		return fmt.Errorf("read %s: it has %d rows of %d columns where %d of %d are known; the file is damaged, restore it from a backup",
			file.Path, r.NumRows(), len(r.Schema().Columns()), file.Rows, len(schema.Columns()))
	}
	rows := make([]parquet.Row, 256)
	for {
		n, err := r.ReadRows(rows)
		for _, row := range rows[:n] {
			if p.group == nil {
				p.group = newGroup(schema)
			}
			before := p.group.Bytes()
			for _, v := range row {
				p.group.Value(v)
			}
			p.group.EndRow()
			b.grew(p, before)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w; the file is damaged, restore it from a backup", file.Path, err)
		}
	}
}
