package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

const (
	extension = ".parquet"
	partial   = ".partial"
	// rowsPerGroup bounds the memory of an open partition.
	rowsPerGroup = 64 << 10
)

// Batch writes new files, one for each partition that it meets. Its methods are
// for one goroutine; the encoding of rows runs in another that it owns. Either
// [Batch.Close] or [Batch.Discard] ends it.
type Batch struct {
	dataset Dataset
	number  int64
	open    map[string]*part // by path
	last    *part            // of the record before

	work  chan rows
	ended chan struct{}
	free  chan rows // spent, to be filled again
	mu    sync.Mutex
	err   error // of the writer, the first
}

// rowsAtOnce is how many rows are handed to the Parquet writer together.
const rowsAtOnce = 256

// queued is how many of such lots may wait for the writer.
const queued = 16

// rows are rows of one part that wait, or a function to call behind those that
// were queued before it.
type rows struct {
	part   *part
	values []parquet.Value
	rows   []parquet.Row
	then   func()
}

type part struct {
	file   File
	f      *os.File
	writer *parquet.GenericWriter[any]
	msFrom int64 // the day of its date, half-open, in milliseconds since 1970
	msTo   int64
	bucket string
	wait   rows // for more
}

// NewBatch begins a batch. Its number is part of the names of its files and
// has never been used in this dataset.
func (d Dataset) NewBatch(number int64) *Batch {
	b := &Batch{dataset: d, number: number, open: map[string]*part{}, work: make(chan rows, queued), ended: make(chan struct{}), free: make(chan rows, queued+2)}
	go b.encode()
	return b
}

// encode writes what is queued, in its order, until the queue is closed. Behind
// an error it only drains.
func (b *Batch) encode() {
	defer close(b.ended)
	for r := range b.work {
		if r.part != nil && b.failed() == nil {
			if _, err := r.part.writer.WriteRows(r.rows); err != nil {
				b.mu.Lock()
				b.err = fmt.Errorf("write %s: %w", r.part.f.Name(), err)
				b.mu.Unlock()
			}
		}
		if r.then != nil {
			r.then()
			continue
		}
		select {
		case b.free <- rows{values: r.values[:0], rows: r.rows[:0]}:
		default:
		}
	}
}

func (b *Batch) failed() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// stop ends the encoding, whatever waits; it can be called again.
func (b *Batch) stop() {
	if b.work != nil {
		close(b.work)
		<-b.ended
		b.work = nil
	}
}

// Access adds a record of a configured bucket. Its text must be clean (see
// [Record.Clean]) and stay as it is until a [Batch.Release] behind it.
func (b *Batch) Access(rec *Record, source []byte, line int64) error {
	p := b.last
	if p == nil || rec.TimeMS < p.msFrom || rec.TimeMS >= p.msTo || p.bucket != string(rec.Bucket) {
		var err error
		if p, err = b.part(Access, string(rec.Bucket), rec.TimeMS, accessSchema); err != nil {
			return err
		}
		b.last = p
	}
	if p.wait.values == nil {
		p.wait = b.spent()
	}
	from := len(p.wait.values)
	p.wait.values = appendAccess(p.wait.values, rec, source, line)
	p.wait.rows = append(p.wait.rows, p.wait.values[from:len(p.wait.values):len(p.wait.values)])
	if len(p.wait.rows) == rowsAtOnce {
		return b.queue(p)
	}
	return nil
}

// Reject adds a line that could not be read. Bucket is "" where the line does
// not tell it and its place holds the logs of several buckets.
func (b *Batch) Reject(bucket string, timeMS int64, source string, line int64, reason string, raw []byte) error {
	p, err := b.part(Rejected, bucket, timeMS, rejectedSchema)
	if err != nil {
		return err
	}
	var r row
	r.add(parquet.ByteArrayValue([]byte(bucket)), false)
	r.add(parquet.Int64Value(timeMS), false)
	r.add(parquet.ByteArrayValue([]byte(source)), false)
	r.add(parquet.Int64Value(line), false)
	r.add(parquet.ByteArrayValue([]byte(reason)), false)
	r.add(parquet.ByteArrayValue(cleanText(bytes.Clone(raw))), false)
	p.wait = rows{values: r.values, rows: []parquet.Row{r.values}}
	return b.queue(p)
}

// Release calls then, from another goroutine, when the text of the records that
// were added before is no longer needed.
func (b *Batch) Release(then func()) error {
	err := b.flush()
	b.work <- rows{then: then}
	return err
}

func (b *Batch) flush() error {
	for _, path := range slices.Sorted(maps.Keys(b.open)) {
		if err := b.queue(b.open[path]); err != nil {
			return err
		}
	}
	return nil
}

// queue hands the rows that wait to the writer.
func (b *Batch) queue(p *part) error {
	if len(p.wait.rows) == 0 {
		return nil
	}
	p.file.Rows += int64(len(p.wait.rows))
	p.wait.part = p
	b.work <- p.wait
	p.wait = rows{}
	return b.failed()
}

// spent returns room for rows, used before where there is any.
func (b *Batch) spent() rows {
	select {
	case r := <-b.free:
		return r
	default:
		return rows{values: make([]parquet.Value, 0, rowsAtOnce*accessColumns), rows: make([]parquet.Row, 0, rowsAtOnce)}
	}
}

func (b *Batch) part(kind, bucket string, timeMS int64, schema *parquet.Schema) (*part, error) {
	date := DateOf(timeMS)
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
	day := time.UnixMilli(timeMS).UTC().Truncate(24 * time.Hour)
	p := &part{file: File{Kind: kind, Path: path, Bucket: bucket, Date: date}, f: f, bucket: bucket, msFrom: day.UnixMilli(), msTo: day.Add(24 * time.Hour).UnixMilli()}
	p.writer = parquet.NewGenericWriter[any](f, schema, parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest, Concurrency: 1}), parquet.MaxRowsPerRowGroup(rowsPerGroup),
		parquet.CreatedBy("bucketproof", "1", "dataset"))
	b.open[path] = p
	return p, nil
}

// Partitions is how many files are open.
func (b *Batch) Partitions() int { return len(b.open) }

// Close finishes the files, syncs them to disk and gives them their names. On
// an error nothing of the batch is left.
func (b *Batch) Close() ([]File, error) {
	err := b.flush()
	b.stop()
	if err = errors.Join(err, b.failed()); err != nil {
		return nil, errors.Join(err, b.Discard())
	}
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
	b.stop()
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
