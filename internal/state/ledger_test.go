package state

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"bucketproof/internal/dataset"
)

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		t.Errorf("%s is\n%s\nwant\n%s", what, g, w)
	}
}

// put commits a log object of the location l, delivered some hours behind noon and collected
// an hour later.
func (s *State) putObject(t *testing.T, key string, hours int, change func(*LogObject)) {
	t.Helper()
	at := noon.Add(time.Duration(hours) * time.Hour)
	o := LogObject{Location: "l", Key: key, ETag: "e", Size: 7, Source: "l/" + key, SHA256: "sum " + key, Kind: KindLog, Proof: "etag",
		Reader: 3, Took: []string{"a", "b"}, Modified: at, Delivered: at, Buckets: map[string]ObjectCount{
			"a": {Records: 2, Duplicates: 1, First: at.Add(-3 * time.Hour), Last: at.Add(-time.Hour)}}}
	if change != nil {
		change(&o)
	}
	if err := s.Ledger.Commit(t.Context(), []LogObject{o}, nil, nil, at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
}

// TestLedger: what the ledger says of log objects is what was committed of them.
func TestLedger(t *testing.T) {
	s, ctx := opened(t), t.Context()
	s.putObject(t, "one", 0, nil)
	s.putObject(t, "two", 24, func(o *LogObject) {
		o.SHA256, o.ForeignRecords = "sum one", 5
		o.Buckets["a"] = ObjectCount{Records: 4, Rejected: 3, First: o.Delivered.Add(-2 * time.Hour),
			Last: o.Delivered.Add(-30 * time.Minute)}
	})
	s.putObject(t, "three", 48, func(o *LogObject) { o.Buckets = map[string]ObjectCount{"b": {Rejected: 9}} })

	known, err := s.Ledger.Known(ctx, "l", []string{"one", "two", "none"})
	if err != nil || len(known) != 2 {
		t.Fatalf("%+v, %v", known, err)
	}
	want := KnownObject{ObjectID: ObjectID{Key: "two", ETag: "e", Size: 7}, Kind: KindLog, Reader: 3, SHA256: "sum one", Proof: "etag",
		Took: []string{"a", "b"}, Foreign: 5}
	same(t, "what is known", known["two"], []KnownObject{want})
	if one := known["one"][0]; one.Lacks([]string{"c"}) || want.Lacks([]string{"a", "b"}) || !want.Lacks([]string{"a", "c"}) {
		t.Error("it is not known what objects lack")
	}
	if known, err := s.Ledger.Known(ctx, "l", nil); err != nil || len(known) != 0 {
		t.Errorf("of no key is known %v, %v", known, err)
	}
	took, found, err := s.Ledger.Copies(ctx, &LogObject{Location: "l", SHA256: "sum one", Key: "two", ETag: "e", Size: 7})
	if err != nil || !found || !slices.Equal(took, []string{"a", "b"}) {
		t.Errorf("copies: %v, %t, %v", took, found, err)
	}
	if _, found, err := s.Ledger.Copies(ctx, &LogObject{Location: "l", SHA256: "sum three", Key: "three", ETag: "e",
		Size: 7}); err != nil || found {
		t.Errorf("a content that is there once has a copy: %v", err)
	}

	figures, err := s.Ledger.Figures(ctx)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the figures", figures, []BucketFigures{{Bucket: "a", Records: 6, Rejected: 3, Newest: noon.Add(24 * time.Hour)},
		{Bucket: "b", Rejected: 9, Newest: noon.Add(48 * time.Hour)}})
	d, err := s.Ledger.Deliveries(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the deliveries", d, Deliveries{First: noon, Newest: noon.Add(24 * time.Hour), Typical: time.Hour})
	if d, err := s.Ledger.Deliveries(ctx, "none"); err != nil || !d.First.IsZero() || !d.Newest.IsZero() || d.Typical != 0 {
		t.Errorf("of no bucket: %+v, %v", d, err)
	}
	first, err := s.Ledger.FirstLog(ctx, "l", "a")
	if err != nil || !first.Equal(noon) {
		t.Errorf("the first log came %s, %v", first, err)
	}
	if first, err := s.Ledger.FirstLog(ctx, "l", "b"); err != nil || !first.IsZero() {
		t.Errorf("without records the first log came %s, %v", first, err)
	}
	damaged, err := s.Ledger.Damaged(ctx, "l", "a", noon, noon.Add(48*time.Hour))
	if err != nil || len(damaged) != 1 || damaged[0].LogObject.Source != "l/two" || damaged[0].Rejected != 3 || damaged[0].Bucket != "a" ||
		!damaged[0].Delivered.Equal(noon.Add(24*time.Hour)) || !damaged[0].Last.Equal(noon.Add(23*time.Hour+30*time.Minute)) {
		t.Errorf("damaged are %+v, %v", damaged, err)
	}
	// Between the two objects nothing is recorded.
	last, next, err := s.Ledger.RecordsAround(ctx, "a", noon.Add(5*time.Hour), noon.Add(6*time.Hour))
	if err != nil || !last.Equal(noon.Add(-time.Hour)) || !next.Equal(noon.Add(22*time.Hour)) {
		t.Errorf("records end %s and begin again %s, %v", last, next, err)
	}
	// An object over a time tells its ends.
	last, next, err = s.Ledger.RecordsAround(ctx, "a", noon.Add(-2*time.Hour), noon.Add(23*time.Hour))
	if err != nil || !last.Equal(noon.Add(-3*time.Hour)) || !next.Equal(noon.Add(23*time.Hour+30*time.Minute)) {
		t.Errorf("records end %s and begin again %s, %v", last, next, err)
	}
	for since, want := range map[time.Duration]bool{24 * time.Hour: true, 25 * time.Hour: false} {
		if came, err := s.Ledger.CameSince(ctx, "a", noon.Add(20*time.Hour), noon.Add(30*time.Hour),
			noon.Add(since)); err != nil || came != want {
			t.Errorf("since %s came something: %t, %v", since, came, err)
		}
	}
	if came, err := s.Ledger.CameSince(ctx, "a", noon.Add(24*time.Hour), noon.Add(30*time.Hour), noon); err != nil || came {
		t.Errorf("what is of another time came: %v", err)
	}
	for want := range int64(3) {
		if n, err := s.Ledger.LastBatch(ctx); err != nil || n != want {
			t.Errorf("the last batch is %d, %v; want %d", n, err, want)
		}
		if n, err := s.Ledger.NextBatch(ctx); err != nil || n != want+1 {
			t.Errorf("the next batch is %d, %v; want %d", n, err, want+1)
		}
	}
}

