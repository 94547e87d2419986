package config

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// TestValues: what a configuration comes out as, with the defaults of all that it leaves out
// and with a value of its own for every key.
func TestValues(t *testing.T) {
	all, err := os.ReadFile(filepath.Join("testdata", "all.toml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"minimal.json": minimal, "all.json": string(all)} {
		c, err := Parse("c.toml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if name == "all.json" {
			for _, part := range []struct {
				checks     Checks
				deviations int64
				rate       float64
			}{{c.Checks, 9, 0.06}, {c.Tenants[0].Checks, 10, 0.08}} {
				if got := part.checks.Parameters(); got["deviations"] != part.deviations || got["error_rate"] != part.rate ||
					got["delete_spike"] != int64(51) || got["large_download"] != int64(11<<30) {
					t.Errorf("the thresholds are %v", got)
				}
			}
		}
		got, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var tree map[string]any
		if err := json.Unmarshal(got, &tree); err != nil {
			t.Fatal(err)
		}
		delete(tree, "Checks") // a threshold is declared by its check, and by nothing here
		for _, tenant := range tree["Tenants"].([]any) {
			delete(tenant.(map[string]any), "Checks")
		}
		if got, err = json.MarshalIndent(tree, "", " "); err != nil {
			t.Fatal(err)
		}
		got = append(got, '\n')
		if c.Location == nil || c.Tenants[0].Location == nil {
			t.Fatalf("%s: no zone", name)
		}
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines, wanted := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
		for i := range max(len(lines), len(wanted)) {
			if i >= len(lines) || i >= len(wanted) || lines[i] != wanted[i] {
				t.Errorf("%s:%d is another (run with -update where it should be):\n%s", path, i+1,
					strings.Join(lines[i:min(len(lines), i+3)], "\n"))
				break
			}
		}
	}
}

// TestBounds: each number has a least and most value, which it may have itself.
func TestBounds(t *testing.T) {
	for _, b := range []struct {
		section, key, least, under, most, over string // "" for no bound
	}{
		{"evidence", "lock_days", "1", "0", "36500", "36501"},
		{"collect", "late_days", "1", "0", "90", "91"},
		{"mail", "link_days", "1", "0", "7", "8"},
		{"collect", "memory_limit", `"128MB"`, `"127MB"`, "", ""},
		{"engine", "memory_limit", `"100MB"`, `"99MB"`, "", ""},
		{"retention", "runs_days", "36", "35", "", ""},
		{"retention", "dataset_days", "180", "179", "", ""},
	} {
		for value, fine := range map[string]bool{b.least: true, b.under: false, b.most: true, b.over: false} {
			if value == "" {
				continue
			}
			line := fmt.Sprintf("%s = %s\n", b.key, value)
			text := minimal + "[" + b.section + "]\n" + line
			if b.section == "evidence" {
				text = strings.Replace(minimal, "[evidence]\n", "[evidence]\n"+line, 1)
			}
			_, err := Parse("c.toml", []byte(text))
			if told := err != nil && strings.Contains(err.Error(), b.section+"."+b.key+":"); told == fine || err != nil && !told {
				t.Errorf("%s.%s = %s: %v, want that it is fine: %t", b.section, b.key, value, err, fine)
			}
		}
	}
}

// TestSMTP: what is no mail server is refused when the configuration is read, and not when the
// first packet is to be sent.
func TestSMTP(t *testing.T) {
	for url, fine := range map[string]bool{"smtp://h": true, "smtps://u@h:465": true, "smtp://": false, "h:25": false, "http://h": false,
		"smtp:h": false, "://": false} {
		_, err := Parse("c.toml", []byte(minimal+"[mail]\nfrom = \"a@b.example\"\nsmtp = \""+url+"\"\n"))
		if fine != (err == nil) || err != nil && !strings.Contains(err.Error(), "is no SMTP server; write smtp://user@host:587") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
