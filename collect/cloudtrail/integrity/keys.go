package integrity

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"time"
)

// Key is a public key of CloudTrail.
type Key struct {
	Fingerprint string
	From, To    time.Time // valid
	public      *rsa.PublicKey
}

// NewKey reads a key as ListPublicKeys returns it: DER of PKCS #1, or of
// SubjectPublicKeyInfo as in a sample of the user guide.
func NewKey(fingerprint string, der []byte, from, to time.Time) (Key, error) {
	public, err := x509.ParsePKCS1PublicKey(der)
	if err != nil {
		any, perr := x509.ParsePKIXPublicKey(der)
		var ok bool
		if public, ok = any.(*rsa.PublicKey); perr != nil || !ok {
			return Key{}, fmt.Errorf("the public key %s can't be read: %w", fingerprint, err)
		}
	}
	return Key{Fingerprint: fingerprint, From: from, To: to, public: public}, nil
}

func (k Key) verifies(text string, signature []byte) bool {
	sum := sha256.Sum256([]byte(text))
	return rsa.VerifyPKCS1v15(k.public, crypto.SHA256, sum[:], signature) == nil
}

// Keys finds the public key with which CloudTrail signed in a Region at a time.
type Keys interface {
	Key(ctx context.Context, region, fingerprint string, at time.Time) (Key, error)
}

// KeyFile holds the keys of a file.
type KeyFile struct {
	path string
	keys map[string]Key
}

// ReadKeyFile reads what `aws cloudtrail list-public-keys` prints.
func ReadKeyFile(path string) (*KeyFile, error) {
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	type key struct {
		Value             string
		Fingerprint       string
		ValidityStartTime keyTime
		ValidityEndTime   keyTime
	}
	var list struct{ PublicKeyList []key } // names match in any case: the user guide's sample has another one
	if err := json.Unmarshal(body, &list); err != nil || len(list.PublicKeyList) == 0 {
		return nil, fmt.Errorf("%s holds no public keys of CloudTrail; write there what `aws cloudtrail list-public-keys` prints", path)
	}
	f := &KeyFile{path, map[string]Key{}}
	for _, k := range list.PublicKeyList {
		der, err := base64.StdEncoding.DecodeString(k.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: the public key %s is not base64: %w", path, k.Fingerprint, err)
		}
		if f.keys[k.Fingerprint], err = NewKey(k.Fingerprint, der, time.Time(k.ValidityStartTime),
			time.Time(k.ValidityEndTime)); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return f, nil
}

// Key is the key with a fingerprint; the error names the file if it has none.
func (f *KeyFile) Key(_ context.Context, region, fingerprint string, at time.Time) (Key, error) {
	k, ok := f.keys[fingerprint]
	if !ok {
		return Key{}, fmt.Errorf("%s does not have the public key %s of %s, which signed at %s", f.path, fingerprint,
			region, at.UTC().Format(time.RFC3339))
	}
	return k, nil
}

// keyTime is a time as version 1 (seconds) or 2 (ISO 8601) of the AWS CLI prints it.
type keyTime time.Time

func (t *keyTime) UnmarshalJSON(b []byte) error {
	var seconds float64
	if json.Unmarshal(b, &seconds) == nil {
		whole, part := math.Modf(seconds)
		*t = keyTime(time.Unix(int64(whole), int64(part*1e9)).UTC())
		return nil
	}
	var at time.Time
	if err := json.Unmarshal(b, &at); err != nil {
		return fmt.Errorf("%s is no time", b)
	}
	*t = keyTime(at)
	return nil
}
