package service

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bucketproof/collect"
	"bucketproof/internal/config"
	"bucketproof/internal/jobs"
	"bucketproof/internal/state"
	"bucketproof/scheduler"
)

// stopped is a clock that does not move by itself.
type stopped struct{ at time.Time }

func (c *stopped) Now() time.Time { return c.at }

func (c *stopped) Wait(ctx context.Context, until time.Time, _ <-chan struct{}) error {
	c.at = until
	return ctx.Err()
}

// TestOneRun: a run of the service does what is owed in its order, tells of what went wrong,
// and its metrics say what there is.
func TestOneRun(t *testing.T) {
	dir := t.TempDir()
	var pings atomic.Int64
	switched := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { pings.Add(1) }))
	t.Cleanup(switched.Close)
	t.Setenv("TEST_PING", switched.URL)
	if err := os.Mkdir(filepath.Join(dir, "logs"), 0o700); err != nil {
		t.Fatal(err)
	}
	for day := time.Date(2026, 10, 28, 0, 0, 0, 0, time.UTC); day.Month() != 11 || day.Day() < 3; day = day.AddDate(0, 0, 1) {
		var text strings.Builder
		for h := range 24 {
			fmt.Fprintf(&text, "%s acme-backups [%s] 192.0.2.3 AmazonS3 %s REST.HEAD.BUCKET - \"HEAD / HTTP/1.1\" 200 - - - 41 28 \"-\" \"x\" - "+
				"h= SigV4 C AuthHeader b.s3.amazonaws.com TLSv1.2 - -\n", strings.Repeat("a", 64),
				day.Add(time.Duration(h)*time.Hour).Format("02/Jan/2006:15:04:05 -0700"), day.Format("R0102")+fmt.Sprint(h))
		}
		text.WriteString("half a line of acme-backups\n")
		path := filepath.Join(dir, "logs", day.AddDate(0, 0, 1).Format("2006-01-02")+"-00-30-00-0123456789ABCDEF")
		if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Parse(filepath.Join(dir, "config.toml"), []byte(`
[evidence]
url = "file:packets"
[alerts]
failures = 1
ping_env = "TEST_PING"
[[tenant]]
id = "acme"
name = "Acme"
[[tenant.bucket]]
name = "acme-backups"
logs = "file:logs"
prefixes = [""]
[[tenant]]
id = "lodz"
name = "Lodz"
[[tenant.bucket]]
name = "lodz-archiwum"
logs = "file:nowhere"
prefixes = [""]
`))
	if err != nil {
		t.Fatal(err)
	}
	c.DataDir = filepath.Join(dir, "data")
	p, err := jobs.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.State.Close(); err != nil {
			t.Error(err)
		}
	})
	clock := &stopped{time.Date(2026, 11, 3, 7, 30, 0, 0, time.UTC)}
	var log bytes.Buffer
	p.Log, p.Now, p.Version = slog.New(slog.NewTextHandler(&log, nil)), clock.Now, "v9"
	s, err := New(t.Context(), p, Options{Clock: clock, Since: time.Date(2026, 11, 3, 6, 0, 0, 0, time.UTC),
		Retry: scheduler.Retry{Attempts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := New(t.Context(), p, Options{Clock: clock}); err != nil || again.instance != s.instance || s.instance == "" {
		t.Errorf("the data folder is named %q and %q, %v", s.instance, again.instance, err)
	}
	ask := func(path string) (int, string) {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = "localhost"
		s.watch.handler("127.0.0.1:1").ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	if code, _ := ask("/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("ready before it began: %d", code)
	}
	err = s.RunOnce(t.Context())
	if err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("%v, want that a place is missing", err)
	}
	runs, err := p.State.Runs.List(t.Context(), state.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range runs {
		got[r.Job+" "+r.Tenant+" "+r.Period] += r.Outcome
	}
	want := map[string]string{"collect acme ": "done", "collect lodz ": "failed", "check acme 2026-11-02": "done",
		"check lodz 2026-11-02": "done", "report acme 2026-10": "done", "report lodz 2026-10": "waiting"}
	for run, outcome := range want {
		if got[run] != outcome && !(outcome == "done" && got[run] == "attention") {
			t.Errorf("the run %q ended as %q, want %q", run, got[run], outcome)
		}
	}
	if len(got) != len(want) {
		t.Errorf("there were %v, want %v", got, want)
	}
	if got := s.alerting(t); got != "job/collect/lodz" {
		t.Errorf("alerts %q", got)
	}
	if pings.Load() < 3 {
		t.Errorf("the dead-man's switch was asked %d times", pings.Load())
	}
	if _, err := os.Stat(filepath.Join(dir, "packets", "acme", "2026-10", "manifest.json")); err != nil {
		t.Error(err)
	}
	if code, body := ask("/readyz"); code != http.StatusOK || body != "ready\n" {
		t.Errorf("not ready: %d %s", code, body)
	}
	if err := s.watch.refresh(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	_, metrics := ask("/metrics")
	for _, line := range []string{
		`bucketproof_records_total{bucket="acme-backups"} 144`,
		`bucketproof_rejected_lines_total{bucket="acme-backups"} 6`,
		`bucketproof_packets_published_total{tenant="acme"} 1`,
		`bucketproof_runs_total{job="collect",outcome="failed"} 1`,
		`bucketproof_runs_total{job="collect",outcome="done"} 1`,
		`bucketproof_alerts 1`,
		`bucketproof_build_info{version="v9"} 1`,
		fmt.Sprintf(`bucketproof_log_age_seconds{bucket="acme-backups"} %d`, int(7*time.Hour/time.Second)),
		`bucketproof_last_success_timestamp_seconds{job="report",tenant="acme"} 1.793691e+09`,
		`bucketproof_last_run_end_timestamp_seconds{job="collect"} 1.793691e+09`,
	} {
		if !strings.Contains(metrics, line) {
			name, _, _ := strings.Cut(line, "{")
			t.Errorf("the metrics lack %s; they have\n%s", line, grep(metrics, name))
		}
	}
	if err := p.State.Close(); err != nil {
		t.Fatal(err)
	}
	if code, _ := ask("/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("ready without a state: %d", code)
	}
}

func grep(text, part string) string {
	var out []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

// TestReload: a running service takes another configuration, and names what takes a restart.
func TestReload(t *testing.T) {
	s := newService(t, twoTenants)
	old := s.config.Load()
	for want, change := range map[string]func(c *config.Config){
		"data_dir was":           func(c *config.Config) { c.DataDir = "other" },
		"service.log_format was": func(c *config.Config) { c.Service.LogFormat = "json" },
		"service.listen was":     func(c *config.Config) { c.Service.Listen = "127.0.0.1:1" },
		"links.listen was \"\"":  func(c *config.Config) { c.Links.PublicURL, c.Links.Listen = "https://x.example", "127.0.0.1:2" },
		"links.certificate was":  func(c *config.Config) { c.Links.Certificate = "c.pem" },
		"links.key was":          func(c *config.Config) { c.Links.Key = "k.pem" },
		"queries":                func(c *config.Config) { c.QueriesDir = filepath.Join(t.TempDir(), "none") },
	} {
		c := *old
		change(&c)
		if err := s.Reload(t.Context(), &c); err == nil || !strings.Contains(err.Error(), want) || s.config.Load() != old {
			t.Errorf("%v, want %q", err, want)
		}
	}
	c := *old
	c.Tenants = c.Tenants[:1]
	if err := s.Reload(t.Context(), &c); err != nil || s.current().Config != &c {
		t.Errorf("a tenant less: %v", err)
	}
	if got := s.check(t.Context(), []scheduler.Task{{Tenant: "lodz"}}); got[0].Err != nil ||
		!strings.Contains(got[0].Detail, "no longer in") {
		t.Errorf("what is owed of a tenant that is gone: %+v", got)
	}
}

// TestWaiting: what could not be sent is told, with how much of it there is.
func TestWaiting(t *testing.T) {
	s := newService(t, twoTenants)
	if err := s.waiting(t.Context()); err != nil {
		t.Error(err)
	}
	at := time.Now()
	queue := []state.Message{{Kind: state.AlertWebhook, Subject: "k", Payload: []byte("{}")},
		{Kind: state.AlertWebhook, Subject: "l", Payload: []byte("{}")}}
	if err := s.parts.State.Outbox.Queue(t.Context(), queue, at); err != nil {
		t.Fatal(err)
	}
	if err := s.waiting(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "2 messages wait to be sent") {
		t.Error(err)
	}
	if err := s.parts.State.Packets.Announce(t.Context(), state.Published{Tenant: "acme", Month: "2026-10", Revision: 2, At: at},
		[]state.Mail{{Email: "a@b.example", MessageID: "i"}}, nil, at); err != nil {
		t.Fatal(err)
	}
	if err := s.waiting(t.Context()); err == nil ||
		!strings.HasPrefix(err.Error(), "1 mails and 2 messages wait to be sent and are tried at the next start; the first is about acme/2026-10.r2 to a@b.example") {
		t.Error(err)
	}
}

// TestProgress: reading on is progress, and saying the same again is none.
func TestProgress(t *testing.T) {
	s := newService(t, twoTenants)
	clock := &stopped{time.Date(2026, 11, 3, 7, 30, 0, 0, time.UTC)}
	s.clock = clock
	at := collect.Progress{Read: 1}
	s.moved(at)
	first := s.progress.Load()
	clock.at = clock.at.Add(time.Hour)
	if s.moved(at); s.progress.Load() != first || first == 0 {
		t.Error("the same again is progress")
	}
	at.Read = 2
	if s.moved(at); s.progress.Load() != clock.at.UnixMilli() {
		t.Error("one more is no progress")
	}
}
