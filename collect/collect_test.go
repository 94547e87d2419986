package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"bucketproof/internal/dataset"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
)

var now = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

// site is a log folder with a collector.
type site struct {
	t    testing.TB
	dir  string
	c    *Collector
	srcs []Source
}

func newSite(t testing.TB, buckets ...string) *site {
	t.Helper()
	dir := t.TempDir()
	s, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	u, err := objects.ParseURL("file:logs/")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	return &site{t: t, dir: dir, srcs: []Source{{Logs: u.Resolve(dir), Buckets: buckets}},
		c: &Collector{Dataset: dataset.Dataset{Dir: filepath.Join(dir, "dataset")}, State: s,
			Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: func() time.Time {
				return now
			}}}
}

func (s *site) put(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, "logs", name), []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) collect() Summary {
	s.t.Helper()
	sums, err := s.c.Collect(s.t.Context(), s.srcs)
	if err != nil {
		s.t.Fatal(err)
	}
	return sums[0]
}

// ids lists the request IDs of the dataset's records, as the ledger sees them.
func (s *site) rows(bucket string) int64 {
	s.t.Helper()
	files, err := s.c.State.Files.Of(s.t.Context(), dataset.Access, bucket, "2026-01-01", "2026-12-31")
	if err != nil {
		s.t.Fatal(err)
	}
	var n int64
	for _, f := range files {
		n += f.Rows
	}
	return n
}

func line(bucket, id, op, key string) string {
	return fmt.Sprintf("%s %s [01/Oct/2026:23:00:38 +0000] 192.0.2.3 arn:aws:iam::111122223333:user/b %s %s %s "+
		"\"PUT /x HTTP/1.1\" 200 - - 4406 41 28 \"-\" \"x\" - h= SigV4 C AuthHeader b.s3.amazonaws.com TLSv1.2 - -\n",
		strings.Repeat("a", 64), bucket, id, op, key)
}

func wantSummary(t *testing.T, got Summary, objects int, records, duplicates, rejected int64) {
	t.Helper()
	if got.Objects != objects || got.Records != records || got.Duplicates != duplicates || got.Rejected != rejected {
		t.Errorf("%d objects, %d records, %d duplicates, %d rejected; want %d, %d, %d, %d", got.Objects, got.Records,
			got.Duplicates, got.Rejected, objects, records, duplicates, rejected)
	}
}

// The children of a multi-object delete share their parent's request ID and
// are records of their own; the same line in two objects is one record.
func TestWhatIsOneRecord(t *testing.T) {
	s := newSite(t, "acme-backups")
	parent := line("acme-backups", "R1", "REST.POST.MULTI_OBJECT_DELETE", "-")
	children := line("acme-backups", "R1", "BATCH.DELETE.OBJECT", "a") + line("acme-backups", "R1", "BATCH.DELETE.OBJECT", "b")
	s.put("2026-10-01-23-30-00-AAAAAAAAAAAAAAAA", parent+children+parent)
	wantSummary(t, s.collect(), 1, 3, 1, 0)
	s.put("2026-10-02-00-30-00-AAAAAAAAAAAAAAAA", children+line("acme-backups", "R2", "BATCH.DELETE.OBJECT", "b"))
	wantSummary(t, s.collect(), 1, 1, 2, 0)
	wantSummary(t, s.collect(), 0, 0, 0, 0)
	if n := s.rows("acme-backups"); n != 4 {
		t.Errorf("%d records, want 4", n)
	}
}

