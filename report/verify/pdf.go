package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"bucketproof/report"
	"bucketproof/report/pdffile"
)

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
	r.add("document", OK, "packet of %s for %s, revision %d, made by %s %s; SHA-256 %s", p.Tenant.Name,
		p.Period.Month, p.Revision, p.Tool.Name, p.Tool.Version, sum(pdf))
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

func paths(queries []report.ManifestQuery) []string {
	out := make([]string, len(queries))
	for i, q := range queries {
		out[i] = q.File
	}
	return out
}
