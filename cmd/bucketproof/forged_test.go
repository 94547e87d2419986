package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/demo"
	"bucketproof/report"
	"bucketproof/report/verify"
)

// signedDemo is a demo whose packets got a signature as revision 2. Cert is the
// file with the certificate, which is its own root.
func signedDemo(t *testing.T) (dir, cert string) {
	t.Helper()
	dir = made(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Signer"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature}
	raw, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: raw},
		"key.pem": {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(dir, "config.toml")
	text := append(readFile(t, config), "\n[signing]\nkey = \"key.pem\"\ncertificate = \"cert.pem\"\n"...)
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--config", config, "report", "--month", demo.Month, "--tenant", "acme"},
		&out, &errs); code != exitDone || !strings.Contains(out.String(), "acme/2026-10.r2/") {
		t.Fatalf("%d: %s%s", code, out.String(), errs.String())
	}
	return dir, filepath.Join(dir, "cert.pem")
}

// TestForgedPackets is what a forger would try: each must be told.
func TestForgedPackets(t *testing.T) {
	t.Parallel()
	dir, cert := signedDemo(t)
	original := filepath.Join(dir, "packets", "acme", demo.Month+".r2")
	all := steps(t, exitDone, "--config", filepath.Join(dir, "config.toml"), "verify", original, "--trust", cert, "--recompute")
	for what, s := range all {
		if s.Outcome != verify.OK {
			t.Errorf("untouched, %s: %s, %s", what, s.Outcome, s.Detail)
		}
	}
	if !strings.Contains(all["signature of the PDF"].Detail, "trusted root") || all["made again"].Outcome != verify.OK {
		t.Errorf("untouched: %v", all)
	}

	manifest := func(t *testing.T, packet string, change func(*report.Manifest)) {
		t.Helper()
		path := filepath.Join(packet, report.ManifestName)
		var m report.Manifest
		if err := json.Unmarshal(readFile(t, path), &m); err != nil {
			t.Fatal(err)
		}
		change(&m)
		for i, f := range m.Files {
			body, err := os.ReadFile(filepath.Join(packet, f.Path))
			if err != nil {
				continue
			}
			sum := sha256.Sum256(body)
			m.Files[i].SHA256, m.Files[i].Size = hex.EncodeToString(sum[:]), len(body)
		}
		body, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, body)
	}
	unsign := func(t *testing.T, packet string) {
		t.Helper()
		if err := os.Remove(filepath.Join(packet, report.SignatureName)); err != nil {
			t.Fatal(err)
		}
		manifest(t, packet, func(m *report.Manifest) { m.Signature = nil })
	}
	pdf := func(t *testing.T, packet string, change func([]byte) []byte) {
		t.Helper()
		path := filepath.Join(packet, report.PDFName)
		write(t, path, change(readFile(t, path)))
	}
	hole := func(b []byte) (open, shut int) {
		open = bytes.LastIndex(b, []byte("/Contents <")) + len("/Contents ")
		return open, open + bytes.IndexByte(b[open:], '>')
	}
	unsignedSize := func(t *testing.T, packet string) int {
		t.Helper()
		var m report.Manifest
		if err := json.Unmarshal(readFile(t, filepath.Join(packet, report.ManifestName)), &m); err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(m.Files, func(f report.ManifestFile) bool { return f.Unsigned != nil })
		return m.Files[i].Unsigned.Size
	}
	for name, forge := range map[string]func(*testing.T, string){
		"no signature any more": unsign,
		"no signature of the PDF either": func(t *testing.T, packet string) {
			size := unsignedSize(t, packet)
			pdf(t, packet, func(b []byte) []byte { return b[:size] })
			unsign(t, packet)
		},
		"another sentence, signed by nobody": func(t *testing.T, packet string) {
			unsign(t, packet)
			manifest(t, packet, func(m *report.Manifest) { m.Verdict, m.Sentence = "ok", "All is well." })
		},
		"something else where the signature stands": func(t *testing.T, packet string) {
			pdf(t, packet, func(b []byte) []byte {
				open, shut := hole(b)
				copy(b[shut-40:], "> /Contents (no digits here) /X <00000000")
				b[open] = '<'
				return b
			})
			manifest(t, packet, func(*report.Manifest) {})
		},
		"something behind the signature": func(t *testing.T, packet string) {
			pdf(t, packet, func(b []byte) []byte {
				_, shut := hole(b)
				copy(b[shut-8:], "deadbeef")
				return b
			})
		},
		"an update behind": func(t *testing.T, packet string) {
			pdf(t, packet, func(b []byte) []byte {
				return fmt.Appendf(b, "xref\n0 0\ntrailer\n<< /Size 9 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(b))
			})
		},
		"a manifest that names nothing": func(t *testing.T, packet string) {
			manifest(t, packet, func(m *report.Manifest) { m.Files, m.Queries = nil, nil })
		},
		"a query left out": func(t *testing.T, packet string) {
			manifest(t, packet, func(m *report.Manifest) {
				m.Files = slices.DeleteFunc(m.Files, func(f report.ManifestFile) bool { return f.Path == "csv/deletes.csv" })
			})
			if err := os.Remove(filepath.Join(packet, "csv", "deletes.csv")); err != nil {
				t.Fatal(err)
			}
		},
		"a log object left out of the root": func(t *testing.T, packet string) {
			path := filepath.Join(packet, "sources.csv")
			write(t, path, bytes.Replace(readFile(t, path), []byte(",log,"), []byte(",none,"), 1))
			manifest(t, packet, func(*report.Manifest) {})
		},
		"a path that leads out": func(t *testing.T, packet string) {
			manifest(t, packet, func(m *report.Manifest) { m.Files[0].Path = "../../../config.toml" })
		},
	} {
		t.Run(name, func(t *testing.T) {
			packet := filepath.Join(t.TempDir(), "packet")
			if err := os.CopyFS(packet, os.DirFS(original)); err != nil {
				t.Fatal(err)
			}
			forge(t, packet)
			steps(t, exitAttention, "verify", packet, "--offline", "--trust", cert)
			if name != "no signature of the PDF either" { // where all is taken off, only the roots can tell
				steps(t, exitAttention, "verify", packet, "--offline")
			}
		})
	}

	t.Run("a PDF alone without its signature", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "alone.pdf")
		write(t, path, readFile(t, filepath.Join(original, report.PDFName))[:unsignedSize(t, original)])
		if s := steps(t, exitAttention, "verify", path)["signature of the PDF"]; s.Outcome != verify.Mismatch {
			t.Errorf("it says %v", s)
		}
	})
	t.Run("made again, the figures are others", func(t *testing.T) {
		packet := filepath.Join(t.TempDir(), "packet")
		if err := os.CopyFS(packet, os.DirFS(filepath.Join(dir, "packets", "zurich-cafe", demo.Month))); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(packet, "csv", "operations.csv")
		write(t, path, bytes.Replace(readFile(t, path), []byte(",2"), []byte(",3"), 1))
		manifest(t, packet, func(*report.Manifest) {})
		all := steps(t, exitAttention, "--config", filepath.Join(dir, "config.toml"), "verify", packet, "--recompute")
		if s := all["csv/operations.csv, made again"]; s.Outcome != verify.Mismatch {
			t.Errorf("it says %v", all)
		}
	})
}

func write(t *testing.T, path string, body []byte) {
	t.Helper()
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
}
