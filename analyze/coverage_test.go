package analyze

import (
	"strings"
	"testing"
	"time"
)

// busy makes the hours of a bucket that is used in some hours of each day, from
// 1 to 31 October, without those that skip takes out.
func busy(from, to int, skip func(time.Time) bool) []hour {
	var hours []hour
	for at := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC); at.Month() == 10; at = at.Add(time.Hour) {
		h := at.Hour()
		in := from <= h && h < to || from > to && (h >= from || h < to)
		if in && (skip == nil || !skip(at)) {
			hours = append(hours, hour{first: at.Add(time.Minute), last: at.Add(59 * time.Minute), records: 100})
		}
	}
	return hours
}

func onDay(day int) func(time.Time) bool {
	return func(at time.Time) bool { return at.Day() == day }
}

func TestCoverage(t *testing.T) {
	october, err := NewRange(time.UTC, "2026-10-01", "2026-10-31")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		hours []hour
		want  string // dates with a gap
	}{
		{"busy all day", busy(0, 24, nil), ""},
		{"busy all day, a day of logs missing", busy(0, 24, onDay(20)), "20"},
		{"busy all day, the fourth day missing", busy(0, 24, onDay(4)), "4"},
		{"busy all day, half a day is quiet", busy(0, 24, func(at time.Time) bool { return at.Day() == 20 && at.Hour() < 12 }), ""},
		{"busy at night", busy(20, 4, nil), ""},
		{"busy at night, a day of logs missing", busy(20, 4, onDay(20)), "20"},
		// Before the first and behind the last record nothing is known: the 1st and the 31st. The silence of the 20th reaches from the evening before to the morning after.
		{"busy by day, a day of logs missing", busy(8, 18, onDay(20)), "1 19 20 21 31"},
		// Saturdays and Sundays without a record are never clean; a Friday evening is, once weekends are known to be quiet.
		{"busy by day, weekends off", busy(8, 18, func(at time.Time) bool { return at.Weekday() == time.Saturday || at.Weekday() == time.Sunday }), "1 2 3 4 10 11 17 18 24 25 30 31"},
		{"logs begin on the 10th", busy(0, 24, func(at time.Time) bool { return at.Day() < 10 }), "1 2 3 4 5 6 7 8 9"},
		{"logs end on the 10th", busy(0, 24, func(at time.Time) bool { return at.Day() > 10 }), "11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31"},
		{"nothing at all", nil, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCoverage(tt.hours, nil, october.widen(2*historyDays, 1).Days(), time.UTC)
			var got []string
			for _, d := range october.Days() {
				if c.gap(d.Start, d.End, edge, edge, true) != "" {
					got = append(got, strings.TrimPrefix(d.Date[8:], "0"))
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("gaps on %v, want %s", got, tt.want)
			}
		})
	}
}
