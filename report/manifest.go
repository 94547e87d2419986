package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"time"

	"bucketproof/internal/state"
)

// SchemaVersion is that of manifest.json and of packet.json.
const SchemaVersion = 2

// Manifest is manifest.json: what a packet is, what it says and what its files
// hash to.
type Manifest struct {
	SchemaVersion int                `json:"schema_version"`
	Tenant        ManifestTenant     `json:"tenant"`
	Period        ManifestPeriod     `json:"period"`
	Revision      int                `json:"revision"`
	Supersedes    *Superseded        `json:"supersedes"`
	Causes        []string           `json:"causes"`
	Changes       []Change           `json:"changes"`
	Tool          ManifestTool       `json:"tool"`
	Verdict       string             `json:"verdict"`
	Provisional   bool               `json:"provisional"`
	Sentence      string             `json:"sentence"`
	Totals        Totals             `json:"totals"`
	Sources       ManifestSources    `json:"sources"`
	Signature     *ManifestSignature `json:"signature"`
	Files         []ManifestFile     `json:"files"`
	Queries       []ManifestQuery    `json:"queries"`
	NotEvaluated  []ManifestSilence  `json:"not_evaluated"`
}

// ManifestTenant names the tenant.
type ManifestTenant struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Buckets []string `json:"buckets"`
}

// ManifestPeriod is the month: From is its first instant, To the first behind
// it.
type ManifestPeriod struct {
	Month string    `json:"month"`
	Zone  string    `json:"zone"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
}

// ManifestTool is what made the packet.
type ManifestTool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// ManifestSources ties the packet to its log objects: MerkleRoot is that of RFC
// 6962 over the SHA-256 values, 32 bytes each, of the objects of kind log, in
// the order of File.
type ManifestSources struct {
	File       string `json:"file"`
	LogObjects int    `json:"log_objects"`
	MerkleRoot string `json:"merkle_root_rfc6962"`
	// ProvenBy counts the log objects by what their bytes were compared with when they were
	// collected, as sources.csv says of each.
	ProvenBy map[string]int `json:"proven_by"`
}

// ManifestSignature says who signed: the PDF, and the manifest itself in File.
type ManifestSignature struct {
	File              string `json:"file"`
	Subject           string `json:"subject"`
	CertificateSHA256 string `json:"certificate_sha256"`
}

// ManifestFile is a file of the packet.
type ManifestFile struct {
	Path     string            `json:"path"`
	Kind     string            `json:"kind"`
	Size     int               `json:"size"`
	SHA256   string            `json:"sha256"`
	Unsigned *ManifestUnsigned `json:"unsigned,omitempty"`
	Tags     map[string]string `json:"tags"`
}

// ManifestUnsigned is the beginning of a signed file in front of its signature.
// It is the same whenever the packet is made from the same inputs.
type ManifestUnsigned struct {
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
}

// ManifestQuery is a saved query as it was asked.
type ManifestQuery struct {
	Name       string         `json:"name"`
	Title      string         `json:"title"`
	File       string         `json:"file"`
	Rows       int            `json:"rows"`
	MoreRows   int64          `json:"more_rows"` // that the file does not hold; `bucketproof query` writes all
	Parameters map[string]any `json:"parameters"`
	SQL        string         `json:"sql"`
}

// ManifestSilence is a day that a check could not look at.
type ManifestSilence struct {
	Check  string `json:"check"`
	Bucket string `json:"bucket"`
	Date   string `json:"date"`
	Reason string `json:"reason"`
}

// Manifest makes manifest.json over the final files. Signature is nil for a
// packet without one.
func (p *Packet) Manifest(files []File, signature *ManifestSignature) (File, error) {
	m, err := p.manifest(files)
	if err != nil {
		return File{}, err
	}
	m.Signature = signature
	body, err := encode(m)
	if err != nil {
		return File{}, err
	}
	return p.file(ManifestName, "manifest", "application/json", body), nil
}

func (p *Packet) manifest(files []File) (*Manifest, error) {
	m := &Manifest{
		SchemaVersion: SchemaVersion,
		Tenant:        ManifestTenant{ID: p.Tenant.ID, Name: p.Tenant.Name},
		Period:        ManifestPeriod{Month: p.Month, Zone: p.Range.Location.String(), From: p.Range.Start(), To: p.Range.End()},
		Revision:      p.Revision.Number, Supersedes: p.Revision.Supersedes, Causes: orEmpty(p.Revision.Causes),
		Changes: orEmpty(p.Revision.Changes),
		Tool:    ManifestTool{Name: "bucketproof", Version: p.Version},
		Verdict: p.Verdict, Provisional: p.Provisional, Sentence: p.Sentence, Totals: p.Totals, NotEvaluated: []ManifestSilence{},
	}
	root, entries, err := p.sourcesRoot()
	if err != nil {
		return nil, err
	}
	m.Sources = ManifestSources{File: sourcesFile, LogObjects: entries, MerkleRoot: root, ProvenBy: map[string]int{}}
	for _, s := range p.Sources {
		if s.Kind == state.KindLog {
			m.Sources.ProvenBy[cmp.Or(s.Proof, "not noted")]++
		}
	}
	for _, b := range p.Tenant.Buckets {
		m.Tenant.Buckets = append(m.Tenant.Buckets, b.Name)
	}
	for _, f := range files {
		out := ManifestFile{Path: f.Path, Kind: f.Kind, Size: len(f.Body), SHA256: f.SHA256, Tags: f.Tags}
		if f.Unsigned > 0 {
			out.Unsigned = &ManifestUnsigned{Size: f.Unsigned, SHA256: hexSum(f.Body[:f.Unsigned])}
		}
		m.Files = append(m.Files, out)
	}
	m.Queries = p.queryList()
	for _, n := range p.NotEvaluated {
		m.NotEvaluated = append(m.NotEvaluated, ManifestSilence{n.Check, n.Bucket, n.Date, n.Reason.String()})
	}
	return m, nil
}

func (p *Packet) queryList() []ManifestQuery {
	var out []ManifestQuery
	for _, t := range p.Tables {
		out = append(out, ManifestQuery{Name: t.Statement.Name, Title: t.Statement.Title,
			File: csvPath(t.Statement.Name), Rows: len(t.Rows), MoreRows: t.More,
			Parameters: t.Parameters, SQL: t.Statement.SQL})
	}
	return out
}

// Same tells whether a stored manifest says what the packet says: everything but
// the signature, which is another each time it is made. A packet that is to be
// signed is not the same as one without a signature.
func (p *Packet) Same(stored *Manifest, files []File) (bool, error) {
	fresh, err := p.manifest(files)
	if err != nil {
		return false, err
	}
	if p.Signed && stored.Signature == nil {
		return false, nil
	}
	old := *stored
	old.Signature = nil
	old.Files = nil
	for _, f := range stored.Files {
		if f.Unsigned != nil {
			f.Size, f.SHA256, f.Unsigned = f.Unsigned.Size, f.Unsigned.SHA256, nil
			tags := map[string]string{}
			for k, v := range f.Tags {
				tags[k] = v
			}
			tags["sha256"] = f.SHA256
			f.Tags = tags
		}
		old.Files = append(old.Files, f)
	}
	a, err := encode(old)
	if err != nil {
		return false, err
	}
	b, err := encode(fresh)
	return bytes.Equal(a, b), err
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}
