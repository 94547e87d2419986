package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"bucketproof/internal/dataset"
	"bucketproof/internal/state"
)

// rejected are the rows of a bucket's lines that can't be read.
func (s *site) rejected(bucket string) (rows []rejectedLine) {
	s.t.Helper()
	files, err := s.c.State.Files.Of(s.t.Context(), dataset.Rejected, bucket, "2026-01-01", "2026-12-31")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range files {
		more, err := parquet.ReadFile[rejectedLine](filepath.Join(s.c.Dataset.Dir, f.Path))
		if err != nil {
			s.t.Fatal(err)
		}
		rows = append(rows, more...)
	}
	return rows
}

type rejectedLine struct {
	Bucket string    `parquet:"bucket"`
	Time   time.Time `parquet:"time,timestamp(millisecond)"`
	Line   int64     `parquet:"source_line"`
	Reason string    `parquet:"reason"`
}

// Of very many lines that can't be read the first are kept and all are counted, by
// bucket and hour; why an object ends is kept, too.
func TestManyRejectedLines(t *testing.T) {
	s := newSite(t, "acme-backups")
	first := line("acme-backups", "R1", "REST.PUT.OBJECT", "a")
	later := strings.Replace(line("acme-backups", "R2", "REST.PUT.OBJECT", "a"), ":23:00:38", ":23:10:00", 1)
	next := strings.Replace(line("acme-backups", "R3", "REST.PUT.OBJECT", "a"), "01/Oct/2026:23", "02/Oct/2026:00", 1)
	bad := strings.Repeat("x\n", maxRejected)
	whole := gzipped(t, first+bad+bad+later+bad+next+"x\n"+bad)
	s.put("2026-10-01-23-30-00-AAAAAAAAAAAAAAAA.gz", whole[:len(whole)-4])
	wantSummary(t, s.collect(), 1, 3, 0, 4*maxRejected+2)
	rows := s.rejected("acme-backups")
	var told []string
	for _, r := range rows {
		if r.Reason != rows[0].Reason {
			told = append(told, fmt.Sprintf("%s %d %.30s", r.Time.Format("02T15"), r.Line, r.Reason))
		}
	}
	want := fmt.Sprintf("[01T23 %d 20000 more lines of this objec 02T00 %d the packed log object is damag 02T00 %d "+
		"10001 more lines of this objec]",
		maxRejected+2, 4*maxRejected+5, 3*maxRejected+4)
	if got := fmt.Sprint(told); len(rows) != maxRejected+3 || got != want {
		t.Errorf("%d rows, %s, want %s", len(rows), got, want)
	}
	figures, err := s.c.State.Ledger.Figures(t.Context())
	if err != nil || len(figures) != 1 || figures[0].Rejected != 4*maxRejected+2 {
		t.Errorf("%+v, %v", figures, err)
	}
}

func TestManyRejectedEvents(t *testing.T) {
	s := trailSite(t)
	s.deliver("111122223333", "2026/11/01", "20261101T2355Z_AAAAAAAAAAAAAAAA",
		gzipped(t, `{"Records":[{}`+strings.Repeat(",{}", 3*maxRejected-1)+`]}`))
	wantSummary(t, s.collect(), 1, 0, 0, 3*maxRejected)
	rows := s.rejected(dataset.TrailOwner("111122223333"))
	if last := rows[len(rows)-1]; len(rows) != maxRejected+1 || last.Reason != dataset.MoreRejected(2*maxRejected) {
		t.Errorf("%d rows, at last %+v", len(rows), last)
	}
}

// Packed content that unfolds to very much more than its size is damaged.
func TestUnfoldingIsBounded(t *testing.T) {
	const kb = 1 << 10
	zeros := gzipped(t, strings.Repeat("\x00", 100*kb))
	for most, fails := range map[int64]bool{100 * kb: false, 100*kb - 1: true, 0: true} {
		r, err := unpack(strings.NewReader(zeros), most)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, r)
		if n != most || errors.Is(err, errDamaged) != fails {
			t.Errorf("of up to %d bytes came %d, %v", most, n, err)
		}
	}
	if testing.Short() {
		t.Skip("it packs 300 MB")
	}
	s := newSite(t, "acme-backups")
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(w, line("acme-backups", "R1", "REST.PUT.OBJECT", "a"))
	mega := bytes.Repeat([]byte("x"), 1<<20)
	for i := 0; i < 300 && err == nil; i++ {
		_, err = w.Write(mega)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	s.put("2026-10-01-23-30-00-AAAAAAAAAAAAAAAA.zst", b.String())
	wantSummary(t, s.collect(), 1, 1, 0, 2) // the long line, and why the object ends
	if rows := s.rejected("acme-backups"); len(rows) != 2 || !strings.Contains(rows[1].Reason, "which are 256 MB and 500 times its size") {
		t.Errorf("%+v", rows)
	}
}

// What is read of content fails once the collection is to stop, and that is no damage.
func TestStopIsNoDamage(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := &fetched{memory: []byte(gzipped(t, "x\n"))}
	f.info.Size = int64(len(f.memory))
	cancel()
	if _, _, err := f.records(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, errDamaged) {
		t.Error(err)
	}
	f.memory = []byte("PAR1 and more of it")
	if _, _, err := f.records(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, errDamaged) {
		t.Error(err)
	}
}

// Of what a report tells in the same words again and again one session is stored; what it
// tells in other words in between stays.
func TestMergedSessions(t *testing.T) {
	running, done := state.BackupSession{Tool: "veeam", ID: "1", Bucket: "b", State: state.SessionRunning},
		state.BackupSession{Tool: "veeam", ID: "1", Bucket: "b"}
	other := state.BackupSession{Tool: "veeam", ID: "2", Bucket: "b"}
	var told []state.BackupSession
	for i, s := range []state.BackupSession{running, running, other, running, done, done, running, other} {
		s.Line = int64(i + 1)
		told = append(told, s)
	}
	var lines []int64
	for _, s := range merged(told) {
		lines = append(lines, s.Line)
	}
	if want := []int64{4, 8, 6, 7}; !slices.Equal(lines, want) {
		t.Errorf("lines %v, want %v", lines, want)
	}
}

// TestRejectedLinesBeforeAnyRecord: lines that can't be read and come before the first record
// wait for it to be dated, and no more of them than memory has room for: the others are dated
// as the delivery.
func TestRejectedLinesBeforeAnyRecord(t *testing.T) {
	s := newSite(t, "acme-backups")
	s.put("2026-10-03-23-30-00-AAAAAAAAAAAAAAAA", strings.Repeat("x\n", 2500)+line("acme-backups", "R1", "REST.PUT.OBJECT", "a"))
	wantSummary(t, s.collect(), 1, 1, 0, 2500)
	dated := map[string]int{}
	for _, r := range s.rejected("acme-backups") {
		dated[r.Time.UTC().Format("02T15")]++
	}
	for _, r := range s.rejected("") {
		dated[r.Time.UTC().Format("02T15")]++
	}
	if dated["03T23"] != 2000 || dated["01T23"] != 500 {
		t.Errorf("lines by their hour: %v; want 2000 at the delivery and 500 at the record", dated)
	}
}
