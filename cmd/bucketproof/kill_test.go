package main

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"bucketproof/internal/demo"
	"bucketproof/scheduler"
)

// TestKill ends collect by SIGKILL at fifty random moments. Whenever a run gets
// through, no record is lost and none is there twice; then it begins anew.
func TestKill(t *testing.T) {
	t.Parallel()
	dir, truth := demoLogs(t)
	path := binary(t)
	began := time.Now()
	if _, stderr, code := command(t, dir, path, nil, "collect"); code != exitDone {
		t.Fatalf("%d: %s", code, stderr)
	}
	whole := time.Since(began)
	checkCollected(t, dir, truth)
	anew := func() {
		if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
			t.Fatal(err)
		}
	}
	anew()
	rng := rand.New(rand.NewPCG(uint64(began.UnixNano()), 1))
	for killed := 0; killed < 20; {
		cmd := exec.CommandContext(t.Context(), path, "--config", "config.toml", "collect")
		cmd.Dir = dir
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(rng.Int64N(int64(whole))), func() { _ = cmd.Process.Kill() }) // it may have ended
		err := cmd.Wait()
		timer.Stop()
		if err != nil {
			killed++
			continue
		}
		checkCollected(t, dir, truth)
		anew()
	}
	if _, stderr, code := command(t, dir, path, nil, "collect"); code != exitDone {
		t.Fatalf("%d: %s", code, stderr)
	}
	checkCollected(t, dir, truth)
}

// checkCollected compares the dataset with the truth, record by record.
func checkCollected(t *testing.T, dir string, truth demo.Truth) {
	t.Helper()
	type row struct {
		SourceObject string `parquet:"source_object"`
		SourceLine   int64  `parquet:"source_line"`
	}
	seen := map[row]bool{}
	walk(t, filepath.Join(dir, "data", "dataset", "access"), func(path string) {
		if strings.HasSuffix(path, ".partial") {
			t.Errorf("%s is left", path)
			return
		}
		rows, err := parquet.ReadFile[row](path)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if seen[r] {
				t.Fatalf("%+v is stored twice", r)
			}
			seen[r] = true
		}
	})
	if int64(len(seen)) != truth.Records {
		t.Fatalf("%d records, want %d", len(seen), truth.Records)
	}
}

// TestTwoAtOnce: a second collector ends with a message that names the first.
func TestTwoAtOnce(t *testing.T) {
	dir, _ := demoLogs(t)
	release, err := scheduler.Lock(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	path := binary(t)
	_, stderr, code := command(t, dir, path, nil, "collect")
	if code != exitFailed || !strings.Contains(stderr, "another bucketproof works on this folder (data, process ") {
		t.Errorf("%d: %s", code, stderr)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := command(t, dir, path, nil, "collect", "--format", "json")
	var rows []map[string]any
	if err := json.Unmarshal([]byte(stdout), &rows); err != nil || code != exitDone || len(rows) != 4 {
		t.Errorf("%d, %v: %s%s", code, err, stdout, stderr)
	}
}
