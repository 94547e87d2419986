package verify_test

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/objects"
	"bucketproof/report"
	"bucketproof/report/verify"
)

// TestFolder: of a packet as it was stored everything holds, and each thing that someone may
// change in it is told, also where the manifest was made to fit.
func TestFolder(t *testing.T) {
	original := store(t)
	r := original.verify(t, verify.Trust{})
	if r.Failed() || r.Complete() || r.Tenant != "acme" || r.Month != "2026-10" || len(r.SQL) == 0 {
		t.Fatalf("untouched: %+v", r)
	}
	if got := say(r, verify.NotChecked, verify.Gone, verify.Unread); got !=
		"signature of the manifest: the packet is not signed\nsignature of the PDF: the PDF is not signed" {
		t.Errorf("untouched, not checked: %s", got)
	}
	for what, n := range map[string]int{"manifest": 1, "first page": 1, "Merkle root over the sources": 1, "attachments of the PDF": 1,
		"packet.json and the manifest": 1, report.PDFName: 1, "sources.csv": 1} {
		for _, s := range r.Steps {
			if s.What == what && s.Outcome == verify.OK {
				n--
			}
		}
		if n != 0 {
			t.Errorf("untouched: %s is not said to hold", what)
		}
	}
	first := func(m *report.Manifest, path string) *report.ManifestFile {
		for i := range m.Files {
			if m.Files[i].Path == path {
				return &m.Files[i]
			}
		}
		t.Fatalf("no %s", path)
		return nil
	}
	for name, c := range map[string]struct {
		change func(t *testing.T, s stored)
		want   string
	}{
		"a file was changed": {func(t *testing.T, s stored) {
			s.write(t, "findings.csv", strings.Repeat("x", len(s.read(t, "findings.csv"))))
		}, "findings.csv: its SHA-256 is"},
		"a file is gone": {func(t *testing.T, s stored) {
			if err := os.Remove(filepath.Join(s.dir, "findings.csv")); err != nil {
				t.Fatal(err)
			}
		}, "findings.csv: it is missing"},
		"a file has grown": {func(t *testing.T, s stored) {
			s.write(t, "findings.csv", s.read(t, "findings.csv")+"\n")
		}, "findings.csv: it is larger than"},
		"another size": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { first(m, "findings.csv").Size++ })
		}, "findings.csv: its size is"},
		"a negative size": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { first(m, "findings.csv").Size = -1 })
		}, "findings.csv: it is larger than"},
		"a file beside it": {func(t *testing.T, s stored) { s.write(t, "more.csv", "x") }, "more.csv: it lies in the packet's folder"},
		"a file outside": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { first(m, "findings.csv").Path = "queries/../../secret" })
		}, "queries/../../secret: the manifest names a file outside of the packet"},
		"a file from the root": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { first(m, "findings.csv").Path = "/etc/passwd" })
		}, "/etc/passwd: the manifest names a file outside of the packet"},
		"a file outside for Windows": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { first(m, "findings.csv").Path = `..\secret` })
		}, `..\secret: the manifest names a file outside of the packet`},
		"a file without a name": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { first(m, "findings.csv").Path = "" })
		}, ": the manifest names a file outside of the packet"},
		"a file that is not named": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { *first(m, "sources.csv") = m.Files[0] })
		}, "sources.csv: the manifest does not name it, and every packet has it"},
		"a file that is named twice": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { m.Files = append(m.Files, *first(m, "sources.csv")) })
		}, "sources.csv: the manifest names it twice"},
		"a file of another kind": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { first(m, "sources.csv").Kind = "query" })
		}, "sources.csv: the manifest calls it a file of the kind"},
		"no model": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { first(m, report.ModelName).Kind = "query" })
		}, report.ModelName + ": the manifest calls it a file of the kind"},
		"no queries": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { m.Queries = nil })
		}, "queries: the manifest names none"},
		"other sources": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { m.Sources.File = "findings.csv" })
		}, "manifest: it names other files for its sources"},
		"part in front of a signature": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) {
				first(m, "sources.csv").Unsigned = &report.ManifestUnsigned{Size: 1, SHA256: "x"}
			})
		}, "sources.csv: in front of its signature it is not what the manifest says"},
		"a line of the sources": {func(t *testing.T, s stored) {
			s.replace(t, "sources.csv", sum([]byte("the log one")), sum([]byte("another")))
			s.forge(t)
		}, "Merkle root over the sources: it is"},
		"a source less": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { m.Sources.LogObjects-- })
		}, "Merkle root over the sources: it is"},
		"another root": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { m.Sources.MerkleRoot = sum(nil) })
		}, "Merkle root over the sources: it is"},
		"a source of no kind": {func(t *testing.T, s stored) {
			s.replace(t, "sources.csv", ",log,", ",LOG,")
			s.forge(t)
		}, "sources.csv has a line of an unknown kind"},
		"a source twice": {func(t *testing.T, s stored) {
			lines := strings.SplitAfter(s.read(t, "sources.csv"), "\n")
			s.write(t, "sources.csv", strings.Join(lines, "")+lines[1])
			s.forge(t)
		}, "or the same line twice"},
		"a column twice": {func(t *testing.T, s stored) {
			s.replace(t, "sources.csv", "etag", "size")
			s.forge(t)
		}, "it has the column \"size\" twice"},
		"a size that is none": {func(t *testing.T, s stored) {
			s.replace(t, "sources.csv", ",11,", ",many,")
			s.forge(t)
		}, `sources.csv: "many" is no size`},
		"another file than the attached one": {func(t *testing.T, s stored) {
			s.write(t, "findings.csv", s.read(t, "findings.csv")+"\n")
			s.forge(t)
		}, "attachments of the PDF: findings.csv is not attached as it is"},
		"another verdict": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { m.Verdict = "ok" })
		}, "packet.json and the manifest: they differ in the verdict"},
		"another sentence": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { m.Sentence = "All is well." })
		}, `first page: it does not show the sentence "All is well."`},
		"another model": {func(t *testing.T, s stored) {
			s.replace(t, report.ModelName, `"revision": 1`, `"revision": 2`)
			s.forge(t)
		}, "packet.json and the manifest: they differ in the revision"},
		"a signature that was taken off": {func(t *testing.T, s stored) {
			s.replace(t, report.ModelName, `"signed": false`, `"signed": true`)
			s.forge(t)
		}, "packet.json says that the packet is signed, the manifest that it is not"},
		"no PDF": {func(t *testing.T, s stored) {
			s.write(t, report.PDFName, "%PDF-1.7")
			s.forge(t)
		}, "attachments of the PDF: "},
	} {
		t.Run(name, func(t *testing.T) {
			s := original.copied(t)
			c.change(t, s)
			r := s.verify(t, verify.Trust{})
			if got := say(r, verify.Mismatch); !strings.Contains(got, c.want) || !r.Failed() || r.Complete() {
				t.Errorf("it is told:\n%s\nwant: %s", got, c.want)
			}
		})
	}
}

