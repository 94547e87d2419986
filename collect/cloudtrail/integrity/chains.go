package integrity

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// link is what a digest says of the one before it.
type link int

const (
	unsaid    link = iota // the digest is not valid, so that it says nothing
	begins                // there is none before it, by CloudTrail's own word
	follows               // the one before it is there
	misses                // it should be in a configured place, and is not there
	elsewhere             // it lies in a place that is not configured
)

// thread is a chain of digests by time, through whichever folders it went.
type thread struct {
	digests  []*digest
	backfill []*digest
	chain    Chain
	absences []absence
	ended    bool // nothing of it is left at the end of the period
	// lived is the time for which it has digests or should have them, by Region.
	lived map[string][]Span
}

func (t *thread) tail() *digest { return t.digests[len(t.digests)-1] }

func (t *thread) add(d *digest) {
	t.digests = append(t.digests, d)
	d.thread = t
}

// in tells whether the chain has digests of a Region.
func (t *thread) in(region string) bool {
	return slices.ContainsFunc(append(slices.Clone(t.digests), t.backfill...), func(d *digest) bool { return d.folder.region == region })
}

// lives tells whether the chain accounts for a time in a Region.
func (t *thread) lives(region string, at time.Time) bool {
	return slices.ContainsFunc(t.lived[region], func(s Span) bool { return !at.Before(s.From) && at.Before(s.To) })
}

// threads follows the digests from the oldest to the newest by what each says of the one
// before it. A trail keeps its chain when it is given another bucket or prefix: the first
// digest in the new place names the last one in the old place. Names count only where the
// digests do not tell: for one that is not valid, and for one that begins anew.
func (v *verification) threads(ctx context.Context) []*thread {
	slices.SortFunc(v.standard, func(a, b *digest) int {
		return cmp.Or(a.at.Compare(b.at), strings.Compare(a.key, b.key))
	})
	v.standard = slices.DeleteFunc(v.standard, v.known)
	var all []*thread
	latest := map[[4]string]*thread{} // by the name of the last digest
	named := func(name [4]string) *thread {
		if t := latest[name]; t != nil && t.tail().name() == name {
			return t
		}
		return nil
	}
	for _, d := range v.standard {
		t := named(d.name())
		if d.bad == nil {
			v.resolve(ctx, d)
			switch previous, _, ok := nameOf(d.json.PreviousObject); {
			case d.link == follows:
				t = d.before.thread
			case d.link == misses && ok && named(previous) != nil:
				t = named(previous)
			}
		}
		if t == nil {
			t = &thread{}
			all = append(all, t)
		}
		t.add(d)
		latest[d.name()] = t
	}
	all = v.joined(all)
	for _, d := range v.backfill { // a chain of their own, which is not followed
		i := slices.IndexFunc(all, func(t *thread) bool {
			return slices.ContainsFunc(append(t.digests, t.backfill...), func(o *digest) bool { return o.name() == d.name() })
		})
		if i < 0 {
			i = len(all)
			all = append(all, &thread{})
		}
		all[i].backfill = append(all[i].backfill, d)
	}
	return all
}

// known notes where a digest lies and where it belongs, and tells whether it is a second
// copy of one that is known.
func (v *verification) known(d *digest) bool {
	at, place := object{d.folder.location.Bucket, d.key}, d.place()
	switch other := v.digests[place]; {
	case other != nil && other.bad == nil && d.bad == nil && other.sum == d.sum:
		return true
	case other == nil || other.bad != nil:
		v.digests[place] = d
	}
	if v.digests[at] == nil {
		v.digests[at] = d
	}
	return false
}

// resolve looks for the digest that a valid one names as the one before it.
func (v *verification) resolve(ctx context.Context, d *digest) {
	if d.json.PreviousObject == "" {
		d.link = begins
		return
	}
	previous := object{d.json.PreviousBucket, d.json.PreviousObject}
	p := v.digests[previous]
	if p == nil { // of a folder nothing tells the bucket of a digest that can't be read
		if p = v.digests[object{"", previous.key}]; p != nil && p.json != nil {
			p = nil
		}
	}
	switch {
	case p != nil && p.thread != nil && p != d:
		d.link, d.before = follows, p
	case v.configured(previous) || v.heldBefore(ctx, previous):
		d.link = misses
	default:
		d.link = elsewhere
	}
}

