package deliver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"bucketproof/internal/objects"
	"bucketproof/report"
	"bucketproof/report/verify"
)

// Opened is a finished packet, read back from the evidence place.
type Opened struct {
	URL            objects.URL // of its folder
	Manifest       *report.Manifest
	ManifestSHA256 string // hex
	ManifestSize   int
	Model          *report.Model

	store objects.Store
}

// ErrUnfit means that a packet may not be put before anyone: it is partly there,
// not what its manifest says, or blank.
var ErrUnfit = errors.New("the packet is not fit to be sent")

// OpenPacket reads the manifest and the model of a revision.
func OpenPacket(ctx context.Context, evidence objects.URL, access objects.Access, tenant, month string, revision int) (*Opened, error) {
	o := &Opened{URL: evidence.Sub(tenant + "/" + report.PacketName(month, revision)), Manifest: &report.Manifest{}, Model: &report.Model{}}
	var err error
	if o.store, err = objects.Open(ctx, o.URL, access); err != nil {
		return nil, err
	}
	body, err := read(ctx, o.store, report.ManifestName)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, fmt.Errorf("%w: %s is missing: %w", ErrUnfit, o.URL.Join(report.ManifestName), err)
	}
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	o.ManifestSHA256, o.ManifestSize = hex.EncodeToString(sum[:]), len(body)
	if err := json.Unmarshal(body, o.Manifest); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrUnfit, o.URL.Join(report.ManifestName), err)
	}
	if m := o.Manifest; m.Tenant.ID != tenant || m.Period.Month != month || m.Revision != revision {
		return nil, fmt.Errorf("%w: %s is of %s, %s, revision %d", ErrUnfit, o.URL.Join(report.ManifestName),
			m.Tenant.ID, m.Period.Month, m.Revision)
	}
	model, err := o.File(ctx, report.ModelName)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(model, o.Model); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrUnfit, o.URL.Join(report.ModelName), err)
	}
	return o, nil
}

// Listed is what the manifest says of a file, and whether it names it.
func (o *Opened) Listed(path string) (report.ManifestFile, bool) {
	for _, f := range o.Manifest.Files {
		if f.Path == path {
			return f, true
		}
	}
	return report.ManifestFile{}, false
}

// File reads a file that the manifest names. One that is not what the manifest
// says is ErrUnfit: it is given to nobody.
func (o *Opened) File(ctx context.Context, path string) ([]byte, error) {
	f, ok := o.Listed(path)
	if !ok {
		return nil, fmt.Errorf("%w: the manifest does not name %s", ErrUnfit, path)
	}
	body, err := read(ctx, o.store, path)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", ErrUnfit, err)
	}
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(body); len(body) != f.Size || hex.EncodeToString(sum[:]) != f.SHA256 {
		return nil, fmt.Errorf("%w: %s is not what the manifest says", ErrUnfit, o.URL.Join(path))
	}
	return body, nil
}

// Unlisted reads the manifest or the signature of it, which no manifest names.
func (o *Opened) Unlisted(ctx context.Context, path string) ([]byte, error) {
	body, err := read(ctx, o.store, path)
	if sum := sha256.Sum256(body); err == nil && path == report.ManifestName && hex.EncodeToString(sum[:]) != o.ManifestSHA256 {
		return nil, fmt.Errorf("%w: %s has changed since it was opened", ErrUnfit, o.URL.Join(path))
	}
	return body, err
}

// Fit is nil for a packet that is whole, as its manifest says, and not blank.
func (o *Opened) Fit(ctx context.Context) error {
	r, err := verify.Folder(ctx, o.store, verify.Trust{})
	if err != nil {
		return err
	}
	for _, s := range r.Steps {
		if s.Outcome == verify.Unread { // it may be otherwise in a moment
			return fmt.Errorf("look through %s: %s: %s", o.URL.Text, s.What, s.Detail)
		}
		if s.Outcome == verify.Mismatch || s.Outcome == verify.Gone {
			return fmt.Errorf("%w: %s: %s: %s", ErrUnfit, s.What, s.Outcome, s.Detail)
		}
	}
	if o.Manifest.Totals.Records == 0 {
		return fmt.Errorf("%w: it holds no record, so it says nothing and nobody is sent it; look why no logs were collected", ErrUnfit)
	}
	return nil
}

// Name is the name under which a person saves a file of it.
func (o *Opened) Name(path string) string {
	return FileName(o.Manifest.Tenant.ID, report.PacketName(o.Manifest.Period.Month, o.Manifest.Revision), path)
}

// Signer is the subject of the certificate that signed; "" for none.
func (o *Opened) Signer() string {
	if o.Manifest.Signature == nil {
		return ""
	}
	return o.Manifest.Signature.Subject
}

// VerdictKey is the verdict as a name without spaces.
func (o *Opened) VerdictKey() string { return strings.ReplaceAll(o.Manifest.Verdict, " ", "-") }
