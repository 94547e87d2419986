// Package collect brings log objects into the dataset: every record once, whatever happens.
// [Collector.Collect] lists each [Source], fetches the objects that the ledger does not
// know, parses them and writes their records in batches. A batch becomes part of the
// dataset in one transaction of the state; a run that dies before it leaves nothing that
// anyone reads.
//
// Listing, fetching with parsing, and writing run concurrently: a lister feeds a pipeline
// of objects in flight, which hands them out in the order of their names.
package collect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"bucketproof/collect/loggroup"
	"bucketproof/internal/dataset"
	"bucketproof/internal/identity"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
)

const (
	// readerVersion grows when the reader learns a form that it took for
	// foreign before.
	readerVersion = 2
	// batchBytes, batchObjects and batchRecords bound what one transaction
	// takes. An object is never split, however large it is.
	batchBytes   = 256 << 20
	batchObjects = 5000
	batchRecords = 1 << 20
	// maxPartitions bounds the open files, and their memory, of a batch.
	maxPartitions = 64
	// maxFailures of the place in a row, such as a server that does not answer,
	// end a source. That one object is archived, gone or forbidden does not
	// count.
	maxFailures = 10
	// maxNamed is how many objects that can't be read an error names.
	maxNamed = 5
	// longestQuery is more than any query takes.
	longestQuery = 24 * time.Hour
)

// Defaults of a [Collector].
const (
	DefaultLateDays = 3
	DefaultMemory   = 256 << 20
)

// Collector fills one dataset. Only one may run on a data folder at a time.
type Collector struct {
	Dataset dataset.Dataset
	State   *state.State
	Log     *slog.Logger
	Now     func() time.Time
	// Buckets are those of all tenants: a report in a folder that is called like another
	// tenant's bucket is not this one's.
	Buckets []string
	// ReportPlaces are where the backup reports of all tenants lie.
	ReportPlaces []ReportPlace
	// LateDays is how many days behind the newest log object a listing goes
	// back; 0 is DefaultLateDays.
	LateDays int
	// Memory is about how many bytes the heap may take, of which objects in
	// flight and identities get their part; 0 is DefaultMemory. The caller sets
	// the garbage collector's limit.
	Memory int64
	// Full asks for a listing of every location from its beginning.
	Full bool
	// MinFree is how many bytes stay free on the disk of the dataset: collecting
	// stops before there are fewer. 0 does not look.
	MinFree int64
	// Progress, if there is one, hears how far a source is, from one goroutine
	// at a time and up to many times a second.
	Progress func(Progress)
}

// Progress is how far the collection of a source has come.
type Progress struct {
	Source  Source
	Listed  bool // all objects are listed: Objects and Bytes are the whole
	Objects int  // listed to be read
	Bytes   int64
	Done    int // objects
	Read    int64
	Records int64
}

// Summary counts what happened to the objects of one source.
type Summary struct {
	Source        Source
	Objects       int   // collected now, with foreign and empty ones
	Foreign       int   // something else that lies there
	Empty         int   // no byte
	Failed        int   // could not be read; they are tried again next time
	Gone          int   // of those that failed: removed between listing and reading
	Changed       int   // hold another content than the one collected; left alone
	Bytes         int64 // of the objects collected
	Records       int64 // stored
	Duplicates    int64 // delivered before, in this or another object
	Rejected      int64 // lines that could not be read
	OtherRecords  int64 // of buckets that are not configured
	FirstForeign  string
	FirstRejected string // object:line: reason
	FirstChanged  string
	Err           error // why the source, or some of its objects, could not be collected; nil for none
}

// Collect collects the sources one after another. A fault of one source or object does not
// stop the others; all faults come back joined. There is a summary for each source, in
// order.
func (c *Collector) Collect(ctx context.Context, sources []Source) ([]Summary, error) {
	if err := c.sweep(ctx); err != nil {
		return nil, err
	}
	var errs []error
	summaries := make([]Summary, len(sources))
	for i, src := range sources {
		summaries[i] = Summary{Source: src}
		if err := c.collectSource(ctx, src, &summaries[i]); err != nil {
			summaries[i].Err = fmt.Errorf("collect %s: %w", src.Logs.Text, err)
			errs = append(errs, summaries[i].Err)
		}
		c.logSummary(summaries[i])
		if ctx.Err() != nil {
			for j := i + 1; j < len(sources); j++ {
				summaries[j] = Summary{Source: sources[j], Err: ctx.Err()}
			}
			break
		}
	}
	if ctx.Err() == nil {
		if err := c.compact(ctx); err != nil {
			errs = append(errs, fmt.Errorf("put the small files of finished days together: %w", mend(err)))
		}
	}
	return summaries, errors.Join(errs...)
}

func (c *Collector) spoolDir() string { return filepath.Join(c.Dataset.Dir, "spool") }

