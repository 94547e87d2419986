package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"
)

const (
	extension = ".parquet"
	partial   = ".partial"
	// rowsPerGroup bounds the memory of an open partition.
	rowsPerGroup = 64 << 10
)

// Batch writes new files, one for each partition that it meets. It is not safe
// for concurrent use. Either [Batch.Close] or [Batch.Discard] ends it.
type Batch struct {
	dataset Dataset
	number  int64
	open    map[string]*part // by path
	row     row
	rows    [1]parquet.Row
}

type part struct {
	file   File
	f      *os.File
	writer *parquet.GenericWriter[any]
}

// NewBatch begins a batch. Its number is part of the names of its files and
// has never been used in this dataset.
func (d Dataset) NewBatch(number int64) *Batch {
	return &Batch{dataset: d, number: number, open: map[string]*part{}}
}

// Access adds a record of a configured bucket. Its text must be clean; see
// [Record.Clean].
func (b *Batch) Access(rec *Record, source string, line int64) error {
	appendAccess(&b.row, rec, source, line)
	return b.write(Access, string(rec.Bucket), rec.TimeMS, accessSchema)
}

// Reject adds a line that could not be read. Bucket is "" where the line does
// not tell it and its place holds the logs of several buckets.
func (b *Batch) Reject(bucket string, timeMS int64, source string, line int64, reason string, raw []byte) error {
	b.row.values = b.row.values[:0]
	b.row.add(parquet.ByteArrayValue([]byte(bucket)), false)
	b.row.add(parquet.Int64Value(timeMS), false)
	b.row.add(parquet.ByteArrayValue([]byte(source)), false)
	b.row.add(parquet.Int64Value(line), false)
	b.row.add(parquet.ByteArrayValue([]byte(reason)), false)
	b.row.add(parquet.ByteArrayValue(cleanText(raw)), false)
	return b.write(Rejected, bucket, timeMS, rejectedSchema)
}

func (b *Batch) write(kind, bucket string, timeMS int64, schema *parquet.Schema) error {
	p, err := b.part(kind, bucket, DateOf(timeMS), schema)
	if err != nil {
		return err
	}
	b.rows[0] = b.row.values
	if _, err := p.writer.WriteRows(b.rows[:]); err != nil {
		return fmt.Errorf("write %s: %w", p.f.Name(), err)
	}
	p.file.Rows++
	return nil
}

func (b *Batch) part(kind, bucket, date string, schema *parquet.Schema) (*part, error) {
	folder := bucket
	if folder == "" {
		folder = "-" // no bucket has this name
	}
	path := fmt.Sprintf("%s/bucket=%s/date=%s/part-%06d%s", kind, folder, date, b.number, extension)
	if p := b.open[path]; p != nil {
		return p, nil
	}
	full := b.dataset.Full(path)
	if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(full+partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return nil, err
	}
	p := &part{file: File{Kind: kind, Path: path, Bucket: bucket, Date: date}, f: f}
	p.writer = parquet.NewGenericWriter[any](f, schema, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(rowsPerGroup),
		parquet.CreatedBy("bucketproof", "1", "dataset"))
	b.open[path] = p
	return p, nil
}

// Partitions is how many files are open.
func (b *Batch) Partitions() int { return len(b.open) }

// Close finishes the files, syncs them to disk and gives them their names. On
// an error nothing of the batch is left.
func (b *Batch) Close() ([]File, error) {
	files := make([]File, 0, len(b.open))
	dirs := map[string]bool{}
	for path, p := range b.open {
		if err := p.finish(b.dataset.Full(path)); err != nil {
			return nil, errors.Join(fmt.Errorf("finish %s: %w", path, err), b.Discard())
		}
		files = append(files, p.file)
		dirs[filepath.Dir(b.dataset.Full(path))] = true
	}
	for dir := range dirs {
		if err := syncDir(dir); err != nil {
			return nil, errors.Join(err, b.Discard())
		}
	}
	return files, nil
}

func (p *part) finish(full string) error {
	err := p.writer.Close()
	if err == nil {
		err = p.f.Sync()
	}
	if err == nil {
		if st, serr := p.f.Stat(); serr == nil {
			p.file.Bytes = st.Size()
		} else {
			err = serr
		}
	}
	if err = errors.Join(err, p.f.Close()); err != nil {
		return err
	}
	return os.Rename(full+partial, full)
}

// Discard removes what the batch wrote, whatever state it is in.
func (b *Batch) Discard() error {
	var errs []error
	for path, p := range b.open {
		full := b.dataset.Full(path)
		if err := p.f.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			errs = append(errs, err)
		}
		for _, name := range []string{full, full + partial} {
			if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	b.open = map[string]*part{}
	return errors.Join(errs...)
}

// syncDir makes new names in a folder, and the folder's own, last through a
// power cut.
func syncDir(dir string) error {
	for range 4 { // date=, bucket=, the kind and the dataset may all be new
		d, err := os.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return err
		}
		dir = filepath.Dir(dir)
	}
	return nil
}
