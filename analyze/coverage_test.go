package analyze

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/reason"
	"bucketproof/internal/state"
)

// logOf puts records into quarters of an hour. Known tells which of them are of a
// principal of the mapping; nil for all.
func logOf(times []time.Time, known func(time.Time) bool) []slot {
	var slots []slot
	for _, at := range times {
		if n := len(slots); n == 0 || quarter(slots[n-1].first) != quarter(at) {
			slots = append(slots, slot{first: at})
		}
		s := &slots[len(slots)-1]
		s.last, s.records = at, s.records+1
		if known == nil || known(at) {
			if s.known == 0 {
				s.knownFirst = at
			}
			s.knownLast, s.known = at, s.known+1
		}
	}
	return slots
}

// Profiles of traffic, from 1 September to 3 November 2026, UTC. 1 September was a Tuesday.
func traffic(each func(at time.Time) int) []time.Time {
	var out []time.Time
	for at := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC); at.Before(time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)); at = at.Add(time.Hour) {
		n := each(at)
		for i := range n {
			out = append(out, at.Add(time.Duration(i)*time.Hour/time.Duration(n)))
		}
	}
	return out
}

func weekend(at time.Time) bool { return at.Weekday() == time.Saturday || at.Weekday() == time.Sunday }

// monitor is two records an hour and ten at night.
func monitor(at time.Time) int {
	if at.Hour() == 1 {
		return 12
	}
	return 2
}

func busyBucket(time.Time) int { return 32 }

// office is people by day on workdays, and a backup every night.
func office(at time.Time) int {
	switch {
	case at.Hour() == 1:
		return 10
	case !weekend(at) && at.Hour() >= 8 && at.Hour() < 18:
		return 20
	}
	return 0
}

// nightOnly is nothing but a backup each night.
func nightOnly(at time.Time) int {
	if at.Hour() == 1 {
		return 10
	}
	return 0
}

func workdayNights(at time.Time) int {
	if weekend(at) {
		return 0
	}
	return nightOnly(at)
}

func weeklyNight(at time.Time) int {
	if at.Weekday() != time.Saturday {
		return 0
	}
	return nightOnly(at)
}

// jitter is a backup each night that starts within three hours.
func jitter(at time.Time) int {
	if at.Hour() == 1+(at.Day()*7)%3 {
		return 10
	}
	return 0
}

func october(day, from, to int) func(time.Time) bool {
	return func(at time.Time) bool {
		return at.Month() == 10 && (day == 0 || at.Day() == day) && at.Hour() >= from && at.Hour() < to
	}
}

func TestCoverage(t *testing.T) {
	month, err := NewRange(time.UTC, "2026-10-01", "2026-10-31")
	if err != nil {
		t.Fatal(err)
	}
	days := func(first, last int) func(time.Time) bool {
		return func(at time.Time) bool { return at.Month() == 10 && at.Day() >= first && at.Day() <= last }
	}
	all := "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31"
	tests := []struct {
		name string
		each func(time.Time) int
		lost func(time.Time) bool
		want string // dates with a gap
	}{
		{"monitored", monitor, nil, ""},
		{"busy", busyBucket, nil, ""},
		{"office", office, nil, ""},
		{"nothing but the backup", nightOnly, nil, ""},
		{"nothing but the backup, earlier or later", jitter, nil, ""},
		{"nothing but the backup of workdays", workdayNights, nil, ""},
		{"once a week", weeklyNight, nil, "31"}, // behind its last record

		{"monitored, three hours of one day", monitor, october(20, 10, 13), ""},
		{"monitored, 12 hours of one day", monitor, october(20, 8, 20), "20"},
		{"monitored, 17 hours of one day", monitor, october(20, 5, 22), "20"},
		{"monitored, 16 hours of every day", monitor, october(0, 6, 22), "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21"},
		{"monitored, every second hour", monitor, func(at time.Time) bool {
			return october(0, 0, 24)(at) && at.Hour()%2 == 0
		}, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21"},
		{"monitored, a week", monitor, days(10, 16), "10 11 12 13 14 15 16"},
		{"monitored, three weeks", monitor, days(5, 25), "5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25"},
		{"monitored, 19 hours after 15 days", monitor, func(at time.Time) bool { return days(5, 19)(at) || october(24, 3, 22)(at) },
			"5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 24"},
		{"busy, 12 hours of one day", busyBucket, october(20, 8, 20), "20"},
		{"office, all of one workday but an hour", office, october(20, 0, 23), "19 20"},
		{"office, daytime of one workday", office, october(20, 8, 18), "20"},
		{"office, daytime of all workdays", office, october(0, 8, 18), "1 2 5 6 7 8 9 12 13 14 15 16 19 20 21"},
		{"office, every second hour of a workday", office, func(at time.Time) bool {
			return october(20, 8, 18)(at) && at.Hour()%2 == 0
		}, "20"},
		{"nothing but the backup, a night", nightOnly, october(20, 0, 24), "19 20"},
		{"nothing but the backup of workdays, a Wednesday", workdayNights, october(14, 0, 24), "13 14"},
		{"logs begin on the 10th", monitor, func(at time.Time) bool { return at.Month() == 9 || days(1, 9)(at) }, "1 2 3 4 5 6 7 8 9"},
		{"logs end on the 10th", monitor, func(at time.Time) bool { return at.Month() == 11 || days(11, 31)(at) },
			"11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31"},
		{"nothing at all", monitor, func(time.Time) bool { return true }, all},
		{"busy, nine of ten records of a day", func(at time.Time) int {
			if at.Month() == 10 && at.Day() == 20 {
				return 3
			}
			return 32
		}, nil, "20"},
		{"a missed backup of hundreds, monitored", func(at time.Time) int {
			if at.Hour() == 1 && !october(20, 0, 24)(at) {
				return 900
			}
			return 2
		}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var times []time.Time
			for _, at := range traffic(tt.each) {
				if tt.lost == nil || !tt.lost(at) {
					times = append(times, at)
				}
			}
			if got := gapsIn(month, logOf(times, nil)); got != tt.want {
				t.Errorf("gaps on %s, want %s", got, tt.want)
			}
		})
	}
}

