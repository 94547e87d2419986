package signing

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"software.sslmate.com/src/go-pkcs12"

	"bucketproof/internal/config"
	"bucketproof/internal/objects"
	"bucketproof/report/draw"
	"bucketproof/report/pdffile"
)

func now() time.Time { return time.Now() }

// authority is a root with a key.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	path string // PEM
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key}
	a.cert = a.issue(t, &key.PublicKey, "Test Root", func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	})
	a.path = filepath.Join(t.TempDir(), "root.pem")
	writePEM(t, a.path, "CERTIFICATE", a.cert.Raw)
	return a
}

func (a *authority) issue(t *testing.T, public any, name string, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: now().Add(-time.Hour), NotAfter: now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment}
	if change != nil {
		change(c)
	}
	parent := a.cert
	if parent == nil {
		parent = c
	}
	raw, err := x509.CreateCertificate(rand.Reader, c, parent, public, a.key)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func writePEM(t *testing.T, path, kind string, raw ...[]byte) {
	t.Helper()
	var b bytes.Buffer
	for _, r := range raw {
		if err := pem.Encode(&b, &pem.Block{Type: kind, Bytes: r}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// files writes a key and its certificate, and names them as a configuration does.
func (a *authority) files(t *testing.T, key crypto.Signer, change func(*x509.Certificate)) config.Signing {
	t.Helper()
	dir := t.TempDir()
	c := config.Signing{Key: filepath.Join(dir, "key.pem"), Certificate: filepath.Join(dir, "cert.pem")}
	writePEM(t, c.Certificate, "CERTIFICATE", a.issue(t, key.Public(), "Evidence Signer", change).Raw, a.cert.Raw)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, c.Key, "PRIVATE KEY", raw)
	return c
}

func load(t *testing.T, c config.Signing) *Signer {
	t.Helper()
	s, err := Load(t.Context(), c, objects.Access{}, now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ec(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// document is a small PDF with a link, a bookmark and an attachment.
func document(t *testing.T) []byte {
	t.Helper()
	d, err := draw.New(draw.Options{Paper: "A4", Title: "Evidence (1)", Date: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	d.NewPage()
	d.Text("Backups ran.")
	d.Link(20, 20, 10, 10, "here")
	d.Anchor("here", "Here", 0)
	d.NewPage()
	pdf, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if pdf, err = pdffile.Attach(pdf, []pdffile.Attachment{{Name: "a.csv", Body: []byte("a,b\r\n")}}); err != nil {
		t.Fatal(err)
	}
	return pdf
}

func TestSignPDF(t *testing.T) {
	a := newAuthority(t)
	tsa := timestampServer(t, a)
	pdf := document(t)
	for name, key := range map[string]crypto.Signer{"P-256": ec(t, elliptic.P256()), "P-384": ec(t, elliptic.P384()),
		"P-521": ec(t, elliptic.P521()), "RSA": rsaKey(t, 2048)} {
		for _, stamped := range []bool{false, true} {
			title := name
			if stamped {
				title += " with a time-stamp"
			}
			t.Run(title, func(t *testing.T) {
				c := a.files(t, key, nil)
				if stamped {
					c.TSAURL = tsa(t)
				}
				s := load(t, c)
				signed, err := s.SignPDF(t.Context(), pdf, "Zürich (evidence)")
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.HasPrefix(signed, pdf) {
					t.Error("the file is not the beginning of the signed one")
				}
				v, err := VerifyPDF(signed)
				if err != nil || v == nil {
					t.Fatalf("%v: %v", v, err)
				}
				roots := x509.NewCertPool()
				roots.AddCert(a.cert)
				if err := v.Trusted(roots, now()); err != nil {
					t.Error(err)
				}
				if !v.Certificate.Equal(s.Certificate) || v.Claimed.IsZero() || v.Stamped.IsZero() == stamped {
					t.Errorf("it is %+v", v)
				}
				for _, at := range []int{20, len(pdf) / 2, len(pdf) + 30, len(signed) - 5} {
					changed := bytes.Clone(signed)
					changed[at] ^= 1
					if v, err := VerifyPDF(changed); err == nil && v != nil {
						t.Errorf("it holds with byte %d changed", at)
					}
				}
				if v, err := VerifyPDF(append(bytes.Clone(signed), "\n% more"...)); err == nil && v != nil {
					t.Error("it holds with something behind it")
				}
				others(t, a, signed, stamped)
			})
		}
	}
}

// others has pdfsig and pyHanko judge a signed file, and a changed one.
func others(t *testing.T, a *authority, signed []byte, stamped bool) {
	if os.Getenv("BUCKETPROOF_TEST_PDFTOOLS") == "" {
		t.Log("not judged by pdfsig and pyHanko: BUCKETPROOF_TEST_PDFTOOLS is not set")
		return
	}
	path := filepath.Join(t.TempDir(), "signed.pdf")
	run := func(body []byte, name string, args ...string) (string, error) {
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
		return string(out), err
	}
	changed := bytes.Clone(signed)
	changed[bytes.Index(changed, []byte("/Title"))+12] ^= 1
	if out, err := run(signed, "qpdf", "--check", path); err != nil {
		t.Errorf("qpdf: %s", out)
	}
	if out, err := run(signed, "pdfsig", path); err != nil || !strings.Contains(out, "Signature is Valid") ||
		!strings.Contains(out, "Total document signed") {
		t.Errorf("pdfsig: %v: %s", err, out)
	}
	if out, _ := run(changed, "pdfsig", path); strings.Contains(out, "Signature is Valid") {
		t.Errorf("pdfsig takes a changed file: %s", out)
	}
	out, err := run(signed, "python3", "../../.ci/pades.py", path, a.path)
	if err != nil || stamped != strings.Contains(out, "stamped: True") {
		t.Errorf("pyHanko: %v: %s", err, out)
	}
	if out, err := run(changed, "python3", "../../.ci/pades.py", path, a.path); err == nil {
		t.Errorf("pyHanko takes a changed file: %s", out)
	}
	if out, err := run(signed, "pdfdetach", "-list", path); err != nil || !strings.Contains(out, "a.csv") {
		t.Errorf("pdfdetach: %s", out)
	}
}

func TestDetached(t *testing.T) {
	a := newAuthority(t)
	s := load(t, a.files(t, ec(t, elliptic.P256()), nil))
	data := []byte(`{"schema_version": 2}`)
	cms, err := s.SignDetached(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	v, err := VerifyDetached(cms, data)
	if err != nil || v.Claimed.IsZero() {
		t.Fatalf("%v: %v", v, err)
	}
	if _, err := VerifyDetached(cms, append(data, ' ')); !errors.Is(err, ErrInvalid) {
		t.Errorf("changed data: %v", err)
	}
	for i := 0; i < len(cms); i += 7 {
		changed := bytes.Clone(cms)
		changed[i] ^= 0x55
		if v, err := VerifyDetached(changed, data); err == nil && !v.Certificate.Equal(s.Certificate) {
			t.Errorf("byte %d changed gives another signer", i)
		}
	}
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("not judged by openssl, which is not installed")
	}
	dir := t.TempDir()
	for name, body := range map[string][]byte{"m": data, "m.p7s": cms} {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in",
		filepath.Join(dir, "m.p7s"), "-content", filepath.Join(dir, "m"), "-CAfile", a.path, "-purpose", "any").CombinedOutput()
	if err != nil {
		t.Errorf("openssl: %s", out)
	}
}

// A signature that carries another certificate than it was made with is refused,
// also where issuer, serial number and key are the same.
func TestForged(t *testing.T) {
	a := newAuthority(t)
	key := ec(t, elliptic.P256())
	s := load(t, a.files(t, key, nil))
	data := []byte("data")
	cms, err := s.SignDetached(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	// ECDSA signatures differ in length, and the one put in must not.
	var swapped *x509.Certificate
	for swapped == nil || len(swapped.Raw) != len(s.Certificate.Raw) {
		swapped = a.issue(t, key.Public(), "Evidence Sogner", func(c *x509.Certificate) { c.SerialNumber = s.Certificate.SerialNumber })
	}
	if _, err := VerifyDetached(bytes.Replace(cms, s.Certificate.Raw, swapped.Raw, 1), data); !errors.Is(err,
		ErrInvalid) || !strings.Contains(err.Error(), "another certificate") {
		t.Errorf("another certificate: %v", err)
	}
	if _, err := VerifyDetached(nil, data); !errors.Is(err, ErrInvalid) {
		t.Errorf("nothing is taken: %v", err)
	}
	var whole asn1.RawValue
	if _, err := asn1.Unmarshal(cms, &whole); err != nil {
		t.Errorf("it is no DER: %v", err)
	}
}

func TestLoad(t *testing.T) {
	a := newAuthority(t)
	good := ec(t, elliptic.P256())
	tests := map[string]struct {
		config config.Signing
		want   string
	}{
		"expired":       {a.files(t, good, func(c *x509.Certificate) { c.NotAfter = now().Add(-time.Minute) }), "expired"},
		"not yet valid": {a.files(t, good, func(c *x509.Certificate) { c.NotBefore = now().Add(time.Hour) }), "valid from"},
		"other use":     {a.files(t, good, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }), "not for signing"},
		"short RSA":     {a.files(t, rsaKey(t, 1024), nil), "2048"},
		"small curve":   {a.files(t, ec(t, elliptic.P224()), nil), "P-256"},
	}
	foreign := a.files(t, good, nil)
	foreign.Key = a.files(t, ec(t, elliptic.P256()), nil).Key
	tests["other key"] = struct {
		config config.Signing
		want   string
	}{foreign, "does not belong"}
	noPassword := a.files(t, good, nil)
	noPassword.PasswordEnv = "BUCKETPROOF_TEST_UNSET"
	tests["no password"] = struct {
		config config.Signing
		want   string
	}{noPassword, "BUCKETPROOF_TEST_UNSET"}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := Load(t.Context(), tt.config, objects.Access{}, now); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want %q", err, tt.want)
			}
		})
	}
	if s, err := Load(t.Context(), config.Signing{}, objects.Access{}, now); s != nil || err != nil {
		t.Errorf("without a key: %v, %v", s, err)
	}
}

func TestPKCS12(t *testing.T) {
	a := newAuthority(t)
	key := rsaKey(t, 2048)
	body, err := pkcs12.Modern.Encode(key, a.issue(t, key.Public(), "Evidence Signer", nil), []*x509.Certificate{a.cert}, "geheim")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "k.p12")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BUCKETPROOF_TEST_PASSWORD", "geheim")
	c := config.Signing{PKCS12: path, PasswordEnv: "BUCKETPROOF_TEST_PASSWORD"}
	signed, err := load(t, c).SignPDF(t.Context(), document(t), "x")
	if err != nil {
		t.Fatal(err)
	}
	others(t, a, signed, false)
	t.Setenv("BUCKETPROOF_TEST_PASSWORD", "wrong")
	_, err = Load(t.Context(), c, objects.Access{}, now)
	if err == nil || !strings.Contains(err.Error(), "password") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("with a wrong password: %v", err)
	}
}

// timestampServer is openssl as a time-stamping authority. It returns a function
// that gives its URL, or skips.
func timestampServer(t *testing.T, a *authority) func(*testing.T) string {
	t.Helper()
	dir := t.TempDir()
	key := rsaKey(t, 2048)
	cert := a.issue(t, key.Public(), "Test TSA", func(c *x509.Certificate) {
		c.KeyUsage = x509.KeyUsageDigitalSignature
		usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
		if err != nil {
			t.Fatal(err)
		}
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}}
	})
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, filepath.Join(dir, "tsa.key"), "PRIVATE KEY", raw)
	writePEM(t, filepath.Join(dir, "tsa.pem"), "CERTIFICATE", cert.Raw)
	writePEM(t, filepath.Join(dir, "chain.pem"), "CERTIFICATE", a.cert.Raw)
	conf := "[tsa]\ndefault_tsa=tsa1\n[tsa1]\nserial=" + dir + "/serial\ncrypto_device=builtin\nsigner_cert=" + dir +
		"/tsa.pem\ncerts=" + dir + "/chain.pem\nsigner_key=" + dir +
		"/tsa.key\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256\naccuracy=secs:1\nordering=yes\ntsa_name=no\ness_cert_id_chain=no\ness_cert_id_alg=sha256\n"
	for name, body := range map[string]string{"conf": conf, "serial": "01\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "query"), body, 0o600)
		}
		if err == nil {
			err = exec.Command("openssl", "ts", "-reply", "-config", filepath.Join(dir, "conf"), "-queryfile",
				filepath.Join(dir, "query"), "-out", filepath.Join(dir, "reply")).Run()
		}
		if err == nil {
			body, err = os.ReadFile(filepath.Join(dir, "reply"))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		_, _ = w.Write(body) // the client is gone otherwise
	}))
	t.Cleanup(server.Close)
	return func(t *testing.T) string {
		if _, err := exec.LookPath("openssl"); err != nil {
			t.Skip("openssl, which is the time-stamping authority of this test, is not installed")
		}
		return server.URL
	}
}

