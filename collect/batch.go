package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"bucketproof/internal/dataset"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
)

// batch takes some objects of a source and commits them together.
type batch struct {
	*sourceRun
	out       *dataset.Batch
	objects   []state.LogObject
	contents  map[string][]string // by SHA-256 of a log: the buckets that were taken
	incidents []state.Incident
	sum       Summary
	errs      []error // of objects that could not be read
	dates     dates
}

// run takes objects from the pipeline, writes their records, and commits. An
// error means that nothing of the batch is in the dataset.
func (b *batch) run(ctx context.Context) error {
	number, err := b.c.State.Ledger.NextBatch(ctx)
	if err != nil {
		return err
	}
	b.out = b.c.Dataset.NewBatch(number)
	if err := b.takeAll(ctx); err != nil {
		return errors.Join(err, b.out.Discard())
	}
	files, err := b.out.Close()
	if err != nil {
		return err
	}
	// Where the commit fails it may still have reached the disk, so the files
	// stay; the next run removes those that the ledger does not name.
	if err := b.c.State.Ledger.Commit(ctx, b.objects, files, b.incidents, b.c.Now()); err != nil {
		return err
	}
	return b.ids.Commit(number)
}

// full tells that the batch has enough.
func (b *batch) full() bool {
	return b.sum.Bytes >= batchBytes || len(b.objects) >= batchObjects || b.sum.Records+
		b.sum.Duplicates >= batchRecords || b.out.Partitions() >= maxPartitions || b.failures >= maxFailures
}

func (b *batch) takeAll(ctx context.Context) error {
	for !b.full() && b.pipe.more() {
		f := b.pipe.next()
		err := b.take(ctx, f)
		if err = errors.Join(err, b.pipe.done(f)); err != nil {
			return err
		}
		b.progress(b)
	}
	return ctx.Err()
}

// take brings one fetched object into the batch. An object that could not be
// read is noted; an error is one of our own and ends the batch.
func (b *batch) take(ctx context.Context, f *fetched) error {
	if f.err != nil {
		return b.unread(ctx, f)
	}
	b.failures = 0
	source := b.src.Logs.Join(f.info.Key)
	o := &objectInBatch{b: b, already: f.already, name: []byte(source), before: b.out.Partitions(), LogObject: state.LogObject{
		Location: b.src.Logs.Text, Key: f.info.Key, ETag: f.info.ETag, Size: f.info.Size, VersionID: f.version, Source: source,
		SHA256: f.sha256, Proof: f.proof, Modified: f.info.Modified, Delivered: delivered(f.info), Kind: f.kind, Reader: readerVersion,
		Took: union(b.src.Buckets, f.already), Buckets: map[string]state.ObjectCount{},
	}}
	b.sum.Objects++
	b.sum.Bytes += f.info.Size
	switch {
	case f.same != nil:
		o.Took, o.ForeignRecords = f.same.Took, f.same.Foreign
		if f.same == f.unsure && o.Proof == objects.ProofLength {
			o.Proof = objects.ProofTwice
		}
	case f.unsure != nil: // other bytes came than the first time: what they hold is taken, too
		b.notice(o, f, f.unsure.SHA256)
		if err := o.takeAll(ctx, f); err != nil {
			return fmt.Errorf("%s: %w", o.Source, err)
		}
	case len(f.before) > 0:
		b.changed(o, f)
	case f.kind == state.KindLog:
		if err := o.takeAll(ctx, f); err != nil {
			return fmt.Errorf("%s: %w", o.Source, err)
		}
	case f.kind == state.KindForeign:
		b.sum.Foreign++
	case f.kind == state.KindEmpty:
		b.sum.Empty++
	}
	if (o.Kind == state.KindForeign || o.Kind == state.KindEmpty) && b.sum.FirstForeign == "" {
		b.sum.FirstForeign = o.Source
	}
	b.objects = append(b.objects, o.LogObject)
	if o.Kind == state.KindLog {
		b.contents[o.SHA256] = union(b.contents[o.SHA256], o.Took)
		if took, ok := b.copied[o.SHA256]; ok {
			b.copied[o.SHA256] = union(took, o.Took)
		}
	}
	return nil
}

