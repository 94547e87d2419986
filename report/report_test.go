package report

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/state"
)

// packet is one with hand-made results.
func packet(t *testing.T, change func(*Packet)) *Packet {
	t.Helper()
	catalog, err := analyze.LoadCatalog("")
	if err != nil {
		t.Fatal(err)
	}
	r, err := analyze.Month(time.UTC, "2026-10")
	if err != nil {
		t.Fatal(err)
	}
	p := &Packet{Month: "2026-10", Range: r, Version: "test", Tenant: config.Tenant{ID: "acme", Name: "Zürich Café", Location: time.UTC,
		Buckets:    []config.Bucket{{Name: "acme-backups", Prefixes: []string{"veeam/"}}},
		Principals: []config.Principal{{Match: "arn:x", Name: "Backup", Role: "backup"}}}}
	for _, q := range catalog.Packet() {
		p.Tables = append(p.Tables, Table{Statement: q, Columns: strings.Split(columnsOf[q.Name], " ")})
	}
	for _, d := range r.Days() {
		p.Coverage = append(p.Coverage, analyze.CoveredDay{Bucket: "acme-backups", Day: d})
		p.Nights = append(p.Nights, Night{Night: analyze.Night{Bucket: "acme-backups", Date: d.Date, Start: d.Start, End: d.End}, Verdict: verdictOK, Bytes: 1e9})
		p.add("log-delivery", "acme-backups", d.Date, int64(3), int64(100), int64(0), d.Start, d.End, int64(60))
		p.add("backup-windows", "acme-backups", d.Date, d.Start, d.End, int64(4), int64(1e9), int64(90), int64(1), int64(0), verdictOK)
	}
	p.add("top-requesters", "Backup", "arn:x", "", int64(3100), int64(0), int64(31e9), r.Start(), r.End())
	if change != nil {
		change(p)
	}
	if err := p.count(); err != nil {
		t.Fatal(err)
	}
	p.judge()
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
	"backup-windows":            "bucket date window_start window_end objects_written bytes_written backup_requests other_requests errors verdict",
	"log-delivery":              "bucket date log_objects records rejected first_record last_record max_delay_s",
}

var oneDay = []state.FindingDay{{Date: "2026-10-01"}}