// TestListings: how far a place is collected, and what could not be read there.
func TestListings(t *testing.T) {
	s, ctx := opened(t), t.Context()
	if l, err := s.Listings.LastFull(ctx, "l"); err != nil || !l.At.IsZero() {
		t.Errorf("%+v, %v", l, err)
	}
	if at, err := s.Listings.LastComplete(ctx, "l"); err != nil || !at.IsZero() {
		t.Errorf("%s, %v", at, err)
	}
	full := FullListing{At: noon, Buckets: []string{"a", "b"}, Reader: 4}
	if err := s.Listings.End(ctx, "l", map[string]string{"r/": "2026-10-01", "q/": "2026-10-02"}, []string{"y", "x", "y"},
		noon, &full); err != nil {
		t.Fatal(err)
	}
	if err := s.Listings.End(ctx, "other", nil, []string{"z"}, noon, nil); err != nil {
		t.Fatal(err)
	}
	unread, err := s.Listings.Unread(ctx, "l")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "unread", unread, []string{"x", "y"})
	// One that read not all, and was not full: the rest stays as it was.
	if err := s.Listings.End(ctx, "l", map[string]string{"r/": "2026-10-05"}, []string{"w"}, time.Time{}, nil); err != nil {
		t.Fatal(err)
	}
	if unread, err = s.Listings.Unread(ctx, "l"); err != nil || !slices.Equal(unread, []string{"w"}) {
		t.Errorf("unread are %v, %v", unread, err)
	}
	roots, err := s.Listings.Roots(ctx, "l")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the roots", roots, map[string]string{"r/": "2026-10-05", "q/": "2026-10-02"})
	if at, err := s.Listings.LastComplete(ctx, "l"); err != nil || !at.Equal(noon) {
		t.Errorf("listed %s, %v", at, err)
	}
	got, err := s.Listings.LastFull(ctx, "l")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the full listing", got, full)
	if err := s.Listings.End(ctx, "l", nil, nil, noon.Add(time.Hour),
		&FullListing{At: noon.Add(time.Hour), Buckets: []string{"c"}, Reader: 5}); err != nil {
		t.Fatal(err)
	}
	if at, err := s.Listings.LastComplete(ctx, "l"); err != nil || !at.Equal(noon.Add(time.Hour)) {
		t.Errorf("listed %s, %v", at, err)
	}
	if got, err := s.Listings.LastFull(ctx, "l"); err != nil || got.Reader != 5 || !got.At.Equal(noon.Add(time.Hour)) ||
		got.Buckets[0] != "c" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestCompactedFiles: small files of a day give way to one, and stay on disk for a while.
