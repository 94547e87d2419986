// Package verify checks a packet as an auditor would: that every file is the one
// that the manifest names, that signatures hold, that the PDF carries the same
// files, that the Merkle root is that of the sources, and that the log objects
// are still what they were. [Folder] checks a packet with its manifest, [PDF] a
// document alone, and [Sources] the log objects. docs/VERIFYING.md shows how to
// do the same without it.
package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"bucketproof/internal/objects"
	"bucketproof/report"
	"bucketproof/report/pdffile"
	"bucketproof/report/signing"
)

// Outcomes of a step.
const (
	OK         = "ok"
	Mismatch   = "MISMATCH"    // it is not what the packet says
	Gone       = "gone"        // it is no longer there, as after a lifecycle rule
	Unread     = "unreachable" // it could not be read from here
	NotChecked = "not checked" // nothing was asked or nothing is there to check
)

// Step is one thing that was checked.
type Step struct {
	What, Outcome, Detail string
}

// Report is what was checked, in its order.
type Report struct {
	Steps    []Step
	Manifest *report.Manifest // nil for a PDF alone
	Tenant   string           // ID; "" where it is not known
	Month    string
	SQL      []report.ManifestQuery

	sources []Source
	trust   Trust
}

// Trust says what signatures must lead to.
type Trust struct {
	Roots *x509.CertPool // nil trusts none, and says so
	Now   time.Time      // when certificates must be valid, where no time-stamp tells
}

func (r *Report) add(what, outcome, format string, args ...any) {
	r.Steps = append(r.Steps, Step{what, outcome, fmt.Sprintf(format, args...)})
}

// Failed tells whether anything is not what the packet says.
func (r *Report) Failed() bool {
	return slices.ContainsFunc(r.Steps, func(s Step) bool { return s.Outcome == Mismatch })
}

// Complete tells whether everything was checked and holds.
func (r *Report) Complete() bool {
	return !slices.ContainsFunc(r.Steps, func(s Step) bool { return s.Outcome != OK })
}

const (
	maxFile     = 2 << 30   // bytes of the largest file of a packet
	maxManifest = 256 << 20 // bytes
)

// ErrNoPacket means that there is nothing to check at a place.
var ErrNoPacket = errors.New("there is no finished packet")

// Folder checks the packet at a store: its manifest and all that it names.
func Folder(ctx context.Context, store objects.Store, trust Trust) (*Report, error) {
	r := &Report{trust: trust}
	body, err := read(ctx, store, report.ManifestName, maxManifest)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, fmt.Errorf("%w: %s is missing; name the folder of a packet, such as packets/acme/2026-10", ErrNoPacket, report.ManifestName)
	}
	if err != nil {
		return nil, err
	}
	m := &report.Manifest{}
	if err := json.Unmarshal(body, m); err != nil || m.Tool.Name != "bucketproof" {
		return nil, fmt.Errorf("%w: %s is no manifest of bucketproof", ErrNoPacket, report.ManifestName)
	}
	if m.SchemaVersion > report.SchemaVersion {
		return nil, fmt.Errorf("the manifest has version %d and this program knows up to %d; run a newer bucketproof", m.SchemaVersion, report.SchemaVersion)
	}
	r.Manifest, r.Tenant, r.Month, r.SQL = m, m.Tenant.ID, m.Period.Month, m.Queries
	r.add("manifest", OK, "packet of %s for %s, revision %d, made by %s %s; SHA-256 %s", m.Tenant.Name, m.Period.Month, m.Revision, m.Tool.Name, m.Tool.Version, sum(body))
	if err := r.manifestSignature(ctx, store, body); err != nil {
		return nil, err
	}
	r.required()
	bodies, err := r.files(ctx, store)
	if err != nil {
		return nil, err
	}
	if err := r.unlisted(ctx, store); err != nil {
		return nil, err
	}
	if pdf := bodies[report.PDFName]; pdf != nil {
		r.document(pdf, bodies)
		r.pages(pdf, m.Sentence)
	}
	r.model(bodies[report.ModelName])
	if body := bodies[m.Sources.File]; body != nil {
		r.merkle(body, m.Sources.MerkleRoot, m.Sources.LogObjects)
	}
	return r, nil
}

