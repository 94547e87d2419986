// Package integrity validates what a CloudTrail trail has delivered, by the digest files
// that CloudTrail signs every hour: [Verify].
//
// The rules are those of the AWS CloudTrail user guide, pages "CloudTrail digest file
// structure" and "Custom implementations of CloudTrail log file integrity validation". This
// is stricter than `aws cloudtrail validate-logs`: it compares previousDigestHashValue and
// previousDigestSignature with the digest that they are about, and it checks whether the
// windows of the digests are contiguous, whether the newest ones are there, whether each
// key was valid, and whether there are log files that no digest names.
//
// In this order: folders.go finds the digests, digest.go reads them, logs.go compares the
// log files, chains.go follows the chains, and cover.go combines what the chains of one
// account prove.
package integrity

import (
	"context"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
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
	// NoDigest is time before a chain begins by CloudTrail's own word, or time at the end
	// for which a digest may still come.
	NoDigest = "digest-none"
	// Ended is time at the end for which no digest is there and none is to come: the
	// newest ones were removed, or the trail or its validation is off.
	Ended = "chain-ended"
	// Elsewhere is time or a log file of which the signed digests say that it lies in a
	// place that is not configured, so that nothing is known.
	Elsewhere = "elsewhere"
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

// Problem is one thing that does not hold or is not known.
type Problem struct {
	Kind     string
	Key      string // of the object; "" for time alone
	From, To time.Time
	Text     string // why, in a sentence without a full stop
}

// Tampering tells whether the problem means that someone changed what CloudTrail had
// delivered, or can't be told apart from that.
func (p Problem) Tampering() bool {
	return p.Kind != Gap && p.Kind != NoDigest && !p.Unknown()
}

// OfTime tells whether the problem concerns all the time from From to To, rather than one
// object in it.
func (p Problem) OfTime() bool {
	switch p.Kind {
	case Gap, NoDigest, Ended, MissingDigest:
		return true
	}
	return p.Kind == Elsewhere && p.Key == ""
}

// Unknown tells whether the problem means that nothing is known, so that the time it
// concerns is not evaluated.
func (p Problem) Unknown() bool { return p.Kind == Unread || p.Kind == Elsewhere }

// Count is how many objects were looked at, and how many of them are valid.
type Count struct{ All, Valid int }

// Chain is what the digests of one trail say, for one account in one Region. The trail may
// have moved to another bucket, prefix, name or Region on the way; the names are those of
// its newest digest.
type Chain struct {
	Account, Region, Trail, HomeRegion string
	Digests, Backfill, Logs            Count
	Proven                             []Span // by time, not touching
	Problems                           []Problem
	Windows                            []Window // of the digests, backfill included
	// Covered is the time without digests of this chain for which another one of the
	// account has them, as where one trail took the place of another.
	Covered []Span
	period  Span
}

// Window is one digest, with the log files that it names.
type Window struct {
	Span
	Valid bool
	Logs  Count
}

// Span is time from From up to To.
type Span struct{ From, To time.Time }

// ProvenTime is how much of the period of the verification is proven.
func (c *Chain) ProvenTime() time.Duration { return c.ProvenIn(c.period) }

// ProvenIn is how much of a part of the period is proven.
func (c *Chain) ProvenIn(part Span) time.Duration { return overlap(c.Proven, part) }

// Whole is how much of the period the chain has to prove.
func (c *Chain) Whole() time.Duration { return c.WholeIn(c.period) }

// WholeIn is how much of a part of the period the chain has to prove.
func (c *Chain) WholeIn(part Span) time.Duration {
	part = Span{later(part.From, c.period.From), earlier(part.To, c.period.To)}
	if !part.From.Before(part.To) {
		return 0
	}
	return part.To.Sub(part.From) - overlap(c.Covered, part)
}

// Location is the bucket of a trail, or a folder with a copy, and where in it to look.
type Location struct {
	Store  Store
	Bucket string   // "" for a folder, with copies of the buckets that its digests name
	Prefix string   // where the keys to look at begin; it may end before, in or behind AWSLogs/…/ACCOUNT/
	Except []string // where the keys of another location begin, which lies in this one
}

// Options of a verification.
type Options struct {
	// Accounts are those whose trails are looked at; empty for all.
	Accounts []string
	Period   Span // the time that is to be proven; the end may be to come
	Now      time.Time
	Keys     Keys
}

// Slack is how late a digest may be: the hour that it covers, and two hours of delivery.
const Slack = 3 * time.Hour

// silence is how long a chain must have been without a new digest before it counts as
// ended, and not as late.
const silence = 24 * time.Hour

// Verify validates every chain at the locations over a period, including chains that span
// locations. An error means that a location could not be listed; faults of single objects
// are problems of a chain. No chain means that there is no digest at all.
func Verify(ctx context.Context, locations []Location, o Options) ([]Chain, error) {
	all := make([]*location, len(locations))
	accounts := map[string]*verification{}
	seen := map[[3]string]bool{}
	for i, l := range locations {
		all[i] = &location{Location: l, buckets: map[string][]string{}}
		folders, err := findFolders(ctx, l.Store, l.Prefix, o.Accounts)
		if err != nil {
			return nil, err
		}
		for _, f := range folders {
			f.location = all[i]
			known := [3]string{l.Bucket, f.base, f.region}
			excepted := slices.ContainsFunc(l.Except, func(p string) bool { return strings.HasPrefix(f.base, p) })
			if excepted || l.Bucket != "" && seen[known] {
				continue
			}
			seen[known] = true
			if accounts[f.account] == nil {
				accounts[f.account] = &verification{Options: o, account: f.account, digests: map[object]*digest{}}
			}
			accounts[f.account].folders = append(accounts[f.account].folders, f)
		}
	}
	var out, bare []Chain
	for _, account := range slices.Sorted(maps.Keys(accounts)) {
		v := accounts[account]
		v.locations = all
		chains, err := v.run(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, chains...)
		bare = append(bare, v.bare()...)
	}
	if len(out) == 0 { // there is no digest at all
		return nil, nil
	}
	out = append(out, bare...)
	slices.SortStableFunc(out, func(a, b Chain) int {
		return slices.Compare([]string{a.Account, a.Region, a.Trail, a.HomeRegion}, []string{b.Account, b.Region, b.Trail, b.HomeRegion})
	})
	return out, nil
}

// location is a Location. Of a folder it knows the buckets of which it holds copies, as
// far as valid digests have named them, and in which folders: "" or NAME/.
type location struct {
	Location
	buckets map[string][]string
}

// holds tells whether objects of a bucket lie there.
func (l *location) holds(bucket string) bool {
	return l.Bucket == bucket || l.Bucket == "" && len(l.buckets[bucket]) > 0
}

// keys are those at which an object may lie.
func (l *location) keys(o object) (out []string) {
	if l.Bucket == o.bucket {
		return []string{o.key}
	}
	for _, root := range l.buckets[o.bucket] {
		out = append(out, root+o.key)
	}
	return out
}

// object is the place of an object in S3.
type object struct{ bucket, key string }

// verification is that of the digests of one account.
type verification struct {
	Options
	account   string
	locations []*location
	folders   []folder

	digests  map[object]*digest // standard ones that were read, by the place that they name or lie at
	standard []*digest
	backfill []*digest
	far      []*digest       // the first ones behind the period in folders that have none before
	named    map[object]bool // log files of one Region that a digest names, whether it is valid or not
	loose    []looseLog
	doubts   []doubt
}

// doubt is time in which a digest is missing or bad, so that log files may be named by it.
type doubt struct {
	region string
	Span
}

func (v *verification) run(ctx context.Context) ([]Chain, error) {
	for _, region := range regions(v.folders) {
		if err := v.readRegion(ctx, region); err != nil {
			return nil, err
		}
	}
	threads := v.threads(ctx)
	for _, t := range threads {
		v.judge(t)
	}
	v.cover(threads)
	v.unlisted(threads)
	chains := v.notBegun(ctx)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, t := range threads {
		c := &t.chain
		if len(c.Windows) == 0 && len(c.Problems) == 0 && c.Whole() == 0 {
			continue // over before the period, with another in its place
		}
		slices.SortStableFunc(c.Problems, func(a, b Problem) int { return a.From.Compare(b.From) })
		chains = append(chains, *c)
	}
	return chains, nil
}

// readRegion reads the digests of one Region, and then compares the log files that they
// name: those of one folder may lie in another one, of which only its digests tell what
// it holds.
func (v *verification) readRegion(ctx context.Context, region string) error {
	v.named = map[object]bool{}
	var all []*digest
	empty := map[string]bool{} // folders without digests
	for _, f := range v.folders {
		if f.region != region {
			continue
		}
		digests, far, err := v.list(ctx, f)
		if err != nil {
			return err
		}
		if far != nil {
			v.far = append(v.far, far)
		}
		empty[f.base] = empty[f.base] || len(digests) == 0 && far == nil
		for _, d := range digests {
			d.read(ctx, v)
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		all = append(all, digests...)
	}
	for _, d := range all {
		if d.at.After(v.Period.From) && d.start().Before(v.Period.To) {
			if err := v.logs(ctx, d); err != nil {
				return err
			}
		}
		if d.json != nil {
			d.json.Logs = nil // named holds what is needed of them
		}
		if d.backfill {
			v.backfill = append(v.backfill, d)
		} else {
			v.standard = append(v.standard, d)
		}
	}
	for _, f := range v.folders {
		if f.region == region {
			if err := v.listLoose(ctx, f, empty[f.base]); err != nil {
				return err
			}
		}
	}
	return nil
}

// without is what of spans lies outside of another one.
func without(spans []Span, s Span) (out []Span) {
	for _, p := range spans {
		for _, rest := range []Span{{p.From, earlier(p.To, s.From)}, {later(p.From, s.To), p.To}} {
			if rest.From.Before(rest.To) {
				out = append(out, rest)
			}
		}
	}
	return out
}

// overlap is how much of a part lies in spans that do not overlap each other.
func overlap(spans []Span, part Span) (d time.Duration) {
	for _, s := range spans {
		if from, to := later(s.From, part.From), earlier(s.To, part.To); from.Before(to) {
			d += to.Sub(from)
		}
	}
	return d
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
