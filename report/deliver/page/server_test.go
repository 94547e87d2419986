package page

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func writePair(t *testing.T, dir string, serial int64, at time.Time) (certificate, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: at, NotAfter: at.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem")
	for path, b := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: der},
		key: {Type: "EC PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

// TestRenewedCertificate: a new certificate is served without a restart, and one that
// can't be read leaves the last one in use.
func TestRenewedCertificate(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	p := &keyPair{log: slog.New(slog.DiscardHandler)}
	p.certificate, p.key = writePair(t, dir, 1, now.Add(-time.Hour))
	serial := func() int64 {
		c, err := p.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(c.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.SerialNumber.Int64()
	}
	if got := serial(); got != 1 {
		t.Errorf("certificate %d; want the first", got)
	}
	writePair(t, dir, 2, now)
	if got := serial(); got != 1 {
		t.Errorf("certificate %d; want that the file is not looked at for each client", got)
	}
	p.looked = now.Add(-2 * betweenLooks)
	if got := serial(); got != 2 {
		t.Errorf("certificate %d; want the renewed one", got)
	}
	if err := os.WriteFile(p.certificate, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.looked = now.Add(-2 * betweenLooks)
	if got := serial(); got != 2 {
		t.Errorf("certificate %d; want the last that could be read", got)
	}
}