// An authority that answers nonsense, or confirms another signature, stops the
// report; a packet without the time-stamp that was asked for is none.
func TestBadTimestamps(t *testing.T) {
	a := newAuthority(t)
	real := timestampServer(t, a)
	c := a.files(t, ec(t, elliptic.P256()), nil)
	stale := load(t, c)
	stale.tsa = real(t)
	first, err := stale.timestamp(t.Context(), []byte("another signature"))
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]http.HandlerFunc{
		"nonsense": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("nonsense")) },
		"an error": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusTooManyRequests) },
		"another signature": func(w http.ResponseWriter, _ *http.Request) {
			body, err := asn1.Marshal(struct {
				Status struct{ Status int }
				Token  asn1.RawValue
			}{Token: asn1.RawValue{FullBytes: first}})
			if err != nil {
				t.Error(err)
			}
			_, _ = w.Write(body)
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(answer)
			defer server.Close()
			c.TSAURL = server.URL
			if _, err := load(t, c).SignPDF(t.Context(), document(t), "x"); err == nil ||
				!strings.Contains(err.Error(), "time-stamp from "+server.URL) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// TestKMS signs with a key that never leaves its service: moto's.
func TestKMS(t *testing.T) {
	endpoint := os.Getenv("BUCKETPROOF_TEST_KMS")
	if endpoint == "" {
		t.Skip("BUCKETPROOF_TEST_KMS names no server")
	}
	t.Setenv("AWS_ENDPOINT_URL_KMS", endpoint)
	access := objects.Access{Region: "eu-west-1"}
	cfg, err := objects.AWS(t.Context(), access)
	if err != nil {
		t.Fatal(err)
	}
	client := kms.NewFromConfig(cfg)
	a := newAuthority(t)
	for _, spec := range []types.KeySpec{types.KeySpecRsa2048, types.KeySpecEccNistP256, types.KeySpecEccNistP384} {
		t.Run(string(spec), func(t *testing.T) {
			key, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: spec, KeyUsage: types.KeyUsageTypeSignVerify})
			if err != nil {
				t.Fatal(err)
			}
			out, err := client.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: key.KeyMetadata.KeyId})
			if err != nil {
				t.Fatal(err)
			}
			public, err := x509.ParsePKIXPublicKey(out.PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "cert.pem")
			writePEM(t, path, "CERTIFICATE", a.issue(t, public, "KMS Signer", nil).Raw, a.cert.Raw)
			s, err := Load(t.Context(), config.Signing{KMSKey: *key.KeyMetadata.Arn, Certificate: path}, access, now)
			if err != nil {
				t.Fatal(err)
			}
			signed, err := s.SignPDF(t.Context(), document(t), "x")
			if err != nil {
				t.Fatal(err)
			}
			if v, err := VerifyPDF(signed); err != nil || v == nil {
				t.Errorf("%v: %v", v, err)
			}
			others(t, a, signed, false)
		})
	}
	if _, err := Load(t.Context(), config.Signing{KMSKey: "alias/none", Certificate: a.path}, access,
		now); err == nil || !strings.Contains(err.Error(), "kms:GetPublicKey") {
		t.Errorf("an unknown key: %v", err)
	}
}
