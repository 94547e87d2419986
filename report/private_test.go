package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bucketproof/analyze"
	"bucketproof/collect"
	"bucketproof/internal/config"
	"bucketproof/internal/dataset"
	"bucketproof/internal/state"
	"bucketproof/report"
	"bucketproof/report/pdffile"
)

// neighbours are made-up tenants that share log locations and buckets. All that
// is of one holds its word.
type neighbours struct {
	rng    *rand.Rand
	words  []string
	config strings.Builder
	logs   map[string]*strings.Builder // by location
	next   int
}

const secretValue = "5ecre7va1ue0123456789"

func (n *neighbours) word() string {
	b := []byte("qz")
	for range 10 {
		b = append(b, "bcdfghjklmnpqrstvwxz"[n.rng.IntN(20)])
	}
	return string(b)
}

// secretURI is a request URI with a secret in one of the ways to write it.
func (n *neighbours) secretURI(key string) string {
	names := []string{"X-Amz-Signature", "X-Amz-Security-Token", "X-Amz-Credential", "Signature", "AWSAccessKeyId",
		"x-amz-server-side-encryption-customer-key"}
	pair := "&" + names[n.rng.IntN(len(names))] + "=" + secretValue
	switch n.rng.IntN(4) {
	case 0:
		pair = strings.ToUpper(pair)
	case 1:
		pair = url.QueryEscape(pair)
	case 2:
		pair = url.QueryEscape(url.QueryEscape(pair))
	}
	return "/" + key + "?a=1" + pair
}

func (n *neighbours) line(location, bucket, requester, operation, key, agent string, status int, at time.Time) {
	n.next++
	fmt.Fprintf(n.logs[location],
		"79a5 %s [%s] 192.0.2.3 %s R%08d %s %s \"PUT %s HTTP/1.1\" %d - 10 20 5 4 \"%s\" \"%s\" - host= SigV4 "+
			"TLS_AES_128_GCM_SHA256 AuthHeader %s.s3.amazonaws.com TLSv1.3 - -\n",
		bucket, at.Format("02/Jan/2006:15:04:05 -0700"), requester, n.next, operation, key, n.secretURI(key), status,
		"https://example.com"+n.secretURI(key), agent+n.secretURI("x"), bucket)
}

// newNeighbours makes tenants whose buckets and log locations are shared at random.
func newNeighbours(seed uint64, most int) *neighbours {
	n := &neighbours{rng: rand.New(rand.NewPCG(seed, 1)), logs: map[string]*strings.Builder{}}
	n.config.WriteString("[evidence]\nurl = \"file:evidence\"\nlock_mode = \"\"\n")
	tenants, shared := 2+n.rng.IntN(most-1), n.rng.IntN(2) == 0
	for i := range tenants {
		word := n.word()
		n.words = append(n.words, word)
		account := fmt.Sprintf("%012d", 100000000000+i)
		fmt.Fprintf(&n.config,
			"\n[[tenant]]\nid = \"t%d\"\nname = \"Tenant %s\"\nlanguage = %q\naccounts = [%q]\nuser_agents = "+
				"[\"%s*\"]\nsensitive_keys = [\"*/secret-%s*\"]\n", i, word, []string{"en", "de"}[n.rng.IntN(2)], account, word, word)
		own := "own-" + word
		for _, bucket := range []string{own, "shared-by-all"} {
			location := "logs/" + bucket
			if shared {
				location = "logs/everything"
			}
			if n.logs[location] == nil {
				n.logs[location] = &strings.Builder{}
			}
			fmt.Fprintf(&n.config, "  [[tenant.bucket]]\n  name = %q\n  logs = \"file:%s\"\n  prefixes = [\"%s/\"]\n",
				bucket, location, word)
			n.traffic(location, bucket, word, account)
		}
		fmt.Fprintf(&n.config,
			"  [[tenant.principal]]\n  match = \"arn:aws:sts::%s:assumed-role/%s/*\"\n  name = \"Backup %s\"\n  role = \"backup\"\n",
			account, word, word)
		fmt.Fprintf(&n.config, "  [[tenant.contact]]\n  name = \"Person %s\"\n  email = \"%s@example.com\"\n  role = \"auditor\"\n", word,
			word)
	}
	return n
}

