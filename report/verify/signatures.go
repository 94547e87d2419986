package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bucketproof/internal/objects"
	"bucketproof/report"
	"bucketproof/report/signing"
)

func (r *Report) manifestSignature(ctx context.Context, store objects.Store, manifest []byte) error {
	const what = "signature of the manifest"
	s := r.Manifest.Signature
	if s == nil {
		r.unsigned(what, "the packet is not signed")
		return nil
	}
	cms, err := read(ctx, store, report.SignatureName, maxSignature)
	switch {
	case errors.Is(err, objects.ErrNotFound):
		r.add(what, Mismatch, "%s is missing", s.File)
		return nil
	case err != nil:
		return err
	}
	v, err := signing.VerifyDetached(cms, manifest)
	if err != nil {
		r.add(what, Mismatch, "%s", err)
		return nil
	}
	if signing.Fingerprint(v.Certificate) != s.CertificateSHA256 {
		r.add(what, Mismatch, "it was made with the certificate of %q, the manifest names another", v.Certificate.Subject)
		return nil
	}
	r.signed(what, v)
	return nil
}

// unsigned says that there is no signature. Who names roots asks for one: without
// it, anyone can make a packet that fits together.
func (r *Report) unsigned(what, text string) {
	if r.trust.Roots != nil {
		r.add(what, Mismatch, "%s, and --trust asks for a signature", text)
		return
	}
	r.add(what, NotChecked, "%s", text)
}

// signed says what a signature that holds is worth.
func (r *Report) signed(what string, v *signing.Verified) {
	detail := fmt.Sprintf("it holds; signed by %q, certificate SHA-256 %s", v.Certificate.Subject, signing.Fingerprint(v.Certificate))
	switch {
	case !v.Stamped.IsZero():
		detail += fmt.Sprintf(", at %s by the word of the time-stamping authority %q", v.Stamped.UTC().Format(time.RFC3339), v.Authority)
	case !v.Claimed.IsZero():
		detail += fmt.Sprintf(", at %s by its own word", v.Claimed.UTC().Format(time.RFC3339))
	}
	if r.trust.Roots == nil {
		r.add(what, OK, "%s; whether that certificate is to be trusted was not asked (--trust)", detail)
		return
	}
	if err := v.StampTrusted(r.trust.Roots); err != nil {
		r.add(what, Mismatch, "%s; but the time-stamping authority is not trusted: %s", detail, err)
		return
	}
	at := v.Stamped
	if at.IsZero() {
		at = r.trust.Now // the signer's own word is no proof that it was earlier
	}
	err := v.Trusted(r.trust.Roots, at)
	switch {
	case err == nil:
		r.add(what, OK, "%s, which leads to a trusted root", detail)
	case v.Stamped.IsZero() && !v.Claimed.IsZero() && at.After(v.Certificate.NotAfter) && v.Trusted(r.trust.Roots, v.Claimed) == nil:
		r.add(what, NotChecked, "%s; the certificate expired on %s, and without a time-stamp nothing shows that the signature is older",
			detail, v.Certificate.NotAfter.UTC().Format(time.DateOnly))
	default:
		r.add(what, Mismatch, "%s; but the certificate is not trusted: %s", detail, err)
	}
}

func (r *Report) pdfSignature(pdf []byte, wanted bool) {
	const what = "signature of the PDF"
	v, err := signing.VerifyPDF(pdf)
	switch {
	case err != nil:
		r.add(what, Mismatch, "%s", err)
	case v == nil && wanted:
		r.add(what, Mismatch, "it should be signed, and it is not")
	case v != nil && r.Manifest != nil && r.Manifest.Signature == nil:
		r.add(what, Mismatch, "the PDF is signed, and the manifest says that the packet is not: one of the two is not the packet's")
	case v != nil && r.Manifest != nil && signing.Fingerprint(v.Certificate) != r.Manifest.Signature.CertificateSHA256:
		r.add(what, Mismatch, "it was made with the certificate of %q, the manifest names another", v.Certificate.Subject)
	case v == nil:
		r.unsigned(what, "the PDF is not signed")
	default:
		r.signed(what, v)
	}
}
