package collect

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"regexp"
	"sync"
	"time"

	"bucketproof/collect/parquet"
	"bucketproof/collect/vended"
	"bucketproof/internal/dataset"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
)

const (
	// sniffed is how much of an object is read to tell whether it is a log.
	sniffed = 1 << 20
	// inMemory is the largest object that is held in memory; larger ones are
	// spooled to a temporary file.
	inMemory = 8 << 20
)

// logName is the end of the name of a log object, as S3 gives it:
// YYYY-mm-DD-HH-MM-SS-UniqueString (S3 user guide, page ServerLogs).
// What packs them later may add the ending of its form.
var logName = regexp.MustCompile(`(?:^|[^0-9])(\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)-[0-9A-F]{8,}(?:\.gz|\.zst)?$`)

// delivered is when a log object was delivered: the time in its name, or when
// it was stored, where the name has none or only the date, as it has for
// objects partitioned by event time.
func delivered(info objects.Info) time.Time {
	m := logName.FindStringSubmatch(info.Key)
	if m == nil {
		return info.Modified
	}
	at, err := time.Parse("2006-01-02-15-04-05", m[1])
	if err != nil || at.Equal(at.Truncate(24*time.Hour)) {
		return info.Modified
	}
	return at
}

// trailTime is the time in the name of a trail's log file (CloudTrail user guide, page
// cloudtrail-log-file-examples).
var trailTime = regexp.MustCompile(`_CloudTrail_[a-z0-9-]+_(\d{8}T\d{4}Z)_`)

// named is the time in the name of a log object, of one partitioned by event time the
// midnight of its day; zero where the name has none.
func named(key string) time.Time {
	for layout, form := range map[string]*regexp.Regexp{"2006-01-02-15-04-05": logName, "20060102T1504Z": trailTime} {
		if m := form.FindStringSubmatch(key); m != nil {
			if at, err := time.Parse(layout, m[1]); err == nil {
				return at
			}
		}
	}
	return time.Time{}
}

// fetched is a whole log object, verified against its listing. Nothing of an
// object enters the dataset before all of it is here.
type fetched struct {
	pending
	kind    string // of package state
	version string // version ID, "" without
	sha256  string // "" for a foreign object, which is not read to its end
	proof   string // by what the bytes were compared with those that are stored
	memory  []byte // the content, or its beginning where it is spooled
	spool   *os.File
	same    *former // collected before with this content, under another ETag
	hold    int64   // bytes of the pipeline's memory
	parquet int64   // bytes that a Parquet object may take while it is read
	err     error   // why it could not be read

	chunks   chan *chunk // its lines
	parseErr error       // why they ended; valid when chunks is closed
}

// isLog tells that the content is to be parsed.
func (f *fetched) isLog() bool { return f.kind == state.KindLog }

// compare compares the content with what was collected under the same key. The
// same content is not read again, unless it holds records that were not taken.
func (f *fetched) compare() {
	if f.unsure != nil && f.unsure.SHA256 == f.sha256 {
		f.same = f.unsure
		return
	}
	for i, b := range f.before {
		if b.SHA256 != f.sha256 {
			continue
		}
		if b.lacks {
			f.already, f.before = b.Took, nil
		} else {
			f.same = &f.before[i]
		}
		return
	}
}

// errSpool marks errors of our own disk.
var errSpool = errors.New("write a temporary file")

// spool marks the errors of a temporary file.
type spool struct{ *os.File }

func (s spool) Write(b []byte) (int, error) {
	n, err := s.File.Write(b)
	if err != nil {
		err = fmt.Errorf("%w: %w", errSpool, err)
	}
	return n, err
}

// parquetTurn lets one footer of a Parquet object be looked into at a time,
// beside the object that is parsed.
var parquetTurn sync.Mutex

// whole is the content, which can be read until ctx ends.
func (f *fetched) whole(ctx context.Context) io.ReaderAt {
	if f.spool != nil {
		return stoppable{ctx, f.spool}
	}
	return stoppable{ctx, bytes.NewReader(f.memory)}
}

// stoppable is a source that fails once its context ends: small content can take long
// to unfold.
type stoppable struct {
	ctx context.Context
	io.ReaderAt
}

func (s stoppable) ReadAt(b []byte, offset int64) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.ReaderAt.ReadAt(b, offset)
}

// plain tells whether the content is in memory as text.
func (f *fetched) plain() bool { return f.spool == nil && !isPacked(f.memory) }

// close removes the spooled content.
func (f *fetched) close() error {
	if f.spool == nil {
		return nil
	}
	return errors.Join(f.spool.Close(), os.Remove(f.spool.Name()))
}

// release gives the memory back.
func (f *fetched) release() {
	if f.memory != nil {
		buffers.Put(&f.memory)
	}
}

// buffers are the memory of objects that have been parsed.
var buffers sync.Pool

