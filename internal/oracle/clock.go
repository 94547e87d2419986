package oracle

import (
	"time"

	"bucketproof/internal/config"
)

// instant is when the clocks of a zone show a time of a day. A time that they skip
// is the moment of the change; one that comes twice is the first. Skipped tells
// which it was.
func instant(y int, m time.Month, d, minute int, zone *time.Location) (at time.Time, skipped bool) {
	wall := time.Date(y, m, d, 0, minute, 0, 0, time.UTC)
	offset := func(t time.Time) time.Duration {
		_, s := t.In(zone).Zone()
		return time.Duration(s) * time.Second
	}
	var found time.Time
	before, after := offset(wall.Add(-36*time.Hour)), offset(wall.Add(36*time.Hour))
	for _, o := range []time.Duration{before, after, offset(wall)} {
		if t := wall.Add(-o); offset(t) == o && (found.IsZero() || t.Before(found)) {
			found = t
		}
	}
	if !found.IsZero() {
		return found, false
	}
	// By the offset before the change the clock would show this time behind it.
	change, _ := wall.Add(-before).In(zone).ZoneBounds()
	return change.UTC(), true
}

// Date is a day of the calendar.
type Date struct {
	Y int
	M time.Month
	D int
}

func dateOf(t time.Time, zone *time.Location) Date {
	y, m, d := t.In(zone).Date()
	return Date{y, m, d}
}

func (d Date) utc() time.Time           { return time.Date(d.Y, d.M, d.D, 0, 0, 0, 0, time.UTC) }
func (d Date) Add(days int) Date        { return dateOf(d.utc().AddDate(0, 0, days), time.UTC) }
func (d Date) Weekday() time.Weekday    { return d.utc().Weekday() }
func (d Date) String() string           { return d.utc().Format(time.DateOnly) }
func (d Date) Before(other Date) bool   { return d.utc().Before(other.utc()) }
func (d Date) DaysUntil(other Date) int { return int(other.utc().Sub(d.utc()) / (24 * time.Hour)) }

// interval is half-open.
type interval struct{ from, to time.Time }

func (i interval) has(t time.Time) bool { return !t.Before(i.from) && t.Before(i.to) }
func (i interval) meets(o interval) bool {
	return i.from.Before(o.to) && o.from.Before(i.to)
}

// day is from one local midnight to the next.
func day(d Date, zone *time.Location) interval {
	from, _ := instant(d.Y, d.M, d.D, 0, zone)
	n := d.Add(1)
	to, _ := instant(n.Y, n.M, n.D, 0, zone)
	return interval{from, to}
}

// window is the backup window that starts on a day, and false where none does.
func window(w config.Window, d Date, zone *time.Location) (interval, bool) {
	if !w.Days[d.Weekday()] {
		return interval{}, false
	}
	start, startSkipped := instant(d.Y, d.M, d.D, int(w.Start), zone)
	length, end := int(w.End)-int(w.Start), d
	if w.End <= w.Start {
		length, end = length+24*60, d.Add(1)
	}
	to, endSkipped := instant(end.Y, end.M, end.D, int(w.End), zone)
	if startSkipped || endSkipped {
		to = start.Add(time.Duration(length) * time.Minute)
	}
	// It ends at the latest where the next one starts.
	for n := d.Add(1); n.DaysUntil(d) > -8; n = n.Add(1) {
		if !w.Days[n.Weekday()] {
			continue
		}
		if next, _ := instant(n.Y, n.M, n.D, int(w.Start), zone); next.Before(to) {
			to = next
		}
		break
	}
	return interval{start, to}, true
}
