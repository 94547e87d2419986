package state

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/dataset"
)

var at = time.Date(2026, 11, 1, 6, 30, 0, 0, time.UTC)

func open(t *testing.T, path string) *State {
	t.Helper()
	s, err := Open(t.Context(), path)
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

// day is what the check said about a date: pairs of subject and count.
func day(date string, rows ...any) CheckDay {
	d := CheckDay{Tenant: "acme", Check: "unapproved-prefix", Bucket: "b", Date: date}
	for i := 0; i < len(rows); i += 2 {
		d.Rows = append(d.Rows, CheckRow{Subject: rows[i].(string),
			FindingDay: FindingDay{Date: date, Severity: "high", Count: int64(rows[i+1].(int)), First: at,
				Last: at.Add(time.Hour), Samples: []string{"o:1"}}})
	}
	return d
}

func (s *State) put(t *testing.T, days ...CheckDay) string {
	t.Helper()
	changes, err := s.Findings.PutCheckDays(t.Context(), days, at)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, c := range changes {
		kinds = append(kinds, c.Kind)
	}
	return strings.Join(kinds, ",")
}

func (s *State) only(t *testing.T) Finding {
	t.Helper()
	all, err := s.Findings.Of(t.Context(), "acme")
	if err != nil || len(all) != 1 {
		t.Fatalf("%d findings, %v", len(all), err)
	}
	f, err := s.Findings.ByID(t.Context(), all[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestLifeOfAFinding(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "state.db"))
	if got := s.put(t, day("2026-10-01", "finance/", 5)); got != "opened" {
		t.Errorf("first seen: %s", got)
	}
	if got := s.put(t, day("2026-10-01", "finance/", 7), day("2026-10-02", "finance/", 1)); got != "," {
		t.Errorf("seen again: %q", got)
	}
	f := s.only(t)
	if f.Count != 8 || len(f.Days) != 2 || f.Status != StatusOpen || f.Due != "2026-10-05" || len(f.Events) != 1 ||
		f.Days[0].Samples[0] != "o:1" {
		t.Errorf("%+v", f)
	}
	if got := s.put(t, day("2026-10-01"), day("2026-10-02")); got != ",resolved" {
		t.Errorf("gone: %q", got)
	}
	if f := s.only(t); f.Status != StatusResolved || f.Count != 0 || f.Resolution == "" {
		t.Errorf("%+v", f)
	}
	if got := s.put(t, day("2026-10-09", "finance/", 2)); got != "reopened" {
		t.Errorf("back: %q", got)
	}
	if got := s.put(t, day("2026-10-09", "finance/", 2)); got != "" {
		t.Errorf("checked again: %q", got)
	}
	if f := s.only(t); f.Status != StatusOpen || f.Count != 2 || f.Due != "2026-10-13" || len(f.Events) != 3 {
		t.Errorf("%+v", f)
	}
}

func TestFindingsOfAPeriod(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "state.db"))
	s.put(t, day("2026-09-30", "x/", 100), day("2026-10-01", "x/", 5), day("2026-10-31", "x/", 6, "y/", 1), day("2026-11-01", "x/", 1000))
	got, err := s.Findings.Between(t.Context(), "acme", "2026-10-01", "2026-10-31")
	if err != nil || len(got) != 2 || got[0].Subject != "x/" || got[0].Count != 11 || got[1].Count != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if other, err := s.Findings.Between(t.Context(), "beta", "2026-10-01", "2026-10-31"); err != nil || len(other) != 0 {
		t.Errorf("another tenant sees %+v, %v", other, err)
	}
}

func TestUnknownFinding(t *testing.T) {
	if _, err := open(t, filepath.Join(t.TempDir(), "state.db")).Findings.ByID(t.Context(), "none"); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("got %v", err)
	}
}

// A commit is whole or nothing: an object that is in already spoils all of it.
func TestCommitIsWhole(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "state.db"))
	o := LogObject{Location: "l", Key: "k", ETag: "e", Size: 1, Kind: KindLog, Took: []string{"b"},
		Buckets: map[string]ObjectCount{"b": {Records: 1}}}
	if err := s.Ledger.Commit(t.Context(), []LogObject{o}, nil, nil, at); err != nil {
		t.Fatal(err)
	}
	file := dataset.File{Kind: dataset.Access, Path: "p", Bucket: "b", Date: "2026-10-01", Rows: 1}
	if err := s.Ledger.Commit(t.Context(), []LogObject{o}, []dataset.File{file}, nil, at); err == nil {
		t.Error("the same object was taken twice")
	}
	if files, err := s.Files.Paths(t.Context()); err != nil || len(files) != 0 {
		t.Errorf("files of a failed commit are known: %v, %v", files, err)
	}
}

func TestReopensAndRefusesANewerFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a folder?", "state.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.Ledger.NextBatch(t.Context()); err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.Ledger.NextBatch(t.Context()); err != nil || n != 2 {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := s.db.Exec("PRAGMA user_version = 999"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "run the newer bucketproof") {
		t.Errorf("got %v", err)
	}
}