// traffic is a month of backups, and some trouble.
func (n *neighbours) traffic(location, bucket, word, account string) {
	role := "arn:aws:sts::" + account + ":assumed-role/" + word + "/night"
	if bucket == "shared-by-all" { // what one does to it concerns all
		n.line(location, bucket, role, "REST.PUT.BUCKETPOLICY", "-", word+"-terraform", 200, time.Date(2026, 10, 9, 10, 0, 0, 0, time.UTC))
	}
	for day := range 31 {
		at := time.Date(2026, 10, day+1, 22, 30, 0, 0, time.UTC)
		for i := range 2 + n.rng.IntN(3) {
			n.line(location, bucket, role, "REST.PUT.OBJECT", fmt.Sprintf("%s/%d/%d", word, day, i), word+"-backup/1",
				200, at.Add(time.Duration(i)*time.Minute))
		}
		switch n.rng.IntN(6) {
		case 0:
			n.line(location, bucket, "arn:aws:iam::"+account+":user/stranger-"+word, "REST.GET.OBJECT", word+
				"/secret-"+word, word+"-odd", 200, at.Add(-10*time.Hour))
		case 1:
			n.line(location, bucket, "-", "REST.GET.OBJECT", word+"/anonymous-"+word, word+"-curl", 403, at.Add(-9*time.Hour))
		case 2:
			n.line(location, bucket, role, "BATCH.DELETE.OBJECT", word+"/gone-"+word, "-", 204, at.Add(-8*time.Hour))
		case 3:
			n.line(location, bucket, "arn:aws:iam::"+account+":user/"+word, "REST.PUT.OBJECT", word+"/late", word+
				"-x", 503, at.Add(-7*time.Hour))
		}
	}
}

// packets collects the logs and renders the packet of every tenant.
func (n *neighbours) packets(t *testing.T, at time.Time) map[string][]report.File {
	t.Helper()
	dir := t.TempDir()
	for location, body := range n.logs {
		lines := strings.SplitAfter(body.String(), "\n")
		n.rng.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		if err := os.MkdirAll(filepath.Join(dir, location), 0o755); err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(lines); i += 50 {
			name := fmt.Sprintf("2026-11-01-0%d-00-00-%016X", i/50%10, i)
			path := filepath.Join(dir, location, name)
			if err := os.WriteFile(path, []byte(strings.Join(lines[i:min(i+50, len(lines))], "")), 0o600); err != nil {
				t.Fatal(err)
			}
			modified := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) // the ETag of a file is made of it
			if err := os.Chtimes(path, modified, modified); err != nil {
				t.Fatal(err)
			}
		}
	}
	c, err := config.Parse(filepath.Join(dir, "config.toml"), []byte(n.config.String()))
	if err != nil {
		t.Fatal(err)
	}
	s, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	now := func() time.Time { return at }
	data := dataset.Dataset{Dir: filepath.Join(dir, "dataset")}
	collector := &collect.Collector{Dataset: data, State: s, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: now}
	if _, err := collector.Collect(t.Context(), collect.Sources(c, "")); err != nil {
		t.Fatal(err)
	}
	catalog, err := analyze.LoadCatalog(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]report.File{}
	for _, tenant := range c.Tenants {
		r, err := analyze.Month(tenant.Location, "2026-10")
		if err != nil {
			t.Fatal(err)
		}
		tenant.PacketQueries = []string{"largest-transfers", "restores", "sensitive-keys", "source-ips",
			"unmapped-requesters", "automation", "window-operations", "slow-requests"}
		v, err := analyze.Open(t.Context(), analyze.Dataset{Config: c, Catalog: catalog, State: s, Files: data}, tenant, r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Check(t.Context(), now()); err != nil {
			t.Fatal(err)
		}
		earlier, err := analyze.Month(tenant.Location, "2026-09")
		if err != nil {
			t.Fatal(err)
		}
		before, err := analyze.Open(t.Context(), analyze.Dataset{Config: c, Catalog: catalog, State: s, Files: data}, tenant, earlier)
		if err != nil {
			t.Fatal(err)
		}
		p, err := report.Build(t.Context(),
			report.Input{View: v, Previous: before, Catalog: catalog, State: s, Month: "2026-10", Version: "test",
				Look: report.Look{Paper: "A4", Accent: config.DefaultAccent}})
		if err = errors.Join(err, v.Close(), before.Close()); err != nil {
			t.Fatal(err)
		}
		if out[tenant.ID], err = p.Render(report.Revision{Number: 1}); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestNothingOfAnotherTenant makes tenants at random, who share what can be
// shared, and looks in every file of each packet, and in what the PDF shows, for
// a word of another, and for secrets.
func TestNothingOfAnotherTenant(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			n := newNeighbours(seed, 5)
			packets := n.packets(t, time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC))
			if len(packets) != len(n.words) {
				t.Fatalf("%d packets of %d tenants", len(packets), len(n.words))
			}
			for i, word := range n.words {
				texts := map[string]string{}
				for _, f := range packets[fmt.Sprint("t", i)] {
					texts[f.Path] = string(f.Body)
					if f.Path != report.PDFName {
						continue
					}
					pdf, err := pdffile.Open(f.Body)
					if err != nil {
						t.Fatal(err)
					}
					shown, err := pdf.PageText()
					if err != nil {
						t.Fatal(err)
					}
					texts["the pages"] = strings.ReplaceAll(shown, "\n", "")
				}
				for _, path := range []string{"the pages", "packet.json", "csv/top-requesters.csv", "csv/user-agents.csv", "findings.csv"} {
					if !strings.Contains(texts[path], word) {
						t.Errorf("%s of t%d does not hold the tenant's own word", path, i)
					}
				}
				if !strings.Contains(texts["findings.csv"], "REST.PUT.BUCKETPOLICY by "+analyze.OtherClient) {
					t.Errorf("findings.csv of t%d does not say that another changed the policy of the shared bucket", i)
				}
				for path, text := range texts {
					if strings.Contains(strings.ToLower(text), secretValue) {
						t.Errorf("%s of t%d holds a secret", path, i)
					}
					for j, other := range n.words {
						if i != j && bytes.Contains([]byte(strings.ToLower(text)), []byte(other)) {
							at := strings.Index(strings.ToLower(text), other)
							t.Errorf("%s of t%d holds %s, the word of t%d: …%s…", path, i, other, j,
								text[max(0, at-80):min(len(text), at+80)])
						}
					}
				}
			}
		})
	}
}

