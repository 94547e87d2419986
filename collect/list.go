package collect

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"bucketproof/internal/objects"
	"bucketproof/internal/state"
)

const (
	// listedAhead is how many listed objects may wait to be fetched.
	listedAhead = 4096
	// askedAtOnce is how many listed objects the ledger is asked for together:
	// a page of a listing.
	askedAtOnce = 1000
	// fullEvery is how often a location is listed as a whole, which finds what
	// was delivered later than LateDays.
	fullEvery = 7 * 24 * time.Hour
)

// dated finds the date in the name of a log object: the day folder of a
// partitioned prefix, plain or as Hive names it, or the time in the name (S3
// user guide, page ServerLogs). What stands in front is the object's root.
var dated = regexp.MustCompile(`^(.*?)(?:(\d{4}/\d\d/\d\d)/|(\d{4}-\d\d-\d\d)-\d\d-\d\d-\d\d-[0-9A-F]{8,}|(year=\d{4}/month=\d\d/day=\d\d)/)`)

// Layouts of the three forms of dated.
var dateLayouts = []string{"2006/01/02", "2006-01-02", "year=2006/month=01/day=02"}

// dateOf splits a key into its root and its date. The root ends in the form's
// number, so that two forms behind the same text are two roots.
func dateOf(key string) (root string, at time.Time, ok bool) {
	m := dated.FindStringSubmatchIndex(key)
	if m == nil {
		return "", at, false
	}
	for form, layout := range dateLayouts {
		from, to := m[4+2*form], m[5+2*form]
		if from < 0 {
			continue
		}
		at, err := time.Parse(layout, key[from:to])
		return fmt.Sprintf("%s%d", key[:m[3]], form), at, err == nil
	}
	return "", at, false
}

// keyAt is the beginning of the keys of a root from a day on.
func keyAt(root string, day time.Time) string {
	form := root[len(root)-1] - '0'
	return root[:len(root)-1] + day.Format(dateLayouts[form])
}

// pending is an object to read.
type pending struct {
	info    objects.Info
	already []string            // buckets whose records were taken before
	before  []state.KnownObject // other contents of the same key that were collected
}

// listing finds the objects of a source that the ledger does not know. A whole
// listing visits every object; any other jumps, below each root, to LateDays
// behind the newest date that was collected there.
type listing struct {
	c      *Collector
	src    Source
	full   bool
	cut    map[string]string // by root: where to go on
	newest map[string]time.Time

	mu      sync.Mutex
	stuck   map[string]bool // roots with an object that could not be read
	objects int
	bytes   int64
	done    bool
}

func (c *Collector) newListing(ctx context.Context, src Source) (*listing, error) {
	last, err := c.State.FullListing(ctx, src.Logs.Text)
	if err != nil {
		return nil, err
	}
	l := &listing{c: c, src: src, cut: map[string]string{}, newest: map[string]time.Time{}, stuck: map[string]bool{}}
	since := c.Now().Sub(last.At)
	l.full = since < 0 || since >= fullEvery || last.Reader != readerVersion || !slices.Equal(last.Buckets, src.Buckets)
	if l.full {
		return l, nil
	}
	roots, err := c.State.Roots(ctx, src.Logs.Text)
	if err != nil {
		return nil, err
	}
	late := c.LateDays
	if late == 0 {
		late = DefaultLateDays
	}
	for root, newest := range roots {
		day, err := time.Parse(time.DateOnly, newest)
		if err != nil {
			return nil, fmt.Errorf("read the ledger: newest date of %q: %w", root, err)
		}
		l.newest[root] = day
		l.cut[root] = keyAt(root, day.AddDate(0, 0, -late))
	}
	return l, nil
}

// run puts the objects to read into queue, in the order of their keys.
func (l *listing) run(ctx context.Context, store objects.Store, queue chan<- pending) error {
	seen := 0
	var page []objects.Info
	after := ""
	for jumped := true; jumped; {
		jumped = false
		for info, err := range store.List(ctx, after) {
			if err != nil {
				// What was listed before it is still read.
				if perr := l.ask(ctx, page, queue); perr != nil {
					return perr
				}
				return err
			}
			seen++
			root, day, ok := dateOf(info.Key)
			if cut := l.cut[root]; ok && info.Key < cut {
				after, jumped = cut, true
				break
			}
			if ok {
				l.saw(root, day)
			}
			if page = append(page, info); len(page) == askedAtOnce {
				if err := l.ask(ctx, page, queue); err != nil {
					return err
				}
				page = page[:0]
			}
		}
	}
	if err := l.ask(ctx, page, queue); err != nil {
		return err
	}
	if seen == 0 {
		l.c.Log.Warn("the log location is empty: no log object was ever delivered, or the URL is not where logging delivers", "logs", l.src.Logs.Text)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done = true
	return nil
}

// saw notes the date of an object. One in the future, by mistake or malice,
// must not hide what comes before it.
func (l *listing) saw(root string, day time.Time) {
	if tomorrow := l.c.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1); day.After(tomorrow) {
		return
	}
	if day.After(l.newest[root]) {
		l.newest[root] = day
	}
}

// ask hands on those objects of a page that must be read.
func (l *listing) ask(ctx context.Context, page []objects.Info, queue chan<- pending) error {
	keys := make([]string, len(page))
	for i, info := range page {
		keys[i] = info.Key
	}
	known, err := l.c.State.Known(ctx, l.src.Logs.Text, keys)
	if err != nil {
		return err
	}
	for _, info := range page {
		p, ok := l.needed(info, known[info.Key])
		if !ok {
			continue
		}
		l.mu.Lock()
		l.objects++
		l.bytes += info.Size
		l.mu.Unlock()
		select {
		case queue <- p:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// needed tells whether an object must be read, knowing what was collected under
// its key.
func (l *listing) needed(info objects.Info, known []state.KnownObject) (pending, bool) {
	p := pending{info: info}
	for _, k := range known {
		if k.ETag != info.ETag || k.Size != info.Size {
			if k.Kind == state.KindLog {
				p.before = append(p.before, k)
			}
			continue
		}
		switch k.Kind {
		case state.KindLog:
			fresh := func(bucket string) bool { return !slices.Contains(k.Took, bucket) }
			if k.Took == nil || !slices.ContainsFunc(l.src.Buckets, fresh) {
				return p, false
			}
			p.already, p.before = k.Took, nil
			return p, true
		case state.KindChanged:
			return p, false
		default:
			if k.Reader >= readerVersion {
				return p, false
			}
		}
	}
	return p, true
}

// failed notes that an object could not be read: the next listing goes back as
// far as this one did.
func (l *listing) failed(key string) {
	root, _, _ := dateOf(key)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stuck[root] = true
}

func (l *listing) progress() (objects int, bytes int64, done bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.objects, l.bytes, l.done
}

// end notes how far the location is collected.
func (l *listing) end(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	roots := map[string]string{}
	for root, day := range l.newest {
		if !l.stuck[root] {
			roots[root] = day.Format(time.DateOnly)
		}
	}
	var full *state.FullListing
	if l.full && len(l.stuck) == 0 {
		full = &state.FullListing{At: l.c.Now(), Buckets: l.src.Buckets, Reader: readerVersion}
	}
	return l.c.State.EndListing(ctx, l.src.Logs.Text, roots, full)
}
