// Package collect brings log objects into the dataset: every record once,
// whatever happens. [Collector.Collect] lists each [Source], fetches the
// objects that the ledger does not know, parses them and writes their records
// in batches. A batch becomes part of the dataset in one transaction of the
// state; a run that dies before it leaves nothing behind that is read.
package collect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"bucketproof/internal/dataset"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
)

const (
	// readerVersion grows when the reader learns a form that it took for
	// foreign before.
	readerVersion = 1
	// batchBytes and batchObjects bound what one transaction takes.
	batchBytes   = 256 << 20
	batchObjects = 5000
	// fetchAhead is how many objects are fetched beside the one that is parsed.
	fetchAhead = 8
	// maxFailures of the place in a row, such as a server that does not answer,
	// end a source. That one object is archived, gone or forbidden does not
	// count.
	maxFailures = 10
	// maxNamed is how many objects that can't be read an error names.
	maxNamed = 5
	// progressEvery is how often a long collection says how far it is.
	progressEvery = 30 * time.Second
	// longestQuery is more than any query takes.
	longestQuery = 24 * time.Hour
	// maxPartitions bounds the open files, and their memory, of a batch.
	maxPartitions = 64
)

// Collector fills one dataset. Only one may run on a data folder at a time.
type Collector struct {
	Dataset dataset.Dataset
	State   *state.State
	Log     *slog.Logger
	Now     func() time.Time
}

// Summary is what became of one source.
type Summary struct {
	Source        Source
	Objects       int   // collected now, with foreign and empty ones
	Foreign       int   // something else that lies there
	Empty         int   // no byte
	Failed        int   // could not be read; they are tried again next time
	Bytes         int64 // of the objects collected
	Records       int64 // stored
	Duplicates    int64 // delivered before, in this or another object
	Rejected      int64 // lines that could not be read
	OtherRecords  int64 // of buckets that are not configured
	FirstForeign  string
	FirstRejected string // object:line: reason
}

// Collect collects the sources one after another. A fault of one source or of
// one object does not stop the others; all faults come back joined. The
// summaries are of all sources, in their order.
func (c *Collector) Collect(ctx context.Context, sources []Source) ([]Summary, error) {
	if err := c.sweep(ctx); err != nil {
		return nil, err
	}
	var errs []error
	summaries := make([]Summary, len(sources))
	for i, src := range sources {
		summaries[i] = Summary{Source: src}
		if err := c.collectSource(ctx, src, &summaries[i]); err != nil {
			errs = append(errs, fmt.Errorf("collect %s: %w", src.Logs.Text, err))
		}
		c.logSummary(summaries[i])
		if ctx.Err() != nil {
			break
		}
	}
	return summaries, errors.Join(errs...)
}

func (c *Collector) spoolDir() string { return filepath.Join(c.Dataset.Dir, "spool") }

// sweep removes what a run left that died.
func (c *Collector) sweep(ctx context.Context) error {
	known, err := c.State.AllFiles(ctx)
	if err != nil {
		return err
	}
	last, err := c.State.LastBatch(ctx)
	if err != nil {
		return err
	}
	removed, err := c.Dataset.Sweep(known, last)
	if err != nil {
		return err
	}
	if len(removed) > 0 {
		c.Log.Info("removed files of a run that did not end; their log objects are read again", "files", len(removed))
	}
	if err := os.RemoveAll(c.spoolDir()); err != nil {
		return fmt.Errorf("remove the spool: %w", err)
	}
	if err := c.removeSpill(); err != nil {
		return fmt.Errorf("remove what the engine left: %w", err)
	}
	return os.MkdirAll(c.spoolDir(), 0o750)
}

