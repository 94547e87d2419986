package oracle

import (
	"slices"
	"time"
)

// coverage is where the log of a bucket has gaps.
type coverage struct {
	b     *bucketView // nil for a trail
	zone  *time.Location
	times []time.Time // of all records that prove a delivery
	usual []time.Time // of those that usual is learnt from
	gaps  []interval  // unusual silences, and what is unknown otherwise
	thin  map[Date]string
	whole map[Date]bool // days without a gap, from the first record on
	first Date
}

const (
	dayEdge    = 2 * time.Hour
	windowEdge = 30 * time.Minute
	quiet      = 4 * time.Hour
	untaught   = 36 * time.Hour
	nearby     = 12 * time.Hour

	unreadableLines = "unreadable lines"
)

var forever = interval{time.Unix(0, 0), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)}

// cover looks at each day from the first record on, because what is usual on a day is
// learnt from the whole days before it.
func (b *bucketView) cover() *coverage {
	c := &coverage{b: b, zone: b.v.Zone}
	for _, r := range b.all {
		if r.Time.After(r.Delivered.Add(time.Hour)) {
			continue // from the future: it proves no delivery
		}
		c.times = append(c.times, r.Time)
		if b.usual(r.Requester) {
			c.usual = append(c.usual, r.Time)
		}
	}
	for _, o := range b.v.Objects[b.Logs.Text] {
		if o.Empty {
			c.gaps = append(c.gaps, interval{o.Delivered.Add(-24 * time.Hour), o.Delivered.Add(time.Hour)})
		}
	}
	c.look()
	return c
}

// usual: from a requester is learnt what is usual: one of the mapping, or without one
// anybody; in a shared bucket also one of another tenant, by its mapping or its account.
func (b *bucketView) usual(requester string) bool {
	t := b.v.Tenant
	if len(t.Principals) == 0 || b.v.whois(requester).Mapped {
		return true
	}
	for _, other := range b.v.sharers(b.Name) {
		account := b.v.whois(requester).Account
		theirs := account != "" && slices.Contains(other.Accounts, account) && !slices.Contains(t.Accounts, account)
		if other.ID != t.ID && (theirs || resolve(other, requester).Mapped) {
			return true
		}
	}
	return false
}

// coverTrail looks at the events of a trail, all of them together, as at the records of a
// bucket. Assumed: what is usual is learnt from all events.
func (v *View) coverTrail(events []Event) *coverage {
	c := &coverage{zone: v.Zone}
	for _, e := range events {
		c.times = append(c.times, e.Time)
	}
	slices.SortFunc(c.times, time.Time.Compare)
	c.usual = c.times
	c.look()
	return c
}

// look judges each day from the first record on.
func (c *coverage) look() {
	c.thin, c.whole = map[Date]string{}, map[Date]bool{}
	if len(c.times) == 0 {
		c.gaps = []interval{forever}
		return
	}
	first, last := c.times[0], c.times[len(c.times)-1]
	c.gaps = append(c.gaps, interval{forever.from, first}, interval{last, forever.to})
	zone := c.zone
	c.first = dateOf(first, zone)
	for d := c.first; !dateOf(last, zone).Before(d); d = d.Add(1) {
		learnt := c.learnt(d)
		c.silences(d, learnt)
		if why := c.thinHours(d, learnt); why != "" && !c.thinWeekly(d) {
			c.thin[d] = why
		}
		c.whole[d] = c.day(d) == ""
	}
}

// learnt are the 28 nearest whole days among the 56 before.
func (c *coverage) learnt(d Date) []Date {
	var out []Date
	for i := 1; i <= 56 && len(out) < 28; i++ {
		if c.whole[d.Add(-i)] {
			out = append(out, d.Add(-i))
		}
	}
	return out
}

