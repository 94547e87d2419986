package analyze

import (
	"slices"
	"time"

	"bucketproof/internal/reason"
	"bucketproof/internal/wallclock"
)

const (
	// historyDays is how far back a day is compared with the days before it.
	historyDays = 28
	// minHistory is how many days that takes at the least.
	minHistory = 7
	// minWhole is how many whole days it takes to know how long a log is usually silent.
	minWhole = 3
	// unknownSilence is what can mean missing log objects while that is not known.
	unknownSilence = 36 * time.Hour
	// lateness is how much longer than ever before a silence must be. A backup that
	// starts that late, or a change of clocks, is no missing log.
	lateness = 4 * time.Hour
	// nearby is within which time a silence that began later is of the same kind: a
	// backup may be done sooner than ever.
	nearby = 12 * time.Hour
	// usualWeeks is for how many weeks a silence must have come at the same clock
	// time of the same weekday to be usual, whatever it was before.
	usualWeeks = 3
	// thinHours is how many hours less than ever must have records, and how many
	// at least must have a fraction of the records that they always had.
	thinHours = 3
	// busyHour is how many records an hour has that can be thin.
	busyHour = 8
	// thinness divides the least number of records that an hour ever had.
	thinness = 4
	// quietWeekend is the share of active hours of other days that a weekend
	// is below where days are compared by weekday, in tenths.
	quietWeekend = 6
	// edge is how much of a day may lie in a silence without harm: records do
	// not stand at its first and last second.
	edge = 2 * time.Hour
	// windowEdge is the same for the end of a window: a silence there can hide
	// the backup that is late.
	windowEdge = 30 * time.Minute
	// maxRejected is the share of lines that may be unreadable.
	maxRejected = 0.01
)

// slot is the first and the last record of a quarter of an hour that has any, and
// the same of those by principals that the mapping knows.
type slot struct {
	first, last           time.Time
	records               int64
	knownFirst, knownLast time.Time // zero where there is none
	known                 int64
}

// unknown is an interval of which the log can't tell. It reaches from the zero time
// before the first record and to the far future behind the last.
type unknown struct {
	start, end time.Time
	why        reason.Reason
}

// farFuture is behind every record.
var farFuture = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// coverage tells for one bucket, or one account's trail, whether its log can be
// trusted to be complete in an interval. S3 delivers best effort and says nothing
// about what it did not deliver, so what is usual decides (docs/VERDICTS.md).
type coverage struct {
	slots    []slot
	rejected map[int64]int64 // lines by hour since 1970
	days     []Day
	stats    []dayStats
	whole    []bool
	unknown  []unknown // in order, the outer two included
	loc      *time.Location
	silence  reason.Silence // of what
}

// dayStats are the records of a day by the hour of its beginning: of all, and of those
// that the mapping knows.
type dayStats struct {
	all, known [26]int64
	thin       reason.Reason // why the day has too few records; none where it has not
}

// newCoverage judges a log by the quarters of an hour in which it has records. Days
// are consecutive; by those before it a day is judged. Lost are intervals that are
// unknown for another reason. Silence tells whose records they are.
func newCoverage(slots []slot, rejected map[int64]int64, days []Day, loc *time.Location, lost []unknown,
	silence reason.Silence) *coverage {
	c := &coverage{slots: slots, rejected: rejected, days: days, loc: loc, silence: silence,
		whole: make([]bool, len(days)), stats: make([]dayStats, len(days))}
	if len(slots) == 0 {
		c.unknown = []unknown{{time.Time{}, farFuture, silence.Ever()}}
		return c
	}
	first, last := slots[0].first, slots[len(slots)-1].last
	c.unknown = append(slices.Clone(lost),
		unknown{time.Time{}, first, silence.Before(first.In(loc))},
		unknown{last, farFuture, silence.After(last.In(loc))})
	c.count()
	i := 1
	for d, day := range days {
		for ; i < len(slots) && slots[i-1].last.Before(day.End); i++ {
			if slots[i].first.Sub(slots[i-1].last) > lateness {
				c.judge(slots[i-1].last, slots[i].first, d)
			}
		}
		if c.gap(day.Start, day.End, edge, edge).None() {
			c.stats[d].thin = c.thin(d)
		}
		c.whole[d] = day.Start.After(first.Add(-edge)) && day.End.Before(last.Add(edge)) &&
			c.gap(day.Start, day.End, edge, edge).None()
	}
	slices.SortStableFunc(c.unknown, func(a, b unknown) int { return a.start.Compare(b.start) })
	return c
}

