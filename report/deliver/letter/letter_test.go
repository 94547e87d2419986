package letter

import (
	"strings"
	"testing"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/state"
	"bucketproof/report"
	"bucketproof/report/deliver"
	"bucketproof/report/deliver/link"
)

// opened is a packet as it is read back.
func opened(language string) *deliver.Opened {
	m := &report.Manifest{
		Tenant: report.ManifestTenant{ID: "acme", Name: "Acme <Dental> & Söhne"}, Revision: 2, Verdict: "attention",
		Sentence: "One night was missed.", Provisional: true,
		Period: report.ManifestPeriod{Month: "2026-10", Zone: "America/Chicago", From: time.Date(2026, 10, 1, 5, 0, 0, 0, time.UTC)},
		Files:  []report.ManifestFile{{Path: report.PDFName, Size: 480_000, SHA256: strings.Repeat("ab", 32)}},
	}
	m.Totals.FindingsOpen = 1
	return &deliver.Opened{Manifest: m, ManifestSHA256: strings.Repeat("cd", 32),
		Model: &report.Model{Language: language, Reasons: []string{"Missed: 12 Oct."},
			Findings: []report.ModelFinding{{Severity: "high", Status: state.StatusOpen}}}}
}

// TestPacket: a mail says who, what period, the verdict, until when its link works
// and how to check the files, in both parts, to each role and in each language.
func TestPacket(t *testing.T) {
	c := &config.Config{Mail: config.Mail{From: "evidence@msp.example", ReplyTo: "kim@msp.example"},
		Report: config.Report{MSP: "Northwind", Accent: config.DefaultAccent}}
	ends := time.Date(2026, 11, 10, 7, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ language, role, subject, one string }{
		{"en", "account_manager", "Backup evidence Acme <Dental> & Söhne, October 2026: Attention (provisional, revision 2)",
			"1 finding open"},
		{"en", "auditor", "Backup evidence", "Findings: 1 open"},
		{"de", "account_manager", "Backup-Nachweis Acme <Dental> & Söhne, Oktober 2026", "1 Feststellung offen"},
		{"de", "technician", "Backup-Nachweis", "1 offen"},
	} {
		t.Run(tt.language+" "+tt.role, func(t *testing.T) {
			for _, l := range []link.Link{{Kind: link.Page, URL: "https://e.example/p/x", Ends: ends, Downloads: 50},
				{Kind: link.Presigned, URL: "https://s3.example/a?X-Amz-Signature=1&b=2", Ends: ends, Unsure: true}} {
				m, err := Packet(c, opened(tt.language),
					state.Mail{Email: "dana@acme.example", Name: "Dana", Role: tt.role, MessageID: "id"}, l, ends)
				if err != nil {
					t.Fatal(err)
				}
				if !strings.HasPrefix(m.Subject, tt.subject) || m.ReplyTo != "kim@msp.example" || m.To != "dana@acme.example" {
					t.Errorf("%+v", m)
				}
				flat := strings.Join(strings.Fields(m.Text), " ")
				for _, want := range []string{tt.one, l.URL, "One night was missed.", "Missed: 12 Oct.",
					strings.Repeat("ab", 32), strings.Repeat("cd", 32), "01:00 America/Chicago",
					"acme-2026-10.r2-packet.pdf", "Northwind"} {
					if !strings.Contains(flat, want) {
						t.Errorf("the text lacks %q:\n%s", want, m.Text)
					}
				}
				if !strings.Contains(m.HTML, "Acme &lt;Dental&gt; &amp; Söhne") ||
					strings.Contains(m.HTML, "ZgotmplZ") || strings.Contains(m.HTML, "<Dental>") {
					t.Errorf("the HTML part does not escape")
				}
			}
		})
	}
}
