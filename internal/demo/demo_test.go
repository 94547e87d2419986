package demo

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"bucketproof/internal/config"
)

// files are the files below a folder by their path, unpacked.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err == nil && strings.HasSuffix(path, ".gz") {
			var z *gzip.Reader
			if z, err = gzip.NewReader(bytes.NewReader(body)); err == nil {
				body, err = io.ReadAll(z)
			}
		}
		out[filepath.ToSlash(strings.TrimPrefix(path, dir+string(filepath.Separator)))] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestGenerate: the truth that the demo tells is what its files hold, its configuration is a
// valid one for them, and it makes the same logs each time.
func TestGenerate(t *testing.T) {
	dir := t.TempDir()
	truth, err := GenerateLogs(dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(filepath.Join(dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	buckets := map[string]string{}
	for _, n := range c.Tenants {
		for _, b := range n.Buckets {
			buckets[b.Name] = n.ID
		}
	}
	if len(c.Tenants) != 3 || len(buckets) != len(truth.Buckets) {
		t.Errorf("%d tenants, %v, truth about %v", len(c.Tenants), buckets, truth.Buckets)
	}
	logs := files(t, filepath.Join(dir, "logs"))
	if len(logs) != truth.Objects {
		t.Errorf("%d log objects, the truth says %d", len(logs), truth.Objects)
	}
	seen, lines, unique := map[string]bool{}, int64(0), map[string]int64{}
	for _, text := range logs {
		for line := range strings.Lines(text) {
			lines++
			if fields := strings.Fields(line); !seen[line] && len(fields) > 7 {
				unique[fields[1]]++
			}
			seen[line] = true
		}
	}
	var unreadable int64
	for _, n := range truth.Unreadable {
		unreadable += n
	}
	if lines != truth.Records+truth.Duplicates+unreadable || truth.Records < 100_000 || truth.Duplicates == 0 || unreadable == 0 {
		t.Errorf("%d lines, the truth is %+v", lines, truth)
	}
	for b, n := range truth.Buckets {
		if got := unique[b]; got < n || got > n+truth.Unreadable[b] {
			t.Errorf("%s has %d lines, the truth says %d records and %d that can't be read", b, got, n, truth.Unreadable[b])
		}
	}
	for _, p := range truth.Planted {
		if p.Count < 1 || p.Bucket != "" && buckets[p.Bucket] != p.Tenant {
			t.Errorf("planted is %+v", p)
		}
	}
	var written Truth
	text, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err == nil {
		err = json.Unmarshal(text, &written)
	}
	if err != nil || !reflect.DeepEqual(written, truth) {
		t.Errorf("truth.json says %+v, %v", written, err)
	}

	// Again: the same logs.
	const last = 2
	var of Truth
	of.Buckets, of.Unreadable = map[string]int64{}, map[string]int64{}
	other := t.TempDir()
	if err := generateTenant(other, &tenants[last], last, false, &of); err != nil {
		t.Fatal(err)
	}
	again := files(t, filepath.Join(other, "logs"))
	for path, text := range again {
		if logs[path] != text {
			t.Errorf("%s has another content", path)
		}
	}
	if len(again) != of.Objects || of.Objects < 1000 {
		t.Errorf("%d log objects, the truth says %d", len(again), of.Objects)
	}
}

// TestClaim: a folder that someone else filled is left alone.
func TestClaim(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "demo")
	for range 2 { // made, and taken again
		if err := Claim(dir); err != nil {
			t.Fatal(err)
		}
	}
	mine := t.TempDir()
	path := filepath.Join(mine, "config.toml")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Claim(mine); err == nil || !strings.Contains(err.Error(), "name another folder with --out") {
		t.Errorf("a folder with something in it: %v", err)
	}
	if _, err := Generate(mine); err == nil {
		t.Error("it was filled")
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "mine" {
		t.Errorf("%q, %v", got, err)
	}
}
