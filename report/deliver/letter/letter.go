// Package letter writes the mail that brings a contact a packet. [Packet] makes
// the message from what the packet says, a link and a contact.
package letter

import (
	"bytes"
	"fmt"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/mailer"
	"bucketproof/internal/state"
	"bucketproof/report"
	"bucketproof/report/deliver"
	"bucketproof/report/deliver/link"
	"bucketproof/report/language"
	"bucketproof/templates"
)

// fields are what the templates packet.LANGUAGE.* can say.
type fields struct {
	Contact, Role                 string
	Tenant, MSP, Accent           string
	Period, Zone                  string
	Verdict, VerdictKey, Sentence string
	Provisional                   bool
	Revision                      int
	Reasons                       []string
	Findings                      struct{ Open, High, Closed int }
	Link, LinkEnds                string
	LinkUnsure, Page              bool
	Downloads                     int
	PDFName, PDFSize              string
	PDFSHA256, ManifestSHA256     string
	Signed                        bool
	Signer                        string
	ReplyTo                       string
	Reference                     string
}

// Packet writes the mail about a packet to a contact, in the packet's language.
// It is the same whenever it is written for the same packet, link and time.
func Packet(c *config.Config, o *deliver.Opened, m state.Mail, l link.Link, at time.Time) (mailer.Message, error) {
	text, err := language.Load(o.Model.Language)
	if err != nil {
		return mailer.Message{}, err
	}
	pdf, _ := o.Listed(report.PDFName)
	mf := o.Manifest
	f := fields{
		Contact: mailer.OneLine(m.Name), Role: m.Role, Tenant: mailer.OneLine(mf.Tenant.Name), MSP: mailer.OneLine(c.Report.MSP),
		Accent: Accent(c), Zone: mf.Period.Zone,
		Verdict: text.Say("verdict.label." + o.VerdictKey()), VerdictKey: o.VerdictKey(), Sentence: mf.Sentence,
		Provisional: mf.Provisional, Revision: mf.Revision,
		Link: l.URL, LinkUnsure: l.Unsure, Page: l.Kind == link.Page, Downloads: l.Downloads,
		PDFName: o.Name(report.PDFName), PDFSize: text.Bytes(int64(pdf.Size)), PDFSHA256: pdf.SHA256, ManifestSHA256: o.ManifestSHA256,
		Signed: mf.Signature != nil, Signer: o.Signer(), ReplyTo: c.Mail.ReplyTo, Reference: mf.Tenant.ID + "/" +
			report.PacketName(mf.Period.Month, mf.Revision),
	}
	if f.Period, f.LinkEnds, err = Times(o, text, l.Ends); err != nil {
		return mailer.Message{}, err
	}
	for _, reason := range o.Model.Reasons {
		if reason != text.Say("reason.provisional") { // the mail says it in its own words
			f.Reasons = append(f.Reasons, reason)
		}
	}
	f.Findings.Open, f.Findings.Closed = mf.Totals.FindingsOpen, mf.Totals.FindingsResolved
	for _, finding := range o.Model.Findings {
		if finding.Severity == "high" && finding.Status != state.StatusResolved {
			f.Findings.High++
		}
	}
	out := mailer.Message{ID: m.MessageID, From: c.Mail.From, ReplyTo: c.Mail.ReplyTo, To: m.Email, ToName: m.Name, Date: at}
	if out.Subject, out.Text, err = Text("packet."+o.Model.Language, f); err != nil {
		return out, err
	}
	out.HTML, err = HTML("packet."+o.Model.Language, f)
	return out, err
}

// Times are the month of a packet and the end of a link, as the packet's
// language and zone write them.
func Times(o *deliver.Opened, text *language.Text, ends time.Time) (period, until string, err error) {
	loc, err := time.LoadLocation(o.Manifest.Period.Zone)
	if err != nil {
		return "", "", fmt.Errorf("the zone of the packet: %w", err)
	}
	local := ends.In(loc)
	return text.Month(o.Manifest.Period.From.In(loc)), text.LongDate(local) + ", " + local.Format("15:04") + " " + loc.String(), nil
}

// Accent is the MSP's colour as HTML writes it.
func Accent(c *config.Config) string {
	a := c.Report.Accent
	return fmt.Sprintf("#%02X%02X%02X", a[0], a[1], a[2])
}

// Text fills mail/NAME.txt, whose first line is the subject.
func Text(name string, data any) (subject, body string, err error) {
	t, err := texttemplate.ParseFS(templates.Mail, "mail/"+name+".txt")
	if err != nil {
		return "", "", err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return "", "", err
	}
	first, body, _ := strings.Cut(b.String(), "\n")
	subject, ok := strings.CutPrefix(first, "Subject: ")
	if !ok {
		return "", "", fmt.Errorf("mail/%s.txt has no subject in its first line", name)
	}
	return subject, strings.TrimLeft(body, "\n"), nil
}

// HTML fills mail/NAME.html.
func HTML(name string, data any) (string, error) {
	t, err := htmltemplate.ParseFS(templates.Mail, "mail/"+name+".html")
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	err = t.Execute(&b, data)
	return b.String(), err
}
