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
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"bucketproof/internal/objects"
	"bucketproof/report"
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
		return nil, fmt.Errorf("%w: %s is missing; name the folder of a packet, such as packets/acme/2026-10",
			ErrNoPacket, report.ManifestName)
	}
	if err != nil {
		return nil, err
	}
	m := &report.Manifest{}
	if err := json.Unmarshal(body, m); err != nil || m.Tool.Name != "bucketproof" {
		return nil, fmt.Errorf("%w: %s is no manifest of bucketproof", ErrNoPacket, report.ManifestName)
	}
	if m.SchemaVersion > report.SchemaVersion {
		return nil, fmt.Errorf("the manifest has version %d and this program knows up to %d; run a newer bucketproof",
			m.SchemaVersion, report.SchemaVersion)
	}
	r.Manifest, r.Tenant, r.Month, r.SQL = m, m.Tenant.ID, m.Period.Month, m.Queries
	r.add("manifest", OK, "packet of %s for %s, revision %d, made by %s %s; SHA-256 %s", m.Tenant.Name,
		m.Period.Month, m.Revision, m.Tool.Name, m.Tool.Version, sum(body))
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

// packetPlace is how the places of packets end: the tenant's ID, the month, the revision.
var packetPlace = regexp.MustCompile(`(?:^|[/\\])([^/\\]+)[/\\](\d{4}-\d\d(?:\.r\d+)?)[/\\]?$`)

// Place compares the packet with the name of the place in which it lies: a genuine packet of
// another client or month proves nothing here. Outside of a place of evidence the folder
// around it may have any name.
func (r *Report) Place(name string, evidence bool) {
	m := packetPlace.FindStringSubmatch(name)
	if m == nil || r.Manifest == nil {
		return
	}
	switch own := report.PacketName(r.Month, r.Manifest.Revision); {
	case m[2] != own:
		r.add("place", Mismatch, "it lies under %s, and is the packet %s of %s", m[2], own, r.Tenant)
	case m[1] == r.Tenant:
		r.add("place", OK, "it lies under the client and the month that it is of")
	case evidence:
		r.add("place", Mismatch, "it lies under %s, and is a packet of %s", m[1], r.Tenant)
	}
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
			r.add(f.Path, Mismatch, "its SHA-256 is %s, the manifest says %s; its size is %d, the manifest says %d",
				sum(body), f.SHA256, len(body), f.Size)
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
		{"tenant", p.Tenant, m.Tenant}, {"period", p.Period, m.Period}, {"revision", p.Revision, m.Revision},
		{"superseded packet", p.Supersedes, m.Supersedes},
		{"causes", p.Causes, m.Causes}, {"changes", p.Changes, m.Changes}, {"program", p.Tool, m.Tool},
		{"verdict", p.Verdict, m.Verdict}, {"state of being provisional", p.Provisional, m.Provisional},
		{"sentence", p.Sentence, m.Sentence}, {"totals", p.Totals, m.Totals}, {"sources", p.Sources, m.Sources},
		{"queries", queries, m.Queries}, {"days that are not evaluated", p.NotEvaluated, m.NotEvaluated},
	} {
		if !alike(part.of, part.and) {
			r.add(what, Mismatch, "they differ in the %s", part.name)
		}
	}
	for _, f := range p.Files {
		if !slices.ContainsFunc(m.Files, func(o report.ManifestFile) bool {
			return o.Path == f.Path && o.SHA256 == f.SHA256 && o.Size == f.Size
		}) {
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
		out = append(out, Source{Key: at(line, "key"), ETag: at(line, "etag"), SHA256: at(line, "sha256"),
			Kind: at(line, "kind"), Location: at(line, "location"), Size: size})
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