func gapsIn(month Range, slots []slot) string {
	c := newCoverage(slots, nil, month.widen(2*historyDays, 1).Days(), time.UTC, nil, reason.Silence{})
	var got []string
	for _, d := range month.Days() {
		if !c.gap(d.Start, d.End, edge, edge).None() {
			got = append(got, strings.TrimPrefix(d.Date[8:], "0"))
		}
	}
	return strings.Join(got, " ")
}

// Strangers who ask all around the clock for a month don't make their end a gap, and
// don't hide that the log was silent before.
func TestStrangersDoNotTellWhatIsUsual(t *testing.T) {
	month, err := NewRange(time.UTC, "2026-10-01", "2026-10-31")
	if err != nil {
		t.Fatal(err)
	}
	times := traffic(func(at time.Time) int {
		if at.Before(time.Date(2026, 10, 10, 0, 0, 0, 0, time.UTC)) && at.Hour() != 1 {
			return 40
		}
		return nightOnly(at)
	})
	known := func(at time.Time) bool { return at.Hour() == 1 }
	if got := gapsIn(month, logOf(times, known)); got != "" {
		t.Errorf("gaps on %s", got)
	}
}

// Of whole days of a bucket whose requests come at random, at any rate, fewer than two in
// 1,000 are taken for ones with a gap.
func TestCoverageErrorRate(t *testing.T) {
	month, err := NewRange(time.UTC, "2026-10-01", "2026-10-31")
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(18, 1))
	months := 60
	if testing.Short() {
		months = 6
	}
	for _, perDay := range []float64{6, 12, 24, 48, 200, 800} {
		wrong := 0
		for range months {
			var times []time.Time
			at := time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
			for at.Before(time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC)) {
				at = at.Add(time.Duration(rng.ExpFloat64() / perDay * float64(24*time.Hour)))
				times = append(times, at)
			}
			if got := gapsIn(month, logOf(times, nil)); got != "" {
				wrong += len(strings.Fields(got))
			}
		}
		rate := float64(wrong) / float64(31*months)
		t.Logf("%4.0f records a day: %d of %d whole days are taken for a gap", perDay, wrong, 31*months)
		if rate > 0.002 {
			t.Errorf("%.0f records a day: %.4f of the days have a gap", perDay, rate)
		}
	}
}

// TestEmptyObjects: what an object without a byte leaves unknown is the day before its
// delivery, or, where its name is that of a partition by event time, the day of its name.
func TestEmptyObjects(t *testing.T) {
	at := func(text string) time.Time {
		when, err := time.Parse("2006-01-02T15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, tt := range []struct{ key, delivered, from, to string }{
		{"b/2026-10-05-07-30-00-D1019A4F3864EDC8", "2026-10-05T07:30", "2026-10-04T07:30", "2026-10-05T08:30"},
		{"b/2026-10-05-00-00-00-D1019A4F3864EDC8", "2026-10-05T00:00", "2026-10-04T00:00", "2026-10-05T01:00"},
		{"b/2026/10/05/2026-10-05-00-00-00-D1019A4F3864EDC8", "2026-10-06T03:10", "2026-10-05T00:00", "2026-10-06T00:00"},
		{"b/folder/", "2026-10-06T03:10", "", ""},
	} {
		v := known{Slice: Slice{Range: Range{Location: time.UTC}}, Sources: []state.Source{{Bucket: "b",
			LogObject: state.LogObject{Key: tt.key, Delivered: at(tt.delivered), Kind: state.KindEmpty}}}}
		got := v.emptyObjects("b")
		switch {
		case tt.from == "" && len(got) == 0:
		case len(got) != 1 || tt.from == "" || !got[0].start.Equal(at(tt.from)) || !got[0].end.Equal(at(tt.to)):
			t.Errorf("%s: %v; want %s to %s", tt.key, got, tt.from, tt.to)
		}
	}
}

// TestEndOfAWindow: a log that ends, or is silent, up to half an hour before a window does is
// evaluated; a longer silence there can hide the backup that is late.
func TestEndOfAWindow(t *testing.T) {
	month, err := NewRange(time.UTC, "2026-10-01", "2026-10-31")
	if err != nil {
		t.Fatal(err)
	}
	end := time.Date(2026, 10, 20, 6, 0, 0, 0, time.UTC)
	for minutes, want := range map[int]bool{29: false, 30: true, 31: true} {
		var times []time.Time
		for _, at := range traffic(busyBucket) {
			if at.Before(end.Add(-time.Hour)) {
				times = append(times, at)
			}
		}
		times = append(times, end.Add(-time.Duration(minutes)*time.Minute))
		c := newCoverage(logOf(times, nil), nil, month.widen(2*historyDays, 1).Days(), time.UTC, nil,
			reason.Silence{})
		if gap := c.windowGap(end.Add(-10*time.Hour), end); gap.None() == want {
			t.Errorf("the log ends %d minutes before the window: %v", minutes, gap)
		}
		if gap := c.gap(end.Add(-24*time.Hour), end, edge, edge); !gap.None() {
			t.Errorf("the log ends %d minutes before the day: %v", minutes, gap)
		}
	}
}
