package collect

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"bucketproof/internal/objects"
	"bucketproof/internal/state"
)

func TestDateOf(t *testing.T) {
	for key, want := range map[string]string{
		"2026-10-01-23-30-00-AAAAAAAAAAAAAAAA":                                           "2 2026-10-01",
		"logs-2026-10-01-23-30-00-AAAAAAAAAAAAAAAA":                                      "logs-2 2026-10-01",
		"111122223333/eu-west-1/b/2026/10/02/2026-10-02-00-00-00-AAAAAAAA":               "111122223333/eu-west-1/b/0 2026-10-02",
		"AWSLogs/aws-account-id=1/region=r/year=2026/month=03/day=04/hour=05/x.json.gz":  "AWSLogs/aws-account-id=1/region=r/1 2026-03-04",
		"AWSLogs/111122223333/s3/eu-west-1/2026/10/02/05/111122223333_x_abc.log.parquet": "AWSLogs/111122223333/s3/eu-west-1/0 2026-10-02",
		"since/2026/01/01/1/r/b/2026/11/23/2026-11-23-00-00-00-AAAAAAAAAAAAAAAA":         "since/2026/01/01/1/r/b/0 2026-11-23",
		"readme.txt": "", "2026-10-01.txt": "", "2026/13/01/2026-13-01-00-00-00-AAAAAAAA": "",
	} {
		got := ""
		if root, day, ok := dateOf(key); ok {
			got = root + " " + day.Format(time.DateOnly)
			if begin := keyAt(root, day); begin > key {
				t.Errorf("%s: a listing from %s would leave it out", key, begin)
			}
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
}

// counted counts how many objects a listing visits.
type counted struct {
	objects.Store
	visited int
}

func (c *counted) List(ctx context.Context, after string) iter.Seq2[objects.Info, error] {
	return func(yield func(objects.Info, error) bool) {
		for info, err := range c.Store.List(ctx, after) {
			c.visited++
			if !yield(info, err) {
				return
			}
		}
	}
}

// day writes a log object of a day with one record of its own.
func (s *site) day(root string, at time.Time, folder bool) string {
	s.t.Helper()
	key := root
	if folder {
		key += at.Format("2006/01/02/")
	}
	key += at.Format("2006-01-02-15-04-05-") + "AAAAAAAAAAAAAAAA"
	path := filepath.Join(s.dir, "logs", key)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(line("acme-backups", key, "REST.PUT.OBJECT", "a")), 0o644); err != nil {
		s.t.Fatal(err)
	}
	return key
}

// list runs a listing alone and returns the keys that it would read.
func (s *site) list() (keys []string, visited int, full bool) {
	s.t.Helper()
	src := s.srcs[0]
	l, err := s.c.newListing(s.t.Context(), src)
	if err != nil {
		s.t.Fatal(err)
	}
	store, err := objects.Open(s.t.Context(), src.Logs, src.Access)
	if err != nil {
		s.t.Fatal(err)
	}
	c := &counted{Store: store}
	queue := make(chan pending, 10000)
	if err := l.run(s.t.Context(), c, queue); err != nil {
		s.t.Fatal(err)
	}
	close(queue)
	for p := range queue {
		keys = append(keys, p.info.Key)
	}
	return keys, c.visited, l.full
}

// A daily listing goes back three days behind the newest object below each
// root, finds new roots, and does not visit the rest.
func TestListingGoesBackLateDays(t *testing.T) {
	s := newSite(t, "acme-backups")
	at := now.AddDate(0, 0, -1)
	s.c.Now = func() time.Time { return now }
	roots := []string{"", "111122223333/eu-west-1/acme-backups/", "access-", "zz/"}
	for i, root := range roots {
		for n := range 100 {
			s.day(root, at.AddDate(0, 0, -n), i == 1)
		}
	}
	s.put("notes.txt", "not a log")
	if sum := s.collect(); sum.Records != 400 || sum.Foreign != 1 {
		t.Fatalf("%+v", sum)
	}
	keys, visited, full := s.list()
	if len(keys) > 0 || full || visited > 50 {
		t.Errorf("a second listing of 401 objects is full: %t, visits %d and reads %v", full, visited, keys)
	}
	want := []string{
		s.day("", at.AddDate(0, 0, 1), false),
		s.day("111122223333/eu-west-1/acme-backups/", at.AddDate(0, 0, -2).Add(time.Minute), true),
		s.day("222233334444/eu-west-1/acme-backups/", at.AddDate(0, 0, -40), true), // a root that was not there
		s.day("access-", at.AddDate(0, 0, -3).Add(time.Minute), false),
	}
	tooLate := s.day("zz/", at.AddDate(0, 0, -30).Add(time.Minute), false)
	slices.Sort(want)
	if keys, _, _ := s.list(); !slices.Equal(keys, want) {
		t.Errorf("got %v\nwant %v", keys, want)
	}
	wantSummary(t, s.collect(), 4, 4, 0, 0)
	s.c.Now = func() time.Time { return now.Add(fullEvery) }
	if keys, _, full := s.list(); !full || !slices.Equal(keys, []string{tooLate}) {
		t.Errorf("a week later the listing is full: %t, and reads %v", full, keys)
	}
}

// Keys that sort between the old and the new ones of a root are still found.
func TestListingJumpsOverNothingElse(t *testing.T) {
	s := newSite(t, "acme-backups")
	s.c.Now = func() time.Time { return now }
	for n := range 30 {
		s.day("", now.AddDate(-1, 0, -n), false)
		s.day("", now.AddDate(0, 0, -n), false)
		s.day("202512345678/eu-west-1/acme-backups/", now.AddDate(0, 0, -n), true)
		s.day("since/2026/01/01/111122223333/eu-west-1/acme-backups/", now.AddDate(0, 0, -n), true)
		s.day("since/2026/06/01/222233334444/eu-west-1/beta-backups/", now.AddDate(0, 0, -n), true)
	}
	s.collect()
	s.c.Now = func() time.Time { return now.AddDate(0, 0, 1) }
	at := now.AddDate(0, 0, 1)
	want := []string{s.day("", at, false), s.day("202512345678/eu-west-1/acme-backups/", at, true),
		s.day("since/2026/01/01/111122223333/eu-west-1/acme-backups/", at, true),
		s.day("since/2026/06/01/222233334444/eu-west-1/beta-backups/", at, true)}
	slices.Sort(want)
	if keys, visited, full := s.list(); full || visited > 60 || !slices.Equal(keys, want) {
		t.Errorf("full %t, %d visited\ngot  %v\nwant %v", full, visited, keys, want)
	}
}

// Roots that lie between the dates of another are not jumped over.
func TestListingKeepsToKnownRoots(t *testing.T) {
	for name, roots := range map[string][2]struct {
		root   string
		folder bool
	}{
		"a prefix that is a date":        {{"", false}, {"2026-03-15/", false}},
		"a prefix that begins as a date": {{"", false}, {"2026-06-", false}},
		"names in a month's folder":      {{"", true}, {"2026/06/", false}},
		"folders in a month's":           {{"a/", true}, {"a/2026/05-archive/", true}},
		"names in day folders":           {{"since/2026/01/01/", false}, {"since/2026/06/01/", false}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "acme-backups")
			clock := now
			s.c.Now = func() time.Time { return clock }
			for n := range 250 {
				for _, r := range roots {
					s.day(r.root, now.AddDate(0, 0, -n), r.folder)
				}
			}
			s.collect()
			clock = now.AddDate(0, 0, 1)
			want := []string{s.day(roots[0].root, clock, roots[0].folder), s.day(roots[1].root, clock, roots[1].folder)}
			slices.Sort(want)
			if keys, visited, full := s.list(); full || visited > 100 || !slices.Equal(keys, want) {
				t.Errorf("full %t, %d visited, got %v, want %v", full, visited, keys, want)
			}
		})
	}
}

