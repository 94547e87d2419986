package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"bucketproof/internal/tabular"
)

// File is one file of a packet.
type File struct {
	Path        string // in the packet's folder
	Kind        string // packet, model, query, findings, sources, manifest or signature
	ContentType string
	Body        []byte
	SHA256      string // hex
	Tags        map[string]string
	// Unsigned is how many bytes at the beginning of Body are the same whenever
	// the packet is made: a signature is appended behind them. 0 where nothing is
	// appended.
	Unsigned int
}

// Names of the files of a packet.
const (
	PDFName       = "packet.pdf"
	ModelName     = "packet.json"
	ManifestName  = "manifest.json"
	SignatureName = "manifest.json.p7s"
	sourcesFile   = "sources.csv"
	findingsFile  = "findings.csv"
)

// Render makes the files of one revision without a signature and without the
// manifest, which [Packet.Manifest] makes when they are final. The PDF is the
// last.
func (p *Packet) Render(r Revision) ([]File, error) {
	p.Revision = r
	var files []File
	add := func(path, kind, contentType string, body []byte) {
		files = append(files, p.file(path, kind, contentType, body))
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
	if err := addCSV(findingsFile, "findings", p.findingsTable()); err != nil {
		return nil, err
	}
	if err := addCSV(sourcesFile, "sources", p.sourcesTable()); err != nil {
		return nil, err
	}
	model, err := p.model(files)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", ModelName, err)
	}
	add(ModelName, "model", "application/json", model)
	pdf, err := p.pdf(files)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", PDFName, err)
	}
	add(PDFName, "packet", "application/pdf", pdf)
	return files, nil
}

func (p *Packet) file(path, kind, contentType string, body []byte) File {
	sum := sha256.Sum256(body)
	f := File{Path: path, Kind: kind, ContentType: contentType, Body: body, SHA256: hex.EncodeToString(sum[:])}
	f.Tags = p.tags(f)
	return f
}

// WithSignature is a file with the same beginning and a signature behind it.
func (p *Packet) WithSignature(f File, signed []byte) File {
	out := p.file(f.Path, f.Kind, f.ContentType, signed)
	out.Unsigned = len(f.Body)
	return out
}

// Signature is the file that signs the manifest.
func (p *Packet) Signature(cms []byte) File {
	return p.file(SignatureName, "signature", "application/pkcs7-signature", cms)
}

func csvPath(query string) string { return "csv/" + query + ".csv" }

func (p *Packet) sourcesTable() tabular.Table {
	t := tabular.Table{Columns: []string{"key", "size", "etag", "version_id", "sha256", "records", "rejected",
		"duplicates", "bucket", "kind", "delivered", "first_record", "last_record", "location", "proven_by"}}
	for _, s := range p.Sources {
		t.Rows = append(t.Rows, []any{s.Key, s.Size, s.ETag, s.VersionID, s.SHA256, s.Records, s.Rejected,
			s.Duplicates, s.Bucket, s.Kind, s.Delivered, s.First, s.Last, s.Location, s.Proof})
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