// configured tells whether a digest would lie in a place that is looked at.
func (v *verification) configured(o object) bool {
	return slices.ContainsFunc(v.locations, func(l *location) bool {
		return strings.HasPrefix(o.key, l.Prefix) && l.holds(o.bucket)
	})
}

// heldBefore tells whether a folder is a copy of the bucket of a digest all the same: of
// that time nothing is left in it, and its oldest digest still names the bucket.
func (v *verification) heldBefore(ctx context.Context, o object) bool {
	name, at, ok := nameOf(o.key)
	return ok && slices.ContainsFunc(v.folders, func(f folder) bool {
		if f.location.Bucket != "" || !strings.HasSuffix("/"+f.digests(), "/"+name[0]) {
			return false
		}
		for key, err := range f.location.Store.List(ctx, f.digests(), "") {
			if err != nil {
				return false
			}
			if d, ok := f.digestOf(key); ok {
				d.read(ctx, v)
				return d.bad == nil && d.json.Bucket == o.bucket && !d.at.After(at)
			}
		}
		return false
	})
}

// joined puts a chain whose beginning is missing behind one that has no end: where the
// digests on both sides of a move are gone, nothing else tells that the two are one.
func (v *verification) joined(all []*thread) (out []*thread) {
	for _, t := range all {
		var to *thread
		if first := t.digests[0]; first.link == misses && first.start().After(v.Period.From) {
			for _, o := range out {
				last := o.tail()
				ends := last.folder.region == first.folder.region && !last.at.After(first.start())
				if ends && (to == nil || last.at.After(to.tail().at)) {
					to = o
				}
			}
		}
		if to == nil {
			out = append(out, t)
			continue
		}
		for _, d := range t.digests {
			to.add(d)
		}
	}
	return out
}

// judge validates a chain, from the last digest before the period on.
func (v *verification) judge(t *thread) {
	t.chain = Chain{Account: v.account, period: v.Period}
	c := &t.chain
	c.name(append(slices.Clone(t.backfill), t.digests...), v.Period.To)
	var before *digest
	reached, passed := v.Period.From, false
	for _, d := range t.digests {
		switch {
		case !d.at.After(v.Period.From): // only what the first one of the period names
		case !d.start().Before(v.Period.To): // the first one tells of the last of the period
			if !passed {
				v.link(t, before, d)
			}
			passed = true
		default:
			linked := v.link(t, before, d)
			v.window(c, d, &c.Digests)
			if d.bad == nil && linked && len(d.problems) == 0 {
				c.prove(Span{later(d.start(), v.Period.From), earlier(d.at, v.Period.To)})
			}
			reached = later(reached, d.at)
		}
		before = d
	}
	c.Problems = slices.DeleteFunc(c.Problems, func(p Problem) bool { return !p.From.Before(v.Period.To) || !p.To.After(v.Period.From) })
	if !passed {
		v.ending(t, before, reached)
	}
	for _, d := range t.backfill {
		if !d.at.After(v.Period.From) || !d.start().Before(v.Period.To) {
			continue
		}
		v.window(c, d, &c.Backfill)
		if d.bad != nil || len(d.problems) > 0 { // its log files belong to that time
			c.Proven = without(c.Proven, Span{d.start(), d.at})
		}
	}
	t.lived = v.lived(t, reached)
}

// name takes the names of the last digest that begins before the end of the period.
func (c *Chain) name(digests []*digest, end time.Time) {
	for i, d := range digests {
		if i == 0 || d.start().Before(end) {
			c.Region, c.Trail, c.HomeRegion = d.folder.region, d.trail, d.home
		}
	}
}

// window counts a digest and what was found out about its log files.
func (v *verification) window(c *Chain, d *digest, count *Count) {
	count.All++
	if d.bad == nil {
		count.Valid++
	} else {
		c.Problems = append(c.Problems, *d.bad)
		v.doubt(d.folder.region, Span{d.start(), d.at})
	}
	c.Logs.All += d.window.Logs.All
	c.Logs.Valid += d.window.Logs.Valid
	c.Problems = append(c.Problems, d.problems...)
	c.Windows = append(c.Windows, d.window)
}

func (v *verification) doubt(region string, s Span) { v.doubts = append(v.doubts, doubt{region, s}) }