func (p *Packet) add(query string, cells ...any) {
	t := p.table(query)
	t.Rows = append(t.Rows, cells)
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
		{"a day without logs", func(p *Packet) { p.Coverage[3].Gap = "no log record" }, verdictNotEvaluated, "Backups ran on all 31 nights; on 1 day the log is incomplete and nothing can be said about it."},
		{"nothing at all", func(p *Packet) {
			p.table("log-delivery").Rows = nil
			for i := range p.Nights {
				p.Nights[i].Verdict = verdictNotEvaluated
			}
		}, verdictNotEvaluated, "Nothing could be evaluated: the log holds no record of this month."},
		{"no principal is configured", func(p *Packet) { p.Tenant.Principals = nil }, verdictOK,
			"Backups ran on all 31 nights, and only approved prefixes were touched; by whom was not checked, because no principal is configured."},
		{"nights that are not evaluated beside a missed one", func(p *Packet) {
			for i := range 10 {
				p.Nights[i].Verdict = verdictNotEvaluated
			}
			p.Nights[20].Verdict = verdictMissed
		}, verdictAttention, "Backups ran on 20 of 21 evaluated nights; 10 nights could not be evaluated; 1 night was missed."},
		{"a night that is odd", func(p *Packet) { p.Nights[3].Verdict = verdictAttention }, verdictAttention, "Backups ran on all 31 nights; 1 night needs a look."},
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

// Text that comes from clients must not empty, break or leave the page.
func TestHostileText(t *testing.T) {
	hostile := []string{"😀", "\u202eevil", "a\x00\x01\x1b[31m", "\xff\xfe", ") Tj ET (", strings.Repeat("x", 5000), strings.Repeat("%C3%BC", 400), "中文 العربية", "\n\r\t", strings.Repeat("é ", 3000), ""}
	p := packet(t, func(p *Packet) {
		for _, s := range hostile {
			p.add("unapproved-prefixes", "acme-backups", s, s, s, "REST.GET.OBJECT", int64(1), p.Range.Start(), p.Range.End(), s)
			p.add("user-agents", "acme-backups", s, false, int64(1), int64(1), p.Range.Start(), p.Range.End())
			p.Findings = append(p.Findings, Finding{Finding: state.Finding{Check: "x", Subject: s, Bucket: s, Status: s, Severity: "high", Days: oneDay}, Title: s, Sentence: s})
		}
		p.Tenant.Name = strings.Join(hostile[:4], " ")
	})
	files, err := p.Render(Revision{Number: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if len(f.Body) == 0 {
			t.Errorf("%s is empty", f.Path)
		}
	}
}

func TestSameInputsGiveTheSameBytes(t *testing.T) {
	one, err := packet(t, nil).Render(Revision{Number: 1})
	if err != nil {
		t.Fatal(err)
	}
	two, err := packet(t, nil).Render(Revision{Number: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i := range one {
		if !bytes.Equal(one[i].Body, two[i].Body) {
			t.Errorf("%s differs", one[i].Path)
		}
	}
	if last := one[len(one)-1]; last.Path != "manifest.json" {
		t.Errorf("%s is last", last.Path)
	}
}

func TestEscape(t *testing.T) {
	g, err := loadGlyphs()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"Zürich Café, Łódź, Ελλάς, Москва": "Zürich Café, Łódź, Ελλάς, Москва",
		"a😀b":     `a\u{1F600}b`,
		"\u202ex": `\u{202E}x`,
		"\x00\t":  `\u{0000}\u{0009}`,
		"中":       `\u{4E2D}`,
		"\xff":    `\u{FFFD}`,
	} {
		if got := g[regular].escape(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	measure := func(s string) float64 { return float64(utf8.RuneCountInString(s)) }
	for _, tt := range []struct {
		text string
		want string
	}{
		{"one two three", "one two|three"},
		{"a.b.cccccc", "a.b.|cccccc"},
		{"arn:aws:iam::111122223333:user/x", "arn:aws:|iam::|1111222|23333:|user/x"},
		{"aaaaaa%C3%BC", "aaaaaa|%C3%BC"},
		{"ééééééééé", "ééééééé|éé"},
		{"", ""},
	} {
		width := 7.0
		if strings.HasPrefix(tt.text, "arn") {
			width = 8
		}
		got := strings.Join(wrap(tt.text, width, measure), "|")
		if strings.ReplaceAll(got, "|", "") != strings.ReplaceAll(tt.text, " ", "") && tt.text != "one two three" {
			t.Errorf("%q lost text: %q", tt.text, got)
		}
		if width == 7 && got != tt.want {
			t.Errorf("%q became %q, want %q", tt.text, got, tt.want)
		}
		for _, line := range strings.Split(got, "|") {
			if measure(line) > width {
				t.Errorf("%q is wider than %g", line, width)
			}
		}
	}
}

func TestPercent(t *testing.T) {
	for _, tt := range []struct {
		part, whole int64
		want        string
	}{{0, 0, "–"}, {0, 5, "0.00 %"}, {5, 5, "100 %"}, {999_999, 1_000_000, "> 99.99 %"}, {1, 1_000_000, "< 0.01 %"}, {1, 3, "33.33 %"}} {
		if got := percent(tt.part, tt.whole); got != tt.want {
			t.Errorf("%d of %d is %q, want %q", tt.part, tt.whole, got, tt.want)
		}
	}
}

func TestAxis(t *testing.T) {
	for _, v := range []float64{0, 0.3, 1, 4, 7, 9.99, 10, 31, 2400, 1e12, 1.0000001} {
		top, step := niceTop(v)
		if n := top / step; top < v || n < 1 || n > 5.01 {
			t.Errorf("%g has the axis %g by %g", v, top, step)
		}
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
