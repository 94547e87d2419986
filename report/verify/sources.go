package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/sync/errgroup"

	"bucketproof/internal/objects"
	"bucketproof/report"
)

const (
	reading  = 8  // log objects that are read at a time
	maxNamed = 20 // of one outcome that are named one by one
)

// Sources reads the log objects again and compares their SHA-256. Open gives the
// store of a log location; where it can't, the objects there are unreachable.
func (r *Report) Sources(ctx context.Context, open func(location string) (objects.Store, error)) error {
	stores, faults := map[string]objects.Store{}, map[string]error{}
	for _, s := range r.sources {
		if stores[s.Location] == nil && faults[s.Location] == nil {
			store, err := open(s.Location)
			if err != nil {
				faults[s.Location] = err
				continue
			}
			if err := present(ctx, store); err != nil {
				faults[s.Location] = err
				continue
			}
			stores[s.Location] = store
		}
	}
	results := make([]Step, len(r.sources))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(reading)
	for i, s := range r.sources {
		g.Go(func() error {
			results[i] = Step{What: s.Location + s.Key, Outcome: Unread}
			if err := faults[s.Location]; err != nil {
				results[i].Detail = err.Error()
				return nil
			}
			results[i].Outcome, results[i].Detail = source(ctx, stores[s.Location], s)
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	count := map[string]int{}
	for _, step := range results {
		count[step.Outcome]++
		if step.Outcome != OK && count[step.Outcome] <= maxNamed {
			r.Steps = append(r.Steps, step)
		}
	}
	outcome := OK
	switch {
	case len(results) == 0:
		outcome = NotChecked
	case count[Mismatch] > 0:
		outcome = Mismatch
	case count[Unread] > 0:
		outcome = Unread
	case count[Gone] > 0:
		outcome = Gone
	}
	r.add("log objects", outcome,
		"%d of %d are what they were when they were collected, %d have another content, %d are gone, %d could not be read", count[OK],
		len(results), count[Mismatch], count[Gone], count[Unread])
	return nil
}

// Skip says why the log objects are not read again.
func (r *Report) Skip(why string) { r.add("log objects", NotChecked, "%s", why) }

// present tells a place that is not there as seen from here, such as a folder of
// another machine, from one whose objects were removed.
func present(ctx context.Context, store objects.Store) error {
	for _, err := range store.List(ctx, "") {
		if errors.Is(err, objects.ErrNotFound) {
			return fmt.Errorf("the log location is not to be found from here: %w", err)
		}
		return nil // what else is wrong shows when an object is read
	}
	return nil
}

// source reads one log object. What is gone was removed, as a lifecycle rule
// does, and proves nothing either way.
func source(ctx context.Context, store objects.Store, s Source) (outcome, detail string) {
	got, size, err := hash(ctx, store, s.Key, s.Size)
	if key, guarded := strings.CutPrefix(s.Key, "'"); guarded && errors.Is(err, objects.ErrNotFound) {
		got, size, err = hash(ctx, store, key, s.Size) // the apostrophe keeps spreadsheets from running it
	}
	switch {
	case errors.Is(err, objects.ErrNotFound):
		return Gone, "it is no longer there"
	case err != nil:
		return Unread, err.Error()
	case got != s.SHA256:
		if size > s.Size {
			return Mismatch, fmt.Sprintf("it has more than the %d bytes that it had", s.Size)
		}
		return Mismatch, fmt.Sprintf("its SHA-256 is %s with %d bytes, it was %s with %d", got, size, s.SHA256, s.Size)
	}
	return OK, ""
}

func hash(ctx context.Context, store objects.Store, key string, limit int64) (hexSum string, size int64, err error) {
	c, err := store.Open(ctx, objects.Info{Key: key})
	if err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	h := sha256.New()
	size, err = io.Copy(h, limited{ctx, io.LimitReader(c, max(0, limit)+1)})
	return hex.EncodeToString(h.Sum(nil)), size, err
}

// Recomputed compares the packet with the one that the dataset gives now. Fresh
// are the SHA-256 of its files, in front of a signature, rendered as the same
// revision; root is that of its log objects.
func (r *Report) Recomputed(fresh []report.File, root, version string) {
	const what = "made again"
	if r.Manifest == nil {
		r.add(what, NotChecked, "there is no manifest to compare with")
		return
	}
	why := ""
	if r.Manifest.Tool.Version != version {
		why = fmt.Sprintf("; the packet was made by version %s and this is %s", r.Manifest.Tool.Version, version)
	}
	if r.Manifest.Sources.MerkleRoot != root {
		why += "; the dataset holds other log objects for the month by now, make a revision with `bucketproof report`"
	}
	stored := map[string]string{}
	for _, f := range r.Manifest.Files {
		stored[f.Path] = f.SHA256
		if f.Unsigned != nil {
			stored[f.Path] = f.Unsigned.SHA256
		}
	}
	same, findings := 0, false
	for _, f := range fresh {
		switch {
		case stored[f.Path] == f.SHA256:
			same++
		case f.Kind == "findings":
			findings = true
			r.add(f.Path+", "+what, NotChecked, "it differs: people work on findings after a packet was made, and checks run again")
		case findings && (f.Kind == "model" || f.Kind == "packet"):
			r.add(f.Path+", "+what, NotChecked, "it differs, as the findings in it do")
		default:
			r.add(f.Path+", "+what, Mismatch, "its SHA-256 would be %s%s", f.SHA256, why)
		}
	}
	if same == len(fresh) {
		r.add(what, OK, "all %d files come out the same", same)
	} else {
		r.add(what, NotChecked, "%d of %d files come out the same", same, len(fresh))
	}
}

// limited reads no more than a log object had, and stops with its context.
type limited struct {
	ctx context.Context
	r   io.Reader
}

func (l limited) Read(p []byte) (int, error) {
	if err := l.ctx.Err(); err != nil {
		return 0, err
	}
	return l.r.Read(p)
}
