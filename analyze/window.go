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
func (r Range) Start() time.Time { return wallclock.Instant(r.Location, r.First, 0) }

// End is the first instant behind the range, in UTC.
func (r Range) End() time.Time {
	return wallclock.Instant(r.Location, r.Last.AddDate(0, 0, 1), 0)
}

// widen is the range with days more at both ends.
func (r Range) widen(before, after int) Range {
	return Range{Location: r.Location, First: r.First.AddDate(0, 0, -before), Last: r.Last.AddDate(0, 0, after)}
}

// Days returns the days of the range.
func (r Range) Days() []Day {
	var days []Day
	for d := r.First; !d.After(r.Last); d = d.AddDate(0, 0, 1) {
		days = append(days, Day{
			Date:  d.Format(time.DateOnly),
			Start: wallclock.Instant(r.Location, d, 0),
			End:   wallclock.Instant(r.Location, d.AddDate(0, 0, 1), 0),
		})
	}
	return days
}

// interval is one occurrence of a window.
type interval struct {
	date       string // the day on which it starts
	start, end time.Time
}

// intervals returns the occurrences of a window that start in the range, one for
// each day on which it is due. A time that clocks skip is the moment of the
// change, one that they show twice the first. Where they skip the start or the
// end, the window keeps its length; else it ends when clocks say so, an hour
// sooner or later. It ends at the latest where the next one starts, so that no
// moment lies in two.
func (r Range) intervals(w config.Window) []interval {
	var out []interval
	for d := r.First; !d.After(r.Last); d = d.AddDate(0, 0, 1) {
		if !w.Days[d.Weekday()] {
			continue
		}
		last, length := d, time.Duration(w.End-w.Start)*time.Minute
		if w.End <= w.Start {
			last, length = d.AddDate(0, 0, 1), length+24*time.Hour
		}
		start, end := wallclock.Instant(r.Location, d, int(w.Start)), wallclock.Instant(r.Location, last, int(w.End))
		if wallclock.Skips(r.Location, d, int(w.Start)) || wallclock.Skips(r.Location, last, int(w.End)) {
			end = start.Add(length)
		}
		if tomorrow := d.AddDate(0, 0, 1); w.Days[tomorrow.Weekday()] {
			end = earlier(end, wallclock.Instant(r.Location, tomorrow, int(w.Start)))
		}
		out = append(out, interval{date: d.Format(time.DateOnly), start: start, end: end})
	}
	return out
}
