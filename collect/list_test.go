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
		"2026-10-01-23-30-00-AAAAAAAAAAAAAAAA":                                            "1 2026-10-01",
		"logs-2026-10-01-23-30-00-AAAAAAAAAAAAAAAA":                                       "logs-1 2026-10-01",
		"111122223333/eu-west-1/b/2026/10/02/2026-10-02-00-00-00-AAAAAAAA":                "111122223333/eu-west-1/b/0 2026-10-02",
		"AWSLogs/aws-account-id=1/x/region=r/year=2026/month=03/day=04/hour=05/x.json.gz": "AWSLogs/aws-account-id=1/x/region=r/2 2026-03-04",
		"AWSLogs/111122223333/s3/eu-west-1/2026/10/02/05/111122223333_x_abc.log.parquet":  "AWSLogs/111122223333/s3/eu-west-1/0 2026-10-02",
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

// What hides objects from a daily listing makes the next one a full one, or is
// not believed.
func TestListingIsFull(t *testing.T) {
	s := newSite(t, "acme-backups")
	s.c.Now = func() time.Time { return now }
	s.day("", now.AddDate(1, 0, 0), false) // dated in the future
	old := s.day("", now.AddDate(0, 0, -20), false)
	s.day("", now, false)
	if err := os.Chmod(filepath.Join(s.dir, "logs", old), 0); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() != 0 {
		if _, err := s.c.Collect(t.Context(), s.srcs); err == nil {
			t.Fatal("an object that can't be read is no error")
		}
		if _, _, full := s.list(); !full {
			t.Error("with an object unread the next listing is not full")
		}
	}
	if err := os.Chmod(filepath.Join(s.dir, "logs", old), 0o644); err != nil {
		t.Fatal(err)
	}
	s.collect()
	late := s.day("", now.Add(-time.Hour), false)
	if keys, _, full := s.list(); full || !slices.Equal(keys, []string{late}) {
		t.Errorf("full %t, %v: the object of the future hides %s", full, keys, late)
	}
	for name, change := range map[string]func(){
		"a clock that was ahead": func() { s.c.Now = func() time.Time { return now.Add(-time.Hour) } },
		"another bucket":         func() { s.srcs[0].Buckets = []string{"acme-backups", "beta-backups"} },
	} {
		s.collect()
		change()
		if _, _, full := s.list(); !full {
			t.Errorf("%s: the listing is not full", name)
		}
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
	noticed, err := s.c.State.Incidents(t.Context(), "file:logs/", "acme-backups", now.AddDate(0, 0, -1), now.AddDate(0, 0, 1))
	if err != nil || len(noticed) != 1 || noticed[0].Kind != state.IncidentChanged || noticed[0].SHA256 == noticed[0].Before || len(noticed[0].Before) != 64 {
		t.Errorf("noticed %+v, %v", noticed, err)
	}
}

// Many small files of a finished day become one with the same records; the
// replaced ones stay for a day.
func TestCompaction(t *testing.T) {
	s := newSite(t, "acme-backups")
	clock := time.Date(2026, 10, 2, 0, 0, 0, 0, time.UTC)
	s.c.Now = func() time.Time { return clock }
	for i := range smallFiles {
		s.put(fmt.Sprintf("2026-10-01-23-%02d-00-AAAAAAAAAAAAAAAA", i), line("acme-backups", fmt.Sprint(i), "REST.PUT.OBJECT", "a")+"rubbish\n")
		wantSummary(t, s.collect(), 1, 1, 0, 1)
	}
	files := func(kind string) int {
		list, err := s.c.State.Files(t.Context(), kind, "acme-backups", "2026-10-01", "2026-10-01")
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
	s.put("2026-10-10-23-59-00-BBBBBBBBBBBBBBBB", line("acme-backups", "0", "REST.PUT.OBJECT", "a")+line("acme-backups", "late", "REST.PUT.OBJECT", "a"))
	wantSummary(t, s.collect(), 1, 1, 1, 0)
	clock = clock.Add(longestQuery + time.Minute)
	s.collect()
	if files("access") != 2 || onDisk() != 2 {
		t.Errorf("a day later: %d files, %d on disk", files("access"), onDisk())
	}
}
