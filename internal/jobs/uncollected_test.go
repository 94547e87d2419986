package jobs

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"bucketproof/internal/config"
)

// TestUncollected: a packet waits until each place of the tenant's logs was collected
// whole since the end of the month.
func TestUncollected(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	text := `
[evidence]
url = "file:evidence"
[[tenant]]
id = "acme"
name = "Acme"
timezone = "America/Chicago"
bucket = [{ name = "one-bucket", logs = "file:logs/one/", prefixes = [""] }, { name = "two-bucket", logs = "file:logs/two/", prefixes = [""] }]
`
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
	end := time.Date(2026, 11, 1, 5, 0, 0, 0, time.UTC) // of October in Chicago
	for _, tt := range []struct {
		place string
		at    time.Time
		want  string
	}{
		{"", end, "file:logs/one/"},
		{"file:logs/one/", end, "file:logs/two/"},
		{"file:logs/two/", end.Add(-time.Second), "file:logs/two/"},
		{"file:logs/two/", end, ""},
	} {
		if tt.place != "" {
			if err := p.State.Listings.End(t.Context(), tt.place, nil, nil, tt.at, nil); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := p.uncollected(t.Context(), c.Tenants[0], "2026-10"); err != nil || got != tt.want {
			t.Errorf("behind %+v it waits for %q, %v", tt, got, err)
		}
	}
}
