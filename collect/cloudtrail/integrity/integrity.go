// Package integrity validates what a CloudTrail trail has delivered, by the digest
// files that CloudTrail signs every hour: [Verify].
//
// The rules are those of the AWS CloudTrail user guide, pages "CloudTrail digest file
// structure" and "Custom implementations of CloudTrail log file integrity validation".
// Where `aws cloudtrail validate-logs` looks less closely, this looks closer: it
// compares previousDigestHashValue and previousDigestSignature with the digest that
// they are about, looks whether the windows of the digests meet, whether the newest
// ones are there, whether a key was valid, and for log files that no digest names.
package integrity

import (
	"context"
	"io"
	"iter"
	"maps"
	"slices"
	"time"
)

// Store is the bucket of a trail.
type Store interface {
	// List yields the keys that begin with prefix and sort after the key after, in
	// the order of their bytes.
	List(ctx context.Context, prefix, after string) iter.Seq2[string, error]
	// Get reads an object with its user metadata (names in lower case, without
	// x-amz-meta-). One that does not exist is objects.ErrNotFound.
	Get(ctx context.Context, key string) (io.ReadCloser, map[string]string, error)
}

// Kinds of problems.
const (
	// BadDigest is a digest that is not what CloudTrail signed at its place.
	BadDigest = "digest-invalid"
	// MissingDigest is one that the next digest names and that is not there.
	MissingDigest = "digest-missing"
	// BrokenChain is a digest whose word about the one before it does not hold.
	BrokenChain = "chain-broken"
	// Gap is time without digests in which, by CloudTrail's own word, the trail or
	// its validation was off.
	Gap = "gap"
	// NoDigest is time at the beginning or end for which no digest is there.
	NoDigest = "digest-none"
	// BadLog is a log file with another content than the one that was delivered.
	BadLog = "log-modified"
	// MissingLog is one that was delivered and is not there.
	MissingLog = "log-missing"
	// UnlistedLog is one that no digest names.
	UnlistedLog = "log-unlisted"
	// Unread is an object that could not be read, or a key that could not be had, so
	// that nothing is known.
	Unread = "unread"
)

// Problem is one thing that does not hold, or is not known.
type Problem struct {
	Kind     string
	Key      string // of the object; "" for time alone
	From, To time.Time
	Text     string // why, in a sentence without a full stop
}

// Tampering tells whether the problem means that someone changed what CloudTrail had
// delivered, or that it can't be told from that.
func (p Problem) Tampering() bool {
	return p.Kind != Gap && p.Kind != NoDigest && p.Kind != Unread
}

// Count is of objects that were looked at, and of those that hold.
type Count struct{ All, Valid int }

// Chain is what was found out about the digests of one trail, of one account in one
// Region.
type Chain struct {
	Account, Region, Trail, HomeRegion string
	Digests, Backfill, Logs            Count
	Proven                             []Span // by time, not touching
	Problems                           []Problem
	Windows                            []Window // of the digests, backfill included
}

// Window is one digest, with the log files that it names.
type Window struct {
	Span
	Valid bool
	Logs  Count
}

// Span is time from From up to To.
type Span struct{ From, To time.Time }

// ProvenTime is how much of the period of a verification is proven.
func (c *Chain) ProvenTime() time.Duration {
	return c.ProvenIn(Span{To: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)})
}

// ProvenIn is how much of a part of it is.
func (c *Chain) ProvenIn(part Span) (d time.Duration) {
	for _, s := range c.Proven {
		if from, to := later(s.From, part.From), earlier(s.To, part.To); from.Before(to) {
			d += to.Sub(from)
		}
	}
	return d
}

// Options of a verification.
type Options struct {
	Bucket string // "" for that of the first digest, of which a folder is a copy
	Prefix string // where the keys to look at begin; it may end before, in or behind AWSLogs/…/ACCOUNT/
	// Accounts are those whose trails are looked at; empty for all.
	Accounts []string
	Period   Span // the time that is to be proven; the end may be to come
	Now      time.Time
	Keys     Keys
}

// Slack is by how much CloudTrail may be late with a digest: the hour that it covers,
// and two of delivery.
const Slack = 3 * time.Hour

