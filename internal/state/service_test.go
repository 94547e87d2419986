package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/dataset"
)

var noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

func opened(t *testing.T) *State {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "state.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Notes.Put(t.Context(), "a", "b"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if st, err := os.Stat(name); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want mode 0600", name, st.Mode(), err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestBackup: a copy is a state of its own, nobody else may read it, and it
// replaces nothing.
func TestBackup(t *testing.T) {
	s := opened(t)
	if err := s.Notes.Put(t.Context(), "who", "me"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := s.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v", st.Mode(), err)
	}
	if err := s.Backup(t.Context(), path); !errors.Is(err, os.ErrExist) {
		t.Errorf("over a file that is there: %v", err)
	}
	other, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := other.Notes.Get(t.Context(), "who"); err != nil || v != "me" {
		t.Errorf("the copy says %q, %v", v, err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestAnnounce: a packet is announced once, however often that is tried.
func TestAnnounce(t *testing.T) {
	s := opened(t)
	p := Published{Tenant: "acme", Month: "2026-10", Revision: 1, At: noon}
	for range 3 {
		if err := s.Packets.Announce(t.Context(), p, []Mail{{Email: "dana@acme.example", MessageID: "x"}},
			[]Message{{Kind: AttachPacket, Subject: "acme/2026-10", Payload: json.RawMessage("{}")}}, noon); err != nil {
			t.Fatal(err)
		}
	}
	mails, err := s.Mails.Waiting(t.Context())
	messages, merr := s.Outbox.Waiting(t.Context())
	if err != nil || merr != nil || len(mails) != 1 || len(messages) != 1 {
		t.Errorf("%d mails, %d messages (%v, %v); want one of each", len(mails), len(messages), err, merr)
	}
}

// TestOutboxOrder: messages about one finding go out in their order, and do not
// hold up those about another.
func TestOutboxOrder(t *testing.T) {
	s := opened(t)
	for _, m := range []Message{{Kind: TicketOpen, Subject: "a"}, {Kind: TicketComment, Subject: "a"}, {Kind: TicketOpen, Subject: "b"}} {
		m.Payload = json.RawMessage("{}")
		if err := s.Outbox.Queue(t.Context(), []Message{m}, noon); err != nil {
			t.Fatal(err)
		}
	}
	waiting, err := s.Outbox.Waiting(t.Context())
	if err != nil || len(waiting) != 2 || waiting[0].Kind != TicketOpen || waiting[1].Subject != "b" {
		t.Fatalf("%+v, %v", waiting, err)
	}
	first := waiting[0]
	first.Status, first.Ended = MailSent, noon
	if err := s.Outbox.Update(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	waiting, err = s.Outbox.Waiting(t.Context())
	if err != nil || len(waiting) != 2 || waiting[0].Kind != TicketComment && waiting[1].Kind != TicketComment {
		t.Errorf("behind the first: %+v, %v", waiting, err)
	}
}

// TestFindingNews: each event of a finding is told once, from the first look on.
func TestFindingNews(t *testing.T) {
	s := opened(t)
	day := func(date, severity string, count int64) {
		t.Helper()
		at, err := time.Parse(time.DateOnly, date)
		if err != nil {
			t.Fatal(err)
		}
		row := CheckRow{Subject: "x", FindingDay: FindingDay{Date: date, Severity: severity, Count: count, First: at, Last: at}}
		if _, err := s.Findings.PutCheckDays(t.Context(),
			[]CheckDay{{Tenant: "acme", Check: "c", Bucket: "b", Date: date, Rows: []CheckRow{row}}}, noon); err != nil {
			t.Fatal(err)
		}
	}
	var kinds []string
	tell := func(fail error) error {
		kinds = nil
		return s.Outbox.TellFindings(t.Context(), noon, func(n FindingNews) ([]Message, error) {
			kinds = append(kinds, n.Kind+" "+n.Finding.Severity)
			return []Message{{Kind: TicketOpen, Subject: n.Finding.ID, Payload: json.RawMessage("{}")}}, fail
		})
	}
	want := func(what string, list ...string) {
		t.Helper()
		if len(kinds) != len(list) || len(list) > 0 && kinds[0] != list[0] {
			t.Errorf("%s: %v, want %v", what, kinds, list)
		}
	}
	day("2026-10-01", "low", 1)
	if err := tell(nil); err != nil {
		t.Fatal(err)
	}
	want("what was there before the first look")
	day("2026-10-02", "high", 1)
	if err := tell(errors.New("no")); err == nil {
		t.Error("an error of choose was swallowed")
	}
	if err := tell(nil); err != nil {
		t.Fatal(err)
	}
	want("a finding that became graver", "raised high")
	if err := tell(nil); err != nil {
		t.Fatal(err)
	}
	want("a second look")
	if err := s.Findings.Triage(t.Context(), FindingID("c", "acme", "b", "x"),
		Triage{Actor: "Kim", Resolve: true, Cause: "a", Resolution: "b"}, noon); err != nil {
		t.Fatal(err)
	}
	if err := tell(nil); err != nil {
		t.Fatal(err)
	}
	want("a finding that was closed", "resolved high")
	messages, err := s.Outbox.Newest(t.Context(), 10)
	if err != nil || len(messages) != 2 {
		t.Errorf("%d messages are queued (%v); want 2", len(messages), err)
	}
}

// TestLinkUse: a link gives out as many files as it may, whoever asks at once.
func TestLinkUse(t *testing.T) {
	s := opened(t)
	token := [32]byte{1}
	l := Link{ID: "abc", Tenant: "acme", Month: "2026-10", Revision: 1, Created: noon, Ends: noon.Add(time.Hour), MaxDownloads: 5}
	if err := s.Links.Put(t.Context(), token, l); err != nil {
		t.Fatal(err)
	}
	results := make(chan error, 20)
	for i := range cap(results) {
		go func() {
			results <- s.Links.Use(context.Background(), LinkUse{Link: l, At: noon, Address: "192.0.2.1", File: fmt.Sprintf("%d.csv", i)})
		}()
	}
	given := 0
	for range cap(results) {
		if err := <-results; err == nil {
			given++
		} else if !errors.Is(err, ErrNoLink) {
			t.Error(err)
		}
	}
	if given != 5 {
		t.Errorf("%d files were given out; want 5", given)
	}
	// Who looks at the page again and again is noted once an hour and address, and no more
	// often than so many times a day.
	for i := range 500 {
		u := LinkUse{Link: l, At: noon.Add(time.Duration(i) * time.Second), Address: "192.0.2.2"}
		if i >= 100 {
			u.Address = fmt.Sprintf("192.0.3.%d", i%250)
		}
		if err := s.Links.Use(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Links.Use(t.Context(), LinkUse{Link: l, At: noon.Add(2 * time.Hour)}); !errors.Is(err, ErrNoLink) {
		t.Errorf("past its end: %v", err)
	}
	if _, err := s.Links.ByToken(t.Context(), [32]byte{2}); !errors.Is(err, ErrNoLink) {
		t.Errorf("another token: %v", err)
	}
	uses, err := s.Links.Uses(t.Context(), "acme", noon.Add(-time.Hour), noon.Add(time.Hour))
	if err != nil || len(uses) != 5+mostUses || uses[0].Address != "192.0.2.1" {
		t.Errorf("%d uses (%v); want %d", len(uses), err, 5+mostUses)
	}
}

// TestFileCountsOnceADay: what is fetched again counts on the next day (UTC) only, and is
// noted once for each address and hour.
func TestFileCountsOnceADay(t *testing.T) {
	s := opened(t)
	token := [32]byte{1}
	late := time.Date(2026, 11, 3, 23, 50, 0, 0, time.UTC)
	l := Link{ID: "abc", Tenant: "acme", Month: "2026-10", Revision: 1, Created: noon, Ends: noon.AddDate(0, 0, 9), MaxDownloads: 3}
	if err := s.Links.Put(t.Context(), token, l); err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		file, address   string
		at              time.Time
		downloads, uses int
		err             error
	}{
		{"packet.pdf", "192.0.2.1", noon, 1, 1, nil},
		{"packet.pdf", "192.0.2.1", noon.Add(59 * time.Minute), 1, 1, nil},
		{"packet.pdf", "192.0.2.1", noon.Add(time.Hour), 1, 2, nil},
		{"packet.pdf", "192.0.2.2", noon.Add(time.Hour), 1, 3, nil},
		{"sources.csv", "192.0.2.1", late, 2, 4, nil},
		{"sources.csv", "192.0.2.1", late.Add(20 * time.Minute), 3, 5, nil}, // another day, though the same hour
		{"sources.csv", "192.0.2.1", late.Add(30 * time.Minute), 3, 5, nil},
		{"packet.pdf", "192.0.2.1", late.Add(30 * time.Minute), 3, 5, ErrNoLink},
	} {
		use := LinkUse{Link: l, At: step.at, Address: step.address, File: step.file}
		if err := s.Links.Use(t.Context(), use); !errors.Is(err, step.err) {
			t.Errorf("step %d: %v; want %v", i, err, step.err)
		}
		got, err := s.Links.ByToken(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		uses, err := s.Links.Uses(t.Context(), "acme", noon, l.Ends)
		if err != nil || got.Downloads != step.downloads || len(uses) != step.uses {
			t.Errorf("step %d: %d downloads and %d uses (%v); want %d and %d", i, got.Downloads, len(uses), err, step.downloads, step.uses)
		}
	}
	for i := range 2 * mostUses {
		u := LinkUse{Link: l, At: late.Add(time.Hour), Address: fmt.Sprintf("192.0.3.%d", i), File: "sources.csv"}
		if err := s.Links.Use(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	if uses, err := s.Links.Uses(t.Context(), "acme", late.Add(10*time.Minute), l.Ends); err != nil || len(uses) != mostUses {
		t.Errorf("%d uses of a file in a day (%v); want %d", len(uses), err, mostUses)
	}
}

// TestRetire takes old partitions out, and remembers up to when.
func TestRetire(t *testing.T) {
	s := opened(t)
	files := []dataset.File{{Path: "a", Kind: "access", Bucket: "b", Date: "2026-01-31", Rows: 1},
		{Path: "c", Kind: "access", Bucket: "b", Date: "2026-02-01", Rows: 1}}
	if err := s.Ledger.Commit(t.Context(), nil, files, nil, noon); err != nil {
		t.Fatal(err)
	}
	if months, err := s.Files.Months(t.Context(), "b", "2026-02-01"); err != nil || len(months) != 1 || months[0] != "2026-01" {
		t.Errorf("%v, %v", months, err)
	}
	if n, err := s.Files.RetireBefore(t.Context(), "2026-02-01", noon); err != nil || n != 1 {
		t.Errorf("%d files, %v; want 1", n, err)
	}
	if before, err := s.Files.RetiredBefore(t.Context()); err != nil || before != "2026-02-01" {
		t.Errorf("%q, %v", before, err)
	}
	left, err := s.Files.Of(t.Context(), "access", "b", "2026-01-01", "2026-12-31")
	if err != nil || len(left) != 1 || left[0].Path != "c" {
		t.Errorf("%v, %v", left, err)
	}
}

// TestDropRuns keeps the last good run of each job and tenant.
func TestDropRuns(t *testing.T) {
	s := opened(t)
	for i, outcome := range []string{"done", "failed", "failed", "done"} {
		r := Run{Job: "collect", Tenant: map[bool]string{true: "acme", false: "lodz"}[i < 3], Scheduled: noon}
		id, err := s.Runs.Start(t.Context(), r, noon)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Runs.End(t.Context(), Run{ID: id, Outcome: outcome}, noon); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.Runs.Streak(t.Context(), "collect", "acme", 0); err != nil || n != 2 {
		t.Errorf("%d failures in a row, %v; want 2", n, err)
	}
	// Interrupted runs count beyond the free ones, and not those asked for by hand.
	for _, r := range []Run{{Job: "check", Scheduled: noon}, {Job: "check", Scheduled: noon}, {Job: "check"}} {
		if _, err := s.Runs.Start(t.Context(), r, noon); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Runs.CloseScheduled(t.Context(), noon); err != nil {
		t.Fatal(err)
	}
	for free, want := range []int{2, 1, 0, 0} {
		if n, err := s.Runs.Streak(t.Context(), "check", "", free); err != nil || n != want {
			t.Errorf("%d failures in a row with %d free, %v; want %d", n, free, err, want)
		}
	}
	if n, err := s.Runs.DropBefore(t.Context(), noon.Add(time.Hour)); err != nil || n != 4 {
		t.Errorf("%d runs went, %v; want 2", n, err)
	}
}

// TestLatestPublished: what is told of the latest packet is its own, also where clocks were
// set back between two.
func TestLatestPublished(t *testing.T) {
	s := opened(t)
	at := time.Date(2026, 11, 3, 7, 0, 0, 0, time.UTC)
	for _, p := range []Published{{Tenant: "a", Month: "2026-10", Revision: 1, At: at.Add(2 * time.Hour), Provisional: true},
		{Tenant: "a", Month: "2026-10", Revision: 2, At: at.Add(time.Hour)},
		{Tenant: "a", Month: "2026-09", Revision: 1, At: at}, {Tenant: "b", Month: "2026-10", Revision: 7, At: at}} {
		if err := s.Packets.Put(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Packets.Latest(t.Context(), "a")
	if err != nil || len(got) != 2 || got[0].Month != "2026-09" || got[1].Revision != 2 || got[1].Provisional ||
		!got[1].At.Equal(at.Add(2*time.Hour)) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestSourcesOfABucket: where many buckets log into one place, the sources of one are the log
// objects that hold something of it or that may, and not those of all.
func TestSourcesOfABucket(t *testing.T) {
	s := opened(t)
	at := time.Date(2026, 10, 7, 0, 0, 0, 0, time.UTC)
	object := func(key, kind string, held map[string]ObjectCount) LogObject {
		return LogObject{Location: "file:logs", Key: key, ETag: "e", Size: 1, Source: "file:logs/" + key, SHA256: key,
			Delivered: at, Kind: kind, Buckets: held}
	}
	one := ObjectCount{Records: 1, First: at, Last: at}
	list := []LogObject{object("own", KindLog, map[string]ObjectCount{"a": one}),
		object("other", KindLog, map[string]ObjectCount{"b": one}),
		object("both", KindLog, map[string]ObjectCount{"a": one, "b": one}),
		object("unread", KindLog, map[string]ObjectCount{"": {Rejected: 3}}), object("empty", KindEmpty, nil)}
	if err := s.Ledger.Commit(t.Context(), list, nil, nil, at); err != nil {
		t.Fatal(err)
	}
	got, err := s.Ledger.Sources(t.Context(), "file:logs", "a", at.Add(-time.Hour), at.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, x := range got {
		keys = append(keys, x.Key)
	}
	if want := "both empty own unread"; strings.Join(keys, " ") != want {
		t.Errorf("the sources are %q, want %q", keys, want)
	}
}

// TestRevokedLink: a link that was taken back opens nothing, whoever asks how, until it is
// renewed.
func TestRevokedLink(t *testing.T) {
	s := opened(t)
	token := [32]byte{1}
	l := Link{ID: "abc", Tenant: "acme", Month: "2026-10", Revision: 1, Created: noon, Ends: noon.Add(time.Hour), MaxDownloads: 1}
	if err := s.Links.Put(t.Context(), token, l); err != nil {
		t.Fatal(err)
	}
	works := func(what string, at time.Time, want bool) {
		t.Helper()
		for name, found := range map[string]func() (Link, error){
			"by its token": func() (Link, error) { return s.Links.ByToken(t.Context(), token) },
			"by its id":    func() (Link, error) { return s.Links.ByID(t.Context(), "abc") },
		} {
			got, err := found()
			if err != nil || got.Works(at) != want {
				t.Errorf("%s, found %s: works %t, %v; want %t", what, name, got.Works(at), err, want)
			}
		}
		if err := s.Links.Use(t.Context(), LinkUse{Link: l, At: at}); (err == nil) != want {
			t.Errorf("%s: the page answers %v", what, err)
		}
	}
	works("fresh", noon, true)
	works("at its end", noon.Add(time.Hour), false)
	if err := s.Links.Use(t.Context(), LinkUse{Link: l, At: noon, File: "packet.pdf"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Links.Revoke(t.Context(), "abc", noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := s.Links.Revoke(t.Context(), "abc", noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	works("revoked", noon.Add(time.Minute), false)
	if got, err := s.Links.ByID(t.Context(), "abc"); err != nil || !got.Revoked.Equal(noon.Add(time.Minute)) || got.Downloads != 1 {
		t.Errorf("%+v, %v; want that it was revoked once, with one download", got, err)
	}
	if err := s.Links.Renew(t.Context(), "abc", noon.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	works("renewed", noon.Add(time.Hour), true)
	if err := s.Links.Use(t.Context(), LinkUse{Link: l, At: noon.Add(time.Hour), File: "another.csv"}); err != nil {
		t.Errorf("a renewed link has its downloads anew: %v", err)
	}
	if _, err := s.Links.ByID(t.Context(), "no"); !errors.Is(err, ErrNoLink) {
		t.Errorf("another id: %v", err)
	}
}

// TestLate: what was collected behind a packet makes it incomplete where it has records, or
// lines that can't be read, of its days.
func TestLate(t *testing.T) {
	s := opened(t)
	from := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	to := from.AddDate(0, 1, 0)
	put := func(name string, c ObjectCount, delivered, collected time.Time) {
		t.Helper()
		o := LogObject{Location: "s3://l/", Key: name, Source: "s3://l/" + name, Kind: KindLog, Delivered: delivered, Modified: delivered,
			Buckets: map[string]ObjectCount{"b": c}}
		if err := s.Ledger.Commit(t.Context(), []LogObject{o}, nil, nil, collected); err != nil {
			t.Fatal(err)
		}
	}
	in := ObjectCount{Records: 3, First: from, Last: from.Add(time.Hour)}
	put("before the packet", in, from, noon)
	put("late", in, from, noon.Add(time.Millisecond))
	put("late, and not one line can be read", ObjectCount{Rejected: 2}, to.Add(-time.Millisecond), noon.Add(time.Hour))
	put("late, of duplicates", ObjectCount{Duplicates: 9}, from, noon.Add(time.Hour))
	put("late, of the month before", ObjectCount{Records: 1, First: from.Add(-2 * time.Hour), Last: from.Add(-time.Millisecond)}, from,
		noon.Add(time.Hour))
	put("late, of the month behind", ObjectCount{Records: 1, First: to, Last: to}, to, noon.Add(time.Hour))
	objects, lines, err := s.Ledger.Late(t.Context(), "s3://l/", "b", from, to, noon)
	if err != nil || objects != 2 || lines != 5 {
		t.Errorf("%d objects, %d lines, %v; want 2 and 5", objects, lines, err)
	}
	for _, other := range [][2]string{{"s3://l/", "c"}, {"s3://m/", "b"}} {
		if objects, _, err := s.Ledger.Late(t.Context(), other[0], other[1], from, to, noon); err != nil || objects != 0 {
			t.Errorf("%v: %d objects, %v", other, objects, err)
		}
	}
}
