// Package signing signs packets: the PDF with a PAdES baseline signature (ETSI
// EN 319 142-1), the manifest with a detached CMS signature (RFC 5652). [Load]
// takes key and certificate from the configuration and gives a [Signer];
// [VerifyPDF] and [VerifyDetached] check what was signed.
package signing

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"software.sslmate.com/src/go-pkcs12"

	"bucketproof/internal/config"
	"bucketproof/internal/objects"
)

// Signer signs with one key.
type Signer struct {
	Certificate *x509.Certificate
	chain       []*x509.Certificate // above it, its issuer first
	public      crypto.PublicKey
	key         interface {
		sign(ctx context.Context, message []byte, hash crypto.Hash) ([]byte, error)
	}
	hash crypto.Hash
	tsa  string // URL; "" for none
	now  func() time.Time
}

// Load reads the key and the certificate that the configuration names. It
// returns nil where it names none. Access is how to reach AWS KMS.
func Load(ctx context.Context, c config.Signing, access objects.Access, now func() time.Time) (*Signer, error) {
	if !c.Signs() {
		return nil, nil
	}
	s := &Signer{tsa: c.TSAURL, now: now}
	password := ""
	if c.PasswordEnv != "" {
		var set bool
		if password, set = os.LookupEnv(c.PasswordEnv); !set {
			return nil, fmt.Errorf("signing: the variable %s, which signing.password_env names, is not set", c.PasswordEnv)
		}
	}
	var err error
	switch {
	case c.PKCS12 != "":
		err = s.loadPKCS12(c.PKCS12, password)
	case c.KMSKey != "":
		err = s.loadKMS(ctx, c, access)
	default:
		err = s.loadPEM(c, password)
	}
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return s, nil
}

func (s *Signer) loadCertificates(path string) error {
	body, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for {
		var block *pem.Block
		if block, body = pem.Decode(body); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if s.Certificate == nil {
			s.Certificate = c
		} else {
			s.chain = append(s.chain, c)
		}
	}
	if s.Certificate == nil {
		return fmt.Errorf("%s holds no PEM block CERTIFICATE; name the file with the certificate of the key", path)
	}
	return nil
}

func (s *Signer) loadPEM(c config.Signing, password string) error {
	if err := s.loadCertificates(c.Certificate); err != nil {
		return err
	}
	body, err := os.ReadFile(c.Key)
	if err != nil {
		return err
	}
	for {
		var block *pem.Block
		if block, body = pem.Decode(body); block == nil {
			return fmt.Errorf("%s holds no private key in PEM form", c.Key)
		}
		var key any
		switch block.Type {
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "EC PRIVATE KEY", "RSA PRIVATE KEY":
			if block.Headers["DEK-Info"] != "" {
				return fmt.Errorf("%s is encrypted in the old form of OpenSSL, which is not safe; put key and "+
					"certificates into a PKCS#12 file (openssl pkcs12 -export) and name it with pkcs12", c.Key)
			}
			if block.Type == "EC PRIVATE KEY" {
				key, err = x509.ParseECPrivateKey(block.Bytes)
			} else {
				key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
			}
		case "ENCRYPTED PRIVATE KEY":
			return fmt.Errorf("%s is encrypted; put key and certificates into a PKCS#12 file (openssl pkcs12 "+
				"-export) and name it with pkcs12", c.Key)
		default:
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.Key, err)
		}
		return s.setKey(key, c.Key)
	}
}

func (s *Signer) setKey(key any, path string) error {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return fmt.Errorf("%s: a key of this kind (%T) can't sign", path, key)
	}
	s.key, s.public = localKey{signer}, signer.Public()
	return nil
}

func (s *Signer) loadPKCS12(path, password string) error {
	body, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	key, certificate, chain, err := pkcs12.DecodeChain(body, password)
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return fmt.Errorf("%s: the password in the variable that signing.password_env names is not the right one", path)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	s.Certificate, s.chain = certificate, chain
	return s.setKey(key, path)
}

// kmsKey signs with a key that AWS keeps (AWS KMS API reference, action Sign). It
// is sent the message itself, up to 4,096 bytes, which KMS hashes.
type kmsKey struct {
	client *kms.Client
	id     string
	public crypto.PublicKey
}