// link compares a digest with the one before it, and tells whether what it says of it
// holds. The one before it in the chain is not always the one that it names.
func (v *verification) link(t *thread, before, d *digest) bool {
	from := v.Period.From
	if before != nil {
		from = before.at
	}
	gap := Span{from, d.start()}
	absent := func(kind, text string) {
		if gap.From.Before(gap.To) {
			p := Problem{Kind: kind, From: gap.From, To: gap.To, Text: text}
			t.absences = append(t.absences, absence{Problem: p, region: d.folder.region, before: before, next: d})
		}
	}
	switch {
	case d.link == unsaid:
		absent(NoDigest, "no digest is there before "+d.key+", which is not valid")
		return false
	case d.link == begins && before == nil:
		absent(NoDigest, "the chain begins with this digest, no earlier one was ever made")
	case d.link == begins:
		absent(Gap, "CloudTrail began a new chain: the trail or its validation was off")
	case d.link == elsewhere:
		absent(Elsewhere, v.elsewhere(d))
	case d.link == misses && (before != nil || gap.From.Before(gap.To)):
		t.chain.Problems = append(t.chain.Problems, missing(d, Span{earlier(gap.From, gap.To), gap.To}))
		v.doubt(d.folder.region, gap)
		if before != nil && before.folder.region != d.folder.region {
			v.doubt(before.folder.region, gap)
		}
	case d.link == follows:
		return v.follows(t, before, d, absent)
	}
	return true
}

// missing is the digest that d names as the one before it.
func missing(d *digest, s Span) Problem {
	text := d.key + " names it as the digest before itself, and it is not there"
	return Problem{Kind: MissingDigest, Key: d.json.PreviousObject, From: s.From, To: s.To, Text: text}
}

// follows compares a digest with the one that it names.
func (v *verification) follows(t *thread, before, d *digest, absent func(kind, text string)) bool {
	j, p := d.json, d.before
	broken := func(text string) bool {
		t.chain.Problems = append(t.chain.Problems, Problem{Kind: BrokenChain, Key: d.key, From: d.start(), To: d.at, Text: text})
		return false
	}
	switch {
	case p != before && before != nil && before.bad == nil:
		return broken("it names " + p.key + " as the digest before it, and so does " + before.key)
	case p.bad != nil:
		return true
	case j.PreviousHash != p.sum:
		return broken("its SHA-256 of the digest before it, " + p.key + ", is another one")
	case j.PreviousSignature != p.signature:
		return broken("its signature of the digest before it, " + p.key + ", is another one")
	case p == before:
		absent(Gap, "by CloudTrail's own word no digest lies between the one before and the one behind this time")
	}
	return true
}

// elsewhere says where the trail delivered before, and what to do about it.
func (v *verification) elsewhere(d *digest) string {
	place := d.json.PreviousObject
	if m := accountFolder.FindStringSubmatch(place); m != nil {
		place = m[1]
	}
	place = "s3://" + d.json.PreviousBucket + "/" + place
	const text = "up to %s the trail delivered to %s, which is not configured; " +
		"add that place, or a folder with a copy of it, to the list in tenant.cloudtrail"
	return fmt.Sprintf(text, d.start().UTC().Format(time.RFC3339), place)
}

// ending notes time at the end of the period for which there should be a digest.
func (v *verification) ending(t *thread, last *digest, reached time.Time) {
	if !reached.Before(earlier(v.Period.To, v.Now.Add(-Slack))) {
		return
	}
	t.ended = true
	text := "no digest covers this time"
	kind := NoDigest
	if last != nil {
		text += ": the newest ones were removed, the trail or its validation is off, " +
			"or it delivers to a place that is not configured"
	}
	if !reached.Add(silence).After(v.Now) {
		kind = Ended
	}
	p := Problem{Kind: kind, From: reached, To: earlier(v.Period.To, v.Now), Text: text}
	t.absences = append(t.absences, absence{Problem: p, region: t.chain.Region, before: last})
}

// prove adds time that is proven; calls come by time.
func (c *Chain) prove(s Span) {
	if !s.From.Before(s.To) {
		return
	}
	if n := len(c.Proven); n > 0 && !c.Proven[n-1].To.Before(s.From) {
		c.Proven[n-1].To = later(c.Proven[n-1].To, s.To)
		return
	}
	c.Proven = append(c.Proven, s)
}
