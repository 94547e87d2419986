package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"bucketproof/internal/tabular"
)

// File is one file of a packet.
type File struct {
	Path        string // in the packet's folder
	Kind        string // packet, query, findings, sources or manifest
	ContentType string
	Body        []byte
	SHA256      string // hex
	Tags        map[string]string
}

// maxSamples is how many sample records findings.csv names for a finding.
const maxSamples = 20

// Render writes the files of one revision, the manifest last.
func (p *Packet) Render(r Revision) ([]File, error) {
	p.Revision = r
	var files []File
	add := func(path, kind, contentType string, body []byte) {
		sum := sha256.Sum256(body)
		f := File{Path: path, Kind: kind, ContentType: contentType, Body: body, SHA256: hex.EncodeToString(sum[:])}
		f.Tags = p.tags(f)
		files = append(files, f)
	}
	addCSV := func(path, kind string, t tabular.Table) error {
		var b bytes.Buffer
		if err := tabular.WriteCSV(&b, t); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		add(path, kind, "text/csv; charset=utf-8", b.Bytes())
		return nil
	}
	for _, t := range p.Tables {
		if err := addCSV(csvPath(t.Statement.Name), "query", tabular.Table{Columns: t.Columns, Rows: t.Rows}); err != nil {
			return nil, err
		}
	}
	if err := addCSV("findings.csv", "findings", p.findingsTable()); err != nil {
		return nil, err
	}
	if err := addCSV(sourcesFile, "sources", p.sourcesTable()); err != nil {
		return nil, err
	}
	pdf, err := p.pdf(files)
	if err != nil {
		return nil, fmt.Errorf("write packet.pdf: %w", err)
	}
	add("packet.pdf", "packet", "application/pdf", pdf)
	manifest, err := p.manifest(files)
	if err != nil {
		return nil, fmt.Errorf("write manifest.json: %w", err)
	}
	add("manifest.json", "manifest", "application/json", manifest)
	return files, nil
}

func csvPath(query string) string { return "csv/" + query + ".csv" }

// pdf writes the document twice: the first time counts the pages.
func (p *Packet) pdf(files []File) ([]byte, error) {
	pages := 0
	for {
		d, err := newDocument(p, pages)
		if err != nil {
			return nil, err
		}
		if err := d.firstPage(); err != nil {
			return nil, err
		}
		if err := d.body(files); err != nil {
			return nil, err
		}
		if n := d.pdf.PageCount(); n != pages {
			pages = n
			continue
		}
		return d.output()
	}
}

func (p *Packet) findingsTable() tabular.Table {
	t := tabular.Table{Columns: []string{"id", "check", "severity", "tenant", "bucket", "subject", "status", "count", "first_seen", "last_seen", "owner", "due", "sentence", "draft", "cause", "resolution", "who", "usual", "samples"}}
	for _, f := range p.Findings {
		var samples, who []string
		usual := ""
		for _, d := range f.Days {
			samples = append(samples, d.Samples...)
			who = append(who, d.Who...)
			usual = d.Expected
		}
		slices.Sort(who)
		who = slices.Compact(who)
		samples = samples[:min(len(samples), maxSamples)]
		t.Rows = append(t.Rows, []any{f.ID, f.Check, f.Severity, f.Tenant, f.Bucket, f.Subject, f.Status, f.Count, f.First, f.Last, f.Owner, f.Due, f.Sentence, f.Draft, f.Cause, f.Resolution, strings.Join(who, ", "), usual, samples})
	}
	return t
}

// sourcesFile lists the log objects.
const sourcesFile = "sources.csv"

func (p *Packet) sourcesTable() tabular.Table {
	t := tabular.Table{Columns: []string{"key", "size", "etag", "version_id", "sha256", "records", "rejected", "duplicates", "bucket", "kind", "delivered", "first_record", "last_record", "location"}}
	for _, s := range p.Sources {
		t.Rows = append(t.Rows, []any{s.Key, s.Size, s.ETag, s.VersionID, s.SHA256, s.Records, s.Rejected, s.Duplicates, s.Bucket, s.Kind, s.Delivered, s.First, s.Last, s.Location})
	}
	return t
}

// tags are the object tags of a file (S3 user guide, page object-tagging: ten
// an object, values of up to 256 letters, digits, spaces and + - = . _ : / @).
func (p *Packet) tags(f File) map[string]string {
	names := make([]string, len(p.Tenant.Buckets))
	for i, b := range p.Tenant.Buckets {
		names[i] = b.Name
	}
	return map[string]string{"tenant": p.Tenant.ID, "period": p.Month, "kind": f.Kind, "buckets": joinUpTo(names, 256), "sha256": f.SHA256}
}

// joinUpTo joins names with spaces; those that do not fit are counted.
func joinUpTo(names []string, limit int) string {
	all := strings.Join(names, " ")
	for n := len(names) - 1; len(all) > limit && n > 0; n-- {
		all = fmt.Sprintf("%s + %d more", strings.Join(names[:n], " "), len(names)-n)
	}
	return all
}