// sweep removes what a run left that died, and files that were replaced long
// enough ago.
func (c *Collector) sweep(ctx context.Context) error {
	if err := c.State.Files.DropRetired(ctx, c.Now().Add(-longestQuery)); err != nil {
		return err
	}
	known, err := c.State.Files.Paths(ctx)
	if err != nil {
		return err
	}
	last, err := c.State.Ledger.LastBatch(ctx)
	if err != nil {
		return err
	}
	removed, err := c.Dataset.Sweep(known, last)
	if err != nil {
		return err
	}
	if len(removed) > 0 {
		c.Log.Info("removed files that are not part of the dataset: of a run that did not end, whose log objects "+
			"are read again, or put together a day ago", "files", len(removed))
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
	c.Log.Info("collected", "logs", s.Source.Logs.Text, "objects", s.Objects, "bytes", s.Bytes, "records", s.Records,
		"duplicates", s.Duplicates,
		"rejected", s.Rejected, "foreign", s.Foreign, "empty", s.Empty, "failed", s.Failed, "changed", s.Changed,
		"other_records", s.OtherRecords)
	if s.Foreign > 0 || s.Empty > 0 {
		c.Log.Warn("objects in the log location that are no access logs were left alone", "logs", s.Source.Logs.Text,
			"foreign", s.Foreign, "empty", s.Empty, "first", s.FirstForeign)
	}
	if s.OtherRecords > 0 {
		c.Log.Warn("records of buckets that are not configured were left out", "logs", s.Source.Logs.Text, "records", s.OtherRecords)
	}
	if s.Rejected > 0 {
		c.Log.Warn("lines that can't be read were put into dataset/rejected", "logs", s.Source.Logs.Text, "lines",
			s.Rejected, "first", s.FirstRejected)
	}
	if s.Changed > 0 {
		c.Log.Warn("log objects were changed after they were collected; what was collected stays, the next check opens a finding", "logs",
			s.Source.Logs.Text, "objects", s.Changed, "first", s.FirstChanged)
	}
}

func (c *Collector) collectSource(ctx context.Context, src Source, sum *Summary) error {
	if src.Logs.Scheme == "cloudwatch" {
		if err := c.room(); err != nil {
			return err
		}
		if err := loggroup.Pull(ctx, loggroup.Group{Name: src.Logs.Group, Dir: src.Logs.Path, Access: src.Access, Now: c.Now}); err != nil {
			return err
		}
	}
	store, err := objects.Open(ctx, src.Logs, src.Access)
	if err != nil {
		return err
	}
	l, err := c.newListing(ctx, src)
	if err != nil {
		return err
	}
	key, err := c.State.Ledger.IdentityKey(ctx)
	if err != nil {
		return err
	}
	memory := c.Memory
	if memory == 0 {
		memory = DefaultMemory
	}
	ids := identity.New(filepath.Join(c.Dataset.Dir, "identities"), key,
		knownRecords{ctx: ctx, dataset: c.Dataset, files: c.State.Files, key: key}, int(memory/8))
	work, stop := context.WithCancel(ctx)
	defer stop()
	group, work := errgroup.WithContext(work)
	queue := make(chan pending, listedAhead)
	var listErr error
	group.Go(func() error {
		defer close(queue)
		listErr = l.run(work, store, queue)
		return nil
	})
	p := newPipeline(work, group, store, queue, c.spoolDir(), key, memory/6)
	s := &sourceRun{c: c, src: src, store: store, ids: ids, pipe: p, sum: sum, listing: l, copied: map[string][]string{}}
	unread, err := s.run(ctx)
	stop()
	p.drain()
	err = errors.Join(err, group.Wait(), ids.Close())
	if listErr != nil && !(errors.Is(listErr, context.Canceled) && ctx.Err() == nil) {
		err = errors.Join(err, listErr)
	}
	if err == nil && ctx.Err() == nil {
		err = l.end(ctx)
	}
	return errors.Join(unread, err, ctx.Err())
}

// sourceRun is the collection of one source.
type sourceRun struct {
	c        *Collector
	src      Source
	store    objects.Store
	ids      *identity.Index
	pipe     *pipeline
	sum      *Summary
	listing  *listing
	failures int // of the place in a row
	// copied is what was taken from contents that came more than once, by
	// SHA-256.
	copied map[string][]string
}

// run takes batch after batch until the pipeline is empty. Unread is about
// objects that could not be read, err about all that must be done again.
func (s *sourceRun) run(ctx context.Context) (unread, err error) {
	var errs []error
	for ctx.Err() == nil && s.failures < maxFailures {
		if !s.pipe.more() {
			break
		}
		if err := s.c.room(); err != nil {
			return errors.Join(errs...), err
		}
		b := &batch{sourceRun: s, contents: map[string][]string{}}
		err := b.run(ctx)
		for _, e := range b.errs {
			if s.sum.Failed++; s.sum.Failed <= maxNamed {
				errs = append(errs, e)
			}
		}
		if err != nil {
			return errors.Join(errs...), mend(err)
		}
		s.sum.Add(b.sum)
	}
	if s.sum.Failed > maxNamed {
		errs = append(errs, fmt.Errorf("and %d more objects could not be read", s.sum.Failed-maxNamed))
	}
	if s.failures >= maxFailures {
		err = fmt.Errorf("gave up after %d objects in a row could not be read", maxFailures)
	}
	return errors.Join(errs...), err
}

func (s *sourceRun) progress(b *batch) {
	if s.c.Progress == nil {
		return
	}
	p := Progress{Source: s.src, Done: s.sum.Objects + s.sum.Failed + b.sum.Objects + len(b.errs), Read: s.sum.Bytes +
		b.sum.Bytes, Records: s.sum.Records + b.sum.Records}
	p.Objects, p.Bytes, p.Listed = s.listing.progress()
	s.c.Progress(p)
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

// Add adds the counts of other objects, of this source or another.
func (s *Summary) Add(o Summary) {
	s.Objects += o.Objects
	s.Foreign += o.Foreign
	s.Empty += o.Empty
	s.Failed += o.Failed
	s.Gone += o.Gone
	s.Changed += o.Changed
	s.Bytes += o.Bytes
	s.Records += o.Records
	s.Duplicates += o.Duplicates
	s.Rejected += o.Rejected
	s.OtherRecords += o.OtherRecords
	for _, first := range []struct{ to, from *string }{{&s.FirstForeign, &o.FirstForeign},
		{&s.FirstRejected, &o.FirstRejected}, {&s.FirstChanged, &o.FirstChanged}} {
		if *first.to == "" {
			*first.to = *first.from
		}
	}
}
