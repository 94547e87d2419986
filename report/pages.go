package report

import (
	"fmt"
	"slices"
	"strings"

	"bucketproof/internal/reason"
	"bucketproof/report/draw"
	"bucketproof/report/pdffile"
)

// pages is the PDF of a packet while it is written.
type pages struct {
	*draw.Document
	p        *Packet
	hashes   map[string]string // SHA-256 by the path of a file
	root     string            // Merkle root over the sources
	controls []Control
	contents []draw.Entry             // of the round before; nil in the first
	count    int                      // pages in all, of the round before
	reasons  map[string]reason.Reason // of witnesses, by their words; nil until one is looked up
}

// pdf writes the document until its pages and contents are those that it names:
// the first round finds them.
func (p *Packet) pdf(files []File) ([]byte, error) {
	root, _, err := p.sourcesRoot()
	if err != nil {
		return nil, err
	}
	mapping, err := controls()
	if err != nil {
		return nil, err
	}
	d := &pages{p: p, hashes: map[string]string{}, root: root, controls: mapping}
	var attachments []pdffile.Attachment
	for _, f := range files {
		d.hashes[f.Path] = f.SHA256
		attachments = append(attachments,
			pdffile.Attachment{Name: attachedName(f.Path), Description: p.say("attachment." + f.Kind), Body: f.Body})
	}
	for {
		if err := d.write(); err != nil {
			return nil, err
		}
		p.spills = d.Spills()
		if d.Pages() == d.count && slices.Equal(d.Entries(), d.contents) {
			body, err := d.Bytes()
			if err != nil {
				return nil, err
			}
			return pdffile.Attach(body, attachments)
		}
		d.count, d.contents = d.Pages(), slices.Clone(d.Entries())
	}
}

// attachedName is the path of a file of the packet as the name of an
// attachment: a / would be a folder to some readers.
func attachedName(path string) string { return strings.ReplaceAll(path, "/", "_") }

func (d *pages) write() error {
	p := d.p
	accent := draw.Color(p.Look.Accent)
	doc, err := draw.New(draw.Options{Paper: p.Look.Paper, Accent: accent, Language: p.Text.Name, Fallbacks: p.Look.Fonts,
		Title: p.say("document.title", "tenant", p.Tenant.Name, "month", p.MonthName()), Subject: p.say("document.subject"),
		Creator: "bucketproof", Producer: "bucketproof " + p.Version, Date: p.Range.End(), Head: d.head, Foot: d.foot})
	if err != nil {
		return err
	}
	d.Document = doc
	if err := d.firstPage(); err != nil {
		return err
	}
	d.NewPage()
	d.contentsPage()
	return d.body()
}

// head stands on every page past the first.
func (d *pages) head(*draw.Document) {
	d.At(draw.Margin, draw.Margin-2, draw.Regular, 8, draw.Muted, d.Fit(draw.Regular, 8, d.Column*0.7, d.p.Tenant.Name))
	d.AtRight(d.Right(), draw.Margin-2, draw.Regular, 8, draw.Muted, d.p.MonthName()+d.p.standing(" · "))
	d.Line(draw.Margin, draw.Margin+4, d.Right(), draw.Margin+4, draw.Ink, 1.2)
}

func (d *pages) foot(doc *draw.Document) {
	const size = 6.3
	y := doc.Height - 12
	doc.Line(draw.Margin, y-2.5, doc.Right(), y-2.5, draw.Rule, 0.5)
	p := d.p
	left := p.Tenant.Name
	behind := " · " + p.MonthName() + " · " + p.say("foot.packet", "name", p.Name())
	room := doc.Column*0.45 - doc.TextWidth(draw.Regular, size, behind)
	doc.At(draw.Margin, y, draw.Regular, size, draw.Muted, doc.Fit(draw.Regular, size, max(room, 12), left)+behind)
	number := p.say("foot.page", "n", doc.Page(), "all", max(d.count, doc.Page()))
	doc.AtRight(doc.Right(), y, draw.Regular, size, draw.Muted, number)
	doc.AtRight(doc.Right()-22, y, draw.Regular, size, draw.Muted, p.say("foot.verify", "root", d.root[:4]+"…"+d.root[len(d.root)-4:]))
}