// class are the days among the learnt that a day is compared with.
func (c *coverage) class(d Date, learnt []Date) []Date {
	weekend := func(d Date) bool { return d.Weekday() == time.Saturday || d.Weekday() == time.Sunday }
	var ends, others []float64
	for _, l := range learnt {
		if n := float64(len(c.active(c.usual, l))); weekend(l) {
			ends = append(ends, n)
		} else {
			others = append(others, n)
		}
	}
	if len(ends) > 0 && median(ends) >= 0.6*median(others) {
		return learnt
	}
	kind := func(d Date) int { // Monday to Thursday, Friday, Saturday, Sunday
		switch w := d.Weekday(); w {
		case time.Friday, time.Saturday, time.Sunday:
			return int(w)
		}
		return 1
	}
	var out []Date
	for _, l := range learnt {
		if kind(l) == kind(d) {
			out = append(out, l)
		}
	}
	return out
}

// orAll: where a class has fewer than three whole days, all days stand for it.
func orAll(class, learnt []Date) []Date {
	if len(class) < 3 {
		return learnt
	}
	return class
}

// active counts the records of each hour since the midnight of a day that has any.
func (c *coverage) active(times []time.Time, d Date) map[int]int {
	hours := map[int]int{}
	today := day(d, c.zone)
	for _, t := range within(times, today) {
		hours[int(t.Sub(today.from)/time.Hour)]++
	}
	return hours
}

func within(times []time.Time, i interval) []time.Time {
	from, _ := slices.BinarySearchFunc(times, i.from, time.Time.Compare)
	to, _ := slices.BinarySearchFunc(times, i.to, time.Time.Compare)
	return times[from:max(from, to)]
}

// silences adds the unusual ones that begin on a day to the gaps.
func (c *coverage) silences(d Date, learnt []Date) {
	zone := c.zone
	today := day(d, zone)
	for i := 0; i+1 < len(c.times); i++ {
		from, to := c.times[i], c.times[i+1]
		if !today.has(from) || to.Sub(from) <= quiet {
			continue
		}
		if c.weekly(from, to) {
			continue
		}
		if len(learnt) < 3 {
			if to.Sub(from) >= untaught {
				c.gaps = append(c.gaps, interval{from, to})
			}
			continue
		}
		var waits []time.Duration
		for _, l := range orAll(c.class(d, learnt), learnt) {
			waits = append(waits, c.wait(sameClock(l, from, zone), nearby))
		}
		longest, shortest := slices.Max(waits), slices.Min(waits)
		if over := to.Sub(from) - longest; over > (longest-shortest)*3/2 && over > quiet {
			c.gaps = append(c.gaps, interval{from, to})
		}
	}
}

// sameClock is when the clocks show the time of a moment on another day.
func sameClock(d Date, t time.Time, zone *time.Location) time.Time {
	h, m, s := t.In(zone).Clock()
	at, _ := instant(d.Y, d.M, d.D, 60*h+m, zone)
	return at.Add(time.Duration(s) * time.Second)
}

// wait is the longest silence of mapped principals from a moment on, or that began
// within some time behind it.
func (c *coverage) wait(from time.Time, within time.Duration) time.Duration {
	next, _ := slices.BinarySearchFunc(c.usual, from.Add(1), time.Time.Compare)
	if next == len(c.usual) {
		return 0
	}
	longest := c.usual[next].Sub(from)
	for i := next; i+1 < len(c.usual) && !c.usual[i].After(from.Add(within)); i++ {
		longest = max(longest, c.usual[i+1].Sub(c.usual[i]))
	}
	return longest
}

// weekly: the log was silent for as long in each of three weeks before, from the same
// clock time of the weekday on, give or take four hours.
func (c *coverage) weekly(from, to time.Time) bool {
	zone := c.zone
	for week := 1; week <= 3; week++ {
		then := sameClock(dateOf(from, zone).Add(-7*week), from, zone)
		if then.Before(c.times[0]) || c.wait(then, quiet) < to.Sub(from)-quiet {
			return false
		}
	}
	return true
}