// required refuses a manifest that leaves out what every packet has: what it does
// not name is not checked.
func (r *Report) required() {
	m := r.Manifest
	kinds := map[string]string{report.PDFName: "packet", "findings.csv": "findings", "sources.csv": "sources"}
	if m.SchemaVersion > 1 {
		kinds[report.ModelName] = "model"
	}
	for _, q := range m.Queries {
		kinds[q.File] = "query"
	}
	seen := map[string]bool{}
	for _, f := range m.Files {
		switch {
		case seen[f.Path]:
			r.add(f.Path, Mismatch, "the manifest names it twice")
		case kinds[f.Path] != f.Kind:
			r.add(f.Path, Mismatch, "the manifest calls it a file of the kind %q, which it is not", f.Kind)
		}
		seen[f.Path] = true
	}
	for path := range kinds {
		if !seen[path] {
			r.add(path, Mismatch, "the manifest does not name it, and every packet has it")
		}
	}
	if len(m.Queries) == 0 {
		r.add("queries", Mismatch, "the manifest names none")
	}
	if m.Sources.File != "sources.csv" || m.Signature != nil && m.Signature.File != report.SignatureName {
		r.add("manifest", Mismatch, "it names other files for its sources or its signature than a packet has")
	}
}

// files compares every file with the manifest, and returns those that hold.
func (r *Report) files(ctx context.Context, store objects.Store) (map[string][]byte, error) {
	bodies := map[string][]byte{}
	for _, f := range r.Manifest.Files {
		if !safePath(f.Path) {
			r.add(f.Path, Mismatch, "the manifest names a file outside of the packet")
			continue
		}
		body, err := read(ctx, store, f.Path, min(maxFile, max(0, int64(f.Size))))
		switch {
		case errors.Is(err, objects.ErrNotFound):
			r.add(f.Path, Mismatch, "it is missing")
		case errors.Is(err, errLarger):
			r.add(f.Path, Mismatch, "it is larger than the %d bytes that the manifest says", f.Size)
		case err != nil:
			return nil, err
		case sum(body) != f.SHA256:
			r.add(f.Path, Mismatch, "its SHA-256 is %s, the manifest says %s; its size is %d, the manifest says %d", sum(body), f.SHA256, len(body), f.Size)
		case len(body) != f.Size:
			r.add(f.Path, Mismatch, "its size is %d, the manifest says %d", len(body), f.Size)
		case f.Unsigned != nil && (f.Unsigned.Size > len(body) || f.Unsigned.Size < 0 || sum(body[:f.Unsigned.Size]) != f.Unsigned.SHA256):
			r.add(f.Path, Mismatch, "in front of its signature it is not what the manifest says")
		default:
			r.add(f.Path, OK, "SHA-256 %s, %d bytes", f.SHA256, f.Size)
			bodies[f.Path] = body
		}
	}
	return bodies, nil
}

// safePath tells whether a path stays inside of the packet.
func safePath(p string) bool {
	return p != "" && !strings.HasPrefix(p, "/") && !strings.ContainsAny(p, "\\\x00") && !slices.Contains(strings.Split(p, "/"), "..")
}

// unlisted finds files that the manifest does not name.
func (r *Report) unlisted(ctx context.Context, store objects.Store) error {
	known := []string{report.ManifestName}
	if r.Manifest.Signature != nil {
		known = append(known, r.Manifest.Signature.File)
	}
	for _, f := range r.Manifest.Files {
		known = append(known, f.Path)
	}
	for info, err := range store.List(ctx, "") {
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.add("other files", NotChecked, "%s", err)
			return nil
		}
		if !slices.Contains(known, info.Key) {
			r.add(info.Key, Mismatch, "it lies in the packet's folder, and the manifest does not name it")
		}
	}
	return nil
}

func (r *Report) manifestSignature(ctx context.Context, store objects.Store, manifest []byte) error {
	const what = "signature of the manifest"
	s := r.Manifest.Signature
	if s == nil {
		r.unsigned(what, "the packet is not signed")
		return nil
	}
	cms, err := read(ctx, store, report.SignatureName, maxSignature)
	switch {
	case errors.Is(err, objects.ErrNotFound):
		r.add(what, Mismatch, "%s is missing", s.File)
		return nil
	case err != nil:
		return err
	}
	v, err := signing.VerifyDetached(cms, manifest)
	if err != nil {
		r.add(what, Mismatch, "%s", err)
		return nil
	}
	if signing.Fingerprint(v.Certificate) != s.CertificateSHA256 {
		r.add(what, Mismatch, "it was made with the certificate of %q, the manifest names another", v.Certificate.Subject)
		return nil
	}
	r.signed(what, v)
	return nil
}

