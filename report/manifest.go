package report

import (
	"bytes"
	"encoding/json"
	"time"
)

// SchemaVersion is that of manifest.json.
const SchemaVersion = 1

// Manifest is manifest.json: what a packet is, what it says and what its files
// hash to.
type Manifest struct {
	SchemaVersion int               `json:"schema_version"`
	Tenant        ManifestTenant    `json:"tenant"`
	Period        ManifestPeriod    `json:"period"`
	Revision      int               `json:"revision"`
	Supersedes    *Superseded       `json:"supersedes"`
	Tool          ManifestTool      `json:"tool"`
	Verdict       string            `json:"verdict"`
	Sentence      string            `json:"sentence"`
	Totals        Totals            `json:"totals"`
	Sources       ManifestSources   `json:"sources"`
	Files         []ManifestFile    `json:"files"`
	Queries       []ManifestQuery   `json:"queries"`
	NotEvaluated  []ManifestSilence `json:"not_evaluated"`
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
}

// ManifestFile is a file of the packet.
type ManifestFile struct {
	Path   string            `json:"path"`
	Kind   string            `json:"kind"`
	Size   int               `json:"size"`
	SHA256 string            `json:"sha256"`
	Tags   map[string]string `json:"tags"`
}

// ManifestQuery is a saved query as it was asked.
type ManifestQuery struct {
	Name       string         `json:"name"`
	Title      string         `json:"title"`
	File       string         `json:"file"`
	Rows       int            `json:"rows"`
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

func (p *Packet) manifest(files []File) ([]byte, error) {
	m := Manifest{
		SchemaVersion: SchemaVersion,
		Tenant:        ManifestTenant{ID: p.Tenant.ID, Name: p.Tenant.Name},
		Period:        ManifestPeriod{Month: p.Month, Zone: p.Range.Location.String(), From: p.Range.Start(), To: p.Range.End()},
		Revision:      p.Revision.Number, Supersedes: p.Revision.Supersedes,
		Tool:    ManifestTool{Name: "bucketproof", Version: p.Version},
		Verdict: p.Verdict, Sentence: p.Sentence, Totals: p.Totals, NotEvaluated: []ManifestSilence{},
	}
	root, entries, err := p.sourcesRoot()
	if err != nil {
		return nil, err
	}
	m.Sources = ManifestSources{File: sourcesFile, LogObjects: entries, MerkleRoot: root}
	for _, b := range p.Tenant.Buckets {
		m.Tenant.Buckets = append(m.Tenant.Buckets, b.Name)
	}
	for _, f := range files {
		m.Files = append(m.Files, ManifestFile{Path: f.Path, Kind: f.Kind, Size: len(f.Body), SHA256: f.SHA256, Tags: f.Tags})
	}
	for _, t := range p.Tables {
		m.Queries = append(m.Queries, ManifestQuery{Name: t.Statement.Name, Title: t.Statement.Title, File: csvPath(t.Statement.Name), Rows: len(t.Rows),
			Parameters: map[string]any{"from": p.Range.Start(), "to": p.Range.End(), "bucket": "", "tenant": p.Tenant.ID, "large_put": p.Tenant.LargePut}, SQL: t.Statement.SQL})
	}
	for _, n := range p.NotEvaluated {
		m.NotEvaluated = append(m.NotEvaluated, ManifestSilence(n))
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err = enc.Encode(m)
	return b.Bytes(), err
}
