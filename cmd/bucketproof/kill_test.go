package main

import (
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"bucketproof/internal/demo"
	"bucketproof/scheduler"
)

// TestKill ends collect by SIGKILL at fifty random moments and then lets it
// finish: no record is lost and none is there twice.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	truth, err := demo.Generate(dir)
	if err != nil {
		t.Fatal(err)
	}
	path := binary(t)
	killed := 0
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for range 50 {
		wait := time.Duration(rng.Int64N(int64(500 * time.Millisecond)))
		cmd := exec.CommandContext(t.Context(), path, "--config", "config.toml", "collect")
		cmd.Dir = dir
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(wait, func() { _ = cmd.Process.Kill() }) // it may have ended
		err := cmd.Wait()
		timer.Stop()
		if err != nil {
			killed++
		}
	}
	if killed < 10 {
		t.Errorf("only %d runs were killed", killed)
	}
	if _, stderr, code := command(t, dir, path, nil, "collect"); code != exitDone {
		t.Fatalf("%d: %s", code, stderr)
	}
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
		t.Errorf("%d records after %d kills, want %d", len(seen), killed, truth.Records)
	}
}

// TestTwoAtOnce: a second collector ends with a message that names the first.
func TestTwoAtOnce(t *testing.T) {
	dir := t.TempDir()
	if _, err := demo.Generate(dir); err != nil {
		t.Fatal(err)
	}
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
