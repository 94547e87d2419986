package analyze

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"bucketproof/internal/reason"
	"bucketproof/internal/state"
)

// The log objects behind the records stand among the sources, also those of a place
// that the configuration has left.
func TestSourcesOfAPlaceThatWasLeft(t *testing.T) {
	f := newFixture(t, oneTenant)
	f.hum("2026-10-05T00:00:00Z", "2026-10-06T00:00:00Z")
	f.store("file:logs")
	f.configure(oneTenant, `logs = "file:logs"`, `logs = "file:moved"`)
	f.hum("2026-10-06T00:00:00Z", "2026-10-07T00:00:00Z")
	f.store("file:moved")
	f.hum("2026-10-06T00:00:00Z", "2026-10-07T00:00:00Z", "bucket=another")
	f.store("file:elsewhere")
	var got []string
	for _, s := range f.open("acme", "2026-10-01", "2026-10-31").Sources {
		got = append(got, fmt.Sprintf("%s %s %d", s.Location, s.Key, s.Records))
	}
	same(t, "sources", got, []string{"file:logs object-1 24", "file:moved object-2 24"})
}

// A bucket that left the configuration is missed in the months that had it.
func TestLeftBuckets(t *testing.T) {
	const two = oneTenant + `
[[tenant.bucket]]
name = "acme-archive"
logs = "file:logs"
prefixes = [""]
`
	at := func(month, day int) time.Time { return time.Date(2026, time.Month(month), day, 6, 30, 0, 0, time.UTC) }
	type run struct {
		text string
		at   time.Time
	}
	for name, test := range map[string]struct {
		runs []run
		want map[string][]string // by month
	}{
		"it left in October": {[]run{{two, at(9, 1)}, {two, at(10, 12)}, {oneTenant, at(10, 13)}, {oneTenant, at(11, 3)}},
			map[string][]string{"2026-08": nil, "2026-09": {"acme-archive 2026-10-13"},
				"2026-10": {"acme-archive 2026-10-13"}, "2026-11": nil}},
		"it left and came back": {[]run{{two, at(9, 1)}, {oneTenant, at(10, 13)}, {two, at(10, 20)}}, map[string][]string{"2026-10": nil}},
		"it came and left": {[]run{{oneTenant, at(9, 1)}, {two, at(10, 13)}, {oneTenant, at(11, 2)}},
			map[string][]string{"2026-09": nil, "2026-10": {"acme-archive 2026-11-02"},
				"2026-11": {"acme-archive 2026-11-02"}, "2026-12": nil}},
		"it is there": {[]run{{two, at(9, 1)}}, map[string][]string{"2026-10": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, oneTenant)
			for _, r := range test.runs {
				f.configure(r.text)
				if _, err := NoteConfiguration(t.Context(), f.data, f.data.Config.Tenants[0], r.at); err != nil {
					t.Fatal(err)
				}
			}
			for month, want := range test.want {
				v := f.open("acme", month+"-01", month+"-28")
				left, err := v.Left(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, l := range left {
					got = append(got, l.Bucket+" "+l.At.Format(time.DateOnly))
				}
				same(t, month, got, want)
			}
		})
	}
}

// A bucket of which checks have looked at days of the month is missed in it, whenever its
// configuration was first noted.
func TestLeftBucketThatWasChecked(t *testing.T) {
	f := newFixture(t, oneTenant)
	f.hum("2026-10-05T00:00:00Z", "2026-10-07T00:00:00Z")
	f.store("file:logs")
	f.check("2026-10-06", "2026-10-06") // in November
	f.configure(oneTenant, `name = "acme-backups"`, `name = "acme-other"`)
	for month, want := range map[string]int{"2026-09": 0, "2026-10": 1} {
		left, err := f.open("acme", month+"-01", month+"-28").Left(t.Context())
		if err != nil || len(left) != want {
			t.Errorf("%s: %v, %v", month, left, err)
		}
	}
}

// A day for which a check lacked the log is told once the log is there and nothing has
// looked again.
func TestUnchecked(t *testing.T) {
	f := newFixture(t, oneTenant)
	f.hum("2026-09-29T00:00:00Z", "2026-10-10T00:00:00Z")
	f.hum("2026-10-12T00:00:00Z", "2026-10-16T00:00:00Z")
	f.store("file:logs")
	unchecked := func() (out []string) {
		t.Helper()
		days, err := Unchecked(t.Context(), f.data, f.data.Config.Tenants[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range days {
			if d.Check == "unapproved-prefix" || d.Check == "backup-missed" {
				out = append(out, d.Check+" "+d.Date)
			}
		}
		return out
	}
	f.check("2026-10-09", "2026-10-13") // at noon of 3 November
	same(t, "while the log is missing", unchecked(), nil)
	f.asSentences("2026-10-11", "2026-10-12")
	f.hum("2026-10-10T00:00:00Z", "2026-10-12T00:00:00Z")
	f.storeAt("file:logs", noon.Add(time.Hour))
	same(t, "once the log is there", unchecked(),
		[]string{"backup-missed 2026-10-09", "backup-missed 2026-10-10", "backup-missed 2026-10-11",
			"unapproved-prefix 2026-10-10", "unapproved-prefix 2026-10-11", "unapproved-prefix 2026-10-12"})
	f.check("2026-10-09", "2026-10-13")
	same(t, "once it was checked again", unchecked(), nil)
}

// asSentences stores of some days why checks could not look as earlier versions did.
func (f *fixture) asSentences(dates ...string) {
	f.t.Helper()
	silences, err := f.data.State.CheckDays.Silences(f.t.Context(), "acme")
	if err != nil {
		f.t.Fatal(err)
	}
	var days []state.CheckDay
	for _, s := range silences {
		if slices.Contains(dates, s.Date) {
			days = append(days, state.CheckDay{Tenant: "acme", Check: s.Check, Bucket: s.Bucket, Date: s.Date,
				NotEvaluated: reason.Sentence(s.Reason.String())})
		}
	}
	if _, err := f.data.State.Findings.PutCheckDays(f.t.Context(), days, noon); err != nil || len(days) == 0 {
		f.t.Fatalf("%d days: %v", len(days), err)
	}
}