func TestCompactedFiles(t *testing.T) {
	s, ctx := opened(t), t.Context()
	file := func(path, date string, bytes int64) dataset.File {
		return dataset.File{Path: path, Kind: dataset.Access, Bucket: "b", Date: date, Rows: bytes, Bytes: bytes}
	}
	files := []dataset.File{file("1", "2026-10-01", 10), file("2", "2026-10-01", 99), file("3", "2026-10-01", 100),
		file("4", "2026-10-02", 1),
		file("5", "2026-10-03", 1), file("6", "2026-10-03", 1)}
	if err := s.Ledger.Commit(ctx, nil, files, nil, noon); err != nil {
		t.Fatal(err)
	}
	small, err := s.Files.Small(ctx, "2026-10-03", 100, 2)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the small files", small, files[:2])
	one := file("7", "2026-10-01", 109)
	if err := s.Files.Replace(ctx, small, []dataset.File{one}, noon); err != nil {
		t.Fatal(err)
	}
	if err := s.Files.Replace(ctx, small, []dataset.File{file("8", "2026-10-01", 109)}, noon); err == nil {
		t.Error("files are replaced twice")
	}
	got, err := s.Files.Of(ctx, dataset.Access, "b", "2026-10-01", "2026-10-01")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the files", got, []dataset.File{files[2], one})
	for i, want := range []int{7, 5} {
		before := noon.Add(time.Duration(i) * time.Millisecond)
		if err := s.Files.DropRetired(ctx, before); err != nil {
			t.Fatal(err)
		}
		if all, err := s.Files.Paths(ctx); err != nil || len(all) != want {
			t.Errorf("without those that were replaced before %s there are %v, %v", before, all, err)
		}
	}
}

// TestConfigurations: each configuration that a tenant had is noted once, with who changed it
// and when.
func TestConfigurations(t *testing.T) {
	s, ctx := opened(t), t.Context()
	first := Configuration{Tenant: "acme", Fingerprint: "1", Body: []byte("{}"), Seen: noon,
		Modified: noon.Add(-time.Hour), RanBy: "root", Owner: "sam"}
	second := Configuration{Tenant: "acme", Fingerprint: "2", Body: []byte("[]"), Seen: noon.Add(time.Hour), RanBy: "kim"}
	again := first
	again.Seen, again.Modified, again.RanBy, again.Owner = noon.Add(2*time.Hour), noon.Add(2*time.Hour), "x", "y"
	for _, c := range []Configuration{first, again, second} {
		got, err := s.Configurations.Put(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]Configuration{"1": first, "2": second}[c.Fingerprint]; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("noted is %+v, want %+v", got, want)
		}
	}
	if _, err := s.Configurations.Put(ctx, Configuration{Tenant: "lodz", Fingerprint: "9", Seen: noon}); err != nil {
		t.Fatal(err)
	}
	list, err := s.Configurations.Of(ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the configurations", list, []Configuration{first, second})
	for _, c := range []struct {
		c       Configuration
		by      string
		changed time.Time
	}{{first, "sam", noon.Add(-time.Hour)}, {second, "kim", noon.Add(time.Hour)}, {again, "y", noon.Add(2 * time.Hour)},
		{Configuration{Seen: noon, Modified: noon.Add(time.Hour)}, "", noon}} { // a file from the future
		if c.c.By() != c.by || !c.c.Changed().Equal(c.changed) {
			t.Errorf("%+v was changed by %q %s", c.c, c.c.By(), c.c.Changed())
		}
	}
	if body, err := s.Configurations.Body(ctx, "acme", "2"); err != nil || string(body) != "[]" {
		t.Errorf("%s, %v", body, err)
	}
	if body, err := s.Configurations.Body(ctx, "lodz", "2"); err != nil || body != nil {
		t.Errorf("of another tenant: %s, %v", body, err)
	}
}
