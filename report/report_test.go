package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/reason"
	"bucketproof/internal/state"
	"bucketproof/report/language"
	"bucketproof/report/pdffile"
	"bucketproof/templates"
)

// packet is one with hand-made results.
func packet(t testing.TB, change func(*Packet)) *Packet {
	t.Helper()
	catalog, err := analyze.LoadCatalog(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	r, err := analyze.Month(time.UTC, "2026-10")
	if err != nil {
		t.Fatal(err)
	}
	text, err := language.Load("en")
	if err != nil {
		t.Fatal(err)
	}
	p := &Packet{Month: "2026-10", Range: r, Version: "test", Text: text,
		Look: Look{Paper: "A4", Accent: config.DefaultAccent}, Tenant: config.Tenant{ID: "acme", Name: "Zürich Café", Location: time.UTC,
			Buckets:    []config.Bucket{{Name: "acme-backups", Prefixes: []string{"veeam/"}}},
			Principals: []config.Principal{{Match: "arn:x", Name: "Backup", Role: "backup"}}, Accounts: []string{"111122223333"}}}
	for _, q := range catalog.Packet() {
		p.Tables = append(p.Tables, Table{Statement: q, Parameters: map[string]any{"tenant": "acme"},
			Columns: strings.Split(columnsOf[q.Name], " ")})
	}
	for _, d := range r.Days() {
		p.Coverage = append(p.Coverage, analyze.CoveredDay{Bucket: "acme-backups", Day: d})
		p.Nights = append(p.Nights, Night{Night: analyze.Night{Bucket: "acme-backups", Date: d.Date, Start: d.Start,
			End: d.End}, Verdict: verdictOK, Bytes: 1e9})
		p.add("log-delivery", "acme-backups", d.Date, int64(3), int64(100), int64(0), d.Start, d.End, int64(60))
		p.add("backup-windows", "acme-backups", d.Date, d.Start, d.End, int64(4), int64(1e9), int64(90), int64(1), int64(0), verdictOK)
		p.add("bytes-by-day", "acme-backups", d.Date, int64(100), int64(1e9), int64(1e6))
	}
	p.add("top-requesters", "Backup", "arn:x", "", int64(3100), int64(0), int64(31e9), r.Start(), r.End())
	p.add("requests-by-hour", "acme-backups", int64(1), int64(23), int64(3100), int64(0), int64(0))
	p.Logging = []Logging{{Bucket: "acme-backups", Target: "s3://logs/acme/", First: r.Start(), Newest: r.End(),
		Objects: 93, Days: 31, DaysKnown: 31, Gaps: []string{}}}
	if change != nil {
		change(p)
	}
	if err := p.addDays(); err != nil {
		t.Fatal(err)
	}
	if err := p.addHours(); err != nil {
		t.Fatal(err)
	}
	if err := p.count(); err != nil {
		t.Fatal(err)
	}
	p.judge()
	p.addActions(catalog)
	return p
}

var columnsOf = map[string]string{
	"operations":                "bucket operation requests bytes_sent",
	"top-requesters":            "principal requester account requests bytes_sent bytes_written first_seen last_seen",
	"unapproved-prefixes":       "bucket prefix principal requester operation requests first_seen last_seen sample_key",
	"deletes":                   "bucket date principal object_deletes multi_object_deletes lifecycle_expirations",
	"large-puts-business-hours": "time bucket key principal requester object_size",
	"errors":                    "bucket operation http_status error_code requests first_seen last_seen",
	"cross-account":             "bucket account requester operation requests first_seen last_seen",
	"user-agents":               "bucket user_agent expected requests principals first_seen last_seen",
	"backup-windows": "bucket date window_start window_end objects_written bytes_written " +
		"backup_requests other_requests errors verdict",
	"log-delivery":     "bucket date log_objects records rejected first_record last_record max_delay_s",
	"bytes-by-day":     "bucket date requests bytes_written bytes_sent",
	"requests-by-hour": "bucket weekday hour requests writes errors",
}

var oneDay = []state.FindingDay{{Date: "2026-10-01"}}

func (p *Packet) add(query string, cells ...any) {
	t := p.table(query)
	t.Rows = append(t.Rows, cells)
}

// withdrawnFinding is one of two days, of which nothing is shown any more.
func withdrawnFinding(reason, status string) []Finding {
	w := state.Withdrawal{Reason: reason}
	return []Finding{{Title: "Other account", Finding: state.Finding{ID: "f", Check: "cross-account", Severity: "high", Status: status,
		Days: []state.FindingDay{{Date: "2026-10-01", Withdrawn: w}, {Date: "2026-10-02", Withdrawn: w}}}}}
}

func TestVerdict(t *testing.T) {
	tests := []struct {
		name     string
		change   func(*Packet)
		verdict  string
		sentence string
	}{
		{"all well", nil, verdictOK, "Backups ran on all 31 nights, and only approved principals touched only approved prefixes."},
		{"a missed night", func(p *Packet) {
			p.Nights[11].Verdict = verdictMissed
			p.Findings = []Finding{{Finding: state.Finding{Check: "backup-missed", Status: state.StatusOpen, Days: oneDay}}}
		}, verdictAttention, "Backups ran on 30 of 31 nights; 1 night was missed."},
		{"a finding", func(p *Packet) {
			p.Findings = []Finding{{Finding: state.Finding{Check: "cross-account", Status: state.StatusResolved, Days: oneDay}}}
		}, verdictAttention, "Backups ran on all 31 nights; 1 finding is closed."},
		{"an open finding", func(p *Packet) {
			p.Findings = []Finding{{Finding: state.Finding{Check: "cross-account", Status: state.StatusInvestigating, Days: oneDay}}}
		}, verdictAttention, "Backups ran on all 31 nights; 1 finding needs a look."},
		{"a night that is not evaluated", func(p *Packet) { p.Nights[3].Verdict = verdictNotEvaluated }, verdictNotEvaluated,
			"Backups ran on all 30 evaluated nights; 1 night could not be evaluated."},
		{"a day without logs", func(p *Packet) {
			p.Coverage[3].Gap = reason.Silence{}.Ever()
		}, verdictNotEvaluated, "Backups ran on all 31 nights; on 1 day the log is incomplete and nothing can be said about it."},
		{"nothing at all", func(p *Packet) {
			p.table("log-delivery").Rows = nil
			for i := range p.Nights {
				p.Nights[i].Verdict = verdictNotEvaluated
			}
		}, verdictNotEvaluated, "Nothing could be evaluated: the log holds no record of this month."},
		{"no principal is configured", func(p *Packet) { p.Tenant.Principals = nil }, verdictNotEvaluated,
			"Backups ran on all 31 nights; who may do what is not known, because no principal is configured."},
		{"a witness that could not be read", func(p *Packet) {
			for _, date := range []string{"2026-10-03", "2026-10-04"} {
				p.Witnesses = append(p.Witnesses,
					analyze.WitnessDay{Witness: analyze.WitnessMetrics, Bucket: "acme-backups", Date: date,
						State: analyze.Unread, Reason: reason.CouldNotAsk("no access")})
			}
		}, verdictNotEvaluated, "Backups ran on all 31 nights; CloudWatch could not be read for all of the month."},
		{"two buckets", func(p *Packet) {
			p.Tenant.Buckets = append(p.Tenant.Buckets, p.Tenant.Buckets[0])
			p.Nights = append(p.Nights, p.Nights...)
		}, verdictOK,
			"Backups ran in all 62 windows of 2 buckets, on 31 nights, and only approved principals touched only approved prefixes."},
		{"nights that are not evaluated beside a missed one", func(p *Packet) {
			for i := range 10 {
				p.Nights[i].Verdict = verdictNotEvaluated
			}
			p.Nights[20].Verdict = verdictMissed
		}, verdictAttention, "Backups ran on 20 of 21 evaluated nights; 10 nights could not be evaluated; 1 night was missed."},
		{"a night that is odd", func(p *Packet) {
			p.Nights[3].Verdict = verdictAttention
		}, verdictAttention, "Backups ran on all 31 nights; 1 night needs a look."},
		{"one night in all", func(p *Packet) {
			p.Nights = p.Nights[:1]
		}, verdictOK, "Backups ran on the only night, and only approved principals touched only approved prefixes."},
		{"findings that are suppressed", func(p *Packet) {
			p.Suppressed = []state.SuppressedFinding{{Check: "cross-account", Bucket: "acme-backups", Subject: "x", Count: 37}}
		}, verdictOK,
			"Backups ran on all 31 nights; whether only approved principals touched only approved prefixes is not " +
				"said here, because the configuration suppresses 1 finding."},
		{"a finding of an earlier month", func(p *Packet) {
			p.Carried = []Finding{{Finding: state.Finding{Check: "cross-account", Severity: "high",
				Status: state.StatusOpen, Due: "2026-09-20", Days: []state.FindingDay{{Date: "2026-09-12"}}},
				Title: "Other account", Since: "2026-09-12"}}
		}, verdictAttention, "Backups ran on all 31 nights; 1 finding of an earlier month is still open."},
		{"a finding that the configuration withdrew", func(p *Packet) {
			p.Findings = withdrawnFinding(state.WithdrawnConfiguration, state.StatusOpen)
		},
			verdictAttention,
			"Backups ran on all 31 nights; 1 finding was withdrawn by a change of the configuration and waits for a person."},
		{"a missed night that the configuration withdrew", func(p *Packet) {
			p.Findings = withdrawnFinding(state.WithdrawnConfiguration, state.StatusOpen)
			p.Findings[0].Check = "backup-missed"
		}, verdictAttention,
			"Backups ran on all 31 nights; 1 finding was withdrawn by a change of the configuration and waits for a person."},
		{"one that the configuration withdrew and a person closed", func(p *Packet) {
			p.Findings = withdrawnFinding(state.WithdrawnConfiguration, state.StatusResolved)
		}, verdictOK, "Backups ran on all 31 nights; 1 finding that a change of the configuration withdrew was closed by a person."},
		{"one that late logs made go and a person has said something about", func(p *Packet) {
			p.Findings = withdrawnFinding(state.WithdrawnChecked, state.StatusInvestigating)
		}, verdictAttention, "Backups ran on all 31 nights; 1 finding needs a look."},
		{"one that late logs made go", func(p *Packet) { p.Findings = withdrawnFinding(state.WithdrawnChecked, state.StatusResolved) },
			verdictOK, "Backups ran on all 31 nights, and only approved principals touched only approved prefixes."},
		{"a bucket that left the configuration", func(p *Packet) { p.Left = []Left{{Bucket: "old", Days: 31}} },
			verdictNotEvaluated, "Backups ran on all 31 nights; 1 bucket left the configuration, and nothing can be said about it."},
		{"in German", func(p *Packet) {
			p.Text = german(t)
			p.Nights[3].Verdict = verdictMissed
		}, verdictAttention, "Die Backups liefen in 30 von 31 Nächten; 1 Nacht fiel aus."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := packet(t, tt.change)
			if p.Verdict != tt.verdict || tt.sentence != "" && p.Sentence != tt.sentence {
				t.Errorf("%s: %s", p.Verdict, p.Sentence)
			}
			if _, err := p.Render(Revision{Number: 1}); err != nil {
				t.Error(err)
			}
		})
	}
}

