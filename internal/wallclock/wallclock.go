// Package wallclock turns wall-clock times into instants, across changes of daylight
// saving: [Instant] is when clocks show a time, and [Skips] tells whether they ever do.
package wallclock

import "time"

// Instant is the moment at which clocks in loc show the date of d and the time of day in
// minutes after midnight. If they show it twice, it is the first time; if they skip it, it
// is the moment of the change.
func Instant(loc *time.Location, d time.Time, minutes int) time.Time {
	at, _ := find(loc, d, minutes)
	return at
}

// Day is the date that clocks in loc show at a moment, plus a number of days, as
// YYYY-MM-DD. It counts by the calendar, whatever hours the clocks skip.
func Day(loc *time.Location, at time.Time, days int) string {
	l := at.In(loc)
	return time.Date(l.Year(), l.Month(), l.Day()+days, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// Skips tells whether clocks in loc never show the date of d and the time of day.
func Skips(loc *time.Location, d time.Time, minutes int) bool {
	_, shown := find(loc, d, minutes)
	return !shown
}

func find(loc *time.Location, d time.Time, minutes int) (at time.Time, shown bool) {
	wall := time.Date(d.Year(), d.Month(), d.Day(), minutes/60, minutes%60, 0, 0, time.UTC)
	// The offsets in force around the moment: before and after any change that
	// could touch it.
	_, before := wall.Add(-24 * time.Hour).In(loc).Zone()
	_, after := wall.Add(24 * time.Hour).In(loc).Zone()
	first, second := wall.Add(-time.Duration(before)*time.Second), wall.Add(-time.Duration(after)*time.Second)
	if second.Before(first) {
		first, second = second, first
	}
	shows := func(t time.Time) bool {
		l := t.In(loc)
		return l.Year() == wall.Year() && l.YearDay() == wall.YearDay() && l.Hour() == wall.Hour() && l.Minute() == wall.Minute()
	}
	switch {
	case shows(first):
		return first, true
	case shows(second):
		return second, true
	}
	// Skipped: the change lies between the two readings.
	_, old := first.In(loc).Zone()
	for second.Sub(first) > time.Second {
		middle := first.Add(second.Sub(first) / 2).Truncate(time.Second)
		if _, offset := middle.In(loc).Zone(); offset == old {
			first = middle
		} else {
			second = middle
		}
	}
	return second, false
}
