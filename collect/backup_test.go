package collect

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/state"
)

// Reports are read once, again when they change, and what can't be read is said
// and does not stop the others.
func TestReports(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, "reports", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Parse(filepath.Join(dir, "config.toml"), []byte(`
[evidence]
url = "file:evidence"
[[tenant]]
id = "acme"
name = "Acme"
backup_reports = "file:reports"
[[tenant.bucket]]
name = "acme-a"
logs = "file:logs"
prefixes = [""]
[[tenant.bucket]]
name = "acme-b"
logs = "file:logs"
prefixes = [""]
`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := state.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	collector := &Collector{State: s, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: func() time.Time { return time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC) }}
	const restic = `{"message_type":"summary","data_added_packed":500,"backup_start":"2026-10-01T22:00:00Z","snapshot_id":"abc"}`
	put("acme-a/restic.json.gz", gzipped(t, restic))
	put("plain.csv", "date,bucket,objects,bytes\n2026-10-01,acme-b,3,400\n2026-10-01,others,3,400\n")
	put("restic-of-nobody.json", restic)
	put("rubbish.bin", "\x00\x01")
	read := func(want int) {
		t.Helper()
		if n, err := collector.Reports(t.Context(), c.Tenants[0]); err != nil || n != want {
			t.Errorf("%d reports, %v; want %d", n, err, want)
		}
	}
	read(4)
	read(0)
	put("plain.csv", "date,bucket,objects,bytes\n2026-10-01,acme-b,3,500000\n")
	read(1)
	got, err := s.BackupSessions(t.Context(), "acme", time.Time{}, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), "2026-10-01", "2026-10-01")
	if err != nil || len(got) != 2 || got[0].Bytes != 500000 || got[1].Bucket != "acme-a" {
		t.Errorf("%+v, %v", got, err)
	}
	known, err := s.KnownReports(t.Context(), "acme")
	if err != nil || known["file:reports/rubbish.bin"].Problem == "" || known["file:reports/restic-of-nobody.json"].Problem == "" || known["file:reports/plain.csv"].Problem != "" {
		t.Errorf("%+v, %v", known, err)
	}
}
