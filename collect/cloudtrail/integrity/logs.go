package integrity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"bucketproof/internal/objects"
)

// beside is how many log files are read beside each other.
const beside = 8

// logs compares the log files that a digest names with what it says of them, and
// tells whether all hold. Those of a digest that is not valid are not looked at: what
// it says proves nothing.
func (v *verification) logs(ctx context.Context, c *Chain, d *digest) (bool, error) {
	if d.json == nil {
		return false, nil
	}
	c.Logs.All += len(d.json.Logs)
	if d.bad != nil {
		return false, nil
	}
	var mu sync.Mutex
	held := true
	group, work := errgroup.WithContext(ctx)
	group.SetLimit(beside)
	for _, l := range d.json.Logs {
		group.Go(func() error {
			kind, text := v.log(work, l)
			mu.Lock()
			defer mu.Unlock()
			if kind == "" {
				c.Logs.Valid++
				return nil
			}
			held = false
			c.Problems = append(c.Problems, Problem{Kind: kind, Key: l.Object, From: d.start(), To: d.at, Text: text})
			return nil
		})
	}
	err := group.Wait()
	return held, errors.Join(err, ctx.Err())
}

// log looks at one log file; the kind is "" where it holds.
func (v *verification) log(ctx context.Context, l logFile) (kind, text string) {
	if l.Bucket != v.Bucket || l.Algorithm != hashAlgorithm {
		return Unread, fmt.Sprintf("its digest names the bucket %s and the hash algorithm %s, which are not looked at here", l.Bucket, l.Algorithm)
	}
	body, _, err := v.store.Get(ctx, l.Object)
	if errors.Is(err, objects.ErrNotFound) {
		return MissingLog, "CloudTrail delivered it, and it is not there"
	}
	if err != nil {
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

// edge is by how much the time in the name of a log file may lie before the window of
// the digest that names it. AWS's own sample has minutes.
const edge = 30 * time.Minute

// unlisted looks for log files that no digest names, in time for which all digests
// are there. They belong to the first chain: their names do not tell the trail.
func (v *verification) unlisted(ctx context.Context, chains []Chain) error {
	dir := v.folder.logs()
	from, to := v.Period.From.UTC(), earlier(v.Period.To, v.Now.Add(-Slack)).UTC()
	for key, err := range v.store.List(ctx, dir, dir+from.Format("2006/01/02/")) {
		if err != nil {
			return err
		}
		m := logName.FindStringSubmatch(key[strings.LastIndexByte(key, '/')+1:])
		if m == nil || v.named[key] {
			continue
		}
		at, err := time.Parse(logTime, m[1])
		if err != nil {
			continue
		}
		if at.After(to.Add(24 * time.Hour)) {
			break
		}
		if at.Before(from) || !at.Before(to) || v.doubtful(at) { // one that is named before the period is in named, too
			continue
		}
		chains[0].Problems = append(chains[0].Problems, Problem{Kind: UnlistedLog, Key: key, From: at, To: at,
			Text: "no digest names it: it was put there by something else than this trail, or by another trail without validation"})
	}
	return nil
}

// doubtful tells whether a log file of a time may be named by a digest that is missing
// or not valid.
func (v *verification) doubtful(at time.Time) bool {
	for _, s := range v.doubt {
		if !at.Before(s.From.Add(-edge)) && !at.After(s.To.Add(edge)) {
			return true
		}
	}
	return false
}
