package signing

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// Object identifiers of RFC 5652, RFC 5035 and RFC 3161.
var (
	oidData               = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidSigningCertificate = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidTimeStamp          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}

	oidRSA     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidDigests = map[crypto.Hash]asn1.ObjectIdentifier{crypto.SHA256: {2, 16, 840, 1, 101, 3, 4, 2, 1},
		crypto.SHA384: {2, 16, 840, 1, 101, 3, 4, 2, 2}, crypto.SHA512: {2, 16, 840, 1, 101, 3, 4, 2, 3}}
	oidECDSA = map[crypto.Hash]asn1.ObjectIdentifier{crypto.SHA256: {1, 2, 840, 10045, 4, 3, 2},
		crypto.SHA384: {1, 2, 840, 10045, 4, 3, 3}, crypto.SHA512: {1, 2, 840, 10045, 4, 3, 4}}
)

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,optional,tag:0"`
}

type signedData struct {
	Version          int
	DigestAlgorithms []pkix.AlgorithmIdentifier `asn1:"set"`
	Content          contentInfo
	Certificates     asn1.RawValue
	Signers          []signerInfo `asn1:"set"`
}

type signerInfo struct {
	Version            int
	Signer             issuerAndSerial
	DigestAlgorithm    pkix.AlgorithmIdentifier
	SignedAttributes   asn1.RawValue
	SignatureAlgorithm pkix.AlgorithmIdentifier
	Signature          []byte
	UnsignedAttributes asn1.RawValue `asn1:"optional"`
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

// essCertificate is ESSCertIDv2 of RFC 5035 with its default hash, SHA-256.
type essCertificate struct{ Hash []byte }

type signingCertificate struct{ Certificates []essCertificate }

// sign makes a detached CMS signature over content that hashes to digest. Signed
// is the time that it claims; the zero time leaves it out, as PAdES asks: there
// it stands in the PDF. The library that verifies puts it in always, and can't
// add a time-stamp to a signature, so the structure is built here.
func (s *Signer) sign(ctx context.Context, digest []byte, signed time.Time) ([]byte, error) {
	certificate := sha256.Sum256(s.Certificate.Raw)
	attributes := []struct {
		id    asn1.ObjectIdentifier
		value any
	}{
		{oidContentType, oidData},
		{oidMessageDigest, digest},
		{oidSigningCertificate, signingCertificate{[]essCertificate{{certificate[:]}}}},
	}
	if !signed.IsZero() {
		attributes = append(attributes, struct {
			id    asn1.ObjectIdentifier
			value any
		}{oidSigningTime, signed.UTC()})
	}
	var encoded [][]byte
	for _, a := range attributes {
		b, err := encodeAttribute(a.id, a.value)
		if err != nil {
			return nil, err
		}
		encoded = append(encoded, b)
	}
	set := setOf(encoded)
	// The signature is over the attributes as a SET; in the message they are
	// tagged (RFC 5652, 5.4).
	toSign, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSet, IsCompound: true, Bytes: set})
	if err != nil {
		return nil, err
	}
	signature, err := s.key.sign(ctx, toSign, s.hash)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	info := signerInfo{Version: 1, Signer: issuerAndSerial{asn1.RawValue{FullBytes: s.Certificate.RawIssuer}, s.Certificate.SerialNumber},
		DigestAlgorithm: pkix.AlgorithmIdentifier{Algorithm: oidDigests[s.hash]}, SignedAttributes: tagged(0, set), Signature: signature,
		SignatureAlgorithm: pkix.AlgorithmIdentifier{Algorithm: oidECDSA[s.hash]}}
	if _, ok := s.public.(*rsa.PublicKey); ok {
		info.SignatureAlgorithm = pkix.AlgorithmIdentifier{Algorithm: oidRSA, Parameters: asn1.NullRawValue}
	}
	if s.tsa != "" {
		token, err := s.timestamp(ctx, signature)
		if err != nil {
			return nil, err
		}
		b, err := encodeAttribute(oidTimeStamp, asn1.RawValue{FullBytes: token})
		if err != nil {
			return nil, err
		}
		info.UnsignedAttributes = tagged(1, b)
	}
	return s.message(info)
}

func (s *Signer) message(info signerInfo) ([]byte, error) {
	var certificates []byte
	for _, c := range append([]*x509.Certificate{s.Certificate}, s.chain...) {
		certificates = append(certificates, c.Raw...)
	}
	data, err := asn1.Marshal(signedData{Version: 1, DigestAlgorithms: []pkix.AlgorithmIdentifier{{Algorithm: oidDigests[s.hash]}},
		Content: contentInfo{Type: oidData}, Certificates: tagged(0, certificates), Signers: []signerInfo{info}})
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(contentInfo{Type: oidSignedData, Content: asn1.RawValue{FullBytes: mustTag(data)}})
}

// mustTag puts an explicit tag 0 around an encoded value.
func mustTag(data []byte) []byte {
	b, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: data})
	if err != nil {
		panic(err) // bytes around bytes always encode
	}
	return b
}

func tagged(tag int, inner []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: inner}
}

func encodeAttribute(id asn1.ObjectIdentifier, value any) ([]byte, error) {
	v, err := asn1.Marshal(value)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(attribute{Type: id, Values: []asn1.RawValue{{FullBytes: v}}})
}

// setOf puts encoded values in the order of DER (X.690, 11.6).
func setOf(values [][]byte) []byte {
	slices.SortFunc(values, bytes.Compare)
	return bytes.Join(values, nil)
}

// SignDetached signs data that stays where it is.
func (s *Signer) SignDetached(ctx context.Context, data []byte) ([]byte, error) {
	h := s.hash.New()
	h.Write(data)
	return s.sign(ctx, h.Sum(nil), s.now())
}