// count counts the records of each hour of each day.
func (c *coverage) count() {
	d := 0
	for _, s := range c.slots {
		for d < len(c.days) && !s.first.Before(c.days[d].End) {
			d++
		}
		if d == len(c.days) {
			return
		}
		if h := int(s.first.Sub(c.days[d].Start) / time.Hour); h >= 0 && h < len(c.stats[d].all) {
			c.stats[d].all[h] += s.records
			c.stats[d].known[h] += s.known
		}
	}
}

// usualDays are the whole days among the 2*historyDays before a day, the nearest
// historyDays of them, with which it is compared: those of its class, or all where
// these are too few. They are nil where even all are.
func (c *coverage) usualDays(d int) (days []int, ofClass bool) {
	var all []int
	for i := d - 1; i >= max(0, d-2*historyDays) && len(all) < historyDays; i-- {
		if c.whole[i] {
			all = append(all, i)
		}
	}
	if len(all) < minWhole {
		return nil, false
	}
	if !c.byWeekday(all) {
		return all, true
	}
	var same []int
	for _, i := range all {
		if class(c.weekday(i)) == class(c.weekday(d)) {
			same = append(same, i)
		}
	}
	if len(same) < minWhole {
		return all, false
	}
	return same, true
}

func (c *coverage) weekday(d int) time.Weekday { return weekday(c.days[d].Date) }

// class puts days together after which the week goes on alike.
func class(day time.Weekday) time.Weekday {
	if day >= time.Monday && day <= time.Thursday {
		return time.Monday
	}
	return day
}

// byWeekday tells whether weekends have far fewer active hours than other days.
func (c *coverage) byWeekday(days []int) bool {
	var weekend, other []float64
	for _, d := range days {
		if w := c.weekday(d); w == time.Saturday || w == time.Sunday {
			weekend = append(weekend, float64(active(c.stats[d].known)))
		} else {
			other = append(other, float64(active(c.stats[d].known)))
		}
	}
	return len(weekend) == 0 || len(other) > 0 && median(weekend)*10 < median(other)*quietWeekend
}

func active(hours [26]int64) int {
	n := 0
	for _, records := range hours {
		if records > 0 {
			n++
		}
	}
	return n
}

// judge adds a silence that starts on a day and is unusual to what is unknown.
func (c *coverage) judge(start, end time.Time, d int) {
	length := end.Sub(start)
	usual, _ := c.usualDays(d)
	if usual == nil && length < unknownSilence || usual != nil && length <= c.longest(start, usual) || c.comesWeekly(start, length) {
		return
	}
	c.unknown = append(c.unknown, unknown{start, end, c.silence.Between(start.In(c.loc), end.In(c.loc))})
}

// longest is how long a silence may be that starts at a clock time: the longest one
// that the usual days had from that time on, or within the hours after it, and their
// spread and a half of it, lateness at the least.
func (c *coverage) longest(start time.Time, usual []int) time.Duration {
	least, most := time.Duration(-1), time.Duration(0)
	for _, d := range usual {
		w := c.wait(c.sameClock(start, d), nearby)
		most = max(most, w)
		if least < 0 || w < least {
			least = w
		}
	}
	return most + max((most-least)*3/2, lateness)
}

// comesWeekly tells whether the log was silent for as long in each of the weeks
// before, from the same time on.
func (c *coverage) comesWeekly(start time.Time, length time.Duration) bool {
	first := c.slots[0].first
	for week := 1; week <= usualWeeks; week++ {
		local := start.In(c.loc)
		at := c.clockOn(start, time.Date(local.Year(), local.Month(), local.Day()-7*week, 0, 0, 0, 0, time.UTC))
		if at.Before(first) {
			return false
		}
		if c.wait(at, lateness) < length-lateness {
			return false
		}
	}
	return true
}

// sameClock is the clock time of a moment on a day.
func (c *coverage) sameClock(at time.Time, d int) time.Time {
	date, err := time.Parse(time.DateOnly, c.days[d].Date)
	if err != nil {
		return c.days[d].Start // dates of ours are dates
	}
	return c.clockOn(at, date)
}

// clockOn is when the clocks of a date show the time of a moment.
func (c *coverage) clockOn(at, date time.Time) time.Time {
	local := at.In(c.loc)
	return wallclock.Instant(c.loc, date, local.Hour()*60+local.Minute()).Add(time.Duration(local.Second()) * time.Second)
}

