package state

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/reason"
)

// What people do with a finding is kept with who and when; one that comes back
// or grows opens again without its old words, and a suppression says nothing
// false about one that is there.
func TestTriage(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	at := time.Date(2026, 10, 8, 7, 0, 0, 0, time.UTC)
	row := func(count int64) CheckRow {
		return CheckRow{Subject: "finance/",
			FindingDay: FindingDay{Severity: "high", Count: count, First: at, Last: at, Who: []string{"eve"},
				Expected: reason.Sentence("none")}}
	}
	put := func(date string, suppressed bool, rows ...CheckRow) {
		t.Helper()
		d := CheckDay{Tenant: "acme", Check: "c", Bucket: "b", Date: date}
		for _, r := range rows {
			if suppressed {
				d.Suppressed = append(d.Suppressed, SuppressedRow{CheckRow: r, Reason: "x", Until: "2026-12-31"})
			} else {
				d.Rows = append(d.Rows, r)
			}
		}
		if _, err := s.Findings.PutCheckDays(t.Context(), []CheckDay{d}, at); err != nil {
			t.Fatal(err)
		}
	}
	id := FindingID("c", "acme", "b", "finance/")
	show := func() string {
		t.Helper()
		f, err := s.Findings.ByID(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		var events []string
		for _, e := range f.Events {
			events = append(events, strings.TrimSpace(e.Actor+" "+e.Kind))
		}
		return fmt.Sprintf("%s owner=%s due=%s cause=%s count=%d: %s", f.Status, f.Owner, f.Due, f.Cause, f.Count,
			strings.Join(events, ", "))
	}
	triage := func(x Triage) {
		t.Helper()
		if err := s.Findings.Triage(t.Context(), id, x, at); err != nil {
			t.Fatal(err)
		}
	}
	want := func(text string) {
		t.Helper()
		if got := show(); got != text {
			t.Errorf("got  %s\nwant %s", got, text)
		}
	}
	put("2026-10-07", false, row(3))
	want("open owner= due=2026-10-11 cause= count=3: opened")
	triage(Triage{Actor: "Ann", Owner: "Sam", Due: "2026-10-20"})
	triage(Triage{Actor: "Ann", Owner: "Sam"}) // nothing new
	triage(Triage{Actor: "Sam", Note: "looking"})
	want("investigating owner=Sam due=2026-10-20 cause= count=3: opened, Ann assigned, Sam noted")
	triage(Triage{Actor: "Sam", Resolve: true, Cause: "test", Resolution: "told them"})
	put("2026-10-07", false, row(3)) // checked again: nothing new
	want("resolved owner=Sam due=2026-10-20 cause=test count=3: opened, Ann assigned, Sam noted, Sam resolved")
	put("2026-10-07", false, row(5)) // late records
	want("open owner=Sam due=2026-10-11 cause= count=5: opened, Ann assigned, Sam noted, Sam resolved, reopened")
	put("2026-10-07", true, row(5)) // a suppression is a change of the configuration
	want("open owner=Sam due=2026-10-11 cause= count=5: opened, Ann assigned, Sam noted, Sam resolved, reopened, withdrawn")
	put("2026-10-08", true, row(7))
	quiet, err := s.Findings.Suppressed(t.Context(), "acme", "2026-10-07", "2026-10-08")
	if err != nil || len(quiet) != 1 || quiet[0].Count != 7 || quiet[0].Severity != "high" {
		t.Errorf("%+v, %v", quiet, err)
	}
	put("2026-10-08", true) // it was late records of another tenant
	if quiet, err = s.Findings.Suppressed(t.Context(), "acme", "2026-10-07", "2026-10-08"); err != nil || len(quiet) != 0 {
		t.Errorf("%+v, %v", quiet, err)
	}
	put("2026-10-07", false)
	want("resolved owner=Sam due=2026-10-11 cause= count=5: opened, Ann assigned, Sam noted, Sam resolved, " +
		"reopened, withdrawn, withdrawn, resolved")
	for beginning, ok := range map[string]bool{id[:4]: true, "": false, "zz": false} {
		got, err := s.Findings.CompleteID(t.Context(), beginning)
		if (got == id) != ok || errors.Is(err, ErrNoFinding) == ok {
			t.Errorf("%q is %q, %v", beginning, got, err)
		}
	}
}