// Verify validates every chain below the prefix over a period. An error means that
// the place could not be listed; what is wrong with single objects are problems. No
// chain means that no digest lies there at all.
func Verify(ctx context.Context, store Store, o Options) ([]Chain, error) {
	folders, err := findFolders(ctx, store, o.Prefix)
	if err != nil {
		return nil, err
	}
	var out []Chain
	for _, f := range folders {
		if len(o.Accounts) > 0 && !slices.Contains(o.Accounts, f.account) {
			continue
		}
		v := verification{Options: o, store: store, folder: f, named: map[string]bool{}}
		chains, err := v.run(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, chains...)
	}
	return out, nil
}

// verification is that of the digests in one folder: of one account in one Region.
type verification struct {
	Options
	store  Store
	folder folder
	named  map[string]bool // log files that a digest names, whether it is valid or not
	doubt  []Span          // time in which a digest is missing or bad, so that log files may be named by it
}

func (v *verification) run(ctx context.Context) ([]Chain, error) {
	files, err := v.list(ctx)
	if err != nil {
		return nil, err
	}
	byTrail := map[[2]string][]*digest{}
	for _, f := range files {
		byTrail[[2]string{f.trail, f.home}] = append(byTrail[[2]string{f.trail, f.home}], f)
	}
	var chains []Chain
	for _, key := range slices.SortedFunc(maps.Keys(byTrail), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		c := Chain{Account: v.folder.account, Region: v.folder.region, Trail: key[0], HomeRegion: key[1]}
		if err := v.chain(ctx, &c, byTrail[key]); err != nil {
			return nil, err
		}
		chains = append(chains, c)
	}
	if len(chains) > 0 {
		if err := v.unlisted(ctx, chains); err != nil {
			return nil, err
		}
	}
	for i := range chains {
		sortProblems(chains[i].Problems)
	}
	return chains, nil
}

func sortProblems(list []Problem) {
	slices.SortStableFunc(list, func(a, b Problem) int { return a.From.Compare(b.From) })
}

// chain validates the digests of one trail, from the last one before the period on.
func (v *verification) chain(ctx context.Context, c *Chain, files []*digest) error {
	var standard, backfill []*digest
	for _, d := range files {
		if d.backfill {
			backfill = append(backfill, d)
		} else {
			standard = append(standard, d)
		}
	}
	var before *digest
	reached, passed := v.Period.From, false
	for i, d := range standard {
		d.read(ctx, v)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if d.at.Compare(v.Period.From) <= 0 { // only what the first one of the period names
			before = d
			continue
		}
		if !d.start().Before(v.Period.To) { // the first one tells of the last of the period
			if !passed {
				v.link(c, before, d, i == 0)
			}
			passed, before = true, d
			continue
		}
		linked := v.link(c, before, d, i == 0)
		c.Digests.All++
		if d.bad == nil {
			c.Digests.Valid++
		} else {
			c.Problems = append(c.Problems, *d.bad)
			v.doubt = append(v.doubt, Span{d.start(), d.at})
		}
		held, err := v.window(ctx, c, d)
		if err != nil {
			return err
		}
		if d.bad == nil && linked && held {
			c.prove(Span{later(d.start(), v.Period.From), earlier(d.at, v.Period.To)})
		}
		reached = later(reached, d.at)
		before = d
	}
	c.Problems = slices.DeleteFunc(c.Problems, func(p Problem) bool { return !p.From.Before(v.Period.To) || !p.To.After(v.Period.From) })
	if !passed {
		v.ending(c, before, reached)
	}
	for _, d := range backfill {
		d.read(ctx, v)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if d.at.Compare(v.Period.From) <= 0 || !d.start().Before(v.Period.To) {
			continue
		}
		c.Backfill.All++
		if d.bad == nil {
			c.Backfill.Valid++
		} else {
			c.Problems = append(c.Problems, *d.bad)
			v.doubt = append(v.doubt, Span{d.start(), d.at})
		}
		held, err := v.window(ctx, c, d)
		if err != nil {
			return err
		}
		if d.bad != nil || !held { // its log files belong to that time
			c.disprove(Span{d.start(), d.at})
		}
	}
	return nil
}

