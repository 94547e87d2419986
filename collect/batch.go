package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"bucketproof/collect/accesslog"
	"bucketproof/internal/dataset"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
)

// batch reads some objects of a source and commits them together.
type batch struct {
	c        *Collector
	src      Source
	store    objects.Store
	ids      *identities
	failures *int // in a row, over batches

	out     *dataset.Batch
	objects []state.LogObject
	sum     Summary
	errs    []error // of objects that could not be read
	date    string  // of the record before, and its day
	day     int64
}

// run fetches the objects ahead in their order, parses and writes them, and
// commits. It returns how many of the objects it has dealt with: fewer than all
// where they spread over too many partitions. An error means that nothing of
// the batch is in the dataset.
func (b *batch) run(ctx context.Context, queue []pending) (taken int, err error) {
	number, err := b.c.State.NextBatch(ctx)
	if err != nil {
		return 0, err
	}
	b.out = b.c.Dataset.NewBatch(number)
	if taken, err = b.readAll(ctx, queue); err != nil {
		return 0, errors.Join(err, b.out.Discard())
	}
	files, err := b.out.Close()
	if err != nil {
		return 0, err
	}
	// Where the commit fails it may still have reached the disk, so the files
	// stay; the next run removes those that the ledger does not name.
	return taken, b.c.State.Commit(ctx, b.objects, files, b.c.Now())
}

func (b *batch) readAll(ctx context.Context, queue []pending) (taken int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := fetchInOrder(ctx, b.store, queue, b.c.spoolDir())
	for result := range results {
		f := <-result
		full := *b.failures >= maxFailures || b.out.Partitions() >= maxPartitions
		if err == nil && !full {
			err = b.take(ctx, f, queue[taken])
			taken++
		} else {
			cancel() // what is on its way is still drained, to close its files
		}
		err = errors.Join(err, b.done(f))
	}
	return taken, err
}

// done gives back what an object holds, once the rows made from its text are
// written.
func (b *batch) done(f *fetched) error {
	if f.memory == nil {
		return f.close()
	}
	return errors.Join(b.out.Release(f.release), f.close())
}

// fetchInOrder fetches at most fetchAhead objects at a time and hands them out
// in the order of queue. The channel is closed when no fetch is running.
func fetchInOrder(ctx context.Context, store objects.Store, queue []pending, spool string) <-chan chan *fetched {
	results := make(chan chan *fetched, fetchAhead)
	go func() {
		defer close(results)
		for _, p := range queue {
			result := make(chan *fetched, 1)
			results <- result
			if ctx.Err() != nil {
				result <- &fetched{info: p.info, err: ctx.Err()}
				continue
			}
			go func() { result <- fetch(ctx, store, p.info, spool) }()
		}
	}()
	return results
}

// take brings one fetched object into the batch. An object that could not be
// read is noted; an error is one of our own and ends the batch.
func (b *batch) take(ctx context.Context, f *fetched, p pending) error {
	if f.err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		switch {
		case errors.Is(f.err, objects.ErrDenied), errors.Is(f.err, objects.ErrChanged):
		case !errors.Is(f.err, objects.ErrNotFound):
			*b.failures++
		default:
			f.err = fmt.Errorf("%w: removed between listing and reading, its records are lost unless they are delivered again", f.err)
		}
		b.errs = append(b.errs, f.err)
		return nil
	}
	*b.failures = 0
	source := b.src.Logs.Join(f.info.Key)
	o := &objectInBatch{b: b, already: p.already, name: []byte(source), LogObject: state.LogObject{
		Location: b.src.Logs.Text, Key: f.info.Key, ETag: f.info.ETag, Size: f.info.Size, Source: source,
		SHA256: f.sha256, Modified: f.info.Modified, Delivered: delivered(f.info), Kind: f.kind, Reader: readerVersion,
		Took: union(b.src.Buckets, p.already), Buckets: map[string]state.ObjectCount{},
	}}
	b.sum.Objects++
	b.sum.Bytes += f.info.Size
	switch f.kind {
	case state.KindLog:
		if err := o.readAll(ctx, f); err != nil {
			return fmt.Errorf("%s: %w", o.Source, err)
		}
	case state.KindForeign:
		b.sum.Foreign++
	case state.KindEmpty:
		b.sum.Empty++
	}
	if f.kind != state.KindLog && b.sum.FirstForeign == "" {
		b.sum.FirstForeign = o.Source
	}
	b.objects = append(b.objects, o.LogObject)
	return nil
}

