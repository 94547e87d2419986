package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"bucketproof/internal/columnar"
	"bucketproof/internal/durable"
)

const (
	extension = ".parquet"
	partial   = ".partial"
	// rowsPerGroup is the length of a row group.
	rowsPerGroup = 32 << 10
	// gatheredBytes bounds the rows of all open partitions together: past it
	// the largest row group is written as it is.
	gatheredBytes = 48 << 20
	// encodedAhead is how many row groups may wait to be encoded and written.
	encodedAhead = 2
)

// Batch writes new files, one for each partition that it meets. Its methods are
// for one goroutine; row groups are encoded in others that it owns. Either
// [Batch.Close] or [Batch.Discard] ends it.
type Batch struct {
	dataset  Dataset
	number   int64
	open     map[string]*part // by path
	last     *part            // of the record before
	gathered int              // bytes in the groups of all parts

	queue chan *encoding // in the order of writing
	ended chan error     // of the writer
	slots chan struct{}  // for groups on their way
}

// encoding is a group on its way into its file.
type encoding struct {
	part  *part
	group *columnar.Group
	out   *columnar.RowGroup
	err   error
	done  chan struct{}
}

type part struct {
	file   File
	f      *os.File
	writer *columnar.Writer
	schema *columnar.Schema
	group  *columnar.Group // nil until the next row
	msFrom int64           // the day of its date, half-open, in milliseconds since 1970
	msTo   int64
	bucket string
}

// NewBatch begins a batch. Its number is part of the names of its files and
// has never been used in this dataset.
func (d Dataset) NewBatch(number int64) *Batch {
	b := &Batch{dataset: d, number: number, open: map[string]*part{}, queue: make(chan *encoding, encodedAhead),
		ended: make(chan error, 1), slots: make(chan struct{}, encodedAhead)}
	go func(queue <-chan *encoding) { b.ended <- b.write(queue) }(b.queue)
	return b
}

// Encoders, groups and row groups are kept from one batch to the next.
var (
	encoders  sync.Pool
	rowGroups sync.Pool
	groups    = map[*columnar.Schema]*sync.Pool{accessTable.schema: {}, rejectedTable.schema: {}, trailTable.schema: {}}
)

func newGroup(s *columnar.Schema) *columnar.Group {
	if g, ok := groups[s].Get().(*columnar.Group); ok {
		g.Reset()
		return g
	}
	return s.NewGroup()
}

// encode runs beside the others of the batch.
func (e *encoding) encode() {
	defer close(e.done)
	encoder, ok := encoders.Get().(*columnar.Encoder)
	if !ok {
		if encoder, e.err = columnar.NewEncoder(); e.err != nil {
			return
		}
	}
	room, _ := rowGroups.Get().(*columnar.RowGroup)
	e.out, e.err = encoder.Encode(e.group, room)
	groups[e.part.schema].Put(e.group)
	encoders.Put(encoder)
}

// write puts row groups into their files, in the order in which they were
// queued, until the queue is closed. Behind an error it only drains.
func (b *Batch) write(queue <-chan *encoding) error {
	var err error
	for e := range queue {
		<-e.done
		if err == nil {
			if err = e.err; err == nil {
				err = e.part.writer.Write(e.out)
			}
			if err != nil {
				err = fmt.Errorf("write %s: %w", e.part.f.Name(), err)
			}
		}
		if e.out != nil {
			rowGroups.Put(e.out)
		}
		<-b.slots
	}
	return err
}

// stop waits until everything that was queued is written; it can be called
// again.
func (b *Batch) stop() error {
	if b.queue == nil {
		return nil
	}
	close(b.queue)
	b.queue = nil
	return <-b.ended
}

// flush hands the gathered rows of a part to the encoders.
func (b *Batch) flush(p *part) {
	if p.group == nil {
		return
	}
	e := &encoding{part: p, group: p.group, done: make(chan struct{})}
	p.file.Rows += int64(p.group.Rows())
	b.gathered -= p.group.Bytes()
	p.group = nil
	b.slots <- struct{}{}
	go e.encode()
	b.queue <- e
}

// grew accounts for a row of a part, whose group had some bytes before it.
func (b *Batch) grew(p *part, before int) {
	b.gathered += p.group.Bytes() - before
	if p.group.Rows() == rowsPerGroup {
		b.flush(p)
	}
	for b.gathered > gatheredBytes {
		var largest *part
		for _, o := range b.open {
			if o.group != nil && (largest == nil || o.group.Bytes() > largest.group.Bytes() ||
				o.group.Bytes() == largest.group.Bytes() && o.file.Path < largest.file.Path) {
				largest = o
			}
		}
		b.flush(largest)
	}
}