// unsigned says that there is no signature. Who names roots asks for one: without
// it, anyone can make a packet that fits together.
func (r *Report) unsigned(what, text string) {
	if r.trust.Roots != nil {
		r.add(what, Mismatch, "%s, and --trust asks for a signature", text)
		return
	}
	r.add(what, NotChecked, "%s", text)
}

// signed says what a signature that holds is worth.
func (r *Report) signed(what string, v *signing.Verified) {
	detail := fmt.Sprintf("it holds; signed by %q, certificate SHA-256 %s", v.Certificate.Subject, signing.Fingerprint(v.Certificate))
	switch {
	case !v.Stamped.IsZero():
		detail += fmt.Sprintf(", at %s by the word of the time-stamping authority %q", v.Stamped.UTC().Format(time.RFC3339), v.Authority)
	case !v.Claimed.IsZero():
		detail += fmt.Sprintf(", at %s by its own word", v.Claimed.UTC().Format(time.RFC3339))
	}
	if r.trust.Roots == nil {
		r.add(what, OK, "%s; whether that certificate is to be trusted was not asked (--trust)", detail)
		return
	}
	if err := v.StampTrusted(r.trust.Roots); err != nil {
		r.add(what, Mismatch, "%s; but the time-stamping authority is not trusted: %s", detail, err)
		return
	}
	at := v.Stamped
	if at.IsZero() {
		at = r.trust.Now // the signer's own word is no proof that it was earlier
	}
	err := v.Trusted(r.trust.Roots, at)
	switch {
	case err == nil:
		r.add(what, OK, "%s, which leads to a trusted root", detail)
	case v.Stamped.IsZero() && !v.Claimed.IsZero() && at.After(v.Certificate.NotAfter) && v.Trusted(r.trust.Roots, v.Claimed) == nil:
		r.add(what, NotChecked, "%s; the certificate expired on %s, and without a time-stamp nothing shows that the signature is older", detail, v.Certificate.NotAfter.UTC().Format(time.DateOnly))
	default:
		r.add(what, Mismatch, "%s; but the certificate is not trusted: %s", detail, err)
	}
}

// document checks the PDF: its signature, and what is attached to it against
// the files beside it.
func (r *Report) document(pdf []byte, files map[string][]byte) {
	r.pdfSignature(pdf, r.Manifest != nil && r.Manifest.Signature != nil)
	attached, err := attachments(pdf)
	if err != nil {
		r.add("attachments of the PDF", Mismatch, "%s", err)
		return
	}
	wrong, same := 0, 0
	for _, f := range r.Manifest.Files {
		if f.Path == report.PDFName || files[f.Path] == nil {
			continue
		}
		body, ok := attached[strings.ReplaceAll(f.Path, "/", "_")]
		if !ok || !bytes.Equal(body, files[f.Path]) {
			wrong++
			r.add("attachments of the PDF", Mismatch, "%s is not attached as it is", f.Path)
			continue
		}
		same++
	}
	if wrong == 0 {
		r.add("attachments of the PDF", OK, "%d files, the same as beside it", same)
	}
}

func (r *Report) pdfSignature(pdf []byte, wanted bool) {
	const what = "signature of the PDF"
	v, err := signing.VerifyPDF(pdf)
	switch {
	case err != nil:
		r.add(what, Mismatch, "%s", err)
	case v == nil && wanted:
		r.add(what, Mismatch, "it should be signed, and it is not")
	case v != nil && r.Manifest != nil && r.Manifest.Signature == nil:
		r.add(what, Mismatch, "the PDF is signed, and the manifest says that the packet is not: one of the two is not the packet's")
	case v != nil && r.Manifest != nil && signing.Fingerprint(v.Certificate) != r.Manifest.Signature.CertificateSHA256:
		r.add(what, Mismatch, "it was made with the certificate of %q, the manifest names another", v.Certificate.Subject)
	case v == nil:
		r.unsigned(what, "the PDF is not signed")
	default:
		r.signed(what, v)
	}
}