// TestNoPacket: what is no packet, or of a later version, is not said to hold.
func TestNoPacket(t *testing.T) {
	original := store(t)
	for name, c := range map[string]struct {
		change func(s stored) error
		want   string
	}{
		"no manifest": {func(s stored) error { return os.Remove(filepath.Join(s.dir, report.ManifestName)) }, "manifest.json is missing"},
		"no JSON":     {func(s stored) error { s.write(t, report.ManifestName, "{"); return nil }, "is no manifest of bucketproof"},
		"of others": {func(s stored) error {
			s.manifest(t, func(m *report.Manifest) { m.Tool.Name = "other" })
			return nil
		}, "is no manifest of bucketproof"},
		"of a later version": {func(s stored) error {
			s.manifest(t, func(m *report.Manifest) { m.SchemaVersion = report.SchemaVersion + 1 })
			return nil
		}, "run a newer bucketproof"},
	} {
		s := original.copied(t)
		if err := c.change(s); err != nil {
			t.Fatal(err)
		}
		_, err := verify.Folder(t.Context(), folder(t, s.dir), verify.Trust{})
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, verify.ErrNoPacket) != (name != "of a later version") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestSigned: signatures hold, lead to the roots that someone trusts or do not, and can't be
// taken off or taken from another packet.
func TestSigned(t *testing.T) {
	original, other := signed(t, "signed"), signed(t, "other")
	trust := verify.Trust{Roots: original.roots, Now: time.Now()}
	r := original.verify(t, trust)
	if got := say(r, verify.Mismatch, verify.NotChecked, verify.Gone, verify.Unread); got != "" || !r.Complete() {
		t.Fatalf("untouched: %s", got)
	}
	if r := original.verify(t, verify.Trust{}); !r.Complete() || !strings.Contains(say(r, verify.OK), "was not asked (--trust)") {
		t.Errorf("without roots: %s", say(r, verify.OK, verify.Mismatch))
	}
	late := verify.Trust{Roots: original.roots, Now: time.Now().Add(100 * time.Hour)}
	if r := original.verify(t, late); r.Failed() || r.Complete() ||
		!strings.Contains(say(r, verify.NotChecked), "the certificate expired on") {
		t.Errorf("with a certificate that has expired: %s", say(r, verify.NotChecked, verify.Mismatch))
	}
	for name, c := range map[string]struct {
		change func(t *testing.T, s stored)
		trust  verify.Trust
		want   string
	}{
		"others are trusted": {func(*testing.T, stored) {}, verify.Trust{Roots: other.roots, Now: time.Now()},
			"but the certificate is not trusted"},
		"nobody is trusted": {func(*testing.T, stored) {}, verify.Trust{Roots: x509.NewCertPool(), Now: time.Now()},
			"but the certificate is not trusted"},
		"the manifest": {func(t *testing.T, s stored) {
			s.write(t, report.ManifestName,
				s.read(t, report.ManifestName)+"\n")
		}, trust, "signature of the manifest: "},
		"no signature": {func(t *testing.T, s stored) {
			if err := os.Remove(filepath.Join(s.dir, report.SignatureName)); err != nil {
				t.Fatal(err)
			}
		}, trust, "signature of the manifest: " + report.SignatureName + " is missing"},
		"another signature": {func(t *testing.T, s stored) {
			s.write(t, report.SignatureName, other.read(t, report.SignatureName))
		}, trust, "signature of the manifest: "},
		"another packet": {func(t *testing.T, s stored) {
			for _, path := range []string{report.SignatureName, report.ManifestName} {
				s.write(t, path, other.read(t, path))
			}
		}, trust, "signature of the manifest: it holds; signed by \"CN=Signer\""},
		"another certificate": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { m.Signature.CertificateSHA256 = sum(nil) })
		}, trust, "signature of the PDF: it was made with the certificate of"},
		"another file of the signature": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { m.Signature.File = "findings.csv" })
		}, trust, "names other files for its sources or its signature"},
		"the signature is taken off": {func(t *testing.T, s stored) {
			s.manifest(t, func(m *report.Manifest) { m.Signature = nil })
		}, verify.Trust{}, "the PDF is signed, and the manifest says that the packet is not"},
		"the PDF without its signature": {func(t *testing.T, s stored) {
			pdf := s.read(t, report.PDFName)
			s.manifest(t, func(m *report.Manifest) {
				for _, f := range m.Files {
					if f.Path == report.PDFName {
						s.write(t, report.PDFName, pdf[:f.Unsigned.Size])
					}
				}
			})
		}, trust, "packet.pdf: its SHA-256 is"},
	} {
		t.Run(name, func(t *testing.T) {
			s := original.copied(t)
			c.change(t, s)
			r := s.verify(t, c.trust)
			if got := say(r, verify.Mismatch); !strings.Contains(got, c.want) || !r.Failed() {
				t.Errorf("it is told:\n%s\nwant: %s", got, c.want)
			}
		})
	}
	unsigned := store(t).verify(t, trust)
	if got := say(unsigned, verify.Mismatch); !strings.Contains(got, "the packet is not signed, and --trust asks for a signature") ||
		!strings.Contains(got, "the PDF is not signed, and --trust asks for a signature") {
		t.Errorf("unsigned: %s", got)
	}
}