// TestSameOnAnyDay collects, checks and renders the same logs into new datasets
// on different days: the packets are the same.
func TestSameOnAnyDay(t *testing.T) {
	one := newNeighbours(7, 2).packets(t, time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC))
	two := newNeighbours(7, 2).packets(t, time.Date(2027, 3, 9, 17, 30, 1, 5, time.UTC))
	for tenant, files := range one {
		for i, f := range files {
			if other := two[tenant][i]; f.Path != other.Path || f.SHA256 != other.SHA256 {
				t.Errorf("%s of %s differs", f.Path, tenant)
			}
		}
	}
}

// TestMonthBefore has log records of September for one tenant: its October
// packet compares with them, and the others' say that there is nothing.
func TestMonthBefore(t *testing.T) {
	n := newNeighbours(3, 2)
	word, bucket := n.words[0], "own-"+n.words[0]
	location := "logs/" + bucket
	if n.logs[location] == nil {
		location = "logs/everything"
	}
	for day := range 30 {
		n.line(location, bucket, "arn:aws:sts::100000000000:assumed-role/"+word+"/night", "REST.PUT.OBJECT", word+
			"/x", word+"-old/1", 200, time.Date(2026, 9, day+1, 22, 30, 0, 0, time.UTC))
	}
	for tenant, files := range n.packets(t, time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC)) {
		var m report.Model
		for _, f := range files {
			if f.Path == report.ModelName {
				if err := json.Unmarshal(f.Body, &m); err != nil {
					t.Fatal(err)
				}
			}
		}
		if tenant != "t0" {
			if m.Previous != nil {
				t.Errorf("%s is compared with %+v", tenant, m.Previous)
			}
			continue
		}
		if m.Previous == nil || m.Previous.Month != "2026-09" || m.Previous.Totals["records"] != "30" ||
			m.Previous.Totals["nights"] != "60" || m.Provisional {
			t.Errorf("%s is compared with %+v", tenant, m.Previous)
		}
	}
}

// TestProvisional makes packets while log objects of the month may still come.
func TestProvisional(t *testing.T) {
	for at, want := range map[time.Time]bool{
		time.Date(2026, 11, 2, 11, 59, 0, 0, time.UTC): true,
		time.Date(2026, 11, 2, 12, 1, 0, 0, time.UTC):  false,
	} {
		for tenant, files := range newNeighbours(4, 2).packets(t, at) {
			for _, f := range files {
				var m report.Model
				if f.Path != report.ModelName {
					continue
				}
				if err := json.Unmarshal(f.Body, &m); err != nil {
					t.Fatal(err)
				}
				if m.Provisional != want {
					t.Errorf("%s: %s is provisional: %t", at, tenant, m.Provisional)
				}
			}
		}
	}
}