// removeSpill removes the temporary folders of engines whose process was
// killed: those that no query can still be using.
func (c *Collector) removeSpill() error {
	left, err := filepath.Glob(filepath.Join(c.Dataset.Dir, "spill", "duckdb-*"))
	for _, dir := range left {
		st, serr := os.Stat(dir)
		if serr == nil && c.Now().Sub(st.ModTime()) > longestQuery {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}
	return err
}

func (c *Collector) logSummary(s Summary) {
	c.Log.Info("collected", "logs", s.Source.Logs.Text, "objects", s.Objects, "records", s.Records, "duplicates", s.Duplicates, "rejected", s.Rejected)
	if s.Foreign > 0 || s.Empty > 0 {
		c.Log.Warn("objects in the log location that are no access logs were left alone", "logs", s.Source.Logs.Text, "foreign", s.Foreign, "empty", s.Empty, "first", s.FirstForeign)
	}
	if s.OtherRecords > 0 {
		c.Log.Warn("records of buckets that are not configured were left out", "logs", s.Source.Logs.Text, "records", s.OtherRecords)
	}
	if s.Rejected > 0 {
		c.Log.Warn("lines that can't be read were put into dataset/rejected", "logs", s.Source.Logs.Text, "lines", s.Rejected, "first", s.FirstRejected)
	}
}

// pending is an object to read and the buckets to take from it.
type pending struct {
	info    objects.Info
	already []string // buckets whose records were taken before
}

func (c *Collector) collectSource(ctx context.Context, src Source, sum *Summary) error {
	store, err := objects.Open(ctx, src.Logs, src.Access)
	if err != nil {
		return err
	}
	queue, listErr := c.list(ctx, store, src)
	ids := newIdentities(c.Dataset, c.State)
	var errs []error
	failures := 0
	said := c.Now()
	for len(queue) > 0 && ctx.Err() == nil && failures < maxFailures {
		n := batchLength(queue)
		b := &batch{c: c, src: src, store: store, ids: ids, failures: &failures}
		taken, err := b.run(ctx, queue[:n])
		for _, e := range b.errs {
			if sum.Failed++; sum.Failed <= maxNamed {
				errs = append(errs, e)
			}
		}
		if err != nil {
			return errors.Join(append(errs, mend(err))...)
		}
		sum.add(b.sum)
		ids.settle()
		queue = queue[taken:]
		if now := c.Now(); now.Sub(said) >= progressEvery {
			c.Log.Info("collecting", "logs", src.Logs.Text, "objects", sum.Objects, "left", len(queue), "records", sum.Records, "bytes", sum.Bytes)
			said = now
		}
	}
	if sum.Failed > maxNamed {
		errs = append(errs, fmt.Errorf("and %d more objects could not be read", sum.Failed-maxNamed))
	}
	if failures >= maxFailures {
		errs = append(errs, fmt.Errorf("gave up after %d objects in a row could not be read", maxFailures))
	}
	return errors.Join(append(errs, listErr, ctx.Err())...)
}

// mend says what to do about an error of our own disk.
func mend(err error) error {
	var full interface{ Code() int }
	const sqliteFull = 13 // SQLITE_FULL
	if errors.Is(err, syscall.ENOSPC) || errors.As(err, &full) && full.Code() == sqliteFull {
		return fmt.Errorf("%w: the disk of data_dir is full; make room and collect again, nothing is lost", err)
	}
	return err
}

// list returns the objects that the ledger does not know. What was listed
// before an error comes with it.
func (c *Collector) list(ctx context.Context, store objects.Store, src Source) ([]pending, error) {
	known, err := c.State.Known(ctx, src.Logs.Text, readerVersion)
	if err != nil {
		return nil, err
	}
	var queue []pending
	seen := 0
	for info, err := range store.List(ctx, "") {
		if err != nil {
			return queue, err
		}
		seen++
		took, ok := known[state.ObjectID{Key: info.Key, ETag: info.ETag, Size: info.Size}]
		fresh := func(bucket string) bool { return !slices.Contains(took, bucket) }
		if ok && (took == nil || !slices.ContainsFunc(src.Buckets, fresh)) {
			continue
		}
		queue = append(queue, pending{info: info, already: took})
	}
	if seen == 0 {
		c.Log.Warn("the log location is empty: no log object was ever delivered, or the URL is not where logging delivers", "logs", src.Logs.Text)
	}
	return queue, nil
}

func batchLength(queue []pending) int {
	var bytes int64
	for i, p := range queue {
		if i >= batchObjects || i > 0 && bytes+p.info.Size > batchBytes {
			return i
		}
		bytes += p.info.Size
	}
	return len(queue)
}

func (s *Summary) add(o Summary) {
	s.Objects += o.Objects
	s.Foreign += o.Foreign
	s.Empty += o.Empty
	s.Bytes += o.Bytes
	s.Records += o.Records
	s.Duplicates += o.Duplicates
	s.Rejected += o.Rejected
	s.OtherRecords += o.OtherRecords
	if s.FirstForeign == "" {
		s.FirstForeign = o.FirstForeign
	}
	if s.FirstRejected == "" {
		s.FirstRejected = o.FirstRejected
	}
}