// buffer returns n bytes with room behind them.
func buffer(n int64) []byte {
	if b, ok := buffers.Get().(*[]byte); ok && int64(cap(*b)) >= n {
		return (*b)[:n]
	}
	return make([]byte, n, max(n, 256<<10))
}

// held is how much of an object of this size is kept in memory.
func held(size int64) int64 {
	if size <= inMemory {
		return size
	}
	return sniffed
}

// fetch reads one object, of which up to parquet bytes are held while it is read
// as Parquet. What goes wrong is in the result.
func fetch(ctx context.Context, store objects.Store, p pending, spoolDir string, parquet int64) *fetched {
	f := &fetched{pending: p, kind: state.KindLog, parquet: parquet}
	if p.err != nil {
		f.err = p.err
		return f
	}
	body, err := store.Open(ctx, f.info)
	if err != nil {
		f.err = err
		return f
	}
	f.version = body.VersionID
	f.err = errors.Join(f.read(ctx, body, spoolDir), body.Close())
	if f.info.Size == 0 { // and read, because its tag proves that there is nothing
		f.kind = state.KindEmpty
	}
	f.proof = objects.ProofLength
	if body.Proof != nil {
		f.proof = body.Proof()
	}
	if f.err != nil {
		f.err = errors.Join(f.err, f.close())
		f.spool = nil
	}
	return f
}

// read brings the content in: into memory, or past its beginning to a file.
func (f *fetched) read(ctx context.Context, body io.Reader, spoolDir string) error {
	f.memory = buffer(held(f.info.Size))
	look := f.memory[:min(len(f.memory), sniffed)]
	if err := f.fill(body, look, 0); err != nil {
		return err
	}
	if f.trail == "" && len(f.before) == 0 && !logName.MatchString(f.info.Key) && !holdsRecord(look) {
		f.kind = state.KindForeign
		return nil
	}
	sum := sha256.New()
	if f.info.Size <= inMemory {
		if err := f.fill(body, f.memory[len(look):], len(look)); err != nil {
			return err
		}
		switch n, err := io.ReadFull(body, make([]byte, 1)); {
		case n > 0:
			return f.finish(ctx, sum, f.info.Size+int64(n), nil)
		case err != nil && err != io.EOF: // such as bytes that are not those that are stored
			return err
		}
		return f.finish(ctx, sum, f.info.Size, f.memory)
	}
	var err error
	if f.spool, err = os.CreateTemp(spoolDir, "object-*"); err != nil {
		return fmt.Errorf("%s: %w: %w", f.info.Key, errSpool, err)
	}
	n, err := io.Copy(io.MultiWriter(spool{f.spool}, sum), io.MultiReader(bytes.NewReader(look), body))
	if err != nil {
		return fmt.Errorf("read %s: %w", f.info.Key, err)
	}
	return f.finish(ctx, sum, n, nil)
}

// fill reads into b what follows the first n bytes.
func (f *fetched) fill(body io.Reader, b []byte, n int) error {
	got, err := io.ReadFull(body, b)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("read %s: %d bytes came where %d are listed: %w", f.info.Key, n+got, f.info.Size, objects.ErrChanged)
	}
	return err
}

func (f *fetched) finish(ctx context.Context, sum hash.Hash, n int64, content []byte) error {
	if n != f.info.Size {
		return fmt.Errorf("read %s: %d bytes came where %d are listed: %w", f.info.Key, n, f.info.Size, objects.ErrChanged)
	}
	sum.Write(content)
	f.sha256 = hex.EncodeToString(sum.Sum(nil))
	f.compare()
	if vended.IsParquet(f.memory) {
		parquetTurn.Lock()
		defer parquetTurn.Unlock()
		switch _, err := vended.NewParquet(f.whole(ctx), f.info.Size, f.parquet); {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, vended.ErrNotLog) && !logName.MatchString(f.info.Key):
			f.kind = state.KindForeign
		case errors.Is(err, parquet.ErrMemory):
			return fmt.Errorf("read %s: %w; raise memory_limit under [collect]", f.info.Key, err)
		} // what is damaged is a log until it shows that it is none
	}
	return nil
}

// holdsRecord tells whether one of the lines that content begins with is an
// access log record. A Parquet object is judged when all of it is here.
func holdsRecord(content []byte) bool {
	if vended.IsParquet(content) {
		return true
	}
	r, closer, err := textOf(bytes.NewReader(content), 2*sniffed)
	if err != nil {
		return false
	}
	defer closer.Close()
	var rec dataset.Record
	for read := 0; read < sniffed; {
		line, rejected, err := r.Next(&rec)
		if err != nil {
			return false
		}
		if rejected == nil || vended.IsRecord(line.Text) {
			return true
		}
		read += len(line.Text) + 1
	}
	return false
}
