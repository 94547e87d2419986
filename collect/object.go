package collect

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bucketproof/collect/accesslog"
	"bucketproof/internal/dataset"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
)

// union is the sorted elements of both.
func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// objectInBatch is a log object while its lines are taken.
type objectInBatch struct {
	state.LogObject
	b        *batch
	already  []string
	copied   bool     // the same content is in, under another name
	took     []string // the buckets that were taken from it
	name     []byte   // Source
	before   int      // files that were open in front of it
	lastLine int64
	near     int64     // time of the record before; 0 before the first
	waiting  []refused // rejected lines before the first record
	kept     int       // rejected lines
	more     map[hour]*more
	counts   []count // by bucket
	last     *count  // of the record before
}

// count is what the object holds for one bucket.
type count struct {
	bucket                        string
	skip                          bool // its records were taken before
	records, duplicates, rejected int64
	first, last                   int64 // milliseconds since 1970; 0 without a record
}

// refused is a line that can't be read, on its way into the dataset.
type refused struct {
	bucket string
	line   int64
	reason string
	raw    []byte
	ends   bool // nothing behind it can be read
}

// maxRejected is how many rejected lines of an object are kept. The others are
// counted.
const maxRejected = 10_000

// more are rejected lines that are only counted, and the first of them.
type more struct {
	bucket          string
	ms, line, lines int64
}

// hour is one of a bucket, since 1970.
type hour struct {
	bucket string
	number int64
}

// countOf is the count of a bucket, nil where it is not configured.
func (o *objectInBatch) countOf(bucket string) *count {
	for i := range o.counts {
		if o.counts[i].bucket == bucket {
			return &o.counts[i]
		}
	}
	if _, ok := slices.BinarySearch(o.b.src.Buckets, bucket); !ok && bucket != "" && !slices.Contains(o.already, bucket) {
		return nil
	}
	o.last = nil // append may move what it points to
	o.counts = append(o.counts, count{bucket: bucket, skip: slices.Contains(o.already, bucket)})
	return &o.counts[len(o.counts)-1]
}

// takeAll takes the lines of the object. One that can't be unpacked to its end
// is read as far as it goes, and its damage is kept like a line that can't be
// read.
func (o *objectInBatch) takeAll(ctx context.Context, f *fetched) (err error) {
	if o.took, o.copied, err = o.b.copies(ctx, &o.LogObject); err != nil {
		return err
	}
	for c := range f.chunks {
		for i := range c.entries {
			if err := o.take(&c.entries[i]); err != nil {
				return fmt.Errorf("line %d: %w", c.entries[i].line.Number, err)
			}
		}
		chunks.Put(c)
		o.b.progress(o.b)
	}
	if errors.Is(f.parseErr, errDamaged) {
		f.parseErr = o.reject(accesslog.Line{Number: o.lastLine + 1, Text: []byte{}}, f.trail, f.parseErr)
	}
	if err := errors.Join(f.parseErr, o.flushWaiting(o.Delivered.UnixMilli()), o.keepMore()); err != nil {
		return err
	}
	for _, n := range o.counts {
		if n.records+n.duplicates+n.rejected > 0 {
			o.Buckets[n.bucket] = state.ObjectCount{Records: n.records, Duplicates: n.duplicates,
				Rejected: n.rejected, First: timeOf(n.first), Last: timeOf(n.last)}
		}
	}
	return nil
}

// mostPartitions is how many files one object may add to the open ones. A log
// object holds the records of some hours.
const mostPartitions = 512

var errDates = errors.New("the log object holds records of more days than can be")

func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func (o *objectInBatch) take(e *entry) error {
	o.lastLine = e.line.Number
	if e.rejected != nil {
		return o.reject(e.line, string(e.rec.Bucket), e.rejected)
	}
	n := o.last
	if n == nil || n.bucket != string(e.rec.Bucket) {
		if n = o.countOf(string(e.rec.Bucket)); n == nil {
			o.ForeignRecords++
			o.b.sum.OtherRecords++
			return nil
		}
		o.last = n
	}
	if n.skip {
		return nil
	}
	if o.near == 0 {
		if err := o.flushWaiting(e.rec.TimeMS); err != nil {
			return err
		}
		n = o.countOf(n.bucket) // the lines may have brought others
		o.last = n
	}
	if o.b.out.Partitions() >= o.before+mostPartitions && !o.b.out.Holds(n.bucket, e.rec.TimeMS) {
		return o.reject(e.line, n.bucket, errDates)
	}
	o.near = e.rec.TimeMS
	fresh, err := o.b.ids.Add(n.bucket, o.b.dates.of(e.rec.TimeMS), e.id)
	if err != nil {
		return err
	}
	if n.first == 0 || e.rec.TimeMS < n.first {
		n.first = e.rec.TimeMS
	}
	n.last = max(n.last, e.rec.TimeMS)
	if !fresh {
		n.duplicates++
		o.b.sum.Duplicates++
		return nil
	}
	n.records++
	o.b.sum.Records++
	if e.event != nil {
		return o.b.out.Event(n.bucket, e.event, o.name, e.line.Number)
	}
	return o.b.out.Access(&e.rec, o.name, e.line.Number)
}