// seen tells whether an object with this content is in, and knows it from then
// on. Its records are duplicates one by one; its unreadable lines, which have
// no identity, are duplicates with it.
func (b *batch) seen(ctx context.Context, sha256 string) (bool, error) {
	if slices.ContainsFunc(b.objects, func(o state.LogObject) bool { return o.SHA256 == sha256 }) {
		return true, nil
	}
	return b.c.State.HasContent(ctx, b.src.Logs.Text, sha256)
}

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
	again    bool   // the same content is in, under another name or ETag
	name     []byte // Source
	lastLine int64
	near     int64     // time of the record before; 0 before the first
	waiting  []refused // rejected lines before the first record
}

type refused struct {
	bucket string
	line   int64
	reason string
	raw    []byte
}

// readAll takes the lines of the object. One that can't be unpacked to its end
// is read as far as it goes, and its damage is kept like a line that can't be
// read.
func (o *objectInBatch) readAll(ctx context.Context, f *fetched) (err error) {
	if o.again, err = o.b.seen(ctx, f.sha256); err != nil {
		return err
	}
	if f.plain() { // the records' text stays where it is until the release
		return o.read(ctx, accesslog.ReadBytes(f.memory))
	}
	content, err := f.open()
	if err == nil {
		defer func() { err = errors.Join(err, content.Close()) }()
		err = o.read(ctx, accesslog.NewReader(content))
	}
	if errors.Is(err, errDamaged) {
		o.lastLine++
		err = errors.Join(o.reject(accesslog.Line{Number: o.lastLine, Text: []byte{}}, err), o.flushWaiting(o.Delivered.UnixMilli()))
	}
	return err
}

func (o *objectInBatch) read(ctx context.Context, r *accesslog.Reader) error {
	var rec accesslog.Record
	for {
		line, rejected, err := r.Next(&rec)
		if errors.Is(err, io.EOF) {
			return o.flushWaiting(o.Delivered.UnixMilli())
		}
		if err != nil {
			return err
		}
		o.lastLine = line.Number
		if rejected == nil {
			err = o.record(ctx, &rec, line.Number)
		} else {
			err = o.reject(line, rejected)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", line.Number, err)
		}
	}
}

func (o *objectInBatch) record(ctx context.Context, rec *accesslog.Record, line int64) error {
	bucket := string(rec.Bucket)
	if slices.Contains(o.already, bucket) {
		return nil
	}
	if _, ok := slices.BinarySearch(o.b.src.Buckets, bucket); !ok {
		o.ForeignRecords++
		o.b.sum.OtherRecords++
		return nil
	}
	if o.near == 0 {
		if err := o.flushWaiting(rec.TimeMS); err != nil {
			return err
		}
	}
	o.near = rec.TimeMS
	rec.Clean()
	fresh, err := o.b.ids.add(ctx, bucket, o.b.dateOf(rec.TimeMS), dataset.Identify(rec))
	if err != nil {
		return err
	}
	n := o.Buckets[bucket]
	at := time.UnixMilli(rec.TimeMS).UTC()
	if n.First.IsZero() || at.Before(n.First) {
		n.First = at
	}
	if at.After(n.Last) {
		n.Last = at
	}
	if fresh {
		n.Records++
		o.b.sum.Records++
		err = o.b.out.Access(rec, o.name, line)
	} else {
		n.Duplicates++
		o.b.sum.Duplicates++
	}
	o.Buckets[bucket] = n
	return err
}

// dateOf is the UTC date of a record; most have that of the one before.
func (b *batch) dateOf(ms int64) string {
	const msOfDay = 24 * 60 * 60 * 1000
	if day := ms / msOfDay; b.date == "" || day != b.day {
		b.date, b.day = dataset.DateOf(ms), day
	}
	return b.date
}

// reject keeps a line that can't be read. It is dated as the record before it,
// or as the first one of the object, or as the delivery.
func (o *objectInBatch) reject(line accesslog.Line, reason error) error {
	bucket, ours := o.bucketOf(line.Text)
	switch {
	case !ours:
		o.ForeignRecords++
		o.b.sum.OtherRecords++
		return nil
	case o.already != nil && (bucket == "" || slices.Contains(o.already, bucket)):
		return nil // kept when the object was first read
	case o.again && o.already == nil:
		n := o.Buckets[bucket]
		n.Duplicates++
		o.Buckets[bucket] = n
		o.b.sum.Duplicates++
		return nil
	}
	r := refused{bucket: bucket, line: line.Number, reason: reason.Error(), raw: line.Text}
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
	n := o.Buckets[r.bucket]
	n.Rejected++
	o.Buckets[r.bucket] = n
	o.b.sum.Rejected++
	return o.b.out.Reject(r.bucket, ms, o.Source, r.line, r.reason, r.raw)
}

// bucketOf is the bucket of a line that can't be read: the one that its second
// field names, where the third begins a time; otherwise the only one that logs
// here, or "" for not known. The line is not ours where it names a bucket that
// is not configured.
func (o *objectInBatch) bucketOf(line []byte) (bucket string, ours bool) {
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