func attachments(pdf []byte) (map[string][]byte, error) {
	f, err := pdffile.Open(pdf)
	if err != nil {
		return nil, err
	}
	list, err := f.Attachments()
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, a := range list {
		if _, twice := out[a.Name]; twice {
			return nil, fmt.Errorf("two files are attached as %s", a.Name)
		}
		out[a.Name] = a.Body
	}
	return out, nil
}

// model compares packet.json with the manifest.
func (r *Report) model(body []byte) {
	if body == nil {
		return
	}
	const what = "packet.json and the manifest"
	var p report.Model
	if err := json.Unmarshal(body, &p); err != nil {
		r.add(what, Mismatch, "packet.json can't be read: %s", err)
		return
	}
	m := r.Manifest
	queries := []report.ManifestQuery{}
	for _, t := range p.Tables {
		queries = append(queries, t.ManifestQuery)
	}
	for _, part := range []struct {
		name    string
		of, and any
	}{
		{"tenant", p.Tenant, m.Tenant}, {"period", p.Period, m.Period}, {"revision", p.Revision, m.Revision}, {"superseded packet", p.Supersedes, m.Supersedes},
		{"causes", p.Causes, m.Causes}, {"changes", p.Changes, m.Changes}, {"program", p.Tool, m.Tool}, {"verdict", p.Verdict, m.Verdict}, {"state of being provisional", p.Provisional, m.Provisional},
		{"sentence", p.Sentence, m.Sentence}, {"totals", p.Totals, m.Totals}, {"sources", p.Sources, m.Sources}, {"queries", queries, m.Queries}, {"days that are not evaluated", p.NotEvaluated, m.NotEvaluated},
	} {
		if !alike(part.of, part.and) {
			r.add(what, Mismatch, "they differ in the %s", part.name)
		}
	}
	for _, f := range p.Files {
		if !slices.ContainsFunc(m.Files, func(o report.ManifestFile) bool { return o.Path == f.Path && o.SHA256 == f.SHA256 && o.Size == f.Size }) {
			r.add(what, Mismatch, "they differ in %s", f.Path)
		}
	}
	if p.Signed && m.Signature == nil {
		r.add(what, Mismatch, "packet.json says that the packet is signed, the manifest that it is not")
	}
	if !slices.ContainsFunc(r.Steps, func(s Step) bool { return s.What == what }) {
		r.add(what, OK, "the same tenant, period, verdict (%s), totals, queries and sources", m.Verdict)
	}
}

// alike compares as JSON.
func alike(a, b any) bool {
	x, err := json.Marshal(a)
	y, err1 := json.Marshal(b)
	return err == nil && err1 == nil && bytes.Equal(x, y)
}

// pages looks for the sentence of the verdict on the first page. The rest of what
// the pages show is as good as the signature of the PDF.
func (r *Report) pages(pdf []byte, sentence string) {
	const what = "first page"
	f, err := pdffile.Open(pdf)
	text := ""
	if err == nil {
		text, err = f.PageText()
	}
	if err != nil {
		r.add(what, Mismatch, "it can't be read: %s", err)
		return
	}
	first, _, _ := strings.Cut(text, "\f")
	packed := func(s string) string { return strings.Join(strings.Fields(s), "") }
	if !strings.Contains(packed(first), packed(sentence)) {
		r.add(what, Mismatch, "it does not show the sentence %q", sentence)
		return
	}
	r.add(what, OK, "it shows the sentence of the verdict; for what else the pages show, the signature of the PDF stands")
}

