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
	"strings"
	"time"

	"bucketproof/internal/objects"
	"bucketproof/report"
	"bucketproof/report/signing"
)

// maxRevisions bounds the search for a free revision.
const maxRevisions = 1000

// Place is where packets go.
type Place struct {
	Store       objects.Store // at the evidence URL
	URL         objects.URL
	LockMode    string          // GOVERNANCE, COMPLIANCE or "" for no lock
	RetainUntil time.Time       // meaningful with LockMode
	KMSKey      string          // encrypts what is stored; "" for the bucket's own encryption
	Signer      *signing.Signer // nil for packets without a signature
	Log         *slog.Logger
	// Held, if there is one, is asked before the manifest is written, which makes
	// a packet a finished one; its error ends the publication.
	Held func(ctx context.Context) error
}

// Result tells what became of a packet.
type Result struct {
	URL       string // of its folder
	Revision  int
	Unchanged bool // it was there already, and says the same
}

// Publish stores the packet of a tenant and a month as the next revision, or
// finds that the latest one says the same.
func Publish(ctx context.Context, place Place, p *report.Packet) (Result, error) {
	latest, err := findLatest(ctx, place, p)
	if err != nil {
		return Result{}, err
	}
	number := 1
	if latest != nil {
		m := latest.manifest
		files, err := p.Render(report.Revision{Number: m.Revision, Supersedes: m.Supersedes, Causes: m.Causes, Changes: m.Changes})
		if err != nil {
			return Result{}, err
		}
		same, err := p.Same(m, files)
		if err != nil {
			return Result{}, err
		}
		if same {
			return Result{URL: place.folder(p), Revision: m.Revision, Unchanged: true}, nil
		}
		number = m.Revision + 1
	}
	if err := place.checkLock(ctx); err != nil {
		return Result{}, err
	}
	for ; number <= maxRevisions; number++ {
		next, err := place.revision(ctx, p, number, latest)
		if err != nil {
			return Result{}, err
		}
		files, err := p.Render(next)
		if err != nil {
			return Result{}, err
		}
		err = place.store(ctx, p, files)
		if errors.Is(err, errTaken) {
			place.Log.Warn("an unfinished packet with other content is in the way and is left as it is; the next revision is used",
				"tenant", p.Tenant.ID, "packet", p.Name(), "reason", err)
			continue
		}
		return Result{URL: place.folder(p), Revision: number}, err
	}
	return Result{}, fmt.Errorf("%s: %d revisions are taken", place.folder(p), maxRevisions)
}

// revision is the next one, which tells what it says differently.
func (place Place) revision(ctx context.Context, p *report.Packet, number int, latest *published) (report.Revision, error) {
	if latest == nil {
		return report.Revision{Number: number}, nil
	}
	model, err := read(ctx, place.Store, latest.folder+report.ModelName)
	if err != nil && !errors.Is(err, objects.ErrNotFound) {
		return report.Revision{}, err
	}
	return p.Succeed(number, latest.name, latest.manifest, latest.sha256, model)
}

// published is a finished packet in the evidence place.
type published struct {
	name     string // of its folder
	folder   string // the beginning of its keys
	manifest *report.Manifest
	sha256   string // of the manifest, hex
}

// FileName is the name under which a person saves a file of a packet: one that
// tells tenant and month without its folder.
func FileName(tenant, packet, path string) string {
	return tenant + "-" + packet + "-" + strings.ReplaceAll(path, "/", "-")
}

// Latest is the number of the last finished revision of a tenant's month at an
// evidence place; 0 for none.
func Latest(ctx context.Context, store objects.Store, tenant, month string) (int, error) {
	highest := 0
	prefix := tenant + "/" + month
	for info, err := range store.List(ctx, prefix) {
		if errors.Is(err, objects.ErrNotFound) {
			break // nothing was ever stored
		}
		if err != nil {
			return 0, err
		}
		rest, ok := strings.CutPrefix(info.Key, prefix)
		if !ok {
			break
		}
		folder, file, _ := strings.Cut(rest, "/")
		n := 1
		if folder != "" {
			if _, err := fmt.Sscanf(folder, ".r%d", &n); err != nil || folder != fmt.Sprintf(".r%d", n) {
				continue
			}
		}
		if file == report.ManifestName {
			highest = max(highest, n)
		}
	}
	return highest, nil
}