// standing says in a word or two what a reader must know besides the period:
// that the packet may change, or that it replaces another.
func (p *Packet) standing(before string) string {
	out := ""
	if p.Provisional {
		out += before + p.say("standing.provisional")
	}
	if p.Revision.Number > 1 {
		out += before + p.say("standing.revision", "n", p.Revision.Number)
	}
	return out
}

// contentsPage lists the sections, each a link, and what a revision changed.
func (d *pages) contentsPage() {
	p := d.p
	d.At(draw.Margin, d.Y, draw.Light, 16, draw.Ink, p.say("contents.title"))
	d.Y += 16*draw.MMPerPoint + 4
	for _, e := range d.contents {
		if e.Level > 0 || e.ID == summaryID {
			continue
		}
		const size = 9.0
		page := p.Text.Integer(int64(e.Page))
		w := d.At(draw.Margin, d.Y, draw.Regular, size, draw.Ink, e.Title)
		d.AtRight(d.Right(), d.Y, draw.Regular, size, draw.Ink, page)
		d.Line(draw.Margin+w+3, d.Y+3, d.Right()-d.TextWidth(draw.Regular, size, page)-3, d.Y+3, draw.Rule, 0.4)
		d.Link(draw.Margin, d.Y-0.8, d.Column, 5.6, e.ID)
		d.Y += 6
	}
	d.Space(3)
	d.Note(p.say("contents.note", "zone", p.Range.Location.String()))
	d.Note(p.signatureNote())
	d.revision()
}

// signatureNote says whether a signature is to be expected.
func (p *Packet) signatureNote() string {
	if p.Signed {
		return p.say("contents.signed")
	}
	return p.say("contents.unsigned")
}

// maxChanges is how many lines of what a revision changed are printed.
const maxChanges = 40

// revision says what a later packet of the month says differently, and why.
func (d *pages) revision() {
	p := d.p
	r := p.Revision
	if r.Supersedes == nil {
		return
	}
	d.Heading(p.say("revision.title", "n", r.Number, "packet", r.Supersedes.Packet), 20)
	var causes []string
	for _, c := range r.Causes {
		causes = append(causes, p.say("cause."+c))
	}
	d.Text(p.say("revision.why", "causes", strings.Join(causes, " "), "sha256", r.Supersedes.ManifestSHA256))
	d.Space(2)
	if len(r.Changes) == 0 {
		d.Text(p.say("revision.same"))
		return
	}
	var rows [][]draw.Cell
	for _, c := range r.Changes[:min(len(r.Changes), maxChanges)] {
		rows = append(rows, draw.Cells(p.Text.Or("total."+c.What, c.What), p.changed(c.What, c.Before), p.changed(c.What, c.After)))
	}
	d.Draw(d.NewTable(draw.Column{Head: p.say("revision.what"), Width: 70},
		draw.Column{Head: p.say("revision.before"), Width: 55}, draw.Column{Head: p.say("revision.after"), Width: 55}), rows)
	if len(r.Changes) > maxChanges {
		d.Note(p.say("rows.first", "n", maxChanges, "all", len(r.Changes)))
	}
}

// changed is one side of a change for people.
func (p *Packet) changed(what, v string) string {
	switch {
	case v == "":
		return "–"
	case what == "verdict":
		return p.say("verdict.label." + verdictKey(v))
	}
	var n int64
	if _, err := fmt.Sscanf(v, "%d", &n); err == nil && fmt.Sprint(n) == v {
		if strings.Contains(what, "bytes") {
			return p.Text.Bytes(n)
		}
		return p.Text.Integer(n)
	}
	return v
}