// What a run leaves that dies before its commit is removed, and read again.
func TestLeftoversOfADeadRun(t *testing.T) {
	s := newSite(t, "acme-backups")
	s.put("2026-10-01-23-30-00-AAAAAAAAAAAAAAAA", line("acme-backups", "R1", "REST.PUT.OBJECT", "a"))
	n, err := s.c.State.Ledger.NextBatch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dead := s.c.Dataset.NewBatch(n)
	rec := dataset.Record{Bucket: []byte("acme-backups"), TimeMS: now.UnixMilli()}
	if err := dead.Access(&rec, []byte("x"), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	half := s.c.Dataset.Full("access/bucket=acme-backups/date=2026-10-01/part-000078.parquet.partial")
	if err := os.MkdirAll(filepath.Dir(half), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(half, []byte("PAR1"), 0o644); err != nil {
		t.Fatal(err)
	}
	wantSummary(t, s.collect(), 1, 1, 0, 0)
	var files []string
	if err := filepath.WalkDir(filepath.Join(s.dir, "dataset", "access"), func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, filepath.Base(path))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 {
		t.Errorf("files are %q, want the one of the new run", files)
	}
}

// A dataset whose state is lost is not taken for leftovers: the log objects
// behind it may be gone.
func TestLostState(t *testing.T) {
	s := newSite(t, "acme-backups")
	s.put("2026-10-01-23-30-00-AAAAAAAAAAAAAAAA", line("acme-backups", "R1", "REST.PUT.OBJECT", "a"))
	wantSummary(t, s.collect(), 1, 1, 0, 0)
	fresh, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fresh.Close(); err != nil {
			t.Error(err)
		}
	})
	s.c.State = fresh
	if _, err := s.c.Collect(t.Context(), s.srcs); !errors.Is(err, dataset.ErrForeignState) ||
		!strings.Contains(err.Error(), "restore state.db from a backup") {
		t.Errorf("got %v", err)
	}
	if files, err := filepath.Glob(filepath.Join(s.dir, "dataset", "access", "*", "*", "*.parquet")); err != nil || len(files) != 1 {
		t.Errorf("files are %v (%v)", files, err)
	}
}

// The lines of one content are there once, under whatever names and ETags it
// comes.
func TestSameContentAgain(t *testing.T) {
	s := newSite(t, "acme-backups")
	text := line("acme-backups", "R1", "REST.PUT.OBJECT", "a") + "rubbish\n"
	s.put("2026-10-01-23-30-00-AAAAAAAAAAAAAAAA", text)
	s.put("2026-10-01-23-40-00-AAAAAAAAAAAAAAAA", text)
	wantSummary(t, s.collect(), 2, 1, 2, 1)
	later := now.Add(time.Hour)
	if err := os.Chtimes(filepath.Join(s.dir, "logs", "2026-10-01-23-30-00-AAAAAAAAAAAAAAAA"), later, later); err != nil {
		t.Fatal(err)
	}
	wantSummary(t, s.collect(), 1, 0, 0, 0)
	wantSummary(t, s.collect(), 0, 0, 0, 0)
}

// What another bucket's unreadable line says is not kept as ours, and is kept
// as its own once it is configured.
func TestUnreadableLineOfAnotherBucket(t *testing.T) {
	s := newSite(t, "acme-backups")
	bad := strings.Replace(line("beta-backups", "R2", "REST.PUT.OBJECT", "b"), " 200 ", " ok ", 1)
	s.put("2026-10-01-23-30-00-AAAAAAAAAAAAAAAA", line("acme-backups", "R1", "REST.PUT.OBJECT", "a")+bad)
	if sum := s.collect(); sum.Rejected != 0 || sum.OtherRecords != 1 {
		t.Errorf("%d rejected, %d of others", sum.Rejected, sum.OtherRecords)
	}
	s.srcs[0].Buckets = []string{"acme-backups", "beta-backups"}
	wantSummary(t, s.collect(), 1, 0, 0, 1)
}

// Buckets that come and go in the configuration leave every record in once.
func TestBucketsComeAndGo(t *testing.T) {
	s := newSite(t, "aaa")
	s.put("2026-10-01-23-30-00-AAAAAAAAAAAAAAAA", line("aaa", "R1", "REST.PUT.OBJECT", "a")+
		line("bbb", "R2", "REST.PUT.OBJECT", "b")+line("ccc", "R3", "REST.PUT.OBJECT", "c"))
	for _, buckets := range [][]string{{"aaa", "bbb"}, {"aaa", "ccc"}, {"aaa", "bbb"}, {"aaa"}, {"aaa", "bbb", "ccc"}} {
		s.srcs[0].Buckets = buckets
		s.collect()
	}
	for _, b := range []string{"aaa", "bbb", "ccc"} {
		if n := s.rows(b); n != 1 {
			t.Errorf("%s has %d records, want 1", b, n)
		}
	}
}

