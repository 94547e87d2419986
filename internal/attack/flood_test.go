//go:build linux

package attack

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// floods are what a client without rights can send in a day. Every request has a key, an
// agent, an address and a requester of its own, so that no two records share a row.
var floods = []struct {
	name            string
	records, length int
	memory          int // engine.memory_limit in MB
	who             func(n int) string
}{
	{"long keys and agents, anonymous", 20_000, 900, 200, func(int) string { return "-" }},
	{"a user each", 30_000, 20, 200, func(n int) string { return fmt.Sprintf("arn:aws:iam::999988887777:user/u%d", n) }},
	{"a million sessions", 1_000_000, 20, 1000, func(n int) string {
		return fmt.Sprintf("arn:aws:sts::999988887777:assumed-role/r/s%d", n)
	}},
}

// TestFlood: a flood of refused requests takes bounded memory, makes a packet of bounded
// size, opens few findings, and buries nothing: the one request among them that was served
// stands by itself, and first.
func TestFlood(t *testing.T) {
	if asked == "" {
		t.Skip("BUCKETPROOF_TEST_ATTACKS is not set: it takes half a minute; .ci/run sets it")
	}
	for _, f := range floods {
		if f.records > 100_000 && asked != "every" {
			continue // takes minutes
		}
		t.Run(f.name, func(t *testing.T) {
			dir := t.TempDir()
			flood(t, dir, f.records, f.length, f.memory, f.who)
			path, err := program()
			if err != nil {
				t.Fatal(err)
			}
			day := []string{"--from", "2026-10-15", "--to", "2026-10-15", "--format", "csv"}
			for _, args := range [][]string{{"collect"}, append([]string{"check"}, day[:4]...),
				append([]string{"query", "user-agents"}, day...),
				append([]string{"query", "source-ips"}, day...), {"report", "--month", "2026-10"}} {
				cmd := exec.Command(path, append([]string{"--config", filepath.Join(dir, "config.toml")}, args...)...)
				out, err := cmd.CombinedOutput()
				if err != nil && cmd.ProcessState.ExitCode() != 3 {
					t.Fatalf("%s: %v: %s", args, err, out)
				}
				if most := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss / 1000; most > int64(f.memory)+500 {
					t.Errorf("%s took %d MB", args, most)
				}
				if lines := bytes.Count(out, []byte{'\n'}); args[0] == "query" && lines < f.records {
					t.Errorf("%s: %d lines of %d", args, lines, f.records)
				}
			}
			packet := filepath.Join(dir, "evidence", "acme", "2026-10")
			for name, most := range map[string]int64{"packet.json": 64 << 20, "packet.pdf": 64 << 20} {
				if st, err := os.Stat(filepath.Join(packet, name)); err != nil || st.Size() > most {
					t.Errorf("%s: %d bytes, %v", name, st.Size(), err)
				}
			}
			body, err := os.ReadFile(filepath.Join(packet, "packet.json"))
			if err != nil {
				t.Fatal(err)
			}
			var p struct {
				Totals struct {
					Requests int64 `json:"requests"`
				}
				Findings []struct{ Check, Subject, Severity string }
				Tables   []struct {
					Name string
					Rows int64
					More int64 `json:"more_rows"`
					Data [][]any
				}
			}
			if err := json.Unmarshal(body, &p); err != nil {
				t.Fatal(err)
			}
			if len(p.Findings) > 12 {
				t.Errorf("%d findings", len(p.Findings))
			}
			served := false
			for _, f := range p.Findings {
				served = served || f.Check == "unapproved-prefix" && f.Subject == "finance/"
			}
			if !served {
				t.Errorf("the request that was served is not found: %v", p.Findings)
			}
			for _, table := range p.Tables {
				if table.Name != "unapproved-prefixes" {
					continue
				}
				if got := fmt.Sprint(table.Data[0][1]); got != "finance/" {
					t.Errorf("the first row is about %.40s", got)
				}
				if n := table.Rows + table.More; n != int64(f.records)+1 {
					t.Errorf("%d rows are told, want %d", n, f.records+1)
				}
			}
			if want := int64(f.records) + 1 + 31*24; p.Totals.Requests != want {
				t.Errorf("%d requests are told, want %d", p.Totals.Requests, want)
			}
		})
	}
}

// flood writes a month of a backup with one day of a flood.
func flood(t *testing.T, dir string, records, length, memory int, who func(int) string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`[engine]
memory_limit = "%dMB"
[evidence]
url = "file:evidence"
[[tenant]]
id = "acme"
name = "Acme"
accounts = ["111122223333"]
  [[tenant.bucket]]
  name = "acme-backups"
  logs = "file:logs"
  prefixes = ["veeam/"]
  window = { start = "01:00", end = "04:00" }
  [[tenant.principal]]
  match = "arn:aws:iam::111122223333:role/BackupRole"
  name = "Backup"
  role = "backup"
`, memory)
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	n := 0
	line := func(day, hour, minute int, who, op, key string, status int, code, agent string) string {
		n++
		return fmt.Sprintf("%s acme-backups [%02d/Oct/2026:%02d:%02d:%02d +0000] 2001:db8::%x:%x %s R%012X %s %s "+
			"\"GET /%s HTTP/1.1\" %d %s 243 10000000 30 10 \"-\" \"%s\" - host= SigV4 ECDHE-RSA-AES128-GCM-SHA256 "+
			"AuthHeader acme-backups.s3.eu-west-1.amazonaws.com TLSv1.2 - -\n",
			strings.Repeat("a", 64), day, hour, minute, n%60, n>>16, n&0xffff, who, n, op, key, key, status, code, agent)
	}
	write := func(name string, lines func(w *bufio.Writer)) {
		file, err := os.Create(filepath.Join(dir, "logs", name))
		if err != nil {
			t.Fatal(err)
		}
		w := bufio.NewWriter(file)
		lines(w)
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	const backup = "arn:aws:sts::111122223333:assumed-role/BackupRole/veeam"
	for day := 1; day <= 31; day++ {
		write(fmt.Sprintf("2026-10-%02d-23-59-30-%016X", day, 0xA000+day), func(w *bufio.Writer) {
			for hour := range 24 {
				op := "REST.HEAD.OBJECT"
				if hour == 1 || hour == 2 {
					op = "REST.PUT.OBJECT"
				}
				w.WriteString(line(day, hour, 20, backup, op, fmt.Sprintf("veeam/d%d-%d.vbk", day, hour), 200, "-", "APN/1.0 Veeam/12"))
			}
			if day == 15 {
				w.WriteString(line(day, 12, 30, "arn:aws:iam::111122223333:user/eve", "REST.GET.OBJECT",
					"finance/payroll.xlsx", 200, "-", "curl/8"))
			}
		})
	}
	rng := rand.New(rand.NewPCG(1, 1))
	noise := func() string {
		b := make([]byte, length)
		for i := range b {
			b[i] = 'a' + byte(rng.IntN(26))
		}
		return string(b)
	}
	write("2026-10-15-13-00-00-BBBBBBBBBBBBBBBB", func(w *bufio.Writer) {
		for i := range records {
			w.WriteString(line(15, 12, i%60, who(i), "REST.GET.OBJECT", fmt.Sprintf("%s%d/x", noise(), i), 403,
				"AccessDenied", fmt.Sprintf("bot-%s%d", noise(), i)))
		}
	})
}