// findLatest returns the last finished revision of the month, or nil.
func findLatest(ctx context.Context, place Place, p *report.Packet) (*published, error) {
	highest, err := Latest(ctx, place.Store, p.Tenant.ID, p.Month)
	if err != nil || highest == 0 {
		return nil, err
	}
	p.Revision = report.Revision{Number: highest}
	body, err := read(ctx, place.Store, key(p, report.ManifestName))
	if err != nil {
		return nil, err
	}
	m := &report.Manifest{}
	if err := json.Unmarshal(body, m); err != nil {
		return nil, fmt.Errorf("%s: not a manifest of bucketproof (%w); move it out of the way, or choose another evidence.url",
			place.URL.Join(key(p, report.ManifestName)), err)
	}
	m.Revision = highest
	sum := sha256.Sum256(body)
	return &published{name: p.Name(), folder: key(p, ""), manifest: m, sha256: hex.EncodeToString(sum[:])}, nil
}

func key(p *report.Packet, file string) string { return p.Tenant.ID + "/" + p.Name() + "/" + file }

func (place Place) folder(p *report.Packet) string { return place.URL.Join(key(p, "")) }

// store signs the files and writes them, the manifest last. A signed file that
// an interrupted run has written holds for this one, too.
func (place Place) store(ctx context.Context, p *report.Packet, files []report.File) error {
	if place.Signer == nil {
		manifest, err := p.Manifest(files, nil)
		if err != nil {
			return err
		}
		return place.write(ctx, p, append(files, manifest))
	}
	last := len(files) - 1
	signed, err := place.signed(ctx, key(p, report.PDFName), func(there []byte) bool {
		if !bytes.HasPrefix(there, files[last].Body) {
			return false
		}
		v, err := signing.VerifyPDF(there)
		return err == nil && v != nil && v.Certificate.Equal(place.Signer.Certificate)
	}, func() ([]byte, error) {
		return place.Signer.SignPDF(ctx, files[last].Body, "Evidence packet "+p.Tenant.ID+" "+p.Name())
	})
	if err != nil {
		return err
	}
	files[last] = p.WithSignature(files[last], signed)
	manifest, err := p.Manifest(files,
		&report.ManifestSignature{File: report.SignatureName, Subject: place.Signer.Certificate.Subject.String(),
			CertificateSHA256: signing.Fingerprint(place.Signer.Certificate)})
	if err != nil {
		return err
	}
	cms, err := place.signed(ctx, key(p, report.SignatureName), func(there []byte) bool {
		v, err := signing.VerifyDetached(there, manifest.Body)
		return err == nil && v.Certificate.Equal(place.Signer.Certificate)
	}, func() ([]byte, error) { return place.Signer.SignDetached(ctx, manifest.Body) })
	if err != nil {
		return err
	}
	return place.write(ctx, p, append(files, p.Signature(cms), manifest))
}

// signed is what stands under a key where it holds, and what sign makes otherwise.
func (place Place) signed(ctx context.Context, key string, holds func([]byte) bool, sign func() ([]byte, error)) ([]byte, error) {
	there, err := read(ctx, place.Store, key)
	switch {
	case err == nil && holds(there):
		return there, nil
	case err != nil && !errors.Is(err, objects.ErrNotFound):
		return nil, err
	}
	return sign()
}

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
		if place.Held != nil && f.Path == report.ManifestName {
			if err := place.Held(ctx); err != nil {
				return err
			}
		}
		opts := objects.PutOptions{ContentType: f.ContentType, FileName: FileName(p.Tenant.ID, p.Name(), f.Path),
			KMSKey: place.KMSKey, Tags: f.Tags, LockMode: place.LockMode, RetainUntil: place.RetainUntil}
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
	body, err := readUpTo(ctx, place.Store, key(p, f.Path), int64(len(f.Body))+1)
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

// maxRead is how much is read of what lies in the evidence place, in bytes.
const maxRead = 1 << 30

func read(ctx context.Context, store objects.Store, key string) (body []byte, err error) {
	body, err = readUpTo(ctx, store, key, maxRead+1)
	if err == nil && len(body) > maxRead {
		return nil, fmt.Errorf("read %s: it has more than %d MB, and is no file of a packet", key, maxRead>>20)
	}
	return body, err
}

// readUpTo reads the beginning of an object.
func readUpTo(ctx context.Context, store objects.Store, key string, most int64) (body []byte, err error) {
	r, err := store.Open(ctx, objects.Info{Key: key})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return io.ReadAll(io.LimitReader(r, most))
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
		place.Log.Warn("the evidence place has no Object Lock, so packets can be changed and deleted there; use a "+
			"bucket with Object Lock, or set evidence.lock_mode = \"\" to accept it", "url", place.URL.Text)
	}
	return nil
}
