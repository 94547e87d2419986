package collect

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"bucketproof/internal/objects"
	"bucketproof/internal/state"
)

const (
	// listedAhead is how many listed objects may wait to be fetched.
	listedAhead = 4096
	// maxRetried is how many objects that could not be read before are asked for
	// again, beside those that the listing visits.
	maxRetried = 1000
	// askedAtOnce is how many listed objects the ledger is asked for together:
	// a page of a listing.
	askedAtOnce = 1000
	// fullEvery is how often a location is listed as a whole, which finds what
	// was delivered later than LateDays.
	fullEvery = 7 * 24 * time.Hour
)

// Where the date stands in the names of log objects: in the day folder of a
// partitioned prefix, plain or as Hive names it, or in the time of the name (S3
// user guide, page ServerLogs). What stands in front is the object's root. Of
// several day folders the last is that of the log; others belong to the prefix.
var dateForms = []struct {
	find   *regexp.Regexp
	layout string
}{
	{regexp.MustCompile(`^(.*/|)(\d{4}/\d\d/\d\d)/`), "2006/01/02"},
	{regexp.MustCompile(`^(.*/|)(year=\d{4}/month=\d\d/day=\d\d)/`), "year=2006/month=01/day=02"},
	{regexp.MustCompile(`^(.*?)(\d{4}-\d\d-\d\d)-\d\d-\d\d-\d\d-[0-9A-F]{8,}`), "2006-01-02"},
}

// nameForm is the form of names without a day folder.
const nameForm = 2

// dateOf splits a key into its root and its date. The root ends in the form's
// number, so that two forms behind the same text are two roots. Of several dates
// the last is that of the log; only the name that repeats its day folder's date
// belongs to the folder.
func dateOf(key string) (root string, at time.Time, ok bool) {
	last := -1
	for form, f := range dateForms {
		m := f.find.FindStringSubmatchIndex(key)
		if m == nil || m[4] < last {
			continue
		}
		day, err := time.Parse(f.layout, key[m[4]:m[5]])
		if err != nil || ok && form == nameForm && day.Equal(at) {
			continue
		}
		last = m[4]
		root, at, ok = fmt.Sprintf("%s%d", key[:m[3]], form), day, true
	}
	return root, at, ok
}

// keyAt is the beginning of the keys of a root from a day on.
func keyAt(root string, day time.Time) string {
	form := root[len(root)-1] - '0'
	return root[:len(root)-1] + day.Format(dateForms[form].layout)
}

// yearEnd is behind the keys of a root in the year of a day. Other roots, such
// as an account whose number begins like the year, may follow.
func yearEnd(root string, day time.Time) string {
	layout := dateForms[root[len(root)-1]-'0'].layout
	to := strings.Index(layout, "2006") + len("2006-")
	return root[:len(root)-1] + day.Format(layout[:to]) + "\U0010ffff"
}

// pending is an object to read.
type pending struct {
	info    objects.Info
	err     error    // why it can't be read
	retried bool     // it could not be read before
	already []string // buckets whose records were taken before
	trail   string   // the owner of a trail's log file; "" for an access log
	before  []former // what was collected under the same key with another ETag or size
	unsure  *former  // what was collected of the object itself, with nothing to prove its bytes
}

// former is a version of an object that was collected.
type former struct {
	state.KnownObject
	lacks bool // it may hold records that were not taken
}

// listing finds the objects of a source that the ledger does not know. A full
// listing visits every object; any other jumps, below each root and year, to
// LateDays behind the newest date that was collected there, and asks for those
// that could not be read before.
type listing struct {
	c      *Collector
	src    Source
	full   bool
	from   map[string]time.Time // by root: the first day that is visited
	newest map[string]time.Time
	retry  map[string]bool // keys that could not be read before, until they are visited

	mu      sync.Mutex
	unread  []string
	began   time.Time
	objects int
	bytes   int64
	done    bool
}

func (c *Collector) newListing(ctx context.Context, src Source) (*listing, error) {
	last, err := c.State.Listings.LastFull(ctx, src.Logs.Text)
	if err != nil {
		return nil, err
	}
	l := &listing{c: c, src: src, began: c.Now(), from: map[string]time.Time{}, newest: map[string]time.Time{}, retry: map[string]bool{}}
	unread, err := c.State.Listings.Unread(ctx, src.Logs.Text)
	if err != nil {
		return nil, err
	}
	for _, key := range unread {
		l.retry[key] = true
	}
	since := c.Now().Sub(last.At)
	l.full = c.Full || since < 0 || since >= fullEvery || last.Reader != readerVersion || !slices.Equal(last.Buckets, src.Buckets)
	if l.full {
		return l, nil
	}
	roots, err := c.State.Listings.Roots(ctx, src.Logs.Text)
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
		if today := l.today(); day.After(today) { // the clock was ahead when this was noted
			day = today
		}
		l.newest[root] = day
		l.from[root] = day.AddDate(0, 0, -late)
	}
	return l, nil
}