// TestPDF: a document alone is checked by what is attached to it.
func TestPDF(t *testing.T) {
	s := signed(t, "signed")
	pdf := []byte(s.read(t, report.PDFName))
	r, err := verify.PDF(pdf, verify.Trust{Roots: s.roots, Now: time.Now()})
	if err != nil || r.Failed() || r.Tenant != "acme" || r.Month != "2026-10" || len(r.SQL) == 0 ||
		!strings.HasPrefix(say(r, verify.NotChecked), "manifest: there is none") ||
		strings.Count(say(r, verify.OK), "attached, SHA-256") < 3 {
		t.Errorf("%v, %+v", err, r)
	}
	pdf[len(pdf)/2] ^= 1
	if r, err := verify.PDF(pdf, verify.Trust{}); err == nil && !r.Failed() {
		t.Errorf("a document that was changed holds: %+v", r)
	}
	if _, err := verify.PDF([]byte("no PDF"), verify.Trust{}); err == nil {
		t.Error("no PDF is one")
	}
}

// TestSources: log objects are read again, and what became of each is told.
func TestSources(t *testing.T) {
	original := store(t)
	open := func(dir string) func(string) (objects.Store, error) {
		return func(string) (objects.Store, error) { return folder(t, dir), nil }
	}
	path := func(dir, name string) string { return filepath.Join(dir, name) }
	for name, c := range map[string]struct {
		change  func(logs string) error
		outcome string
		want    string
	}{
		"untouched": {func(string) error { return nil }, verify.OK, "2 of 2 are what they were"},
		"changed": {func(logs string) error { return os.WriteFile(path(logs, "one"), []byte("THE log one"), 0o600) }, verify.Mismatch,
			"its SHA-256 is " + sum([]byte("THE log one")) + " with 11 bytes, it was " + sum([]byte("the log one")) + " with 11"},
		"grown": {func(logs string) error {
			return os.WriteFile(path(logs, "=two"), []byte("the log =two, and more"), 0o600)
		}, verify.Mismatch,
			"it has more than the 12 bytes that it had"},
		"gone": {func(logs string) error { return os.Remove(path(logs, "one")) }, verify.Gone, "it is no longer there"},
		"the whole place is gone": {func(logs string) error { return os.RemoveAll(logs) }, verify.Unread,
			"the log location is not to be found from here"},
	} {
		s := original.copied(t)
		logs := copyOf(t, original.logs, "logs")
		if err := c.change(logs); err != nil {
			t.Fatal(err)
		}
		r := s.verify(t, verify.Trust{})
		if err := r.Sources(t.Context(), open(logs)); err != nil {
			t.Fatal(err)
		}
		last := r.Steps[len(r.Steps)-1]
		if last.What != "log objects" || last.Outcome != c.outcome || !strings.Contains(say(r, c.outcome), c.want) ||
			r.Failed() != (c.outcome == verify.Mismatch) {
			t.Errorf("%s: %+v\n%s", name, last, say(r, c.outcome))
		}
	}
	r := original.verify(t, verify.Trust{})
	err := r.Sources(t.Context(), func(string) (objects.Store, error) { return nil, fs.ErrPermission })
	if last := r.Steps[len(r.Steps)-1]; err != nil || last.Outcome != verify.Unread || !strings.Contains(last.Detail, "0 of 2") ||
		!strings.Contains(last.Detail, "2 could not be read") {
		t.Errorf("without access: %+v, %v", last, err)
	}
}

