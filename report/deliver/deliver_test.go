package deliver_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/dataset"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
	"bucketproof/report"
	"bucketproof/report/deliver"
)

const text = `
[evidence]
url = "file:evidence"
[[tenant]]
id = "acme"
name = "Acme"
[[tenant.bucket]]
name = "acme-backups"
logs = "file:logs"
prefixes = ["veeam/"]
`

// build makes the packet of a month without records.
func build(t *testing.T, name string) *report.Packet {
	t.Helper()
	dir := t.TempDir()
	c, err := config.Parse(filepath.Join(dir, "c.toml"), []byte(strings.Replace(text, `"Acme"`, `"`+name+`"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := analyze.LoadCatalog("")
	if err != nil {
		t.Fatal(err)
	}
	r, err := analyze.Month(c.Location, "2026-10")
	if err != nil {
		t.Fatal(err)
	}
	v, err := analyze.Open(t.Context(), analyze.Dataset{Config: c, Catalog: catalog, State: s, Files: dataset.Dataset{Dir: filepath.Join(dir, "d")}}, c.Tenants[0], r)
	if err != nil {
		t.Fatal(err)
	}
	p, err := report.Build(t.Context(), report.Input{View: v, Catalog: catalog, State: s, Month: "2026-10", Version: "test", Look: report.Look{Paper: "A4", Accent: config.DefaultAccent}})
	if err = errors.Join(err, v.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	return p
}

func place(t *testing.T, dir string) deliver.Place {
	t.Helper()
	u, err := objects.ParseURL("file://" + filepath.ToSlash(dir))
	if err != nil {
		t.Fatal(err)
	}
	store, err := objects.Open(t.Context(), u, objects.Access{})
	if err != nil {
		t.Fatal(err)
	}
	return deliver.Place{Store: store, URL: u.Folder(), Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

func publish(t *testing.T, dir, name string) deliver.Result {
	t.Helper()
	r, err := deliver.Publish(t.Context(), place(t, dir), build(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRevisions(t *testing.T) {
	dir := t.TempDir()
	if r := publish(t, dir, "Acme"); r.Revision != 1 || r.Unchanged {
		t.Errorf("first: %+v", r)
	}
	first, err := os.ReadFile(filepath.Join(dir, "acme", "2026-10", "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if r := publish(t, dir, "Acme"); r.Revision != 1 || !r.Unchanged {
		t.Errorf("again: %+v", r)
	}
	if r := publish(t, dir, "Acme Dental"); r.Revision != 2 || r.Unchanged || !strings.HasSuffix(r.URL, "/acme/2026-10.r2/") {
		t.Errorf("changed: %+v", r)
	}
	if r := publish(t, dir, "Acme Dental"); r.Revision != 2 || !r.Unchanged {
		t.Errorf("changed, again: %+v", r)
	}
	if r := publish(t, dir, "Acme"); r.Revision != 3 {
		t.Errorf("changed back: %+v", r)
	}
	again, err := os.ReadFile(filepath.Join(dir, "acme", "2026-10", "manifest.json"))
	if err != nil || string(again) != string(first) {
		t.Errorf("the first packet was changed (%v)", err)
	}
}

// stopping ends every run after a number of writes.
type stopping struct {
	objects.Store
	left int
}

var errStopped = errors.New("stopped")

func (s *stopping) Put(ctx context.Context, key string, body []byte, opts objects.PutOptions) error {
	if s.left == 0 {
		return errStopped
	}
	s.left--
	return s.Store.Put(ctx, key, body, opts)
}

// A run that ends in the middle leaves no manifest, and the next one finishes
// the same packet.
func TestInterruptedRun(t *testing.T) {
	p := build(t, "Acme")
	for writes := 0; ; writes++ {
		dir := t.TempDir()
		pl := place(t, dir)
		pl.Store = &stopping{Store: pl.Store, left: writes}
		_, err := deliver.Publish(t.Context(), pl, p)
		manifest := filepath.Join(dir, "acme", "2026-10", "manifest.json")
		if err == nil {
			break
		}
		if _, serr := os.Stat(manifest); !errors.Is(err, errStopped) || serr == nil {
			t.Fatalf("after %d writes: %v, and the manifest is there: %t", writes, err, serr == nil)
		}
		if r := publish(t, dir, "Acme"); r.Revision != 1 {
			t.Errorf("after %d writes the next run made %+v", writes, r)
		}
		if _, err := os.Stat(manifest); err != nil {
			t.Error(err)
		}
	}
}

// A file that someone else put in the way is left as it is.
func TestSomethingInTheWay(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "acme", "2026-10", "findings.csv")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := publish(t, dir, "Acme"); r.Revision != 2 {
		t.Errorf("%+v", r)
	}
	if body, err := os.ReadFile(path); err != nil || string(body) != "mine" {
		t.Errorf("%q, %v", body, err)
	}
	if r := publish(t, dir, "Acme"); r.Revision != 2 || !r.Unchanged {
		t.Errorf("again: %+v", r)
	}
}
