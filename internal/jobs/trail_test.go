package jobs

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketproof/analyze"
	"bucketproof/collect/cloudtrail/integrity"
	"bucketproof/internal/config"
	"bucketproof/internal/state"
)

// movedTrail lays a trail of package integrity's moved.tar.gz out in a folder, a folder
// for each bucket, with the metadata of the digests beside them.
func movedTrail(t *testing.T, name, dir string) {
	t.Helper()
	f, err := os.Open("../../collect/cloudtrail/integrity/testdata/moved.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	write := func(path string, body []byte) {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, body, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path, ok := strings.CutPrefix(h.Name, "./"+name+"/")
		if !ok || h.Typeflag != tar.TypeReg {
			continue
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if path != "metadata.json" {
			write(path, body)
			continue
		}
		var meta map[string]map[string]string
		if err := json.Unmarshal(body, &meta); err != nil {
			t.Fatal(err)
		}
		for key, m := range meta {
			body, err := json.Marshal(map[string]any{"Metadata": m})
			if err != nil {
				t.Fatal(err)
			}
			write(key+integrity.MetadataSuffix, body)
		}
	}
}

// TestWitnessMovedTrail: days of which the digests lie in a place that is not configured
// are looked at again until it is, and what was proven then stays, whatever the
// configuration names later.
func TestWitnessMovedTrail(t *testing.T) {
	dir := t.TempDir()
	movedTrail(t, "bucket", dir)
	witness := func(cloudtrail string, known ...state.TrailDay) []string {
		t.Helper()
		path := filepath.Join(dir, "config.toml")
		text := fmt.Sprintf(`
[evidence]
url = "file:evidence"
[[tenant]]
id = "acme"
name = "Acme"
timezone = "UTC"
accounts = ["111122223333"]
cloudtrail = %s
cloudtrail_keys = "public-keys.json"
bucket = [{ name = "one-bucket", logs = "file:logs/one/", prefixes = [""] }]
`, cloudtrail)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := p.State.Close(); err != nil {
				t.Error(err)
			}
		}()
		if err := p.State.Witnesses.PutTrailDays(t.Context(), "acme", known); err != nil {
			t.Fatal(err)
		}
		p.Now = func() time.Time { return time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC) }
		r, err := analyze.NewRange(time.UTC, "2026-09-30", "2026-10-02")
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Witness(t.Context(), c.Tenants[0], r); err != nil {
			t.Fatal(err)
		}
		days, err := p.State.Witnesses.TrailDays(t.Context(), "acme", "UTC", "2026-09-30", "2026-10-02")
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, date := range []string{"2026-09-30", "2026-10-01", "2026-10-02"} {
			d := days[date]
			s := date[8:] + d.Failure
			for _, c := range d.Chains {
				s += fmt.Sprintf(" %s of %s", c.Proven, c.Whole)
			}
			for _, x := range d.Problems {
				s += " " + x.Kind
			}
			out = append(out, s)
		}
		return out
	}
	later := `["file:acme-trail-2/"]`
	want := []string{"30 0s of 24h0m0s elsewhere", "01 6h0m0s of 24h0m0s elsewhere chain-ended", "02 0s of 24h0m0s chain-ended"}
	if got := witness(later); !slices.Equal(got, want) {
		t.Errorf("without the place before: %q", got)
	}
	want = []string{"30 0s of 24h0m0s digest-none", "01 12h0m0s of 24h0m0s digest-none chain-ended", "02 0s of 24h0m0s chain-ended"}
	if got := witness(`["file:acme-trail-2/", "file:acme-trail/"]`); !slices.Equal(got, want) {
		t.Errorf("with it: %q", got)
	}
	if got := witness(later); !slices.Equal(got, want) {
		t.Errorf("what was proven is gone with the place: %q", got)
	}
	// Nor does it go with days around it that are looked at again.
	unread := []state.TrailProblem{{Kind: integrity.Unread}}
	want[0] = "30 0s of 24h0m0s elsewhere"
	got := witness(later, state.TrailDay{Date: "2026-09-30", Zone: "UTC", Problems: unread},
		state.TrailDay{Date: "2026-10-02", Zone: "UTC", Problems: unread})
	if !slices.Equal(got, want) {
		t.Errorf("what was proven is gone with the days around it: %q", got)
	}
}