// TestPlace: a genuine packet that lies in the place of another proves nothing there.
func TestPlace(t *testing.T) {
	s := store(t)
	for _, c := range []struct {
		place    string
		evidence bool
		want     string // outcome; "" where nothing is said
	}{
		{"packets/acme/2026-10", true, verify.OK},
		{"packets/acme/2026-10/", false, verify.OK},
		{`C:\packets\acme\2026-10`, false, verify.OK},
		{"packets/acme/2026-09", false, verify.Mismatch},
		{"packets/acme/2026-10.r2", false, verify.Mismatch},
		{"packets/lodz/2026-10", true, verify.Mismatch},
		{"Downloads/2026-10", false, ""},
		{"Downloads/october", true, ""},
	} {
		r := s.verify(t, verify.Trust{})
		before := len(r.Steps)
		r.Place(c.place, c.evidence)
		got := ""
		if len(r.Steps) > before {
			got = r.Steps[before].Outcome
		}
		if got != c.want {
			t.Errorf("%s, a place of evidence %t: %q, want %q", c.place, c.evidence, got, c.want)
		}
	}
}

// TestRecomputed: the packet that the dataset gives is compared with the stored one.
func TestRecomputed(t *testing.T) {
	s := signed(t, "signed")
	m := s.verify(t, verify.Trust{}).Manifest
	fresh := func(change string) (out []report.File) {
		for _, f := range m.Files {
			file := report.File{Path: f.Path, Kind: f.Kind, SHA256: f.SHA256}
			if f.Unsigned != nil {
				file.SHA256 = f.Unsigned.SHA256
			}
			if strings.Contains(change, f.Kind) {
				file.SHA256 = sum([]byte("another"))
			}
			out = append(out, file)
		}
		return out
	}
	for _, c := range []struct {
		change, root, version string
		failed                bool
		want                  string
	}{
		{"", m.Sources.MerkleRoot, "test", false, "files come out the same"},
		{"findings model packet", m.Sources.MerkleRoot, "test", false, "findings.csv, made again: it differs: people work on findings"},
		{"model", m.Sources.MerkleRoot, "test", true, "packet.json, made again: its SHA-256 would be " + sum([]byte("another"))},
		{"query", m.Sources.MerkleRoot, "2.0", true, "the packet was made by version test and this is 2.0"},
		{"query", sum(nil), "test", true, "the dataset holds other log objects for the month by now"},
	} {
		r := s.verify(t, verify.Trust{})
		r.Recomputed(fresh(c.change), c.root, c.version)
		if got := say(r, verify.OK, verify.Mismatch, verify.NotChecked); r.Failed() != c.failed || r.Complete() != (c.change == "") ||
			!strings.Contains(got, c.want) {
			t.Errorf("%q differs: failed %t, want %t, and %q\n%s", c.change, r.Failed(), c.failed, c.want, got)
		}
	}
}

// TestDownloads: the files of a packet are found under the names that the download page
// gives them, beside others.
func TestDownloads(t *testing.T) {
	s, dir := signed(t, "signed"), t.TempDir()
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(s.dir, path)
		if err != nil {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, "acme-2026-10-"+strings.ReplaceAll(filepath.ToSlash(name), "/", "-")), body, 0o600)
	})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "holiday.jpg"), nil, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if !verify.SavedManifest("acme-2026-10-manifest.json") || verify.SavedManifest("manifest.json") {
		t.Error("a saved manifest is not known by its name")
	}
	if got := verify.SavedBeside(filepath.Join("x", "acme-2026-10-packet.pdf")); got != filepath.Join("x", "acme-2026-10-manifest.json") ||
		verify.SavedBeside("other.pdf") != "" {
		t.Errorf("beside the PDF lies %q", got)
	}
	d, err := verify.Downloads(t.Context(), folder(t, dir), "acme-2026-10-manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	r, err := verify.Folder(t.Context(), d, verify.Trust{Roots: s.roots, Now: time.Now()})
	if err != nil || !r.Complete() {
		t.Errorf("%v: %s", err, say(r, verify.Mismatch, verify.NotChecked))
	}
}
