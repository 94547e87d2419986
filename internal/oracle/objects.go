package oracle

import (
	"path"
	"slices"
	"strings"
	"time"
)

// Write is a successful write of an object.
type Write struct {
	*Record
	Who    Who
	Object string // the key without its encoding
	Bytes  int64
	Known  bool // the log tells the size
	Backup bool // a backup write
	Moved  bool // the object went to another key; the copy counts
	Itself bool // a copy of the object onto itself, which changes nothing
}

// Removal takes an object away: a delete, an expiration, or a write of size 0.
type Removal struct {
	*Record
	Who       Who
	Object    string
	Lifecycle bool
	Empty     bool // a write of size 0
}

// objects is what happened to each key of a bucket.
type objects struct {
	b      *bucketView
	writes []*Write
	byKey  map[string][]*Write
	gone   map[string][]*Removal
	all    []*Removal
}

// follow goes through the records of the tenant.
func (b *bucketView) follow() *objects {
	o := &objects{b: b, byKey: map[string][]*Write{}, gone: map[string][]*Removal{}}
	for i := range b.records {
		r := &b.records[i]
		if r.Key == "" || !r.Successful() {
			continue
		}
		switch {
		case r.Is("REST.PUT.OBJECT", "REST.POST.OBJECT", "REST.COPY.OBJECT", "REST.POST.UPLOAD"):
			w := &Write{Record: r, Who: b.v.whois(r.Requester), Object: r.object(), Bytes: r.Size, Known: r.HasSize}
			if r.Operation == "REST.POST.UPLOAD" && !r.HasSize {
				w.Bytes, w.Known = o.parts(r)
			}
			o.writes = append(o.writes, w)
			o.byKey[w.Object] = append(o.byKey[w.Object], w)
			if w.Known && w.Bytes == 0 && !strings.HasSuffix(w.Object, "/") {
				o.remove(&Removal{Record: r, Who: w.Who, Object: w.Object, Empty: true})
			}
		case r.Is("REST.DELETE.OBJECT", "BATCH.DELETE.OBJECT", "S3.EXPIRE.OBJECT", "S3.CREATE.DELETEMARKER"):
			o.remove(&Removal{Record: r, Who: b.v.whois(r.Requester), Object: r.object(),
				Lifecycle: strings.HasPrefix(r.Operation, "S3.")})
		}
	}
	for _, w := range o.writes {
		w.Itself = o.ontoItself(w)
		w.Backup = w.Who.Backup && under(w.Object, b.Prefixes) && !(w.Known && w.Bytes == 0) && !temporary(w.Object) && !w.Itself
	}
	for _, w := range o.writes {
		w.Moved = o.moved(w)
	}
	return o
}

func (o *objects) remove(r *Removal) {
	o.gone[r.Object] = append(o.gone[r.Object], r)
	o.all = append(o.all, r)
}

// parts adds up the successful parts of an upload.
func (o *objects) parts(done *Record) (int64, bool) {
	id, _ := parameter(done, "uploadId")
	var sum int64
	found := false
	for i := range o.b.records {
		r := &o.b.records[i]
		if other, ok := parameter(r, "uploadId"); ok && other == id && id != "" && r.object() == done.object() &&
			r.Successful() && r.Is("REST.PUT.PART", "REST.COPY.PART") {
			sum, found = sum+r.Size, found || r.HasSize
		}
	}
	return sum, found
}

// temporary: lock and temporary names of backup tools.
func temporary(key string) bool {
	if slices.Contains(strings.Split(key, "/"), "locks") {
		return true
	}
	switch path.Ext(key) {
	case ".lock", ".lck", ".tmp", ".partial":
		return true
	}
	return false
}

func apart(a, b time.Time) time.Duration { return a.Sub(b).Abs() }

// ontoItself: a copy whose key was read for a copy within a minute, no more than two seconds
// further away than the nearest read of any key.
func (o *objects) ontoItself(w *Write) bool {
	if w.Operation != "REST.COPY.OBJECT" {
		return false
	}
	nearest, same := time.Hour, time.Hour
	for i := range o.b.records {
		r := &o.b.records[i]
		if !r.Is("REST.COPY.OBJECT_GET") || r.Requester != w.Requester {
			continue
		}
		nearest = min(nearest, apart(r.Time, w.Time))
		if r.object() == w.Object {
			same = min(same, apart(r.Time, w.Time))
		}
	}
	return same <= time.Minute && same <= nearest+2*time.Second
}