// Dates of the future and clocks that were wrong hide nothing.
func TestListingAndClocks(t *testing.T) {
	s := newSite(t, "acme-backups")
	clock := now
	s.c.Now = func() time.Time { return clock }
	s.day("", now.AddDate(1, 0, 0), false)
	s.day("", now.AddDate(0, 0, 1), false)
	s.day("", now, false)
	s.collect()
	late := []string{s.day("", now.AddDate(0, 0, -3).Add(time.Hour), false), s.day("", now.Add(-time.Hour), false)}
	if keys, _, full := s.list(); full || !slices.Equal(keys, late) {
		t.Errorf("full %t, %v: objects of the future hide %v", full, keys, late)
	}
	clock = now.AddDate(0, 0, 6)
	s.day("", clock, false)
	s.collect()
	clock = now.AddDate(0, 0, 1)
	late = []string{s.day("", clock.AddDate(0, 0, -2), false)}
	if keys, _, full := s.list(); full || !slices.Equal(keys, late) {
		t.Errorf("full %t, %v: a clock that was ahead hides %v", full, keys, late)
	}
	clock = now.AddDate(0, 0, -1)
	if _, _, full := s.list(); !full {
		t.Error("with a clock behind the last full listing the next one is not full")
	}
	clock = now
	s.srcs[0].Buckets = []string{"acme-backups", "beta-backups"}
	if _, _, full := s.list(); !full {
		t.Error("with another bucket the listing is not full")
	}
}