func german(t testing.TB) *language.Text {
	t.Helper()
	text, err := language.Load("de")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func pdfOf(t testing.TB, files []File) []byte {
	t.Helper()
	i := slices.IndexFunc(files, func(f File) bool { return f.Path == PDFName })
	if i < 0 {
		t.Fatal("there is no PDF")
	}
	return files[i].Body
}

// pageText is what the pages show, page by page, as it stands in the file.
func pageText(t testing.TB, pdf []byte) string {
	t.Helper()
	f, err := pdffile.Open(pdf)
	if err != nil {
		t.Fatal(err)
	}
	text, err := f.PageText()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSameInputsGiveTheSameBytes(t *testing.T) {
	one, err := packet(t, extreme["hostile text"]).Render(Revision{Number: 1})
	if err != nil {
		t.Fatal(err)
	}
	two, err := packet(t, extreme["hostile text"]).Render(Revision{Number: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i := range one {
		if !bytes.Equal(one[i].Body, two[i].Body) {
			t.Errorf("%s differs", one[i].Path)
		}
	}
	if last := one[len(one)-1]; last.Path != PDFName {
		t.Errorf("%s is last", last.Path)
	}
}

// Every file but the manifest is attached to the PDF, whole.
func TestAttachments(t *testing.T) {
	files, err := packet(t, nil).Render(Revision{Number: 1})
	if err != nil {
		t.Fatal(err)
	}
	f, err := pdffile.Open(pdfOf(t, files))
	if err != nil {
		t.Fatal(err)
	}
	attached, err := f.Attachments()
	if err != nil {
		t.Fatal(err)
	}
	if len(attached) != len(files)-1 {
		t.Errorf("%d of %d files are attached", len(attached), len(files)-1)
	}
	for _, a := range attached {
		if i := slices.IndexFunc(files, func(f File) bool {
			return attachedName(f.Path) == a.Name
		}); i < 0 || !bytes.Equal(a.Body, files[i].Body) {
			t.Errorf("%s is attached with %d bytes", a.Name, len(a.Body))
		}
	}
}

// Every link of the contents, and every bookmark, leads to the page that the
// contents print.
func TestLinksLeadWhereTheySay(t *testing.T) {
	files, err := packet(t, extreme["many findings"]).Render(Revision{Number: 1})
	if err != nil {
		t.Fatal(err)
	}
	f, err := pdffile.Open(pdfOf(t, files))
	if err != nil {
		t.Fatal(err)
	}
	pages, links, err := f.Links(2)
	if err != nil {
		t.Fatal(err)
	}
	if len(links) != len(sections()) {
		t.Fatalf("%d links in the contents", len(links))
	}
	text := strings.Split(pageText(t, f.Body), "\f")
	last := 0
	for i, object := range links {
		page := slices.Index(pages, object)
		title := fmt.Sprintf("%d  %s", i+1, packet(t, nil).say("section."+sections()[i].id+".title"))
		if page < last || !strings.Contains(text[max(0, page)], title) {
			t.Errorf("the link to %q leads to page %d (object %d)", title, page+1, object)
		}
		last = page
	}
	if bookmarks, err := f.Bookmarks(); err != nil || len(bookmarks) != len(sections())+1 || !slices.Equal(bookmarks[1:], links) {
		t.Errorf("the bookmarks lead to %v, the contents to %v: %v", bookmarks, links, err)
	}
}

func TestModelFitsItsSchema(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	schema, err := compiler.Compile("../docs/packet.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range extreme {
		t.Run(name, func(t *testing.T) {
			files, err := packet(t, func(p *Packet) {
				change(p)
				p.Previous = &Packet{Month: "2026-09", Range: p.Range, Text: p.Text, Tables: p.Tables}
			}).Render(Revision{Number: 2, Supersedes: &Superseded{Packet: "2026-10"}, Causes: []string{causeLogs},
				Changes: []Change{{"records", "1", "2"}}})
			if err != nil {
				t.Fatal(err)
			}
			model := files[slices.IndexFunc(files, func(f File) bool { return f.Path == ModelName })].Body
			var v any
			if v, err = jsonschema.UnmarshalJSON(bytes.NewReader(model)); err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(v); err != nil {
				t.Error(err)
			}
			v.(map[string]any)["verdict"] = "splendid"
			if schema.Validate(v) == nil {
				t.Error("the schema takes any verdict")
			}
		})
	}
}

// A packet says what it changed, and comes out the same when it is made again.
func TestRevision(t *testing.T) {
	first := packet(t, func(p *Packet) { p.Provisional = true })
	files, err := first.Render(Revision{Number: 1})
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := first.Manifest(files, nil)
	if err != nil {
		t.Fatal(err)
	}
	var stored Manifest
	if err := json.Unmarshal(manifest.Body, &stored); err != nil {
		t.Fatal(err)
	}
	if same, err := first.Same(&stored, files); err != nil || !same {
		t.Errorf("it is not the same as itself: %v", err)
	}
	second := packet(t, func(p *Packet) {
		p.Nights[11].Verdict = verdictMissed
		p.Findings = []Finding{{Finding: state.Finding{ID: "f1", Check: "backup-missed", Status: state.StatusOpen, Count: 1, Days: oneDay}}}
	})
	model := files[slices.IndexFunc(files, func(f File) bool { return f.Path == ModelName })].Body
	r, err := second.Succeed(2, "2026-10", &stored, manifest.SHA256, model)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{causeFindings, causeFinal}; !slices.Equal(r.Causes, want) {
		t.Errorf("causes are %v, want %v", r.Causes, want)
	}
	for _, want := range []Change{{"verdict", "ok", "attention"}, {"nights_missed", "0", "1"}, {"finding f1", "", "open, 1"}} {
		if !slices.Contains(r.Changes, want) {
			t.Errorf("%v is not among %v", want, r.Changes)
		}
	}
	files, err = second.Render(r)
	if err != nil {
		t.Fatal(err)
	}
	if text := pageText(t, pdfOf(t, files)); !strings.Contains(text,
		"Revision 2: what changed since packet 2026-10") || !strings.Contains(text, "Nights missed") {
		t.Error("the revision is not told")
	}
	if same, err := second.Same(&stored, files); err != nil || same {
		t.Errorf("it is the same as the first: %v", err)
	}
}

func TestTagsFit(t *testing.T) {
	var names []string
	for range 400 {
		names = append(names, "a-bucket-with-a-rather-long-name")
	}
	if got := joinUpTo(names, 256); len(got) > 256 || !strings.HasSuffix(got, " + 393 more") {
		t.Errorf("%d characters: %s", len(got), got)
	}
}

// Every message that the code asks for is there, in every language.
func TestMessages(t *testing.T) {
	asked := regexp.MustCompile(`(?:say|Say)\("([a-z0-9._-]+)"`)
	keys := map[string]bool{}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range asked.FindAllSubmatch(body, -1) {
			if key := string(m[1]); !strings.HasSuffix(key, ".") {
				keys[key] = true
			}
		}
	}
	for _, s := range sections() {
		keys["section."+s.id+".title"], keys["section."+s.id+".question"] = true, true
	}
	for _, name := range totalNames() {
		keys["total."+name] = true
	}
	for _, c := range []string{causeLogs, causeFindings, causeTool, causePrevious, causeFinal, causeSigned, causeConfig} {
		keys["cause."+c] = true
	}
	for _, chart := range []string{"deletes", "requests", "bytes", "sent", "written"} {
		keys["chart."+chart+".title"], keys["chart."+chart+".note"] = true, true
	}
	if len(keys) < 150 {
		t.Fatalf("only %d keys were found", len(keys))
	}
	for _, name := range templates.Languages {
		text, err := language.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		for key := range keys {
			if !text.Has(key) {
				t.Errorf("%s lacks %s", name, key)
			}
		}
	}
}

func TestControls(t *testing.T) {
	all, err := controls()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 15 {
		t.Errorf("only %d controls", len(all))
	}
	for _, c := range all {
		for _, name := range templates.Languages {
			w := c.Words[name]
			if w.About == "" || w.Supports == "" || w.Limits == "" || c.Source == "" {
				t.Errorf("%s %s is incomplete in %s", c.Framework, c.ID, name)
			}
			if strings.Contains(strings.ToLower(w.About+w.Supports+w.Limits), "satisf") {
				t.Errorf("%s %s claims to satisfy", c.Framework, c.ID)
			}
		}
		for _, id := range c.Sections {
			if sectionNumber(id) == 0 {
				t.Errorf("%s %s names the section %q", c.Framework, c.ID, id)
			}
		}
	}
}

func BenchmarkRender(b *testing.B) {
	p := packet(b, extreme["400 buckets"])
	for b.Loop() {
		if _, err := p.Render(Revision{Number: 1}); err != nil {
			b.Fatal(err)
		}
	}
}

// What many buckets have in common is one thing to do.
func TestActions(t *testing.T) {
	p := packet(t, func(p *Packet) {
		for i := range 5 {
			p.Findings = append(p.Findings,
				Finding{Finding: state.Finding{ID: fmt.Sprint(i), Check: "off-window-write",
					Bucket: fmt.Sprint("b-", i), Severity: "medium", Status: state.StatusOpen,
					Due: fmt.Sprintf("2026-11-0%d", 9-i), Days: oneDay}, Title: "Writes"})
		}
		p.Findings = append(p.Findings,
			Finding{Finding: state.Finding{ID: "r", Check: "delete-spike", Bucket: "b-1", Severity: "high",
				Status: state.StatusResolved, Days: oneDay}, Title: "Spike"})
		p.Carried = []Finding{{Finding: state.Finding{ID: "c", Check: "cross-account", Bucket: "b-1",
			Severity: "high", Status: state.StatusOpen, Due: "2026-09-20", Owner: "Dana",
			Days: []state.FindingDay{{Date: "2026-09-12"}}}, Title: "Other account", Since: "2026-09-12"}}
	})
	if len(p.Actions) != 2 {
		t.Fatalf("actions are %+v", p.Actions)
	}
	if a := p.Actions[0]; a.Severity != "high" || a.Owner != "Dana" ||
		p.actionLine(a) != "Find out who owns the other AWS account, and approve or remove its access to b-1 "+
			"(Dana, overdue since 20 Sep)." {
		t.Errorf("the first is %+v: %s", a, p.actionLine(a))
	}
	if a := p.Actions[1]; a.Findings != 5 || a.Due != "2026-11-05" || !strings.Contains(a.Text, "5 buckets") ||
		!strings.HasSuffix(a.Text, "(5 findings)") {
		t.Errorf("the second is %+v", a)
	}
}

// TestPlaces: what is in a packet has a section that there is, and a place of its own in it.
func TestPlaces(t *testing.T) {
	catalog, err := analyze.LoadCatalog(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	placed := map[string]int{}
	for _, q := range catalog.Queries {
		if q.Place.Number == 0 {
			continue
		}
		if sectionNumber(q.Place.Section) == 0 {
			t.Errorf("%s has its place in %q, which is no section", q.Name, q.Place.Section)
		}
		if other := placed[q.Place.Section]; other == q.Place.Number {
			t.Errorf("%s has the same place as another query", q.Name)
		}
		placed[q.Place.Section] = q.Place.Number
	}
	if n := len(catalog.PacketOf(config.Tenant{CloudWatch: true})); n != 2 {
		t.Errorf("a tenant with metrics has %d further queries in its packet, want 2", n)
	}
}
