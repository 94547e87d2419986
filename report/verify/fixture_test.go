package verify_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
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

// stored is a packet of two log objects in a folder.
type stored struct {
	dir, logs string
	roots     *x509.CertPool // that its signatures lead to
}

// packets are those that tests have made, by name; none is changed.
var packets = map[string]stored{}

// packetsDir is where they lie.
var packetsDir string

func TestMain(m *testing.M) {
	var err error
	if packetsDir, err = os.MkdirTemp("", "packets"); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := os.RemoveAll(packetsDir); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// store is a packet that is not signed.
func store(t *testing.T) stored { return named(t, "unsigned", false) }

// signed is one with a signature of its own.
func signed(t *testing.T, name string) stored { return named(t, name, true) }

func named(t *testing.T, name string, signed bool) stored {
	t.Helper()
	if _, ok := packets[name]; !ok {
		packets[name] = publish(t, filepath.Join(packetsDir, name), signed)
	}
	return packets[name]
}

// publish makes a packet and stores it.
func publish(t *testing.T, dir string, signed bool) stored {
	t.Helper()
	out := stored{dir: filepath.Join(dir, "evidence", "acme", "2026-10"), logs: filepath.Join(dir, "logs")}
	c, err := config.Parse(filepath.Join(dir, "c.toml"), []byte(`
[evidence]
url = "file:evidence"
[[tenant]]
id = "acme"
name = "Acme"
[[tenant.bucket]]
name = "acme-backups"
logs = "file:logs"
prefixes = ["veeam/"]
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	location := c.Tenants[0].Buckets[0].Logs.Text
	var logs []state.LogObject
	for _, name := range []string{"one", "=two"} { // the second would run in a spreadsheet
		body := []byte("the log " + name)
		if err := errors.Join(os.MkdirAll(out.logs, 0o700), os.WriteFile(filepath.Join(out.logs, name), body, 0o600)); err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 10, 7, 0, 0, 0, 0, time.UTC)
		logs = append(logs, state.LogObject{Location: location, Key: name, ETag: "e", Size: int64(len(body)), Source: location + name,
			SHA256: sum(body), Modified: at, Delivered: at, Kind: state.KindLog, Buckets: map[string]state.ObjectCount{
				"acme-backups": {Records: 1, First: at, Last: at}}})
	}
	if err := s.Ledger.Commit(t.Context(), logs, nil, nil, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)); err != nil {
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
	p, err := report.Build(t.Context(), report.Input{View: v, Catalog: catalog, State: s, Month: "2026-10", Version: "test",
		Look: report.Look{Paper: "A4", Accent: config.DefaultAccent}})
	if err = errors.Join(err, v.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	place := deliver.Place{Store: folder(t, filepath.Join(dir, "evidence")), URL: c.Evidence.URL.Folder(),
		Log: slog.New(slog.DiscardHandler)}
	if signed {
		place.Signer, out.roots = signer(t)
		p.Signed = true
	}
	if _, err := deliver.Publish(t.Context(), place, p); err != nil {
		t.Fatal(err)
	}
	return out
}

// signer has a key of its own, and is its own root.
func signer(t *testing.T) (*signing.Signer, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Signer"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
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
		c.Certificate: {Type: "CERTIFICATE", Bytes: der}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := signing.Load(t.Context(), c, objects.Access{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate)
	return s, roots
}

func folder(t *testing.T, dir string) objects.Store {
	t.Helper()
	u, err := objects.ParseURL("file://" + filepath.ToSlash(dir))
	if err != nil {
		t.Fatal(err)
	}
	s, err := objects.Open(t.Context(), u, objects.Access{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sum(body []byte) string {
	h := sha256.Sum256(body)
	return hex.EncodeToString(h[:])
}

// copied is the packet in a folder of its own, to be changed.
func (s stored) copied(t *testing.T) stored {
	t.Helper()
	s.dir = copyOf(t, s.dir, filepath.Join("acme", "2026-10"))
	return s
}

func copyOf(t *testing.T, dir, as string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), as)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

func (s stored) read(t *testing.T, path string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(s.dir, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func (s stored) write(t *testing.T, path, body string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, path), []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
}

// replace changes a text in a file that must be there.
func (s stored) replace(t *testing.T, path, old, text string) {
	t.Helper()
	body := s.read(t, path)
	if !strings.Contains(body, old) {
		t.Fatalf("%s does not hold %q", path, old)
	}
	s.write(t, path, strings.Replace(body, old, text, 1))
}

// manifest changes the manifest.
func (s stored) manifest(t *testing.T, change func(m *report.Manifest)) {
	t.Helper()
	m := &report.Manifest{}
	if err := json.Unmarshal([]byte(s.read(t, report.ManifestName)), m); err != nil {
		t.Fatal(err)
	}
	change(m)
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, report.ManifestName, string(body))
}

// forge lets the manifest say what the files are, as a forger would.
func (s stored) forge(t *testing.T) {
	t.Helper()
	s.manifest(t, func(m *report.Manifest) {
		for i, f := range m.Files {
			body := []byte(s.read(t, f.Path))
			m.Files[i].SHA256, m.Files[i].Size = sum(body), len(body)
		}
	})
}

func (s stored) verify(t *testing.T, trust verify.Trust) *verify.Report {
	t.Helper()
	r, err := verify.Folder(t.Context(), folder(t, s.dir), trust)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// say is what does not hold, a line each.
func say(r *verify.Report, outcomes ...string) string {
	var out []string
	for _, s := range r.Steps {
		for _, o := range outcomes {
			if s.Outcome == o {
				out = append(out, fmt.Sprintf("%s: %s", s.What, s.Detail))
			}
		}
	}
	return strings.Join(out, "\n")
}