// What could not be read is asked for again, wherever it lies.
func TestUnreadIsAskedForAgain(t *testing.T) {
	s := newSite(t, "acme-backups")
	s.c.Now = func() time.Time { return now }
	old := s.day("", now.AddDate(0, 0, -20), false)
	s.day("", now, false)
	l, err := s.c.newListing(t.Context(), s.srcs[0])
	if err != nil {
		t.Fatal(err)
	}
	l.saw("2", now.Truncate(24*time.Hour))
	l.failed(old)
	if err := l.end(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys, _, full := s.list()
	if full || len(keys) != 2 || keys[1] != old {
		t.Errorf("full %t, %v; want %s behind", full, keys, old)
	}
	// One that is gone meanwhile is handed on, to be noted.
	if err := os.Remove(filepath.Join(s.dir, "logs", old)); err != nil {
		t.Fatal(err)
	}
	sums, err := s.c.Collect(t.Context(), s.srcs)
	if err == nil || sums[0].Gone != 1 || sums[0].Records != 1 {
		t.Errorf("%+v, %v", sums, err)
	}
	if keys, _, _ := s.list(); len(keys) != 0 {
		t.Errorf("what is gone is asked for again: %v", keys)
	}
}

// A location within another one is its own.
func TestNestedLocations(t *testing.T) {
	s := newSite(t, "acme-backups")
	inner := s.srcs[0]
	inner.Logs.Path, inner.Logs.Text, inner.Buckets = filepath.Join(inner.Logs.Path, "inner"), "file:logs/inner/", []string{"beta-backups"}
	key, ok := inner.Logs.Within(s.srcs[0].Logs)
	if !ok || key != "inner/" {
		t.Fatalf("%q, %t", key, ok)
	}
	s.srcs[0].Except = []string{key}
	s.srcs = append(s.srcs, inner)
	s.day("", now, false)
	if err := os.MkdirAll(inner.Logs.Path, 0o755); err != nil {
		t.Fatal(err)
	}
	s.put("inner/2026-10-01-23-30-00-AAAAAAAAAAAAAAAA", line("beta-backups", "R1", "REST.PUT.OBJECT", "a")+"rubbish\n")
	sums, err := s.c.Collect(t.Context(), s.srcs)
	if err != nil || sums[0].Records != 1 || sums[0].Rejected != 0 || sums[1].Records != 1 || sums[1].Rejected != 1 {
		t.Errorf("%+v, %v", sums, err)
	}
}

// Another content under a known key is not read, and noted; the same content
// with another time is nothing.
func TestChangedObject(t *testing.T) {
	s := newSite(t, "acme-backups")
	name := "2026-10-01-23-30-00-AAAAAAAAAAAAAAAA"
	s.put(name, line("acme-backups", "R1", "REST.PUT.OBJECT", "a"))
	wantSummary(t, s.collect(), 1, 1, 0, 0)
	s.put(name, line("acme-backups", "R1", "REST.PUT.OBJECT", "a")+line("acme-backups", "R2", "REST.PUT.OBJECT", "b"))
	sum := s.collect()
	wantSummary(t, sum, 1, 0, 0, 0)
	if sum.Changed != 1 || s.rows("acme-backups") != 1 {
		t.Errorf("%d changed, %d records", sum.Changed, s.rows("acme-backups"))
	}
	wantSummary(t, s.collect(), 0, 0, 0, 0)
	// It is about the day of the record that was collected, and not about today.
	records := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	noticed, err := s.c.State.Ledger.Incidents(t.Context(), "file:logs/", "acme-backups", records, records.AddDate(0, 0, 1))
	if err != nil || len(noticed) != 1 || noticed[0].Kind != state.IncidentChanged ||
		noticed[0].SHA256 == noticed[0].Before || len(noticed[0].Before) != 64 {
		t.Errorf("noticed %+v, %v", noticed, err)
	}
}

// An object that was only touched still gives its records to a bucket that is
// configured later.
func TestTouchedObjectAndBucketConfiguredLater(t *testing.T) {
	for _, together := range []bool{false, true} {
		s := newSite(t, "acme-backups")
		name := "2026-10-01-23-30-00-AAAAAAAAAAAAAAAA"
		s.put(name, line("acme-backups", "R1", "REST.PUT.OBJECT", "a")+line("beta-backups", "R2", "REST.PUT.OBJECT", "b"))
		wantSummary(t, s.collect(), 1, 1, 0, 0)
		if err := os.Chtimes(filepath.Join(s.dir, "logs", name), now, now); err != nil {
			t.Fatal(err)
		}
		if !together {
			wantSummary(t, s.collect(), 1, 0, 0, 0)
		}
		s.srcs[0].Buckets = []string{"acme-backups", "beta-backups"}
		wantSummary(t, s.collect(), 1, 1, 0, 0)
		wantSummary(t, s.collect(), 0, 0, 0, 0)
		if s.rows("acme-backups") != 1 || s.rows("beta-backups") != 1 {
			t.Errorf("together %t: %d and %d records", together, s.rows("acme-backups"), s.rows("beta-backups"))
		}
	}
}

// The unreadable lines of a copy of what a changed object holds are kept.
func TestCopyOfAChangedObject(t *testing.T) {
	s := newSite(t, "acme-backups")
	s.put("2026-10-01-23-30-00-AAAAAAAAAAAAAAAA", line("acme-backups", "R1", "REST.PUT.OBJECT", "a"))
	s.collect()
	other := line("acme-backups", "R2", "REST.PUT.OBJECT", "b") + "rubbish\n"
	s.put("2026-10-01-23-30-00-AAAAAAAAAAAAAAAA", other)
	s.put("2026-10-01-23-40-00-BBBBBBBBBBBBBBBB", other)
	wantSummary(t, s.collect(), 2, 1, 0, 1)
}

// Many small files of a finished day become one with the same records; the
// replaced ones stay for a day.
func TestCompaction(t *testing.T) {
	s := newSite(t, "acme-backups")
	clock := time.Date(2026, 10, 2, 0, 0, 0, 0, time.UTC)
	s.c.Now = func() time.Time { return clock }
	for i := range smallFiles {
		s.put(fmt.Sprintf("2026-10-01-23-%02d-00-AAAAAAAAAAAAAAAA", i),
			line("acme-backups", fmt.Sprint(i), "REST.PUT.OBJECT", "a")+"rubbish\n")
		wantSummary(t, s.collect(), 1, 1, 0, 1)
	}
	files := func(kind string) int {
		list, err := s.c.State.Files.Of(t.Context(), kind, "acme-backups", "2026-10-01", "2026-10-01")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	onDisk := func() int {
		list, err := filepath.Glob(s.c.Dataset.Full("access/bucket=acme-backups/date=2026-10-01/*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if n := files("access"); n != smallFiles {
		t.Fatalf("%d files", n)
	}
	clock = clock.AddDate(0, 0, 10)
	s.collect()
	if files("access") != 1 || files("rejected") != 1 || s.rows("acme-backups") != smallFiles || onDisk() != smallFiles+1 {
		t.Errorf("%d and %d files, %d records, %d on disk", files("access"), files("rejected"), s.rows("acme-backups"), onDisk())
	}
	// Records are still known by the compacted file.
	s.put("2026-10-10-23-59-00-BBBBBBBBBBBBBBBB", line("acme-backups", "0", "REST.PUT.OBJECT", "a")+
		line("acme-backups", "late", "REST.PUT.OBJECT", "a"))
	wantSummary(t, s.collect(), 1, 1, 1, 0)
	clock = clock.Add(longestQuery + time.Minute)
	s.collect()
	if files("access") != 2 || onDisk() != 2 {
		t.Errorf("a day later: %d files, %d on disk", files("access"), onDisk())
	}
}