// A long collection says how far it is.
func TestProgress(t *testing.T) {
	s := newSite(t, "acme-backups")
	var last Progress
	s.c.Progress = func(p Progress) { last = p }
	text := line("acme-backups", "R1", "REST.PUT.OBJECT", "a")
	s.put("2026-10-01-23-30-00-AAAAAAAAAAAAAAAA", text)
	s.put("2026-10-01-23-40-00-AAAAAAAAAAAAAAAA", text)
	wantSummary(t, s.collect(), 2, 1, 1, 0)
	size := int64(2 * len(text))
	if last.Done != 2 || last.Objects != 2 || last.Read != size || last.Bytes != size || !last.Listed || last.Records != 1 {
		t.Errorf("at the end it said %+v", last)
	}
}

// Objects of a thousand days are taken in several batches.
func TestManyDays(t *testing.T) {
	s := newSite(t, "acme-backups")
	for i := range 200 {
		day := time.Date(2026, 1, 1+i, 12, 0, 0, 0, time.UTC)
		text := strings.Replace(line("acme-backups", fmt.Sprintf("R%d", i), "REST.PUT.OBJECT", "a"), "01/Oct/2026",
			day.Format("02/Jan/2006"), 1)
		s.put(day.Format("2006-01-02-15-04-05")+"-AAAAAAAAAAAAAAAA", text)
	}
	wantSummary(t, s.collect(), 200, 200, 0, 0)
	if n, err := s.c.State.Ledger.LastBatch(t.Context()); err != nil || n != 4 {
		t.Errorf("%d batches (%v), want 4 of %d days", n, err, maxPartitions)
	}
}

// An object of many days is taken whole, whatever stands in front of it.
func TestObjectOfManyDays(t *testing.T) {
	s := newSite(t, "acme-backups")
	day := func(n int) string {
		return strings.Replace(line("acme-backups", fmt.Sprint("D", n), "REST.PUT.OBJECT", "a"), "01/Oct/2026",
			time.Date(2020, 1, 1+n, 12, 0, 0, 0, time.UTC).Format("02/Jan/2006"), 1)
	}
	text := ""
	for n := range 500 {
		text += day(n)
	}
	for n := range maxPartitions - 1 {
		s.put(fmt.Sprintf("2026-10-01-00-%02d-00-AAAAAAAAAAAAAAAA", n), day(1000+n))
	}
	s.put("2026-10-02-00-00-00-AAAAAAAAAAAAAAAA", text)
	wantSummary(t, s.collect(), maxPartitions, 500+maxPartitions-1, 0, 0)
}

// A bucket that is configured later gets the records of objects that were
// read before, and the others are not counted again.
func TestBucketConfiguredLater(t *testing.T) {
	s := newSite(t, "acme-backups")
	s.put("2026-10-01-23-30-00-AAAAAAAAAAAAAAAA", line("acme-backups", "R1", "REST.PUT.OBJECT", "a")+
		line("beta-backups", "R2", "REST.PUT.OBJECT", "b")+"rubbish\n")
	if sum := s.collect(); sum.OtherRecords != 1 {
		t.Errorf("%d records of other buckets, want 1", sum.OtherRecords)
	}
	s.srcs[0].Buckets = []string{"acme-backups", "beta-backups"}
	wantSummary(t, s.collect(), 1, 1, 0, 0)
	wantSummary(t, s.collect(), 0, 0, 0, 0)
	if a, b := s.rows("acme-backups"), s.rows("beta-backups"); a != 1 || b != 1 {
		t.Errorf("%d and %d records, want one each", a, b)
	}
}