// window looks at the log files of a digest, and tells whether all hold.
func (v *verification) window(ctx context.Context, c *Chain, d *digest) (bool, error) {
	before := c.Logs
	held, err := v.logs(ctx, c, d)
	c.Windows = append(c.Windows, Window{Span: Span{d.start(), d.at}, Valid: d.bad == nil, Logs: Count{c.Logs.All - before.All, c.Logs.Valid - before.Valid}})
	return held, err
}

// link compares a digest with the one before it in the listing, and tells whether
// what it says of it holds. A digest that is bad itself tells nothing.
func (v *verification) link(c *Chain, before, d *digest, first bool) bool {
	if d.bad != nil {
		return false
	}
	j := d.json
	problem := func(kind string, from, to time.Time, text string) bool {
		c.Problems = append(c.Problems, Problem{Kind: kind, Key: d.key, From: from, To: to, Text: text})
		return false
	}
	missing := func(from time.Time) {
		c.Problems = append(c.Problems, Problem{Kind: MissingDigest, Key: j.PreviousObject, From: from, To: d.start(), Text: d.key + " names it as the digest before itself, and it is not there"})
		v.doubt = append(v.doubt, Span{from, d.start()})
	}
	switch {
	case j.PreviousObject == "" && before == nil:
		if d.start().After(v.Period.From) {
			c.Problems = append(c.Problems, Problem{Kind: NoDigest, From: v.Period.From, To: d.start(), Text: "the chain begins with this digest, no earlier one was ever made"})
			v.doubt = append(v.doubt, Span{v.Period.From, d.start()})
		}
		return true
	case j.PreviousObject == "":
		c.Problems = append(c.Problems, Problem{Kind: Gap, From: before.at, To: d.start(), Text: "CloudTrail began a new chain: the trail or its validation was off"})
		v.doubt = append(v.doubt, Span{before.at, d.start()})
		return true
	case before == nil && !d.start().After(v.Period.From): // it names one from before the period
		return true
	case before == nil && first:
		missing(earlier(v.Period.From, d.start()))
		return true // the digest itself is sound
	case before != nil && j.PreviousObject != before.key && (before.json == nil || before.json.Object != j.PreviousObject):
		missing(before.at)
		return true
	case before == nil || before.bad != nil:
		return true
	case j.PreviousBucket != v.Bucket:
		return problem(BrokenChain, d.start(), d.at, "it names the digest before it in the bucket "+j.PreviousBucket)
	case j.PreviousHash != before.sum:
		return problem(BrokenChain, d.start(), d.at, "its SHA-256 of the digest before it, "+before.key+", is another one")
	case j.PreviousSignature != before.signature:
		return problem(BrokenChain, d.start(), d.at, "its signature of the digest before it, "+before.key+", is another one")
	case !d.start().Equal(before.at):
		return problem(BrokenChain, d.start(), d.at, "it begins at "+d.start().Format(time.RFC3339)+", and the digest before it ends at "+before.at.Format(time.RFC3339))
	}
	return true
}

// ending notes time at the end of the period for which there should be a digest.
func (v *verification) ending(c *Chain, last *digest, reached time.Time) {
	until := earlier(v.Period.To, v.Now.Add(-Slack))
	if !reached.Before(until) {
		return
	}
	text := "no digest covers this time: the newest ones were removed, or the trail or its validation is off"
	if last == nil {
		text = "no digest covers this time"
	}
	c.Problems = append(c.Problems, Problem{Kind: NoDigest, From: reached, To: earlier(v.Period.To, v.Now), Text: text})
	v.doubt = append(v.doubt, Span{reached, earlier(v.Period.To, v.Now)})
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

// disprove takes time out of what is proven.
func (c *Chain) disprove(s Span) {
	var out []Span
	for _, p := range c.Proven {
		for _, rest := range []Span{{p.From, earlier(p.To, s.From)}, {later(p.From, s.To), p.To}} {
			if rest.From.Before(rest.To) {
				out = append(out, rest)
			}
		}
	}
	c.Proven = out
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
