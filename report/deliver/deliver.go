// Package deliver stores packets in the evidence place. [Publish] writes the
// files of a packet, the manifest last: a folder without a manifest is not a
// finished packet. What is there is never overwritten; where the packet of a
// month has changed, a new revision is written beside it.
package deliver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"bucketproof/internal/objects"
	"bucketproof/report"
)

// manifestName is the file that finishes a packet.
const manifestName = "manifest.json"

// maxRevisions bounds the search for a free revision.
const maxRevisions = 1000

// Place is where packets go.
type Place struct {
	Store       objects.Store // at the evidence URL
	URL         objects.URL
	LockMode    string    // GOVERNANCE, COMPLIANCE or "" for no lock
	RetainUntil time.Time // meaningful with LockMode
	Log         *slog.Logger
}

// Result tells what became of a packet.
type Result struct {
	URL       string // of its folder
	Revision  int
	Unchanged bool // it was there already, byte for byte
}

// Publish stores the packet of a tenant and a month as the next revision, or
// finds that the latest one says the same.
func Publish(ctx context.Context, place Place, p *report.Packet) (Result, error) {
	latest, err := findLatest(ctx, place, p)
	if err != nil {
		return Result{}, err
	}
	next := report.Revision{Number: 1}
	if latest != nil {
		files, err := p.Render(latest.revision)
		if err != nil {
			return Result{}, err
		}
		if bytes.Equal(files[len(files)-1].Body, latest.manifest) {
			return Result{URL: place.folder(p), Revision: latest.revision.Number, Unchanged: true}, nil
		}
		sum := sha256.Sum256(latest.manifest)
		next = report.Revision{Number: latest.revision.Number + 1, Supersedes: &report.Superseded{Packet: p.Name(), ManifestSHA256: hex.EncodeToString(sum[:])}}
	}
	if err := place.checkLock(ctx); err != nil {
		return Result{}, err
	}
	for ; next.Number <= maxRevisions; next.Number++ {
		files, err := p.Render(next)
		if err != nil {
			return Result{}, err
		}
		err = place.write(ctx, p, files)
		if errors.Is(err, errTaken) {
			place.Log.Warn("an unfinished packet with other content is in the way and is left as it is; the next revision is used", "tenant", p.Tenant.ID, "packet", p.Name(), "reason", err)
			continue
		}
		return Result{URL: place.folder(p), Revision: next.Number}, err
	}
	return Result{}, fmt.Errorf("%s: %d revisions are taken", place.folder(p), maxRevisions)
}

// published is a finished packet in the evidence place.
type published struct {
	revision report.Revision
	manifest []byte
}

// findLatest returns the last finished revision of the month, or nil.
func findLatest(ctx context.Context, place Place, p *report.Packet) (*published, error) {
	var latest *published
	for n, missing := 1, 0; n <= maxRevisions && missing < 2; n++ {
		p.Revision = report.Revision{Number: n}
		body, err := read(ctx, place.Store, key(p, manifestName))
		if errors.Is(err, objects.ErrNotFound) {
			missing++ // an unfinished one may lie between two
			continue
		}
		if err != nil {
			return nil, err
		}
		missing = 0
		var m report.Manifest
		if err := json.Unmarshal(body, &m); err != nil {
			return nil, fmt.Errorf("%s: not a manifest of bucketproof (%w); move it out of the way, or choose another evidence.url", place.URL.Join(key(p, manifestName)), err)
		}
		latest = &published{revision: report.Revision{Number: n, Supersedes: m.Supersedes}, manifest: body}
	}
	if latest != nil {
		p.Revision = latest.revision
	}
	return latest, nil
}

func key(p *report.Packet, file string) string { return p.Tenant.ID + "/" + p.Name() + "/" + file }

func (place Place) folder(p *report.Packet) string { return place.URL.Join(key(p, "")) }

// errTaken means that other content stands under a name of the packet.
var errTaken = errors.New("other content is there")

// write stores the files in their order. A file that is there with the same
// content is one that an interrupted run has written. Where anything else is
// there nothing is written.
func (place Place) write(ctx context.Context, p *report.Packet, files []report.File) error {
	there := map[string]bool{}
	for _, f := range files {
		ok, err := place.has(ctx, p, f)
		if err != nil {
			return err
		}
		there[f.Path] = ok
	}
	for _, f := range files {
		if there[f.Path] {
			continue
		}
		opts := objects.PutOptions{ContentType: f.ContentType, Tags: f.Tags, LockMode: place.LockMode, RetainUntil: place.RetainUntil}
		err := place.Store.Put(ctx, key(p, f.Path), f.Body, opts)
		if errors.Is(err, objects.ErrExists) { // by another run, since we looked
			_, err = place.has(ctx, p, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// has tells whether a file is stored already. Other content under its name is
// errTaken.
func (place Place) has(ctx context.Context, p *report.Packet, f report.File) (bool, error) {
	body, err := read(ctx, place.Store, key(p, f.Path))
	switch {
	case errors.Is(err, objects.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case !bytes.Equal(body, f.Body):
		return false, fmt.Errorf("%s: %w", place.URL.Join(key(p, f.Path)), errTaken)
	}
	return true, nil
}

func read(ctx context.Context, store objects.Store, key string) (body []byte, err error) {
	r, err := store.Open(ctx, objects.Info{Key: key})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return io.ReadAll(r)
}

// checkLock takes the lock off where the place has none, and says so: evidence
// that anyone can delete is worth less.
func (place *Place) checkLock(ctx context.Context) error {
	if place.LockMode == "" {
		return nil
	}
	locks, err := place.Store.Locks(ctx)
	if err != nil {
		return err
	}
	if !locks {
		place.LockMode = ""
		place.Log.Warn("the evidence place has no Object Lock, so packets can be changed and deleted there; use a bucket with Object Lock, or set evidence.lock_mode = \"\" to accept it", "url", place.URL.Text)
	}
	return nil
}
