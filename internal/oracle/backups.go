package oracle

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// windowSubject names a bucket's nights.
func (b *bucketView) windowSubject() string {
	return fmt.Sprintf("nightly window %s-%s", b.Window.Start, b.Window.End)
}

// nightChecks are the findings about nights.
func (b *bucketView) nightChecks(t *tally) {
	for _, n := range b.nights {
		if !b.v.inMonth(n.Date) {
			continue
		}
		add := func(check, subject string) { t.add(check, b.Name, subject, n.Date, 1) }
		switch {
		case !n.evaluated():
		case n.Verdict == Missed:
			add("backup-missed", b.windowSubject())
			if n.Failing {
				add("backup-failing", b.windowSubject())
			}
		default:
			if n.Removed {
				add("backup-removed", b.windowSubject())
			}
			if n.Failing {
				add("backup-failing", b.windowSubject())
			}
			b.volume(t, n)
			b.partsMissing(t, n)
		}
		if b.v.Tenant.BackupReports.Scheme != "" {
			// What a report says of its jobs holds for nights of which the log has a gap, too.
			if told := b.reported(n); told == "failed" || told == "differs" && n.evaluated() {
				add("backup-report-mismatch", "*") // Assumed: how they differ is not compared
			}
			if b.unreported(n) {
				add("backup-report-mismatch", "no report")
			}
		}
	}
	b.trend(t)
}

// volume compares the bytes of a night with the evaluated nights among the 28 before.
func (b *bucketView) volume(t *tally, n *Night) {
	h := learn(n.Date, func(d Date) (float64, bool) {
		other := b.night(d)
		if other == nil || !other.evaluated() || other.Verdict == Missed {
			return 0, false
		}
		return float64(other.Bytes), true
	})
	if !h.enough() {
		return
	}
	var logs []float64
	for _, v := range h.values {
		logs = append(logs, math.Log1p(v))
	}
	w, m, most := float64(n.Bytes), median(h.values), math.Inf(1)
	limits := b.v.Tenant.Checks
	if len(h.weekday) > 0 {
		most = slices.Max(h.weekday)
	}
	far := math.Abs(w-m) >= float64(limits["backup_volume"])
	switch {
	case w < m/2 && (len(h.weekday) == 0 || w < most/2) && (math.Log1p(w) < median(logs)-4*1.4826*spread(logs) || 4*w < m):
		t.add("backup-volume", b.Name, "far less than usual", n.Date, 1)
	case far && w > 2*m && (len(h.weekday) == 0 || w > 2*median(h.weekday)) && w > m+float64(limits["deviations"])*spread(h.values):
		t.add("backup-volume", b.Name, "far more than usual", n.Date, 1)
	}
}

// parts of a night: approved prefixes, backup principals, folders.
func (b *bucketView) parts(n *Night) (steady, folders map[string]bool) {
	if known, ok := b.held[n]; ok {
		return known[0], known[1]
	}
	if b.held == nil {
		b.held = map[*Night][2]map[string]bool{}
	}
	steady, folders = map[string]bool{}, map[string]bool{}
	b.held[n] = [2]map[string]bool{steady, folders}
	for _, w := range b.objects.writes {
		if !n.Window.has(w.Time) || !w.Backup {
			continue
		}
		steady["principal "+w.Who.Requester] = true
		for _, p := range b.Prefixes {
			if !under(w.Object, []string{p}) {
				continue
			}
			if len(b.Prefixes) > 1 {
				steady["prefix "+p] = true
			}
			if rest, ok := strings.CutPrefix(w.Object, p); ok {
				if name, _, below := strings.Cut(strings.TrimPrefix(rest, "/"), "/"); below {
					folders["folder "+p+name+"/"] = true
				}
			}
		}
	}
	return steady, folders
}

