package signing

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/smallstep/pkcs7"

	"bucketproof/report/pdffile"
)

// noTime leaves the claimed time out of a signature.
var noTime time.Time

// ErrInvalid means that a signature does not hold: what it covers was changed,
// or it is not what it seems to be.
var ErrInvalid = errors.New("the signature does not hold")

// Verified is a signature that holds.
type Verified struct {
	Certificate *x509.Certificate
	Chain       []*x509.Certificate // that came with it
	Claimed     time.Time           // by the signer; zero for none
	Stamped     time.Time           // by a time-stamping authority; zero for none
	Authority   string              // that stamped

	authority *x509.Certificate // that stamped
	stamps    []*x509.Certificate
}

// StampTrusted tells whether the authority that stamped leads to one of the
// roots. Without a time-stamp there is nothing to trust.
func (v *Verified) StampTrusted(roots *x509.CertPool) error {
	if v.authority == nil {
		return nil
	}
	between := x509.NewCertPool()
	for _, c := range v.stamps {
		between.AddCert(c)
	}
	_, err := v.authority.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: v.Stamped,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}})
	return err
}

// Trusted tells whether the certificate leads to one of the roots. At is when it
// must have been valid.
func (v *Verified) Trusted(roots *x509.CertPool, at time.Time) error {
	between := x509.NewCertPool()
	for _, c := range v.Chain {
		between.AddCert(c)
	}
	_, err := v.Certificate.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err
}

// VerifyDetached checks a detached signature over data.
func VerifyDetached(cms, data []byte) (*Verified, error) { return verify(cms, data) }

// VerifyPDF checks the signature of a PDF. It returns nil where there is none.
// A signature that does not cover the whole file does not hold.
func VerifyPDF(pdf []byte) (*Verified, error) {
	f, err := pdffile.Open(pdf)
	if err != nil {
		return nil, err
	}
	s, err := f.Signature()
	if err != nil || s == nil {
		return nil, err
	}
	open, shut := s.Range[1], s.Range[2]
	if s.Range[0] != 0 || open < 0 || shut <= open || s.Range[3] < 0 || shut+s.Range[3] != int64(len(pdf)) {
		return nil, fmt.Errorf("%w: it does not cover the whole file", ErrInvalid)
	}
	// What it leaves out are the digits of the signature, and nothing else: what
	// stands there is signed by nobody, and must not be able to mean anything.
	hole := pdf[open:shut]
	if s.Span != [2]int64{open, shut} || hole[0] != '<' || hole[len(hole)-1] != '>' {
		return nil, fmt.Errorf("%w: it leaves out more than itself", ErrInvalid)
	}
	for _, c := range hole[1 : len(hole)-1] {
		if c < '0' || c > 'f' || c > '9' && c < 'A' || c > 'F' && c < 'a' {
			return nil, fmt.Errorf("%w: it leaves out more than itself", ErrInvalid)
		}
	}
	if s.SubFilter != "ETSI.CAdES.detached" {
		return nil, fmt.Errorf("%w: it is of the form %q, and not a PAdES baseline signature", ErrInvalid, s.SubFilter)
	}
	var whole asn1.RawValue
	rest, err := asn1.Unmarshal(s.Contents, &whole)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if len(bytes.Trim(rest, "\x00")) > 0 {
		return nil, fmt.Errorf("%w: something stands behind it", ErrInvalid)
	}
	v, err := verify(whole.FullBytes, append(bytes.Clone(pdf[:open]), pdf[shut:]...))
	if err != nil {
		return nil, err
	}
	if v.Claimed.IsZero() {
		v.Claimed = s.Claimed
	}
	return v, nil
}