func TestBinaryRubbishUnderALogNameIsKept(t *testing.T) {
	s := newSite(t, "acme-backups")
	s.put("2026-10-01-23-30-00-AAAAAAAAAAAAAAAA", "\x1f\x00\x08\x00\xff\n\xfe\n")
	wantSummary(t, s.collect(), 1, 0, 0, 2)
	files, err := s.c.State.Files.Of(t.Context(), dataset.Rejected, "acme-backups", "2026-10-01", "2026-10-01")
	if err != nil || len(files) != 1 || files[0].Rows != 2 {
		t.Errorf("rejected files %+v, %v; want two lines dated as their delivery", files, err)
	}
}

// An object larger than what is held in memory goes by a temporary file.
func TestLargeObject(t *testing.T) {
	s := newSite(t, "acme-backups")
	var b strings.Builder
	n := int64(0)
	for ; b.Len() < inMemory+1; n++ {
		b.WriteString(line("acme-backups", fmt.Sprintf("R%d", n), "REST.PUT.OBJECT", "a"))
	}
	s.put("2026-10-01-23-30-00-AAAAAAAAAAAAAAAA", b.String())
	wantSummary(t, s.collect(), 1, n, 0, 0)
	if left, err := os.ReadDir(s.c.spoolDir()); err != nil || len(left) > 0 {
		t.Errorf("the spool holds %v (%v)", left, err)
	}
}

// One object that can't be read leaves the others alone and is tried again.
func TestUnreadableObject(t *testing.T) {
	if os.Geteuid() == 0 {
		testUnreadableOnServer(t)
		return
	}
	s := newSite(t, "acme-backups")
	s.put("2026-10-01-23-30-00-AAAAAAAAAAAAAAAA", line("acme-backups", "R1", "REST.PUT.OBJECT", "a"))
	s.put("2026-10-01-23-40-00-AAAAAAAAAAAAAAAA", line("acme-backups", "R2", "REST.PUT.OBJECT", "a"))
	path := filepath.Join(s.dir, "logs", "2026-10-01-23-30-00-AAAAAAAAAAAAAAAA")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	sums, err := s.c.Collect(t.Context(), s.srcs)
	if err == nil || sums[0].Failed != 1 || sums[0].Records != 1 {
		t.Errorf("%+v, %v", sums, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	wantSummary(t, s.collect(), 1, 1, 0, 0)
}

// testUnreadableOnServer does the same where file permissions do not hold: on
// a server that loses one object between listing and reading. It is gone once a later
// listing lacks it, too.
func testUnreadableOnServer(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	gone, listed := true, true
	first, second := line("acme-backups", "R1", "REST.PUT.OBJECT", "a"), line("acme-backups", "R2", "REST.PUT.OBJECT", "a")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/1") && gone:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, "<Error><Code>NoSuchKey</Code></Error>")
		case strings.HasSuffix(r.URL.Path, "/1"):
			fmt.Fprint(w, first)
		case strings.HasSuffix(r.URL.Path, "/2"):
			fmt.Fprint(w, second)
		default:
			fmt.Fprint(w, `<ListBucketResult><IsTruncated>false</IsTruncated>`)
			if listed {
				fmt.Fprintf(w, `<Contents><Key>1</Key><Size>%d</Size><ETag>"a"</ETag></Contents>`, len(first))
			}
			fmt.Fprintf(w, `<Contents><Key>2</Key><Size>%d</Size><ETag>"b"</ETag></Contents></ListBucketResult>`, len(second))
		}
	}))
	t.Cleanup(server.Close)
	s := newSite(t, "acme-backups")
	u, err := objects.ParseURL("s3://acme-logs")
	if err != nil {
		t.Fatal(err)
	}
	s.srcs = []Source{{Logs: u, Access: objects.Access{Endpoint: server.URL}, Buckets: []string{"acme-backups"}}}
	incidents := func() int {
		noticed, err := s.c.State.Ledger.Incidents(t.Context(), "s3://acme-logs", "acme-backups",
			now.AddDate(0, 0, -1), now.AddDate(0, 0, 1))
		if err != nil {
			t.Fatal(err)
		}
		return len(noticed)
	}
	for i, want := range []struct {
		listed bool
		gone   int
		reason string
	}{{true, 0, "though it is listed"}, {true, 0, "though it is listed"}, {false, 1, "removed between listing and reading"}} {
		listed = want.listed
		sums, err := s.c.Collect(t.Context(), s.srcs)
		if err == nil || !strings.Contains(err.Error(), "s3://acme-logs/1: not found: ") || !strings.Contains(err.Error(), want.reason) {
			t.Errorf("collection %d: %v, want %s", i, err, want.reason)
		}
		if n := incidents(); n != want.gone || sums[0].Gone != want.gone || sums[0].Failed != 1 {
			t.Errorf("collection %d: %d incidents, %+v", i, n, sums[0])
		}
	}
	gone, listed = false, true
	wantSummary(t, s.collect(), 1, 1, 0, 0)
	if n := incidents(); n != 0 {
		t.Errorf("the object came back, and %d incidents stay", n)
	}
}

