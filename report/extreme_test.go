package report

import (
	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/reason"
	"bucketproof/internal/state"
	"bucketproof/report/language"
	"bucketproof/templates"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// extreme are packets whose data no layout expects.
var extreme = map[string]func(*Packet){
	"hostile text": func(p *Packet) {
		hostile := []string{"😀", "\u202eevil", "a\x00\x01\x1b[31m", "\xff\xfe", ") Tj ET (",
			strings.Repeat("x", 5000), strings.Repeat("%C3%BC", 400), "中文 العربية", "\n\r\t",
			strings.Repeat("é ", 3000), "", strings.Repeat("m", 1<<20)}
		for _, s := range hostile {
			p.add("unapproved-prefixes", "acme-backups", s, s, s, "REST.GET.OBJECT", int64(1), p.Range.Start(), p.Range.End(), s)
			p.add("user-agents", "acme-backups", s, false, int64(1), int64(1), p.Range.Start(), p.Range.End())
			p.add("top-requesters", s, s, "", int64(1), int64(1), int64(1), p.Range.Start(), p.Range.End())
			p.Findings = append(p.Findings,
				Finding{Finding: state.Finding{Check: "x", Subject: s, Bucket: s, Status: s, Severity: "high",
					Owner: s, Days: []state.FindingDay{{Date: "2026-10-01", Who: []string{s}, Expected: reason.Sentence(s)}}},
					Title: s, Sentence: s})
			p.Unmapped = append(p.Unmapped, Unmapped{Requester: s, Line: s})
			p.Logging = append(p.Logging, Logging{Bucket: s, Target: s, Gaps: []string{s}})
		}
		p.Tenant.Name = strings.Join(hostile[:4], " ")
		p.Look.MSP = strings.Repeat("Managed ", 60)
	},
	"400 buckets": func(p *Packet) {
		p.Tenant.Buckets, p.Nights, p.Logging = nil, nil, nil
		windows := p.table("backup-windows")
		windows.Rows = nil
		for i := range 400 {
			name := fmt.Sprintf("%s-%03d", strings.Repeat("a-rather-long-bucket-name-", 2), i)
			p.Tenant.Buckets = append(p.Tenant.Buckets, config.Bucket{Name: name, Prefixes: []string{strings.Repeat("p/", 200)}})
			p.Logging = append(p.Logging, Logging{Bucket: name, Target: "s3://logs/" + name, Gaps: []string{}})
			for _, d := range p.Range.Days() {
				v := verdictOK
				if i > 390 {
					v = verdictMissed
				}
				p.Nights = append(p.Nights, Night{Night: analyze.Night{Bucket: name, Date: d.Date, Start: d.Start,
					End: d.End}, Verdict: v, Bytes: 1e12})
				p.add("backup-windows", name, d.Date, d.Start, d.End, int64(4), int64(1e12), int64(90), int64(1), int64(0), v)
			}
		}
	},
	"no record": func(p *Packet) {
		for i := range p.Tables {
			p.Tables[i].Rows = nil
		}
		p.Logging[0].Objects, p.Logging[0].DaysKnown = 0, 0
		p.Logging[0].First, p.Logging[0].Newest = time.Time{}, time.Time{}
		for i := range p.Nights {
			p.Nights[i].Verdict = verdictNotEvaluated
		}
		for i := range p.Coverage {
			p.Coverage[i].Gap = reason.Silence{}.Ever()
		}
	},
	"one record": func(p *Packet) {
		for i := range p.Tables {
			if p.Tables[i].Statement.Name != "backup-windows" {
				p.Tables[i].Rows = nil
			}
		}
		p.add("bytes-by-day", "acme-backups", "2026-10-14", int64(1), int64(0), int64(0))
		p.add("log-delivery", "acme-backups", "2026-10-14", int64(1), int64(1), int64(0), p.Range.Start(), p.Range.Start(), int64(60))
		p.add("top-requesters", "-", "-", "", int64(1), int64(0), int64(0), p.Range.Start(), p.Range.Start())
	},
	"huge numbers": func(p *Packet) {
		p.add("top-requesters", "Backup", "arn:y", "", int64(9e18), int64(9e18), int64(9e18), p.Range.Start(), p.Range.End())
		p.add("operations", "acme-backups", "REST.PUT.OBJECT", int64(9e18), int64(9e18))
	},
	"many findings": func(p *Packet) {
		for i := range 1000 {
			p.Findings = append(p.Findings,
				Finding{Finding: state.Finding{ID: fmt.Sprint(i), Check: "new-principal",
					Subject: fmt.Sprintf("arn:aws:iam::111122223333:user/%d", i), Bucket: fmt.Sprintf("b-%d", i%200),
					Status: state.StatusOpen, Severity: "medium", Due: "2026-11-05", Days: oneDay},
					Title: "New principal", Sentence: "It is new."})
		}
	},
	"long reasons": func(p *Packet) {
		for i := range p.Nights {
			p.Nights[i].Verdict = []string{verdictMissed, verdictAttention, verdictNotEvaluated}[i%3]
			from := time.Date(2026, 10, 1, 10, 0, 0, 0, time.UTC)
			p.Coverage[i].Gap = reason.Silence{}.Between(from, from.AddDate(0, 0, 3))
		}
		p.Provisional = true
		p.NotEvaluated = append(p.NotEvaluated,
			state.NotEvaluated{Check: "cross-account", Bucket: "b", Date: "2026-10-01", Reason: reason.NoAccounts()})
	},
}

// papers are those on which the languages are tested: each size with one.
var papers = map[string]string{"en": "A4", "de": "Letter"}

func TestExtremeData(t *testing.T) {
	for name, change := range extreme {
		for _, lang := range templates.Languages {
			for _, paper := range []string{papers[lang]} {
				t.Run(name+" "+lang+" "+paper, func(t *testing.T) {
					t.Parallel()
					p := packet(t, func(p *Packet) {
						p.Look.Paper = paper
						text, err := language.Load(lang)
						if err != nil {
							t.Fatal(err)
						}
						p.Text = text
						change(p)
					})
					files, err := p.Render(Revision{Number: 2,
						Supersedes: &Superseded{Packet: "2026-10", ManifestSHA256: strings.Repeat("ab", 32)},
						Causes:     []string{causeLogs}, Changes: []Change{{"records", "1", "2"}, {"verdict", "ok", "attention"}}})
					if err != nil {
						t.Fatal(err)
					}
					for _, f := range files {
						if len(f.Body) == 0 {
							t.Errorf("%s is empty", f.Path)
						}
					}
					text := strings.ReplaceAll(pageText(t, pdfOf(t, files)), "[[tenant.principal]]", "")
					if second := strings.Split(text, "\f")[1]; !strings.Contains(second, p.say("contents.title")) {
						t.Error("the first page does not fit on one page")
					}
					for _, s := range sections() {
						if title := p.say("section." + s.id + ".title"); !strings.Contains(text, title) {
							t.Errorf("the section %q is missing", title)
						}
					}
					if missing := regexp.MustCompile(`\[[a-z]+\.[a-z.-]+\]`).FindString(text); missing != "" {
						t.Errorf("a message is missing: %s", missing)
					}
					if p.spills != nil {
						t.Errorf("text leaves the page: %.300q", p.spills)
					}
				})
			}
		}
	}
}