// dates gives UTC dates; most records have that of the one before.
type dates struct {
	date string
	day  int64
}

func (d *dates) of(ms int64) string {
	const msOfDay = 24 * 60 * 60 * 1000
	if day := ms / msOfDay; d.date == "" || day != d.day {
		d.date, d.day = dataset.DateOf(ms), day
	}
	return d.date
}

// reject keeps a line that can't be read. It is dated as the record before it,
// or as the first one of the object, or as the delivery.
// Named is the bucket that the line tells, where its form can tell it.
func (o *objectInBatch) reject(line accesslog.Line, named string, reason error) error {
	bucket, ours := o.bucketOf(line.Text, named)
	switch {
	case !ours:
		o.ForeignRecords++
		o.b.sum.OtherRecords++
		return nil
	case o.already != nil && (bucket == "" || slices.Contains(o.already, bucket)):
		return nil // kept when the object was first read
	case o.copied && (bucket == "" || slices.Contains(o.took, bucket)):
		o.countOf(bucket).duplicates++
		o.b.sum.Duplicates++
		return nil
	}
	r := refused{bucket: bucket, line: line.Number, reason: short(reason), raw: line.Text, ends: errors.Is(reason, errDamaged)}
	if o.b.sum.FirstRejected == "" {
		o.b.sum.FirstRejected = fmt.Sprintf("%s:%d: %s", o.Source, line.Number, r.reason)
	}
	if o.near == 0 {
		r.raw = bytes.Clone(r.raw)
		o.waiting = append(o.waiting, r)
		if len(o.waiting) < 1000 {
			return nil
		}
		return o.flushWaiting(o.Delivered.UnixMilli())
	}
	return o.keep(r, o.near)
}

// short is the reason in one line that is not too long.
func short(reason error) string {
	const longest = 200
	text := reason.Error()
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return text
}

func (o *objectInBatch) flushWaiting(ms int64) error {
	for _, r := range o.waiting {
		if err := o.keep(r, ms); err != nil {
			return err
		}
	}
	o.waiting = nil
	return nil
}

func (o *objectInBatch) keep(r refused, ms int64) error {
	o.countOf(r.bucket).rejected++
	o.b.sum.Rejected++
	if o.kept++; o.kept > maxRejected && !r.ends {
		o.count(r, ms)
		return nil
	}
	return o.b.out.Reject(r.bucket, ms, o.Source, r.line, r.reason, r.raw)
}

// count counts a line that is not kept.
func (o *objectInBatch) count(r refused, ms int64) {
	h := hour{r.bucket, ms / (60 * 60 * 1000)}
	if o.more == nil {
		o.more = map[hour]*more{}
	}
	if o.more[h] == nil {
		o.more[h] = &more{bucket: r.bucket, ms: ms, line: r.line}
	}
	o.more[h].lines++
}

// keepMore keeps how many lines were only counted, in a row for each bucket and hour.
func (o *objectInBatch) keepMore() error {
	byLine := func(a, b *more) int { return cmp.Compare(a.line, b.line) }
	for _, m := range slices.SortedFunc(maps.Values(o.more), byLine) {
		if err := o.b.out.Reject(m.bucket, m.ms, o.Source, m.line, dataset.MoreRejected(m.lines), nil); err != nil {
			return err
		}
	}
	return nil
}

// bucketOf is the bucket of a line that can't be read: the one that its second
// field names, where the third begins a time; otherwise the only one that logs
// here, or "" for not known. The line is not ours where it names a bucket that
// is not configured.
func (o *objectInBatch) bucketOf(line []byte, named string) (bucket string, ours bool) {
	if named != "" {
		_, ours := slices.BinarySearch(o.b.src.Buckets, named)
		return named, ours
	}
	if fields := bytes.SplitN(line, []byte(" "), 3); len(fields) == 3 && bytes.HasPrefix(fields[2], []byte("[")) {
		name := string(fields[1])
		if _, ok := slices.BinarySearch(o.b.src.Buckets, name); ok {
			return name, true
		}
		if objects.BucketNameProblem(name) == "" {
			return "", false
		}
	}
	if len(o.b.src.Buckets) == 1 {
		return o.b.src.Buckets[0], true
	}
	return "", true
}