// A stop in the middle loses and doubles nothing.
func TestCancelledRun(t *testing.T) {
	s := newSite(t, "acme-backups")
	for i := range 200 {
		s.put(fmt.Sprintf("2026-10-01-23-30-00-%016X", i), line("acme-backups", fmt.Sprintf("R%d", i), "REST.PUT.OBJECT", "a"))
	}
	for wait := time.Millisecond; ; wait = wait * 6 / 5 {
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		_, err := s.c.Collect(ctx, s.srcs)
		cancel()
		if err == nil {
			break
		}
	}
	wantSummary(t, s.collect(), 0, 0, 0, 0)
	if n := s.rows("acme-backups"); n != 200 {
		t.Errorf("%d records, want 200", n)
	}
}

// Packed log objects are told by their content.
func TestPackedObjects(t *testing.T) {
	s := newSite(t, "acme-backups")
	text := func(id string) string {
		return line("acme-backups", id, "REST.PUT.OBJECT", "a") + line("acme-backups", id, "REST.PUT.OBJECT", "b")
	}
	gz := func(text string) string {
		var b strings.Builder
		w := gzip.NewWriter(&b)
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.put("2026-10-01-23-30-00-AAAAAAAAAAAAAAAA.gz", gz(text("R1")))
	s.put("packed-later", gz(text("R2")))
	s.put("2026-10-01-23-31-00-AAAAAAAAAAAAAAAA", string(enc.EncodeAll([]byte(text("R3")), nil)))
	s.put("an-image.gz", gz("no log at all\n"))
	cut := gz(strings.Repeat(text("R4"), 3) + rubbish(100_000))
	s.put("2026-10-01-23-32-00-AAAAAAAAAAAAAAAA.gz", cut[:len(cut)-9])
	sum := s.collect()
	wantSummary(t, sum, 5, 8, 4, 2) // the line that is cut and the damage; what stands before them is read
	if sum.Foreign != 1 {
		t.Errorf("%d foreign objects, want 1", sum.Foreign)
	}
}

// rubbish is one line that does not shrink when it is packed.
func rubbish(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('!' + r.IntN(90))
	}
	return string(b)
}

func TestDelivered(t *testing.T) {
	modified := time.Date(2026, 10, 9, 8, 7, 6, 0, time.UTC)
	for key, want := range map[string]string{
		"2026-10-02-03-04-05-0123456789ABCDEF":                          "2026-10-02T03:04:05Z",
		"prefix2026-10-02-03-04-05-0123456789ABCDEF":                    "2026-10-02T03:04:05Z",
		"1/eu/b/2026/10/02/2026-10-02-03-04-05-0123456789ABCDEF":        "2026-10-02T03:04:05Z",
		"by-event-time/2026/10/02/2026-10-02-00-00-00-0123456789ABCDEF": "2026-10-09T08:07:06Z",
		"other.txt": "2026-10-09T08:07:06Z",
	} {
		if got := delivered(objects.Info{Key: key, Modified: modified}).Format(time.RFC3339); got != want {
			t.Errorf("%s was delivered at %s, want %s", key, got, want)
		}
	}
}