// run puts the objects to read into queue, in the order of their keys.
func (l *listing) run(ctx context.Context, store objects.Store, queue chan<- pending) error {
	var page []objects.Info
	seen := 0
	after := ""
	for jumped := true; jumped; {
		jumped = false
		last := after
		for info, err := range store.List(ctx, after) {
			if err != nil {
				// What was listed before it is still read.
				if perr := l.ask(ctx, page, queue); perr != nil {
					return perr
				}
				return err
			}
			if seen++; info.Key <= last {
				if info.Key <= after {
					l.from = nil // the server does not start behind a key: no use in jumping
				}
				continue
			}
			last = info.Key
			if l.excepted(info.Key) {
				continue
			}
			root, day, ok := dateOf(info.Key)
			if from, known := l.from[root]; ok && known && day.Before(from) {
				next := keyAt(root, from)
				if day.Year() < from.Year() {
					next = yearEnd(root, day)
				}
				if next = l.nearest(info.Key, next); next > info.Key {
					after, jumped = next, true
					break
				}
			}
			if ok {
				l.saw(root, day)
			}
			if page = append(page, info); len(page) >= askedAtOnce {
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
	if err := l.again(ctx, store, queue); err != nil {
		return err
	}
	if seen == 0 {
		l.c.Log.Warn("the log location is empty: no log object was ever delivered, or the URL is not where logging delivers", "logs",
			l.src.Logs.Text)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done = true
	return nil
}

// nearest is where the first known root between a key and the place to jump to
// is visited from, or that place.
func (l *listing) nearest(key, to string) string {
	for root, from := range l.from {
		if begin := keyAt(root, from); begin > key && begin < to {
			to = begin
		}
	}
	return to
}

// again looks for the objects that could not be read before and that the listing
// did not visit. Those that are gone are handed on too, to be noted: only what a listing
// lacks is gone, and not only out of reach for a moment.
func (l *listing) again(ctx context.Context, store objects.Store, queue chan<- pending) error {
	asked := 0
	for _, key := range slices.Sorted(maps.Keys(l.retry)) {
		if l.excepted(key) {
			continue
		}
		if asked++; asked > maxRetried {
			l.failed(key) // for the next full listing
			continue
		}
		p := pending{info: objects.Info{Key: key}, retried: true}
		info, err := l.lookUp(ctx, store, key)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			p.err = err
		default:
			known, kerr := l.c.State.Ledger.Known(ctx, l.src.Logs.Text, []string{key})
			if kerr != nil {
				return kerr
			}
			needed := false
			if p, needed = l.needed(info, known[key]); !needed {
				continue
			}
			p.retried = true
		}
		if err := l.hand(ctx, p, queue); err != nil {
			return err
		}
	}
	return nil
}

// lookUp is what a listing says of one object, [objects.ErrNotFound] where it has none. An
// answer about the object alone can come from anywhere on the way; a listing has a form, and
// names what stands around the place.
func (l *listing) lookUp(ctx context.Context, store objects.Store, key string) (objects.Info, error) {
	for info, err := range store.List(ctx, key[:len(key)-1]) {
		if err != nil || info.Key == key {
			return info, err
		}
		if info.Key > key {
			break
		}
	}
	return objects.Info{}, fmt.Errorf("look for %s: %w", l.src.Logs.Join(key), objects.ErrNotFound)
}

func (l *listing) hand(ctx context.Context, p pending, queue chan<- pending) error {
	l.mu.Lock()
	l.objects++
	l.bytes += p.info.Size
	l.mu.Unlock()
	select {
	case queue <- p:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// excepted tells whether an object lies in another configured log location, or in that
// of a trail is no log file of the events of its accounts.
func (l *listing) excepted(key string) bool {
	// Digests, insights, other accounts and what else lies there.
	if _, ours := slices.BinarySearch(l.src.Buckets, l.src.ownerOf(key)); l.src.Trail && !ours {
		return true
	}
	return slices.ContainsFunc(l.src.Except, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

func (l *listing) today() time.Time { return l.c.Now().UTC().Truncate(24 * time.Hour) }

// saw notes the date of an object. One in the future, by mistake or malice,
// must not hide what comes before it.
func (l *listing) saw(root string, day time.Time) {
	if day.After(l.newest[root]) && !day.After(l.today()) {
		l.newest[root] = day
	}
}

// ask hands on those objects of a page that must be read.
func (l *listing) ask(ctx context.Context, page []objects.Info, queue chan<- pending) error {
	keys := make([]string, len(page))
	for i, info := range page {
		keys[i] = info.Key
	}
	known, err := l.c.State.Ledger.Known(ctx, l.src.Logs.Text, keys)
	if err != nil {
		return err
	}
	for _, info := range page {
		p, ok := l.needed(info, known[info.Key])
		p.retried = l.retry[info.Key]
		delete(l.retry, info.Key)
		if !ok {
			continue
		}
		if err := l.hand(ctx, p, queue); err != nil {
			return err
		}
	}
	return nil
}

// needed tells whether an object must be read, knowing what was collected under
// its key.
func (l *listing) needed(info objects.Info, known []state.KnownObject) (pending, bool) {
	p := pending{info: info, trail: l.src.ownerOf(info.Key)}
	for _, k := range known {
		lacks := k.Lacks(l.src.Buckets)
		if k.ETag != info.ETag || k.Size != info.Size {
			if k.Kind == state.KindLog {
				p.before = append(p.before, former{k, lacks})
			}
			continue
		}
		switch {
		case k.Kind == state.KindLog && lacks:
			p.already, p.before = k.Took, nil
			return p, true
		case k.Kind == state.KindLog && l.c.Full && l.src.Logs.Scheme == "s3" && (k.Proof == "" || k.Proof == objects.ProofLength):
			p.unsure, p.before = &former{KnownObject: k}, nil
			return p, true
		case k.Kind == state.KindLog, k.Kind == state.KindChanged, k.Reader >= readerVersion:
			return p, false
		}
	}
	return p, true
}

// failed notes that an object could not be read; the next listing asks for it.
func (l *listing) failed(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unread = append(l.unread, key)
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
		roots[root] = day.Format(time.DateOnly)
	}
	var full *state.FullListing
	if l.full {
		full = &state.FullListing{At: l.c.Now(), Buckets: l.src.Buckets, Reader: readerVersion}
	}
	listed := l.began
	if len(l.unread) > 0 {
		listed = time.Time{}
	}
	return l.c.State.Listings.End(ctx, l.src.Logs.Text, roots, l.unread, listed, full)
}
