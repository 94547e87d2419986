package collect

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketproof/collect/reports"
	"bucketproof/internal/config"
	"bucketproof/internal/objects"
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
	collector := &Collector{State: s, Buckets: []string{"acme-a", "acme-b", "others"},
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: func() time.Time {
			return time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC)
		}}
	const restic = `{"message_type":"summary","data_added_packed":500,"backup_start":"2026-10-01T22:00:00Z","snapshot_id":"abc"}`
	put("acme-a/restic.json.gz", gzipped(t, restic))
	put("plain.csv", "date,bucket,objects,bytes\n2026-10-01,acme-b,3,400\n2026-10-01,others,3,400\n")
	put("restic-of-nobody.json", restic)
	put("others/restic.json", restic) // another tenant's
	put("rubbish-2026-10-02.bin", "\x00\x01")
	put("empty.json", "")
	read := func(want int) {
		t.Helper()
		if n, err := collector.Reports(t.Context(), c.Tenants[0]); err != nil || n != want {
			t.Errorf("%d reports, %v; want %d", n, err, want)
		}
	}
	problems := func(want ...string) {
		t.Helper()
		list, err := s.BackupReports.Problems(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range list {
			got = append(got, fmt.Sprintf("%s:%d %s %s", strings.TrimPrefix(p.Source, "file:reports/"), p.Line, p.Date, p.Reason[:6]))
		}
		if !slices.Equal(got, want) {
			t.Errorf("problems %q, want %q", got, want)
		}
	}
	today := time.Now().UTC().Format(time.DateOnly)
	read(6)
	problems("empty.json:0 "+today+" it is ", "restic-of-nobody.json:1 2026-10-01 the se", "rubbish-2026-10-02.bin:0 2026-10-02 no bac")
	read(0)
	put("plain.csv", "date,bucket,objects,bytes\n2026-10-01,acme-b,3,500000\n")
	read(1)
	sessions := func() (got []string) {
		t.Helper()
		list, err := s.BackupReports.Sessions(t.Context(), "acme", time.Time{}, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC),
			"2026-10-01", "2026-10-31")
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			got = append(got, fmt.Sprintf("%s %s %s %d", x.Bucket, x.ID, x.State, x.Bytes))
		}
		return got
	}
	want := []string{"acme-b acme-b 2026-10-01 plain.csv succeeded 500000", "acme-a abc succeeded 500"}
	if got := sessions(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}

	// A file that is written anew keeps what it told, and a session that ran is told
	// once, as it ended.
	put("plain.csv", "date,bucket,status,bytes\n2026-10-02,acme-b,running,\n")
	read(1)
	put("plain.csv", "date,bucket,status,bytes\n2026-10-02,acme-b,failed,7\n")
	read(1)
	put("plain.csv", "date,bucket,status,bytes\n2026-10-02,acme-b,running,\n2026-10-03,acme-b,running,\n")
	read(1)
	want = []string{want[0], "acme-b acme-b 2026-10-02 plain.csv failed 7", "acme-b acme-b 2026-10-03 plain.csv running -1", want[1]}
	if got := sessions(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}

	// What is mended is no problem any more; with another configuration all reports
	// are read again.
	put("empty.json", `{"reportItems":[]}`)
	read(1)
	problems("restic-of-nobody.json:1 2026-10-01 the se", "rubbish-2026-10-02.bin:0 2026-10-02 no bac")
	c.Tenants[0].ReportColumns.Start = "Start"
	read(6)
	read(0)
	if got := sessions(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// restic before 0.17.4 writes no times. A log that is collected while it grows was
// dated when each session was the last of the file.
func TestUndatedSessions(t *testing.T) {
	dir := t.TempDir()
	c, err := config.Parse(filepath.Join(dir, "config.toml"),
		[]byte("[evidence]\nurl = \"file:evidence\"\n[[tenant]]\nid = \"acme\"\nname = \"Acme\"\nbackup_reports = \"file:reports\"\n"+
			"[[tenant.bucket]]\nname = \"acme-a\"\nlogs = \"file:logs\"\nprefixes = [\"\"]\n"))
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
	collector := &Collector{State: s, Now: time.Now}
	path, text := filepath.Join(dir, "reports", "restic.log"), ""
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	for day := 1; day <= 3; day++ {
		text += fmt.Sprintf(`{"message_type":"summary","data_added":5,"total_duration":60,"snapshot_id":"s%d"}`+"\n", day)
		at := time.Date(2026, 10, day, 1, 1, 0, 0, time.UTC)
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
		if _, err := collector.Reports(t.Context(), c.Tenants[0]); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.BackupReports.Sessions(t.Context(), "acme", time.Time{}, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), "", "")
	problems, perr := s.BackupReports.Problems(t.Context(), "acme")
	if err := errors.Join(err, perr); err != nil || len(list) != 3 || len(problems) != 0 {
		t.Fatalf("%+v, %+v, %v", list, problems, err)
	}
	for i, x := range list {
		if want := time.Date(2026, 10, i+1, 1, 0, 0, 0, time.UTC); !x.Start.Equal(want) {
			t.Errorf("session %d at %s, want %s", i+1, x.Start, want)
		}
	}
}

// TestSharedReportFolder: where the reports of several clients lie in one place, a session
// counts for the one whose bucket it names, and for nobody where it names none.
func TestSharedReportFolder(t *testing.T) {
	tenant := func(id, place string, buckets ...string) config.Tenant {
		url, err := objects.ParseURL(place)
		if err != nil {
			t.Fatal(err)
		}
		n := config.Tenant{ID: id, BackupReports: url}
		for _, b := range buckets {
			n.Buckets = append(n.Buckets, config.Bucket{Name: b})
		}
		return n
	}
	for _, tt := range []struct{ own, other, folder, bucket, want string }{
		{"s3://logs/reports/", "s3://logs/reports/", "", "", ""},
		{"s3://logs/reports/", "s3://logs/reports/lodz/", "", "", ""},
		{"s3://logs/reports/acme/", "s3://logs/reports/", "", "", ""},
		{"s3://logs/reports/", "s3://logs/reports/", "", "acme-a", "acme-a"},
		{"s3://logs/reports/", "s3://logs/reports/", "acme-a/", "", "acme-a"},
		{"s3://logs/reports/", "s3://logs/reports/", "", "shared", ""},
		{"s3://logs/acme/", "s3://logs/lodz/", "", "shared", "shared"},
		{"s3://logs/acme/", "s3://logs/lodz/", "", "", "acme-a"},
		{"file:///r", "file:///r/lodz", "", "", ""},
		{"file:///r", "file:///rest", "", "", "acme-a"},
	} {
		own := []string{"acme-a"}
		if tt.bucket == "shared" {
			own = append(own, "shared")
		}
		a, b := tenant("acme", tt.own, own...), tenant("lodz", tt.other, "lodz-a", "shared")
		c := &Collector{ReportPlaces: []ReportPlace{{a.ID, a.BackupReports}, {b.ID, b.BackupReports}},
			Buckets: append(bucketNames(a), bucketNames(b)...)}
		got, ours := c.bucketOf(a, tt.folder+"x.json", reports.Session{Bucket: tt.bucket})
		if got != tt.want || !ours {
			t.Errorf("%+v: %q, %t", tt, got, ours)
		}
	}
}