// partsMissing: a part that was there before has no backup write.
func (b *bucketView) partsMissing(t *tally, n *Night) {
	var before []*Night // evaluated and not missed, among the 28 days before, newest first
	for i := 1; i <= 28; i++ {
		if x := b.night(n.Date.Add(-i)); x != nil && x.evaluated() && x.Verdict != Missed {
			before = append(before, x)
		}
	}
	steady, folders := b.parts(n)
	count, weekdays := map[string]int{}, map[string]int{}
	sameWeekday := 0
	everyFolder := map[string]int{}
	for i, x := range before {
		s, f := b.parts(x)
		same := x.Date.Weekday() == n.Date.Weekday()
		if same {
			sameWeekday++
		}
		for part := range s {
			count[part]++
			if same {
				weekdays[part]++
			}
		}
		if i > 0 {
			for part := range f {
				everyFolder[part]++
			}
		}
	}
	for part, k := range count {
		often := len(before) >= 7 && 10*k >= 9*len(before)
		weekly := sameWeekday >= 4 && weekdays[part] == sameWeekday
		if (often || weekly) && !steady[part] {
			t.add("backup-part-missing", b.Name, part, n.Date, 1)
		}
	}
	if len(before) < 15 {
		return
	}
	_, last := b.parts(before[0])
	for part, k := range everyFolder {
		if k == len(before)-1 && !last[part] && !folders[part] {
			t.add("backup-part-missing", b.Name, part, n.Date, 1)
		}
	}
}

// trend compares the median night of the month with those of the six months before.
func (b *bucketView) trend(t *tally) {
	middle := func(year int, month time.Month) (float64, bool) {
		var values []float64
		for _, n := range b.nights {
			if n.Date.Y == year && n.Date.M == month && n.evaluated() && n.Verdict != Missed {
				values = append(values, float64(n.Bytes))
			}
		}
		return median(values), len(values) >= 7
	}
	first, last := b.v.Month[0], b.v.Month[len(b.v.Month)-1]
	now, ok := middle(first.Y, first.M)
	if !ok {
		return
	}
	fell, rose := false, false
	for i := 1; i <= 6; i++ {
		m := first.utc().AddDate(0, -i, 0)
		if then, ok := middle(m.Year(), m.Month()); ok {
			fell, rose = fell || now < then/2, rose || now > 2*then
		}
	}
	if fell {
		t.add("backup-trend", b.Name, "fell", last, 1)
	}
	if rose {
		t.add("backup-trend", b.Name, "rose", last, 1)
	}
}

// removalChecks are the findings about what was removed.
func (b *bucketView) removalChecks(t *tally) {
	for _, d := range b.v.Month {
		b.earlyDeletes(t, d)
		b.massRemoval(t, d)
		b.emptied(t, d)
		b.overwritten(t, d)
	}
}

// earlyDeletes: keys of backup writes removed within keep_days.
func (b *bucketView) earlyDeletes(t *tally, d Date) {
	today := day(d, b.v.Zone)
	keys := map[string]map[string]*Write{} // by who removed
	for _, g := range b.objects.all {
		if !today.has(g.Time) || temporary(g.Object) {
			continue
		}
		w := b.victim(g)
		if w == nil || !w.Backup || w.Moved || g.Time.Sub(w.Time) >= b.keep() {
			continue
		}
		who := nameless(g.Who.Requester)
		if keys[who] == nil {
			keys[who] = map[string]*Write{}
		}
		keys[who][g.Object] = w
	}
	for who, removed := range keys {
		if b.v.whois(who).Backup && !b.tells(removed) {
			continue
		}
		t.add("early-delete", b.Name, who, d, int64(len(removed)))
	}
}

// victim is the write that a removal takes away: the newest before it that wrote something.
func (b *bucketView) victim(g *Removal) *Write {
	var last *Write
	for _, w := range b.objects.byKey[g.Object] {
		if w.Record != g.Record && !w.Time.After(g.Time) && !(w.Known && w.Bytes == 0) && !w.Itself {
			last = w
		}
	}
	if last == nil || !b.objects.of(g, last) {
		return nil
	}
	// An earlier removal has taken it already.
	for _, x := range b.objects.gone[g.Object] {
		if x != g && x.Time.Before(g.Time) && !x.Time.Before(last.Time) && b.objects.of(x, last) {
			return nil
		}
	}
	return last
}