func verify(cms, data []byte) (*Verified, error) {
	invalid := func(err error) (*Verified, error) { return nil, fmt.Errorf("%w: %w", ErrInvalid, err) }
	if len(cms) > maxReserved {
		return invalid(fmt.Errorf("it has more than %d bytes", maxReserved))
	}
	if err := plain(cms, 0); err != nil {
		return invalid(err)
	}
	p, err := pkcs7.Parse(cms)
	if err != nil {
		return invalid(err)
	}
	p.Content = data
	certificate := p.GetOnlySigner()
	if certificate == nil {
		return invalid(errors.New("it has not exactly one signer"))
	}
	if err := p.Verify(); err != nil {
		return invalid(err)
	}
	if err := strong(p); err != nil {
		return invalid(err)
	}
	if certificate.KeyUsage != 0 && certificate.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return invalid(fmt.Errorf("the certificate of %q is not for signing", certificate.Subject))
	}
	if serves(certificate) {
		return invalid(fmt.Errorf("the certificate of %q is for servers and their clients, and not for documents", certificate.Subject))
	}
	var kind asn1.ObjectIdentifier
	if err := p.UnmarshalSignedAttribute(oidContentType, &kind); err != nil || !kind.Equal(oidData) {
		return invalid(errors.New("it is over something else than data"))
	}
	var binding signingCertificate
	if err := p.UnmarshalSignedAttribute(oidSigningCertificate, &binding); err != nil || len(binding.Certificates) == 0 {
		return invalid(errors.New("it does not name its certificate"))
	}
	if sum := sha256.Sum256(certificate.Raw); !bytes.Equal(binding.Certificates[0].Hash, sum[:]) {
		return invalid(errors.New("it names another certificate than it carries"))
	}
	v := &Verified{Certificate: certificate, Chain: p.Certificates}
	if err := p.UnmarshalSignedAttribute(oidSigningTime, &v.Claimed); err != nil {
		v.Claimed = time.Time{} // it claims none
	}
	if err := v.readStamp(p); err != nil {
		return invalid(err)
	}
	return v, nil
}

// maxNesting is how deep a signature may be nested; a library that parses it goes
// down with it.
const maxNesting = 48

// plain refuses what DER does not have: lengths that are not told, and any depth.
func plain(b []byte, depth int) error {
	if depth > maxNesting {
		return errors.New("it is nested too deeply")
	}
	for len(b) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(b, &v)
		if err != nil {
			return err
		}
		if v.IsCompound {
			if err := plain(v.Bytes, depth+1); err != nil {
				return err
			}
		}
		b = rest
	}
	return nil
}

// strong refuses digests that can be forged.
func strong(p *pkcs7.PKCS7) error {
	for _, digest := range oidDigests {
		if p.Signers[0].DigestAlgorithm.Algorithm.Equal(digest) {
			return nil
		}
	}
	return fmt.Errorf("its digest (%s) is none of SHA-256, SHA-384 and SHA-512", p.Signers[0].DigestAlgorithm.Algorithm)
}

// serves tells whether a certificate is for TLS alone.
func serves(c *x509.Certificate) bool {
	return len(c.ExtKeyUsage) > 0 && len(c.UnknownExtKeyUsage) == 0 && !slices.ContainsFunc(c.ExtKeyUsage, func(u x509.ExtKeyUsage) bool {
		return u != x509.ExtKeyUsageServerAuth && u != x509.ExtKeyUsageClientAuth
	})
}

// readStamp reads the time-stamp over the signature, where there is one.
func (v *Verified) readStamp(p *pkcs7.PKCS7) error {
	for _, a := range p.Signers[0].UnauthenticatedAttributes {
		if !a.Type.Equal(oidTimeStamp) {
			continue
		}
		token, err := timestamp.Parse(a.Value.Bytes)
		if err != nil {
			return fmt.Errorf("its time-stamp can't be read: %w", err)
		}
		signed, err := pkcs7.Parse(a.Value.Bytes)
		if err != nil {
			return fmt.Errorf("its time-stamp can't be read: %w", err)
		}
		authority := signed.GetOnlySigner()
		if authority == nil {
			return errors.New("its time-stamp does not carry the certificate of its authority")
		}
		if err := signed.Verify(); err != nil {
			return fmt.Errorf("its time-stamp does not hold: %w", err)
		}
		if err := strong(signed); err != nil {
			return fmt.Errorf("its time-stamp: %w", err)
		}
		if len(authority.ExtKeyUsage) != 1 || authority.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping ||
			len(authority.UnknownExtKeyUsage) > 0 {
			return fmt.Errorf("its time-stamp was signed by %q, which is no time-stamping authority", authority.Subject)
		}
		if !slices.Contains([]crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512}, token.HashAlgorithm) {
			return errors.New("its time-stamp uses an unknown hash")
		}
		h := token.HashAlgorithm.New()
		h.Write(p.Signers[0].EncryptedDigest)
		if !bytes.Equal(h.Sum(nil), token.HashedMessage) {
			return errors.New("its time-stamp is that of another signature")
		}
		v.Stamped, v.Authority, v.authority, v.stamps = token.Time, authority.Subject.String(), authority, signed.Certificates
	}
	return nil
}