// unread notes why an object could not be read.
func (b *batch) unread(ctx context.Context, f *fetched) error {
	err := f.err
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errSpool):
		return err
	case errors.Is(err, objects.ErrNotFound) && f.pending.err == nil && b.reachable(ctx):
		err = fmt.Errorf("%w: not there when it was read, though it is listed; the next collection asks for it again", err)
		b.listing.failed(f.info.Key)
	case errors.Is(err, objects.ErrNotFound) && f.pending.err != nil && b.reachable(ctx):
		err = fmt.Errorf("%w: removed between listing and reading, its records are lost unless they are delivered again", err)
		b.sum.Gone++
		b.incidents = append(b.incidents,
			state.Incident{Location: b.src.Logs.Text, Key: f.info.Key, Kind: state.IncidentGone, ETag: f.info.ETag,
				Size: f.info.Size, Source: b.src.Logs.Join(f.info.Key), Buckets: b.concerned(f.info.Key),
				Named: cmp.Or(named(f.info.Key), f.info.Modified)})
	case errors.Is(err, objects.ErrDenied), errors.Is(err, objects.ErrChanged):
		b.listing.failed(f.info.Key)
	default:
		if !f.retried { // what failed before tells nothing about the place
			b.failures++
		}
		b.listing.failed(f.info.Key)
	}
	b.errs = append(b.errs, err)
	return nil
}

// reachable tells whether the location still holds anything. Where it does not,
// it is gone itself, such as a file system that is not mounted, and not its
// objects one by one.
func (b *batch) reachable(ctx context.Context) bool {
	for _, err := range b.store.List(ctx, "") {
		return err == nil
	}
	return false
}

// partitionedName is the key of a log object in a partitioned prefix, which
// names its bucket (S3 user guide, page ServerLogs).
var partitionedName = regexp.MustCompile(`(?:^|/)\d{12}/[a-z0-9-]+/([^/]+)/\d{4}/\d\d/\d\d/`)

// concerned are the buckets whose records an object may hold: the one that its
// partitioned name tells, none where that is not configured, otherwise all that
// log here.
func (b *batch) concerned(key string) []string {
	if owner := b.src.ownerOf(key); owner != "" {
		return []string{owner}
	}
	m := partitionedName.FindStringSubmatch(b.src.Logs.Join(key))
	switch {
	case m == nil:
		return b.src.Buckets
	case slices.Contains(b.src.Buckets, m[1]):
		return m[1:]
	}
	return nil
}

// changed deals with an object whose key was collected with another content: it
// is left alone and noted.
func (b *batch) changed(o *objectInBatch, f *fetched) {
	o.Kind = state.KindChanged
	b.notice(o, f, f.before[0].SHA256)
}

// notice tells that an object has other bytes than were collected.
func (b *batch) notice(o *objectInBatch, f *fetched, before string) {
	b.sum.Changed++
	if b.sum.FirstChanged == "" {
		b.sum.FirstChanged = o.Source
	}
	b.incidents = append(b.incidents,
		state.Incident{Location: o.Location, Key: o.Key, Kind: state.IncidentChanged, ETag: o.ETag, Size: o.Size, Source: o.Source,
			SHA256: f.sha256, Before: before, Buckets: b.concerned(o.Key), Named: named(o.Key)})
}

// copies tells what was taken from other objects with the same content. Records
// are duplicates one by one; unreadable lines, which have no identity, are
// duplicates with the object.
func (b *batch) copies(ctx context.Context, o *state.LogObject) (took []string, found bool, err error) {
	took, found = b.copied[o.SHA256]
	if !found {
		if took, found, err = b.c.State.Ledger.Copies(ctx, o); err != nil {
			return nil, false, err
		}
	}
	if other, ok := b.contents[o.SHA256]; ok {
		took, found = union(took, other), true
	}
	if found { // the next copy need not ask the ledger for all of them again
		b.copied[o.SHA256] = union(took, nil)
	}
	return took, found, nil
}
