package integrity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"bucketproof/internal/objects"
)

// beside is how many log files are read beside each other.
const beside = 8

// logs compares the log files that a digest names with what it says of them. Those of a
// digest that is not valid are not looked at: what it says proves nothing.
func (v *verification) logs(ctx context.Context, d *digest) error {
	d.window = Window{Span: Span{d.start(), d.at}, Valid: d.bad == nil}
	if d.json == nil {
		return nil
	}
	d.window.Logs.All = len(d.json.Logs)
	if d.bad != nil {
		return nil
	}
	var mu sync.Mutex
	group, work := errgroup.WithContext(ctx)
	group.SetLimit(beside)
	for _, l := range d.json.Logs {
		group.Go(func() error {
			kind, text := v.log(work, d, l)
			mu.Lock()
			defer mu.Unlock()
			if kind == "" {
				d.window.Logs.Valid++
				return nil
			}
			d.problems = append(d.problems, Problem{Kind: kind, Key: l.Object, From: d.start(), To: d.at, Text: text})
			return nil
		})
	}
	err := group.Wait()
	return errors.Join(err, ctx.Err())
}

// log looks at one log file; the kind is "" where it holds.
func (v *verification) log(ctx context.Context, d *digest, l logFile) (kind, text string) {
	if l.Algorithm != hashAlgorithm {
		return Unread, fmt.Sprintf("its digest names the hash algorithm %s, which is not known here", l.Algorithm)
	}
	body, err := v.open(ctx, d, l)
	switch {
	case errors.Is(err, errElsewhere):
		const text = "its digest says that it lies in the bucket %s, which is not configured; add its place to the " +
			"list in tenant.cloudtrail"
		return Elsewhere, fmt.Sprintf(text, l.Bucket)
	case errors.Is(err, objects.ErrNotFound):
		return MissingLog, "CloudTrail delivered it, and it is not there"
	case err != nil:
		return Unread, err.Error()
	}
	h := sha256.New()
	err = unpack(h, body, maxLog)
	if cerr := body.Close(); err == nil && cerr != nil {
		return Unread, cerr.Error()
	}
	switch {
	case errors.Is(err, errPacked):
		return BadLog, err.Error()
	case err != nil:
		return Unread, err.Error()
	case hex.EncodeToString(h.Sum(nil)) != l.Hash:
		return BadLog, "its content has another SHA-256 than the one that CloudTrail delivered"
	}
	return "", ""
}

var errElsewhere = errors.New("in a bucket that is not configured")

// open opens a log file in the bucket that its digest names. A trail that was given
// another bucket may have put it into the one before.
func (v *verification) open(ctx context.Context, d *digest, l logFile) (io.ReadCloser, error) {
	places := []*location{d.folder.location}
	for _, p := range v.locations {
		if p != d.folder.location {
			places = append(places, p)
		}
	}
	out := errElsewhere
	for _, p := range places {
		for _, key := range p.keys(object{l.Bucket, l.Object}) {
			body, _, err := p.Store.Get(ctx, key)
			if !errors.Is(err, objects.ErrNotFound) {
				return body, err
			}
			out = err
		}
	}
	return nil, out
}

// edge is by how much the time in the name of a log file may lie before the window of
// the digest that names it. AWS's own sample has minutes.
const edge = 30 * time.Minute

// looseLog is a log file that no digest names.
type looseLog struct {
	region, key string
	at          time.Time
	bare        string // the folder, if no digest lies there
}

// listLoose looks in a folder for log files that no digest of the Region names.
func (v *verification) listLoose(ctx context.Context, f folder, bare bool) error {
	dir := f.logs()
	from, to := v.Period.From.UTC(), earlier(v.Period.To, v.Now.Add(-Slack)).UTC()
	for key, err := range f.location.Store.List(ctx, dir, dir+from.Format("2006/01/02/")) {
		if err != nil {
			return err
		}
		m := logName.FindStringSubmatch(key[strings.LastIndexByte(key, '/')+1:])
		if m == nil || v.isNamed(f.location, key) {
			continue
		}
		at, err := time.Parse(logTime, m[1])
		if err != nil {
			continue
		}
		if at.After(to.Add(24 * time.Hour)) {
			break
		}
		if at.Before(from) || !at.Before(to) { // one that is named before the period is in named, too
			continue
		}
		l := looseLog{region: f.region, key: key, at: at}
		if bare {
			l.bare = dir
		}
		v.loose = append(v.loose, l)
	}
	return nil
}

func (v *verification) isNamed(l *location, key string) bool {
	if l.Bucket != "" {
		return v.named[object{l.Bucket, key}]
	}
	for bucket, roots := range l.buckets {
		for _, root := range roots {
			if key, ok := strings.CutPrefix(key, root); ok && v.named[object{bucket, key}] {
				return true
			}
		}
	}
	return false
}

// unlisted notes the log files that no digest names, in time for which all digests are
// there. Their names do not tell the trail: they count with the first chain of the Region
// that has digests for their time. Those of other Regions are left in v.loose.
func (v *verification) unlisted(threads []*thread) {
	var without []looseLog // of Regions that have no digest of the time
	days := map[[2]string]bool{}
	for _, l := range v.loose {
		if v.doubtful(l) {
			continue
		}
		var of *thread
		for _, t := range threads {
			if t.in(l.region) && (of == nil || !of.lives(l.region, l.at) && t.lives(l.region, l.at)) {
				of = t
			}
		}
		if of == nil {
			without = append(without, l)
			continue
		}
		text := "no digest names it: it was put there by something else than this trail, or by another trail without validation"
		if l.bare != "" { // a whole trail, perhaps
			day := [2]string{l.bare, l.at.Format(time.DateOnly)}
			if days[day] {
				continue
			}
			days[day] = true
			text = "no digest names it, or another log file of the day in " + l.bare +
				": they were put there by something else than this trail, or by another trail without validation"
		}
		of.chain.Problems = append(of.chain.Problems, Problem{Kind: UnlistedLog, Key: l.key, From: l.at, To: l.at, Text: text})
	}
	v.loose = without
}

// doubtful tells whether a log file may be named by a digest that is missing or not
// valid.
func (v *verification) doubtful(l looseLog) bool {
	return slices.ContainsFunc(v.doubts, func(s doubt) bool {
		return s.region == l.region && !l.at.Before(s.From.Add(-edge)) && !l.at.After(s.To.Add(edge))
	})
}