// tells: removals by a backup principal count where they take a twentieth of a night's
// bytes, or leave fewer than min_objects.
func (b *bucketView) tells(removed map[string]*Write) bool {
	for _, n := range b.nights {
		var bytes int64
		some := false
		for _, w := range removed {
			if n.Window.has(w.Time) {
				bytes, some = bytes+w.Bytes, true
			}
		}
		if some && (20*bytes >= n.Bytes || len(n.Kept) < int(b.MinObjects)) {
			return true
		}
	}
	return false
}

// massRemoval compares what was removed in the 28 days up to D with what was written.
func (b *bucketView) massRemoval(t *tally, d Date) {
	span := interval{day(d.Add(-27), b.v.Zone).from, day(d, b.v.Zone).to}
	written, largest := 0, 0
	days := map[Date]map[string]bool{} // the keys that were written
	for _, w := range b.objects.writes {
		if w.Backup && span.has(w.Time) {
			d := dateOf(w.Time, b.v.Zone)
			if days[d] == nil {
				days[d] = map[string]bool{}
			}
			days[d][w.Object] = true
		}
	}
	for _, keys := range days {
		written += len(keys)
		largest = max(largest, len(keys))
	}
	var requests, lifecycle, byRequests, byRules int // the latter two on the day itself
	for _, g := range b.objects.all {
		if !span.has(g.Time) || g.Empty || temporary(g.Object) {
			continue
		}
		today := 0
		if day(d, b.v.Zone).has(g.Time) {
			today = 1
		}
		if g.Lifecycle {
			lifecycle++
			byRules += today
		} else {
			requests++
			byRequests += today
		}
	}
	if byRequests > 0 && requests > 2*written+10 {
		t.add("mass-removal", b.Name, "by requests", d, int64(byRequests))
	}
	if byRules > 0 && (lifecycle > 3*written+10 || byRules > 3*largest+10) {
		t.add("mass-removal", b.Name, "by lifecycle rules", d, int64(byRules))
	}
}

// halfLost is when half of the bytes of a night were removed, and whether they ever were.
func (b *bucketView) halfLost(n *Night) (at time.Time, lost bool) {
	type loss struct {
		key  string
		at   time.Time
		size int64
	}
	var losses []loss
	for key, w := range n.last {
		for _, g := range b.objects.gone[key] {
			if g.Record != w.Record && !g.Time.Before(w.Time) && b.objects.of(g, w) && !b.movedBefore(w, g.Time) {
				losses = append(losses, loss{key, g.Time, w.Bytes})
				break
			}
		}
	}
	slices.SortFunc(losses, func(x, y loss) int { return cmp.Or(x.at.Compare(y.at), strings.Compare(x.key, y.key)) })
	var sum int64
	for _, l := range losses {
		if sum += l.size; n.Bytes > 0 && 2*sum >= n.Bytes {
			return l.at, true
		}
	}
	return time.Time{}, false
}

// movedBefore: the object was copied to another key between its write and a time.
func (b *bucketView) movedBefore(w *Write, until time.Time) bool {
	for i := range b.records {
		r := &b.records[i]
		if r.Is("REST.COPY.OBJECT_GET") && r.Successful() && r.object() == w.Object &&
			!r.Time.Before(w.Time) && !r.Time.After(until) && b.objects.copied(r) {
			return true
		}
	}
	return false
}

// newestRemoved: nights that lost half of their bytes within three days of their end, while
// half of the nights before had not.
func (b *bucketView) newestRemoved(t *tally) {
	for _, n := range b.nights {
		at, lost := b.halfLost(n)
		if !lost || !at.Before(n.Window.to.AddDate(0, 0, 3)) || !b.v.inMonth(dateOf(at, b.v.Zone)) {
			continue
		}
		before, stay := 0, 0
		for _, o := range b.nights {
			if o.Bytes == 0 || !o.Window.from.Before(n.Window.from) || o.Window.from.Before(n.Window.from.AddDate(0, 0, -8)) {
				continue
			}
			before++
			if gone, lost := b.halfLost(o); !lost || gone.After(at) {
				stay++
			}
		}
		if before >= 3 && 2*stay >= before {
			t.add("newest-removed", b.Name, "nights removed before older ones", dateOf(at, b.v.Zone), 1)
		}
	}
}