// half is one of the two records of a copy.
type half struct {
	*Record
	object string
	read   bool
}

// halves are the reads for copies and the copies of a requester, those of objects onto
// themselves left out; sized tells whether the log has the sizes of all.
func (o *objects) halves(requester string) (out []half, sized bool) {
	itself := map[string]bool{} // by key and day
	key := func(object string, at time.Time) string { return object + "\n" + dateOf(at, time.UTC).String() }
	sized = true
	for _, w := range o.writes {
		if w.Operation != "REST.COPY.OBJECT" || w.Requester != requester {
			continue
		}
		if w.Itself {
			itself[key(w.Object, w.Time)] = true
			continue
		}
		out = append(out, half{w.Record, w.Object, false})
		sized = sized && w.HasSize
	}
	for i := range o.b.records {
		r := &o.b.records[i]
		if r.Is("REST.COPY.OBJECT_GET") && r.Requester == requester && r.Key != "" && r.Successful() && !itself[key(r.object(), r.Time)] {
			out = append(out, half{r, r.object(), true})
			sized = sized && r.HasSize
		}
	}
	return out, sized
}

// moved: the key was read for a copy between its write and its removal, which came before
// it had to be kept no longer, and the requester wrote as many copies as it read keys.
func (o *objects) moved(w *Write) bool {
	for _, gone := range o.gone[w.Object] {
		if gone.Time.Before(w.Time) || gone.Time.Sub(w.Time) >= o.b.keep() || gone.Empty || !o.of(gone, w) {
			continue
		}
		for i := range o.b.records {
			r := &o.b.records[i]
			if r.Is("REST.COPY.OBJECT_GET") && r.Successful() && r.object() == w.Object &&
				!r.Time.Before(w.Time) && !r.Time.After(gone.Time) && o.copied(r) {
				return true
			}
		}
	}
	return false
}

// copied tells whether a read for a copy has a copy of its own.
func (o *objects) copied(r *Record) bool {
	halves, sized := o.halves(r.Requester)
	itself := true
	reads, copies := map[string]bool{}, map[string]bool{}
	for _, h := range halves {
		itself = itself && h.Record != r
		if sized && h.Size != r.Size {
			continue
		}
		behind := h.Time.Sub(r.Time)
		switch {
		case h.read && behind <= 0 && behind > -time.Minute:
			reads[h.object] = true
		case !h.read && behind.Abs() <= time.Minute:
			copies[h.object] = true
		}
	}
	return !itself && len(copies) >= len(reads)
}

// of tells whether a removal takes this write away, where it is the newest of its key.
// One that names a version takes that version alone.
func (o *objects) of(gone *Removal, w *Write) bool {
	if gone.Version == "" || gone.Empty || gone.Lifecycle && gone.Operation == "S3.CREATE.DELETEMARKER" {
		return true
	}
	var known []*Write
	told := false
	for _, x := range o.byKey[w.Object] {
		if x.Time.After(gone.Time) {
			continue
		}
		known = append(known, x)
		told = told || x.Version != ""
		if x.Version == gone.Version {
			return x == w
		}
	}
	if told && w.Version != "" {
		return false // its version is another one
	}
	if len(known) == 1 {
		return true
	}
	versions := map[string]bool{}
	for _, g := range o.gone[w.Object] {
		if g.Version != "" && !g.Lifecycle && !g.Time.Before(w.Time) && !g.Time.After(gone.Time) {
			versions[g.Version] = true
		}
	}
	return len(versions) >= len(known)
}

// newest is the last write of a key up to a time that is not empty, and the first
// removal of it behind that up to the time; each nil where there is none.
func (o *objects) newest(key string, until time.Time) (last *Write, gone *Removal) {
	for _, w := range o.byKey[key] {
		if !w.Time.After(until) && !(w.Known && w.Bytes == 0) {
			last = w
		}
	}
	if last == nil {
		return nil, nil
	}
	for _, g := range o.gone[key] {
		if !g.Time.Before(last.Time) && !g.Time.After(until) && o.of(g, last) {
			return last, g
		}
	}
	return last, nil
}
