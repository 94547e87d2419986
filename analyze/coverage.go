package analyze

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// historyDays is how far back a day is compared with the days before it.
	historyDays = 28
	// minHistory is how many days that takes at the least.
	minHistory = 7
	// minSilence is the shortest silence of a bucket that can mean missing log
	// objects. A missed backup of one night makes a shorter one in a bucket
	// that is used by day.
	minSilence = 18 * time.Hour
	// minSilenceDays is how many days before it takes to know the usual; with
	// fewer the least of their silences stands for it.
	minSilenceDays = 3
	// dayOfSilence is what a bucket that is used every day is not silent for,
	// however its hours fall: the log objects of a day are missing. One that is
	// used once a day may be late by lateness, and by a change of the clocks.
	dayOfSilence = 24 * time.Hour
	lateness     = 4 * time.Hour
	// unknownSilence stands in while there is no day before to tell.
	unknownSilence = 36 * time.Hour
	// silenceFactor is how much longer than usual a silence must be.
	silenceFactor = 1.5
	// edge is how much of a day may lie in a silence without harm: records do
	// not stand at its first and last second.
	edge = 2 * time.Hour
	// windowEdge is the same for the end of a window: a silence there can hide
	// the backup that is late.
	windowEdge = 30 * time.Minute
	// maxRejected is the share of lines that may be unreadable.
	maxRejected = 0.01
)

// hour is the first and the last record of an hour that has any.
type hour struct {
	first, last time.Time
	records     int64
}

// silence is an interval without a record. It reaches to the zero time before
// the first record and to the far future behind the last.
type silence struct{ start, end time.Time }

// farFuture is behind every record.
var farFuture = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// coverage tells for one bucket whether its log can be trusted to be complete
// in an interval. S3 delivers best effort and says nothing about what it did
// not deliver, so the only sign is a silence that is long and not usual for
// the bucket.
type coverage struct {
	silences []silence // of at least minSilence, in order, the outer two included
	hours    []hour
	rejected map[int64]int64 // lines by hour since 1970
	days     []Day
	longest  []time.Duration // silence that touches a day; -1 for a day outside of the records
	loc      *time.Location
	silent   string // what a silence is without
}

// newCoverage judges a bucket by the hours in which it has records. Days are
// consecutive; by those before it a day's usual silence is measured.
func newCoverage(hours []hour, rejected map[int64]int64, days []Day, loc *time.Location) *coverage {
	c := &coverage{hours: hours, rejected: rejected, days: days, loc: loc, silent: silent}
	if len(hours) == 0 {
		c.silences = []silence{{time.Time{}, farFuture}}
		return c
	}
	first, last := hours[0].first, hours[len(hours)-1].last
	for _, d := range days {
		longest := time.Duration(-1)
		if d.Start.After(first) && d.End.Before(last) {
			for i := 1; i < len(hours); i++ {
				if hours[i].first.After(d.Start) && hours[i-1].last.Before(d.End) {
					longest = max(longest, hours[i].first.Sub(hours[i-1].last))
				}
			}
		}
		c.longest = append(c.longest, longest)
	}
	c.silences = append(c.silences, silence{time.Time{}, first})
	for i := 1; i < len(hours); i++ {
		if hours[i].first.Sub(hours[i-1].last) >= minSilence {
			c.silences = append(c.silences, silence{hours[i-1].last, hours[i].first})
		}
	}
	c.silences = append(c.silences, silence{last, farFuture})
	return c
}

// unusual is the silence that is too long at the day of a moment: silenceFactor
// times what three of four days before it do not pass; where those are silent
// for less than a day, no more than a day, or lateness more than usual.
func (c *coverage) unusual(at time.Time) time.Duration {
	i := slices.IndexFunc(c.days, func(d Day) bool { return at.Before(d.End) })
	if i < 0 || c.longest == nil {
		return unknownSilence
	}
	var before []time.Duration
	for _, d := range c.longest[max(0, i-historyDays):i] {
		if d >= 0 {
			before = append(before, d)
		}
	}
	if len(before) == 0 {
		return unknownSilence
	}
	slices.Sort(before)
	usual := before[0]
	if len(before) >= minSilenceDays {
		usual = before[(len(before)-1)*3/4]
	}
	limit := time.Duration(float64(usual) * silenceFactor)
	if usual < dayOfSilence {
		limit = min(limit, max(dayOfSilence, usual+lateness))
	}
	return limit
}

// gap says why the log can't be trusted in start..end, or "" where it can. Head
// and tail are how much of the interval may lie in a silence at its edges. Where
// empty is set, an interval without a record is a gap also in a usual silence.
func (c *coverage) gap(start, end time.Time, head, tail time.Duration, empty bool) string {
	records := c.records(start, end)
	for _, s := range c.silences {
		from, to := later(s.start, start), earlier(s.end, end)
		if !from.Before(to) {
			continue
		}
		open := s.start.IsZero() || s.end.Equal(farFuture)
		length := s.end.Sub(s.start)
		tolerated := head
		if to.Equal(end) {
			tolerated = tail
		}
		switch {
		case records > 0 && to.Sub(from) < tolerated:
		case open || length >= c.unusual(start):
			return c.describe(s)
		case records == 0 && empty:
			return c.describe(s) + usually
		}
	}
	var bad int64
	for h := start.Truncate(time.Hour); h.Before(end); h = h.Add(time.Hour) {
		bad += c.rejected[h.Unix()/3600]
	}
	if bad > 0 && float64(bad) > maxRejected*float64(records+bad) {
		return fmt.Sprintf("%d of %d lines "+unreadable, bad, records+bad)
	}
	return ""
}

// records counts the records of the hours that begin in start..end or hold
// start.
func (c *coverage) records(start, end time.Time) int64 {
	var n int64
	for _, h := range c.hours {
		if !h.last.Before(start) && h.first.Before(end) {
			n += h.records
		}
	}
	return n
}

func (c *coverage) describe(s silence) string {
	at := func(t time.Time) string { return t.In(c.loc).Format("2 Jan 2006 15:04") }
	switch {
	case s.start.IsZero() && s.end.Equal(farFuture):
		return c.silent + " at all"
	case s.start.IsZero():
		return c.silent + " before " + at(s.end)
	case s.end.Equal(farFuture):
		return c.silent + " after " + at(s.start)
	}
	return fmt.Sprintf("%s from %s to %s", c.silent, at(s.start), at(s.end))
}

// What a gap's reason holds, which tells it from a want of configuration or
// history.
const (
	silent     = "no log record"
	unreadable = "can't be read"
	// silentTrail is the same of a trail's account.
	silentTrail = "no CloudTrail event"
)

// usually ends the reason of a gap that is as long as the bucket is used to be
// silent for: nothing can be said about the day, and nothing seems amiss.
const usually = ", as is usual here"

func isGap(reason string) bool {
	return strings.HasPrefix(reason, silent) || strings.HasPrefix(reason, silentTrail) || strings.HasSuffix(reason, unreadable) || reason == unsettled || strings.HasPrefix(reason, notAsked)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
