// Package wallclock turns what a clock on the wall shows into instants, over
// changes of daylight saving.
package wallclock

import "time"

// Instant is the moment at which clocks in loc show the date of d and the time
// of day in minutes after midnight. Where they show it twice, late chooses the
// second; where they skip it, it is the moment of the change.
func Instant(loc *time.Location, d time.Time, minutes int, late bool) time.Time {
	wall := time.Date(d.Year(), d.Month(), d.Day(), minutes/60, minutes%60, 0, 0, time.UTC)
	// The offsets in force around the moment: before and after any change that
	// could touch it.
	_, before := wall.Add(-24 * time.Hour).In(loc).Zone()
	_, after := wall.Add(24 * time.Hour).In(loc).Zone()
	first, second := wall.Add(-time.Duration(before)*time.Second), wall.Add(-time.Duration(after)*time.Second)
	shows := func(t time.Time) bool {
		l := t.In(loc)
		return l.Year() == wall.Year() && l.YearDay() == wall.YearDay() && l.Hour() == wall.Hour() && l.Minute() == wall.Minute()
	}
	switch okFirst, okSecond := shows(first), shows(second); {
	case okFirst && okSecond && late && second.After(first):
		return second
	case okFirst && okSecond && !late && second.Before(first):
		return second
	case okFirst:
		return first
	case okSecond:
		return second
	}
	// Skipped: the change lies between the two readings.
	lo, hi := second, first
	if hi.Before(lo) {
		lo, hi = hi, lo
	}
	_, old := lo.In(loc).Zone()
	for hi.Sub(lo) > time.Second {
		middle := lo.Add(hi.Sub(lo) / 2).Truncate(time.Second)
		if _, offset := middle.In(loc).Zone(); offset == old {
			lo = middle
		} else {
			hi = middle
		}
	}
	return hi
}
