package deliver_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/dataset"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
	"bucketproof/report"
	"bucketproof/report/deliver"
	"bucketproof/report/signing"
	"bucketproof/report/verify"
)

const text = `
[evidence]
url = "file:evidence"
[[tenant]]
id = "acme"
name = "Acme"
[[tenant.bucket]]
name = "acme-backups"
logs = "file:logs"
prefixes = ["veeam/"]
`

// build makes the packet of a month without records.
func build(t *testing.T, name string) *report.Packet {
	t.Helper()
	dir := t.TempDir()
	c, err := config.Parse(filepath.Join(dir, "c.toml"), []byte(strings.Replace(text, `"Acme"`, `"`+name+`"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := analyze.LoadCatalog(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	r, err := analyze.Month(c.Location, "2026-10")
	if err != nil {
		t.Fatal(err)
	}
	v, err := analyze.Open(t.Context(),
		analyze.Dataset{Config: c, Catalog: catalog, State: s, Files: dataset.Dataset{Dir: filepath.Join(dir, "d")}}, c.Tenants[0], r)
	if err != nil {
		t.Fatal(err)
	}
	p, err := report.Build(t.Context(),
		report.Input{View: v, Catalog: catalog, State: s, Month: "2026-10", Version: "test",
			Look: report.Look{Paper: "A4", Accent: config.DefaultAccent}})
	if err = errors.Join(err, v.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	return p
}

func place(t *testing.T, dir string) deliver.Place {
	t.Helper()
	u, err := objects.ParseURL("file://" + filepath.ToSlash(dir))
	if err != nil {
		t.Fatal(err)
	}
	store, err := objects.Open(t.Context(), u, objects.Access{})
	if err != nil {
		t.Fatal(err)
	}
	return deliver.Place{Store: store, URL: u.Folder(), Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

func publish(t *testing.T, dir, name string) deliver.Result {
	t.Helper()
	r, err := deliver.Publish(t.Context(), place(t, dir), build(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRevisions(t *testing.T) {
	dir := t.TempDir()
	if r := publish(t, dir, "Acme"); r.Revision != 1 || r.Unchanged {
		t.Errorf("first: %+v", r)
	}
	first, err := os.ReadFile(filepath.Join(dir, "acme", "2026-10", "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if r := publish(t, dir, "Acme"); r.Revision != 1 || !r.Unchanged {
		t.Errorf("again: %+v", r)
	}
	if r := publish(t, dir, "Acme Dental"); r.Revision != 2 || r.Unchanged || !strings.HasSuffix(r.URL, "/acme/2026-10.r2/") {
		t.Errorf("changed: %+v", r)
	}
	if r := publish(t, dir, "Acme Dental"); r.Revision != 2 || !r.Unchanged {
		t.Errorf("changed, again: %+v", r)
	}
	if r := publish(t, dir, "Acme"); r.Revision != 3 {
		t.Errorf("changed back: %+v", r)
	}
	again, err := os.ReadFile(filepath.Join(dir, "acme", "2026-10", "manifest.json"))
	if err != nil || string(again) != string(first) {
		t.Errorf("the first packet was changed (%v)", err)
	}
}

// stopping ends every run after a number of writes.
type stopping struct {
	objects.Store
	left int
}

var errStopped = errors.New("stopped")

func (s *stopping) Put(ctx context.Context, key string, body []byte, opts objects.PutOptions) error {
	if s.left == 0 {
		return errStopped
	}
	s.left--
	return s.Store.Put(ctx, key, body, opts)
}

// A run that ends in the middle leaves no manifest, and the next one finishes
// the same packet, also where each signature is another.
func TestInterruptedRun(t *testing.T) {
	for name, signer := range map[string]*signing.Signer{"unsigned": nil, "signed": newSigner(t)} {
		t.Run(name, func(t *testing.T) {
			p := build(t, "Acme")
			p.Signed = signer != nil
			step := 1
			if signer != nil || os.Getenv("BUCKETPROOF_TEST_S3") != "" {
				step = 4 // .ci/run tries each write before, without the race detector
			}
			writes := 0
			for ; ; writes += step {
				dir := t.TempDir()
				pl := place(t, dir)
				pl.Signer = signer
				pl.Store = &stopping{Store: pl.Store, left: writes}
				_, err := deliver.Publish(t.Context(), pl, p)
				manifest := filepath.Join(dir, "acme", "2026-10", "manifest.json")
				if err == nil {
					break
				}
				if _, serr := os.Stat(manifest); !errors.Is(err, errStopped) || serr == nil {
					t.Fatalf("after %d writes: %v, and the manifest is there: %t", writes, err, serr == nil)
				}
				pl = place(t, dir)
				pl.Signer = signer
				for again, unchanged := range []bool{false, true} {
					if r, err := deliver.Publish(t.Context(), pl, p); err != nil || r.Revision != 1 || r.Unchanged != unchanged {
						t.Errorf("after %d writes run %d made %+v: %v", writes, again, r, err)
					}
				}
				r, err := verify.Folder(t.Context(), folder(t, filepath.Dir(manifest)), verify.Trust{})
				if err != nil || r.Failed() {
					t.Errorf("after %d writes the packet does not hold: %v, %+v", writes, err, r)
				}
			}
			if want := 16; writes < want {
				t.Errorf("only %d writes", writes)
			}
		})
	}
}

func folder(t *testing.T, dir string) objects.Store {
	t.Helper()
	u, err := objects.ParseURL("file://" + filepath.ToSlash(dir))
	if err != nil {
		t.Fatal(err)
	}
	store, err := objects.Open(t.Context(), u.Folder(), objects.Access{})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// newSigner has a key and a certificate of its own.
func newSigner(t *testing.T) *signing.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Signer"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := config.Signing{Key: filepath.Join(dir, "key.pem"), Certificate: filepath.Join(dir, "cert.pem")}
	for path, block := range map[string]*pem.Block{c.Key: {Type: "PRIVATE KEY", Bytes: raw},
		c.Certificate: {Type: "CERTIFICATE", Bytes: cert}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := signing.Load(t.Context(), c, objects.Access{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A key that is configured later makes a revision with a signature, and says so.
func TestSigningLater(t *testing.T) {
	dir := t.TempDir()
	publish(t, dir, "Acme")
	p, pl := build(t, "Acme"), place(t, dir)
	p.Signed, pl.Signer = true, newSigner(t)
	for _, unchanged := range []bool{false, true} {
		if r, err := deliver.Publish(t.Context(), pl, p); err != nil || r.Revision != 2 || r.Unchanged != unchanged {
			t.Errorf("%+v: %v", r, err)
		}
	}
	body, err := os.ReadFile(filepath.Join(dir, "acme", "2026-10.r2", "manifest.json"))
	if err != nil || !strings.Contains(string(body), `"signed"`) {
		t.Errorf("the manifest does not say why: %v", err)
	}
}

// A file that someone else put in the way is left as it is.
func TestSomethingInTheWay(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "acme", "2026-10", "findings.csv")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := publish(t, dir, "Acme"); r.Revision != 2 {
		t.Errorf("%+v", r)
	}
	if body, err := os.ReadFile(path); err != nil || string(body) != "mine" {
		t.Errorf("%q, %v", body, err)
	}
	if r := publish(t, dir, "Acme"); r.Revision != 2 || !r.Unchanged {
		t.Errorf("again: %+v", r)
	}
}
