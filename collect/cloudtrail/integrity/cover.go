package integrity

import (
	"context"
	"slices"
	"time"
)

// absence is time in which a chain has no digest, and says why or says nothing. Another
// chain of the account may have digests for it.
type absence struct {
	Problem
	region       string
	before, next *digest // on both sides; nil for none
}

func (a absence) span() Span { return Span{a.From, a.To} }

// lived is the time for which a chain has digests, or should have them.
func (v *verification) lived(t *thread, reached time.Time) map[string][]Span {
	out := map[string][]Span{}
	add := func(region string, s Span) {
		if s.From.Before(s.To) {
			out[region] = append(out[region], s)
		}
	}
	var before *digest
	for _, d := range t.digests {
		if before != nil && d.link == misses && d.folder.region == before.folder.region {
			add(d.folder.region, Span{before.at, d.start()})
		}
		add(d.folder.region, Span{d.start(), d.at})
		before = d
	}
	if before != nil && !t.ended && reached.Before(v.Period.To) {
		add(before.folder.region, Span{reached, v.Period.To})
	}
	return out
}

// cover takes from what each chain lacks the time for which another chain of the account
// and Region has digests: a trail that was given another name is a new one with a chain
// of its own, and where one of two trails ends the other proves the hours. What is wrong
// with a chain itself, such as a digest that was removed, stays whatever others prove.
func (v *verification) cover(threads []*thread) {
	for _, t := range threads {
		for _, a := range t.absences {
			rest := []Span{a.span()}
			for _, o := range threads {
				if o == t {
					continue
				}
				for _, s := range o.lived[a.region] {
					rest = without(rest, s)
				}
				for _, s := range o.explained(a.region) {
					begins := a.Kind == NoDigest && a.next != nil // it does not say what another chain was before
					ended := a.next == nil && s.From.After(a.From)
					if begins || ended {
						rest = without(rest, s)
					}
				}
			}
			if t.anew(a, threads) {
				rest = nil
			}
			for _, s := range rest {
				v.doubt(a.region, s)
				if told(a, s, t, threads) || continued(a, s, t, threads) {
					continue
				}
				p := a.Problem
				p.From, p.To = s.From, s.To
				t.chain.Problems = append(t.chain.Problems, p)
			}
			covered := []Span{a.span()}
			for _, s := range rest {
				covered = without(covered, s)
			}
			for _, s := range covered { // absences of one chain do not overlap
				t.chain.Covered = append(t.chain.Covered, Span{later(s.From, v.Period.From), earlier(s.To, v.Period.To)})
			}
		}
		t.chain.Problems = slices.DeleteFunc(t.chain.Problems, func(p Problem) bool {
			return !p.From.Before(v.Period.To) || !p.To.After(v.Period.From)
		})
	}
}

// explained is the time without digests of which a chain says what it was: the trail was off, or it delivered to a
// place that is not configured.
func (t *thread) explained(region string) (out []Span) {
	for _, a := range t.absences {
		if (a.Kind == Elsewhere || a.Kind == Gap) && a.region == region {
			out = append(out, a.span())
		}
	}
	return out
}

// anew tells whether an absence comes of a trail that was made anew in another Region: in
// that one, which had no digests before, a chain begins at the very second at which this
// one ends.
func (t *thread) anew(a absence, threads []*thread) bool {
	first := func(o *thread, region string) bool {
		before := func(d *digest) bool { return d.folder.region == region && d.at.Before(o.digests[0].at) }
		return !slices.ContainsFunc(threads, func(x *thread) bool { return x != o && slices.ContainsFunc(x.digests, before) })
	}
	return slices.ContainsFunc(threads, func(o *thread) bool {
		if o == t || len(o.digests) == 0 {
			return false
		}
		switch {
		case a.next == nil && a.before != nil: // the end of this one
			d := o.digests[0]
			return d.link == begins && d.folder.region != a.region && d.start().Equal(a.From) && first(o, d.folder.region)
		case a.before == nil && a.next != nil && a.next.link == begins: // the beginning
			return o.ended && o.tail().folder.region != a.region && o.tail().at.Equal(a.To) && first(t, a.region)
		}
		return false
	})
}

