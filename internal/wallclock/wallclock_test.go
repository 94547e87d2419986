package wallclock

import (
	"testing"
	"time"
)

// skipped are dates whose midnight no clock shows.
var skipped = []struct{ zone, date string }{
	{"America/Santiago", "2026-09-06"}, {"Africa/Cairo", "2026-04-24"}, {"Atlantic/Azores", "2026-03-29"},
	{"Asia/Beirut", "2026-03-29"}, {"America/Havana", "2026-03-08"},
}

// TestDay: each hour of the days around a skipped midnight has the day before it that a
// calendar has.
func TestDay(t *testing.T) {
	for _, s := range skipped {
		loc, err := time.LoadLocation(s.zone)
		if err != nil {
			t.Fatal(err)
		}
		d, err := time.Parse(time.DateOnly, s.date)
		if err != nil {
			t.Fatal(err)
		}
		for at := d.AddDate(0, 0, -2); at.Before(d.AddDate(0, 0, 3)); at = at.Add(15 * time.Minute) {
			shown, err := time.Parse(time.DateOnly, at.In(loc).Format(time.DateOnly))
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{-2, -1, 0, 1} {
				if got, want := Day(loc, at, n), shown.AddDate(0, 0, n).Format(time.DateOnly); got != want {
					t.Errorf("%s, %s: %d days on it is %s, want %s", s.zone, at.In(loc), n, got, want)
				}
			}
		}
	}
}

// TestInstant: midnight is the first moment of its date, also where clocks skip it.
func TestInstant(t *testing.T) {
	for _, s := range skipped {
		loc, err := time.LoadLocation(s.zone)
		if err != nil {
			t.Fatal(err)
		}
		d, err := time.Parse(time.DateOnly, s.date)
		if err != nil {
			t.Fatal(err)
		}
		at := Instant(loc, d, 0)
		if at.In(loc).Format(time.DateOnly) != s.date ||
			at.Add(-time.Second).In(loc).Format(time.DateOnly) == s.date || !Skips(loc, d, 0) || Skips(loc, d, 12*60) {
			t.Errorf("%s: the day begins at %s", s.zone, at.In(loc))
		}
	}
}