// thinHours says why a day has too few hours with records, or "".
func (c *coverage) thinHours(d Date, learnt []Date) string {
	// It is judged only against its own class, and where it has no unusual silence.
	class := c.class(d, learnt)
	if len(learnt) < 3 || len(class) < 3 || c.silent(d) != "" || c.unreadable(day(d, c.zone)) {
		return ""
	}
	// Assumed: on the day itself records of anyone count, because they show that the log
	// was delivered.
	today := c.active(c.times, d)
	least, most := 25, 0
	usual := map[int]int{} // the least of each hour
	for i, l := range class {
		hours := c.active(c.usual, l)
		least, most = min(least, len(hours)), max(most, len(hours))
		for h := range 25 {
			if i == 0 || hours[h] < usual[h] {
				usual[h] = hours[h]
			}
		}
	}
	if missing := least - len(today); missing > 3 && missing > most-least {
		return "fewer active hours than usual"
	}
	thin := 0
	for h := range 25 {
		if usual[h] >= 8 && float64(today[h]) < float64(usual[h])/4 {
			thin++
		}
	}
	if thin >= 4 && 2*thin >= least {
		return "hours with less than a quarter of the usual records"
	}
	return ""
}

// thinWeekly: the days of three weeks before had as few active hours.
func (c *coverage) thinWeekly(d Date) bool {
	today := len(c.active(c.times, d))
	for week := 1; week <= 3; week++ {
		if before := d.Add(-7 * week); before.Before(c.first) || len(c.active(c.usual, before)) > today+3 {
			return false
		}
	}
	return true
}

// unreadable: more than 1 in 100 of the lines of a time. What can't be read has no time of its
// own but that of its neighbours, so the hours that the time touches count whole.
func (c *coverage) unreadable(i interval) bool {
	if c.b == nil {
		return false
	}
	hours := interval{i.from.Truncate(time.Hour), i.to.Add(time.Hour - 1).Truncate(time.Hour)}
	bad := 0
	for _, o := range c.b.v.Objects[c.b.Logs.Text] {
		for _, t := range o.Rejected {
			if hours.has(t) {
				bad++
			}
		}
	}
	good := 0
	for _, r := range c.b.all {
		if i.has(r.Time) {
			good++
		}
	}
	return bad*100 > bad+good
}

// silent says which unknown time a day has, or "".
func (c *coverage) silent(d Date) string {
	i := day(d, c.zone)
	inner := interval{i.from.Add(dayEdge - 1), i.to.Add(1 - dayEdge)} // less than two hours are no harm
	for _, g := range c.gaps {
		if g.meets(inner) {
			return "a gap from " + g.from.Format(time.RFC3339) + " to " + g.to.Format(time.RFC3339)
		}
	}
	return ""
}

// silentBehind: the day of the first record has unknown time behind that record.
func (c *coverage) silentBehind(d Date) bool {
	i := day(d, c.zone)
	inner := interval{i.from.Add(dayEdge - 1), i.to.Add(1 - dayEdge)}
	return slices.ContainsFunc(c.gaps, func(g interval) bool { return !g.from.Before(c.times[0]) && g.meets(inner) })
}

// day says why a day is not evaluated, or "".
func (c *coverage) day(d Date) string {
	i := day(d, c.zone)
	switch {
	case c.silent(d) != "":
		return c.silent(d)
	case c.unreadable(i):
		return unreadableLines
	}
	return c.thin[d]
}

// window says why the log can't speak of a window, or "". Less than two hours at its beginning and
// less than half an hour at its end may lie in an unknown time.
func (c *coverage) window(i interval) string {
	records := len(within(c.times, i))
	if records == 0 {
		return "no record of anyone"
	}
	for _, g := range c.gaps {
		if !g.meets(i) {
			continue
		}
		tolerated := dayEdge
		if !g.to.Before(i.to) {
			tolerated = windowEdge
		}
		from, to := g.from, g.to
		if from.Before(i.from) {
			from = i.from
		}
		if to.After(i.to) {
			to = i.to
		}
		if to.Sub(from) >= tolerated {
			return "a gap from " + g.from.Format(time.RFC3339) + " to " + g.to.Format(time.RFC3339)
		}
	}
	// Assumed: of a day with thin hours it is not known what is missing, so it takes its
	// windows with it.
	for d := dateOf(i.from, c.zone); !dateOf(i.to.Add(-1), c.zone).Before(d); d = d.Add(1) {
		if why := c.thin[d]; why != "" {
			return why
		}
	}
	if c.unreadable(i) {
		return unreadableLines
	}
	return ""
}