// PDF checks a document alone, by what is attached to it. Without a signature
// that proves only that it fits together.
func PDF(pdf []byte, trust Trust) (*Report, error) {
	r := &Report{trust: trust}
	attached, err := attachments(pdf)
	if err != nil {
		return nil, err
	}
	body, ok := attached[report.ModelName]
	if !ok {
		return nil, fmt.Errorf("%w: %s is not attached to it", ErrNoPacket, report.ModelName)
	}
	var p report.Model
	if err := json.Unmarshal(body, &p); err != nil || p.Tool.Name != "bucketproof" {
		return nil, fmt.Errorf("%w: the %s that is attached to it is not of bucketproof", ErrNoPacket, report.ModelName)
	}
	r.Tenant, r.Month = p.Tenant.ID, p.Period.Month
	for _, t := range p.Tables {
		r.SQL = append(r.SQL, t.ManifestQuery)
	}
	r.add("document", OK, "packet of %s for %s, revision %d, made by %s %s; SHA-256 %s", p.Tenant.Name, p.Period.Month, p.Revision, p.Tool.Name, p.Tool.Version, sum(pdf))
	r.add("manifest", NotChecked, "there is none beside the PDF; compare its SHA-256 with that in manifest.json")
	r.pdfSignature(pdf, p.Signed)
	r.pages(pdf, p.Sentence)
	listed := map[string]bool{}
	for _, f := range p.Files {
		listed[f.Path] = true
	}
	for _, path := range append([]string{"findings.csv", "sources.csv"}, paths(r.SQL)...) {
		if !listed[path] {
			r.add(path, Mismatch, "packet.json does not name it, and every packet has it")
		}
	}
	if p.Sources.File != "sources.csv" || len(r.SQL) == 0 {
		r.add(report.ModelName, Mismatch, "it names no queries, or another file for the sources than a packet has")
	}
	for _, f := range p.Files {
		body, ok := attached[f.Attached]
		switch {
		case !ok:
			r.add(f.Path, Mismatch, "it is not attached")
		case sum(body) != f.SHA256 || len(body) != f.Size:
			r.add(f.Path, Mismatch, "its SHA-256 is %s, packet.json says %s", sum(body), f.SHA256)
		default:
			r.add(f.Path, OK, "attached, SHA-256 %s, %d bytes", f.SHA256, f.Size)
		}
	}
	if body := attached[p.Sources.File]; body != nil {
		r.merkle(body, p.Sources.MerkleRoot, p.Sources.LogObjects)
	}
	return r, nil
}

func paths(queries []report.ManifestQuery) []string {
	out := make([]string, len(queries))
	for i, q := range queries {
		out[i] = q.File
	}
	return out
}

// Source is a line of sources.csv.
type Source struct {
	Key, ETag, SHA256, Kind, Location string
	Size                              int64
}

// merkle computes the root again over sources.csv.
func (r *Report) merkle(body []byte, root string, objects int) {
	const what = "Merkle root over the sources"
	sources, err := readSources(body)
	if err != nil {
		r.add(what, Mismatch, "sources.csv: %s", err)
		return
	}
	var sums []string
	twice := map[Source]bool{}
	for _, s := range sources {
		if !slices.Contains([]string{"log", "foreign", "empty", "changed"}, s.Kind) || twice[s] {
			r.add(what, Mismatch, "sources.csv has a line of an unknown kind, or the same line twice: %s%s, %q", s.Location, s.Key, s.Kind)
			return
		}
		twice[s] = true
		if s.Kind == "log" {
			sums = append(sums, s.SHA256)
			r.sources = append(r.sources, s)
		}
	}
	got, err := report.MerkleRoot(sums)
	switch {
	case err != nil:
		r.add(what, Mismatch, "%s", err)
	case got != root || len(sums) != objects:
		r.add(what, Mismatch, "it is %s over %d log objects, the packet says %s over %d", got, len(sums), root, objects)
	default:
		r.add(what, OK, "%s over %d log objects", root, objects)
	}
}

func readSources(body []byte) ([]Source, error) {
	lines := csv.NewReader(bytes.NewReader(body))
	head, err := lines.Read()
	if err != nil {
		return nil, err
	}
	for i, column := range head {
		if slices.Contains(head[:i], column) {
			return nil, fmt.Errorf("it has the column %q twice", column)
		}
	}
	at := func(line []string, column string) string {
		if i := slices.Index(head, column); i >= 0 {
			return line[i]
		}
		return ""
	}
	var out []Source
	for {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		size, err := strconv.ParseInt(at(line, "size"), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no size", at(line, "size"))
		}
		out = append(out, Source{Key: at(line, "key"), ETag: at(line, "etag"), SHA256: at(line, "sha256"), Kind: at(line, "kind"), Location: at(line, "location"), Size: size})
	}
}

// maxSignature is the size of the largest signature of a manifest, in bytes.
const maxSignature = 1 << 20

var errLarger = errors.New("it is larger than it should be")

// read reads a file of up to limit bytes.
func read(ctx context.Context, store objects.Store, key string, limit int64) (body []byte, err error) {
	c, err := store.Open(ctx, objects.Info{Key: key})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	body, err = io.ReadAll(io.LimitReader(c, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = fmt.Errorf("%s: %w: it has more than %d bytes", key, errLarger, limit)
	}
	return body, err
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