// Access adds a record of a configured bucket. Its text must be clean (see
// [Record.Clean]); it is copied.
func (b *Batch) Access(rec *Record, source []byte, line int64) error {
	p := b.last
	if p == nil || rec.TimeMS < p.msFrom || rec.TimeMS >= p.msTo || p.bucket != string(rec.Bucket) {
		var err error
		if p, err = b.part(Access, string(rec.Bucket), rec.TimeMS, accessTable.schema); err != nil {
			return err
		}
		b.last = p
	}
	if p.group == nil {
		p.group = newGroup(p.schema)
	}
	before := p.group.Bytes()
	accessTable.append(p.group, rec, source, line)
	b.grew(p, before)
	return nil
}

// Reject adds a line that could not be read. Bucket is "" where the line does
// not tell it and its place holds the logs of several buckets.
func (b *Batch) Reject(bucket string, timeMS int64, source string, line int64, reason string, raw []byte) error {
	p, err := b.part(Rejected, bucket, timeMS, rejectedTable.schema)
	if err != nil {
		return err
	}
	if p.group == nil {
		p.group = newGroup(p.schema)
	}
	before := p.group.Bytes()
	l := rejectedLine{bucket: []byte(bucket), timeMS: timeMS, reason: []byte(reason), raw: cleanText(raw)}
	if l.raw == nil {
		l.raw = []byte{} // of lines that were only counted; the column has no NULL
	}
	rejectedTable.append(p.group, &l, []byte(source), line)
	b.grew(p, before)
	return nil
}

func (b *Batch) part(kind, bucket string, timeMS int64, schema *columnar.Schema) (*part, error) {
	path := b.path(kind, bucket, timeMS)
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
	p := &part{file: File{Kind: kind, Path: path, Bucket: bucket, Date: DateOf(timeMS)}, f: f, bucket: bucket,
		schema: schema, writer: columnar.NewWriter(f, schema),
		msFrom: day.UnixMilli(), msTo: day.Add(24 * time.Hour).UnixMilli()}
	b.open[path] = p
	return p, nil
}

// Holds tells whether a file for the records of a bucket at a time is open.
func (b *Batch) Holds(bucket string, timeMS int64) bool {
	if p := b.last; p != nil && timeMS >= p.msFrom && timeMS < p.msTo && p.bucket == bucket {
		return true
	}
	return b.open[b.path(KindOf(bucket), bucket, timeMS)] != nil
}

func (b *Batch) path(kind, bucket string, timeMS int64) string {
	return fmt.Sprintf("%s/%s/date=%s/part-%06d%s", kind, folderOf(bucket), DateOf(timeMS), b.number, extension)
}

// Partitions is how many files are open.
func (b *Batch) Partitions() int { return len(b.open) }

// Close finishes the files, syncs them to disk and gives them their names. On
// an error nothing of the batch is left.
func (b *Batch) Close() ([]File, error) {
	for _, p := range b.open {
		b.flush(p)
	}
	if err := b.stop(); err != nil {
		return nil, errors.Join(err, b.Discard())
	}
	var finish errgroup.Group
	finish.SetLimit(2 * runtime.GOMAXPROCS(0)) // they wait for the disk
	for _, p := range b.open {
		finish.Go(func() error {
			if err := p.finish(b.dataset.Full(p.file.Path)); err != nil {
				return fmt.Errorf("finish %s: %w", p.file.Path, err)
			}
			return nil
		})
	}
	if err := finish.Wait(); err != nil {
		return nil, errors.Join(err, b.Discard())
	}
	files := make([]File, 0, len(b.open))
	dirs := map[string]bool{}
	for path, p := range b.open {
		files = append(files, p.file)
		dirs[filepath.Dir(b.dataset.Dir)] = true
		for dir := filepath.Dir(b.dataset.Full(path)); dir != filepath.Dir(b.dataset.Dir); dir = filepath.Dir(dir) {
			dirs[dir] = true // date=, bucket=, the kind and the dataset may all be new
		}
	}
	for dir := range dirs {
		if err := durable.SyncDir(dir); err != nil {
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
	if b.queue != nil {
		errs = append(errs, b.stop())
	}
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
