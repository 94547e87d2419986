package analyze

import (
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/wallclock"
)

// Day is a calendar day of a tenant's zone, a half-open interval of instants.
// Across a change of daylight saving it has 23 or 25 hours.
type Day struct {
	Date       string // YYYY-MM-DD
	Start, End time.Time
}

// Range is days of a zone, both ends inclusive.
type Range struct {
	Location *time.Location
	First    time.Time // any instant of the first day's date, read in UTC
	Last     time.Time
}

// NewRange makes a range of dates in YYYY-MM-DD form.
func NewRange(loc *time.Location, from, to string) (Range, error) {
	first, err := time.Parse(time.DateOnly, from)
	if err != nil {
		return Range{}, err
	}
	last, err := time.Parse(time.DateOnly, to)
	return Range{Location: loc, First: first, Last: last}, err
}

// Month is the range of a month in YYYY-MM form.
func Month(loc *time.Location, month string) (Range, error) {
	first, err := time.Parse("2006-01", month)
	return Range{Location: loc, First: first, Last: first.AddDate(0, 1, -1)}, err
}

// Start is the first instant of the range, in UTC.
func (r Range) Start() time.Time { return wallclock.Instant(r.Location, r.First, 0, false) }

// End is the first instant behind the range, in UTC.
func (r Range) End() time.Time {
	return wallclock.Instant(r.Location, r.Last.AddDate(0, 0, 1), 0, false)
}

// widen is the range with days more at both ends.
func (r Range) widen(before, after int) Range {
	return Range{Location: r.Location, First: r.First.AddDate(0, 0, -before), Last: r.Last.AddDate(0, 0, after)}
}

// Days returns the days of the range.
func (r Range) Days() []Day {
	var days []Day
	for d := r.First; !d.After(r.Last); d = d.AddDate(0, 0, 1) {
		days = append(days, Day{Date: d.Format(time.DateOnly), Start: wallclock.Instant(r.Location, d, 0, false), End: wallclock.Instant(r.Location, d.AddDate(0, 0, 1), 0, false)})
	}
	return days
}

// interval is one occurrence of a window.
type interval struct {
	date       string // the day on which it starts
	start, end time.Time
}

// intervals returns the occurrences of a window that start in the range. Their
// ends are UTC instants of the wall-clock times: a window over a change of
// daylight saving is an hour shorter or longer. A start that happens twice is
// the first, an end that happens twice the last, a time that does not happen
// is the instant of the change.
func (r Range) intervals(w config.Window) []interval {
	var out []interval
	for d := r.First; !d.After(r.Last); d = d.AddDate(0, 0, 1) {
		if !w.Days[d.Weekday()] {
			continue
		}
		last := d
		if w.End <= w.Start {
			last = d.AddDate(0, 0, 1)
		}
		i := interval{date: d.Format(time.DateOnly), start: wallclock.Instant(r.Location, d, int(w.Start), false), end: wallclock.Instant(r.Location, last, int(w.End), true)}
		if i.start.Before(i.end) {
			out = append(out, i)
		}
	}
	return out
}