func (k *kmsKey) sign(ctx context.Context, message []byte, hash crypto.Hash) ([]byte, error) {
	algorithms := map[crypto.Hash]types.SigningAlgorithmSpec{crypto.SHA256: types.SigningAlgorithmSpecEcdsaSha256,
		crypto.SHA384: types.SigningAlgorithmSpecEcdsaSha384, crypto.SHA512: types.SigningAlgorithmSpecEcdsaSha512}
	if _, ok := k.public.(*rsa.PublicKey); ok {
		algorithms = map[crypto.Hash]types.SigningAlgorithmSpec{crypto.SHA256: types.SigningAlgorithmSpecRsassaPkcs1V15Sha256}
	}
	out, err := k.client.Sign(ctx,
		&kms.SignInput{KeyId: &k.id, Message: message, MessageType: types.MessageTypeRaw, SigningAlgorithm: algorithms[hash]})
	if err != nil {
		return nil, fmt.Errorf("sign with the KMS key %s: %w; the permission kms:Sign is needed", k.id, err)
	}
	return out.Signature, nil
}

// localKey signs with a key that is in memory.
type localKey struct{ key crypto.Signer }

func (k localKey) sign(_ context.Context, message []byte, hash crypto.Hash) ([]byte, error) {
	h := hash.New()
	h.Write(message)
	return k.key.Sign(rand.Reader, h.Sum(nil), hash)
}

func (s *Signer) loadKMS(ctx context.Context, c config.Signing, access objects.Access) error {
	if err := s.loadCertificates(c.Certificate); err != nil {
		return err
	}
	cfg, err := objects.AWS(ctx, access)
	if err != nil {
		return err
	}
	key := &kmsKey{client: kms.NewFromConfig(cfg), id: c.KMSKey}
	out, err := key.client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: aws.String(c.KMSKey)})
	if err != nil {
		return fmt.Errorf("read the public key of the KMS key %s: %w; the permission kms:GetPublicKey is needed", c.KMSKey, err)
	}
	if key.public, err = x509.ParsePKIXPublicKey(out.PublicKey); err != nil {
		return fmt.Errorf("the public key of the KMS key %s: %w", c.KMSKey, err)
	}
	s.key, s.public = key, key.public
	return nil
}

// check refuses what a reader of the packet would refuse.
func (s *Signer) check() error {
	c := s.Certificate
	switch public := s.public.(type) {
	case *rsa.PublicKey:
		if public.N.BitLen() < 2048 {
			return fmt.Errorf("the RSA key has %d bits; use one of 2048 or more", public.N.BitLen())
		}
		s.hash = crypto.SHA256
		if !public.Equal(c.PublicKey) {
			return errOtherKey(c)
		}
	case *ecdsa.PublicKey:
		switch public.Curve.Params().BitSize {
		case 256:
			s.hash = crypto.SHA256
		case 384:
			s.hash = crypto.SHA384
		case 521:
			s.hash = crypto.SHA512
		default:
			return fmt.Errorf("the curve %s is not known to readers of PDF files; use P-256, P-384 or P-521", public.Curve.Params().Name)
		}
		if !public.Equal(c.PublicKey) {
			return errOtherKey(c)
		}
	default:
		return fmt.Errorf("a key of this kind (%T) is not known to readers of PDF files; use RSA or ECDSA", public)
	}
	now := s.now()
	switch {
	case now.Before(c.NotBefore):
		return fmt.Errorf("the certificate of %q is valid from %s on only", c.Subject, c.NotBefore.Format(time.DateOnly))
	case now.After(c.NotAfter):
		return fmt.Errorf("the certificate of %q expired on %s; renew it", c.Subject, c.NotAfter.Format(time.DateOnly))
	case c.KeyUsage != 0 && c.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0:
		return fmt.Errorf("the certificate of %q is not for signing (its key usage has neither digital signature nor non-repudiation)",
			c.Subject)
	}
	return nil
}

func errOtherKey(c *x509.Certificate) error {
	return fmt.Errorf("the key does not belong to the certificate of %q; put the certificate of the signer first in its file", c.Subject)
}

// Fingerprint is the SHA-256 of a certificate, in hexadecimal digits.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}