// continued tells whether what is left of the end of a chain is the end of another one, which
// took its place and ended in turn.
func continued(a absence, rest Span, t *thread, threads []*thread) bool {
	return a.next == nil && rest.From.After(a.From) && slices.ContainsFunc(threads, func(o *thread) bool {
		return o != t && slices.ContainsFunc(o.absences, func(b absence) bool {
			return b.region == a.region && b.next == nil && b.From.Equal(rest.From)
		})
	})
}

// told tells whether the end of a chain is told of by another one, which begins behind it
// and says what was before: by CloudTrail's own word there was no digest, or there was one
// in a place that is not configured.
func told(a absence, rest Span, t *thread, threads []*thread) bool {
	return a.next == nil && slices.ContainsFunc(threads, func(o *thread) bool {
		return o != t && slices.ContainsFunc(o.absences, func(b absence) bool {
			return b.region == a.region && b.before == nil && b.next != nil && b.next.bad == nil && b.To.Equal(rest.To)
		})
	})
}

// notBegun is for Regions that have no digest of the period, and some from after it. Where
// the first one says that there were others in a place that is not configured, nothing is
// known of the period. One that names a digest which is missing tells only where there
// are older ones: else a lifecycle rule may have removed all.
func (v *verification) notBegun(ctx context.Context) []Chain {
	var out []Chain
	for _, d := range v.far {
		if slices.ContainsFunc(v.standard, func(o *digest) bool { return o.folder.region == d.folder.region }) {
			continue
		}
		if d.read(ctx, v); d.bad != nil {
			continue
		}
		p := Problem{From: v.Period.From, To: v.Period.To}
		switch v.resolve(ctx, d); {
		case d.link == elsewhere:
			p.Kind, p.Text = Elsewhere, v.elsewhere(d)
		case d.link == misses && v.older(ctx, d):
			p = missing(d, v.Period)
			v.doubt(d.folder.region, v.Period)
		default:
			continue
		}
		c := Chain{Account: v.account, period: v.Period, Problems: []Problem{p}}
		c.name([]*digest{d}, v.Period.To)
		out = append(out, c)
	}
	return out
}

// older tells whether the folder of a digest has one from before the period.
func (v *verification) older(ctx context.Context, d *digest) bool {
	for key, err := range d.folder.location.Store.List(ctx, d.folder.digests(), "") {
		if err != nil {
			return false
		}
		if o, ok := d.folder.digestOf(key); ok {
			return o.at.Before(v.Period.From)
		}
	}
	return false
}

// bare is for Regions in which log files lie and no digest of the period does, while
// other Regions or accounts have digests.
func (v *verification) bare() []Chain {
	days := map[string][]Span{}
	for _, l := range v.loose {
		day := l.at.UTC().Truncate(24 * time.Hour)
		s := Span{later(day, v.Period.From), earlier(day.Add(24*time.Hour), v.Period.To)}
		if !slices.Contains(days[l.region], s) {
			days[l.region] = append(days[l.region], s)
		}
	}
	var out []Chain
	for _, region := range regions(v.folders) {
		if len(days[region]) == 0 || slices.ContainsFunc(v.doubts, func(d doubt) bool { return d.region == region }) {
			continue
		}
		c := Chain{Account: v.account, Region: region, period: v.Period, Covered: []Span{v.Period}}
		for _, s := range days[region] {
			c.Covered = without(c.Covered, s)
			c.Problems = append(c.Problems, Problem{Kind: NoDigest, From: s.From, To: s.To,
				Text: "log files of this account and Region lie there and no digest does: log file validation is " +
					"off, or the digests were removed"})
		}
		out = append(out, c)
	}
	return out
}
