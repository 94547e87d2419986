package oracle

import (
	"slices"
	"time"
)

// overwritten: keys of earlier nights written anew.
func (b *bucketView) overwritten(t *tally, d Date) {
	if len(b.v.Tenant.Principals) == 0 {
		return
	}
	for who, n := range b.renewed(d) {
		if b.v.whois(who).Backup {
			var values, weekday []float64
			for i := 1; i <= 28; i++ {
				if b.evaluated(d.Add(-i)) {
					values = append(values, float64(b.renewed(d.Add(-i))[who]))
					if i%7 == 0 {
						weekday = append(weekday, float64(b.renewed(d.Add(-i))[who]))
					}
				}
			}
			if n < 3 || len(values) < 7 || float64(n) <= 2*median(values) || len(weekday) > 0 && float64(n) <= 2*slices.Min(weekday) {
				continue
			}
		}
		t.add("backup-overwritten", b.Name, who, d, n)
	}
}

// renewed counts the keys of backups that each requester wrote anew on a day; a backup principal
// those that are written anew for the first time.
func (b *bucketView) renewed(d Date) map[string]int64 {
	if known, ok := b.renews[d]; ok {
		return known
	}
	if b.renews == nil {
		b.renews = map[Date]map[string]int64{}
	}
	today := day(d, b.v.Zone)
	keys := map[string]map[string]bool{}
	seen := map[string]bool{}
	for _, w := range b.objects.writes {
		if !today.has(w.Time) {
			continue
		}
		periods := b.periods(w)
		who := nameless(w.Who.Requester)
		switch own := periods[b.period(w.Time)]; {
		case len(periods) == 0, w.Who.Backup && len(periods) == 1 && own:
			continue
		case seen[who+"\n"+w.Object]:
			continue // the first on the day decides
		}
		seen[who+"\n"+w.Object] = true
		if w.Who.Backup && len(periods) > 1 {
			continue
		}
		if keys[who] == nil {
			keys[who] = map[string]bool{}
		}
		keys[who][w.Object] = true
	}
	out := map[string]int64{}
	for who, k := range keys {
		out[who] = int64(len(k))
	}
	b.renews[d] = out
	return out
}

// period is the night of a moment, or outside of the windows its day.
func (b *bucketView) period(t time.Time) string {
	for _, n := range b.nights {
		if n.Window.has(t) {
			return "night " + n.Date.String()
		}
	}
	return dateOf(t, b.v.Zone).String()
}

// periods are those in which backups wrote a key before.
func (b *bucketView) periods(w *Write) map[string]bool {
	out := map[string]bool{}
	for _, x := range b.objects.byKey[w.Object] {
		if x == w {
			break
		}
		if x.Backup {
			out[b.period(x.Time)] = true
		}
	}
	return out
}