// behind is the first slot that begins behind a moment.
func (c *coverage) behind(at time.Time) int {
	i, _ := slices.BinarySearchFunc(c.slots, at, func(s slot, t time.Time) int {
		if s.first.After(t) {
			return 1
		}
		return -1
	})
	return i
}

// wait is the longest silence, without a record of a known principal, that the log had
// from a moment on or that began within some time after it, to a quarter of an hour.
func (c *coverage) wait(at time.Time, within time.Duration) time.Duration {
	longest, from := time.Duration(0), at
	for i := max(0, c.behind(at)-1); i < len(c.slots) && !from.After(at.Add(within)); i++ {
		s := c.slots[i]
		if s.known == 0 || !s.knownLast.After(at) {
			continue
		}
		longest = max(longest, s.knownFirst.Sub(from))
		from = s.knownLast
	}
	return longest
}

// thin says why a day has too few records; none where it has not.
func (c *coverage) thin(d int) reason.Reason {
	usual, ofClass := c.usualDays(d)
	if usual == nil || !ofClass || c.thinWeekly(d) {
		return reason.Reason{}
	}
	least, most := len(dayStats{}.all), 0
	var busy [26]int64 // the least number of records of an hour
	for n, i := range usual {
		hours := active(c.stats[i].known)
		least, most = min(least, hours), max(most, hours)
		for h, records := range c.stats[i].known {
			if n == 0 || records < busy[h] {
				busy[h] = records
			}
		}
	}
	hours := active(c.stats[d].all)
	if missing := least - hours; missing > thinHours && missing > most-least {
		return c.silence.InHours(missing, least)
	}
	weak := 0
	for h, records := range busy {
		if records >= busyHour && c.stats[d].all[h]*thinness < records {
			weak++
		}
	}
	if weak > thinHours && 2*weak >= least {
		return c.silence.Little(weak)
	}
	return reason.Reason{}
}

// thinWeekly tells whether the log had as few active hours, or as few records, on this
// day of each of the weeks before.
func (c *coverage) thinWeekly(d int) bool {
	hours, records := active(c.stats[d].all), total(c.stats[d].all)
	for week := 1; week <= usualWeeks; week++ {
		i := d - 7*week
		if i < 0 || c.days[i].Start.Before(c.slots[0].first) {
			return false
		}
		if active(c.stats[i].all) > hours+thinHours || total(c.stats[i].all) > thinness*records {
			return false
		}
	}
	return true
}

func total(hours [26]int64) int64 {
	var n int64
	for _, records := range hours {
		n += records
	}
	return n
}

// gap says why the log can't be trusted in start..end; none where it can. Head
// and tail are how much of the interval may lie in a silence at its edges.
func (c *coverage) gap(start, end time.Time, head, tail time.Duration) reason.Reason {
	records := c.records(start, end)
	for _, u := range c.unknown {
		from, to := later(u.start, start), earlier(u.end, end)
		if !from.Before(to) {
			continue
		}
		tolerated := head
		if to.Equal(end) {
			tolerated = tail
		}
		if records == 0 || to.Sub(from) >= tolerated {
			return u.why
		}
	}
	for i, d := range c.days {
		if d.Start.Before(end) && start.Before(d.End) && !c.stats[i].thin.None() {
			return c.stats[i].thin
		}
	}
	var bad int64
	for h := start.Truncate(time.Hour); h.Before(end); h = h.Add(time.Hour) {
		bad += c.rejected[h.Unix()/3600]
	}
	if bad > 0 && float64(bad) > maxRejected*float64(records+bad) {
		return reason.Unreadable(bad, records+bad)
	}
	return reason.Reason{}
}

// windowGap is the gap of a window. One without a single record is never evaluated:
// it can't be told whether the backup or its log is missing.
func (c *coverage) windowGap(start, end time.Time) reason.Reason {
	gap := c.gap(start, end, edge, windowEdge)
	if gap.None() && c.records(start, end) == 0 {
		return reason.NoLogInWindow()
	}
	return gap
}

// records counts the records of the slots that begin or end in start..end.
func (c *coverage) records(start, end time.Time) int64 {
	var n int64
	for i := max(0, c.behind(start)-1); i < len(c.slots) && c.slots[i].first.Before(end); i++ {
		if s := c.slots[i]; !s.first.Before(start) || !s.last.Before(start) && s.last.Before(end) {
			n += s.records
		}
	}
	return n
}

// isGap tells a want of witnesses, which may end, from one of configuration or history.
func isGap(r reason.Reason) bool {
	switch r.Cause() {
	case reason.LogGap, reason.TrailGap, reason.Unsettled, reason.NotAsked:
		return true
	}
	return false
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
