package service

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketproof/collect"
	"bucketproof/internal/config"
	"bucketproof/internal/jobs"
	"bucketproof/internal/state"
	"bucketproof/scheduler"
)

const twoTenants = `
[evidence]
url = "file:packets"
[alerts]
failures = 3
[[tenant]]
id = "acme"
name = "Acme"
[[tenant.bucket]]
name = "acme-backups"
logs = "file:logs/acme"
prefixes = [""]
[[tenant]]
id = "lodz"
name = "Lodz"
[[tenant.bucket]]
name = "lodz-archiwum"
logs = "file:logs/lodz"
prefixes = [""]
`

func newService(t *testing.T, text string) *Service {
	t.Helper()
	c, err := config.Parse(t.TempDir()+"/config.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c.DataDir = t.TempDir()
	p, err := jobs.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.State.Close(); err != nil {
			t.Error(err)
		}
	})
	p.Log, p.Now = slog.New(slog.DiscardHandler), time.Now
	s, err := New(t.Context(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Service) alerting(t *testing.T) string {
	t.Helper()
	list, err := s.parts.State.Alerts.Active(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, a := range list {
		keys = append(keys, a.Key)
	}
	slices.Sort(keys)
	return strings.Join(keys, " ")
}

// TestCrashLoopIsTold: a job that brings the process down can't tell of it; the next
// start does, once the interruptions are more than those that are let pass.
func TestCrashLoopIsTold(t *testing.T) {
	s := newService(t, twoTenants)
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	interrupt := func(n int) {
		t.Helper()
		for range n {
			if _, err := s.parts.State.Runs.Start(t.Context(),
				state.Run{Job: Report, Tenant: "acme", Period: "2026-10", Scheduled: at}, at); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.parts.State.Runs.CloseScheduled(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		if err := s.begin(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	interrupt(scheduler.FreeStarts + 2)
	if got := s.alerting(t); got != "" {
		t.Errorf("alerts %q before there are three failures", got)
	}
	interrupt(1)
	if got := s.alerting(t); got != "job/report/acme" {
		t.Errorf("alerts %q, want one about the report of acme", got)
	}
}

// TestAlertsEnd: what nothing else can end ends with its tenant or bucket, and a
// message that was refused for good after a month.
func TestAlertsEnd(t *testing.T) {
	s := newService(t, twoTenants)
	now := s.clock.Now()
	raise := func(at time.Time, keys ...string) {
		t.Helper()
		for _, k := range keys {
			if _, err := s.parts.State.Alerts.Set(t.Context(), k, k, true, at, func(time.Time) []state.Message { return nil }); err != nil {
				t.Fatal(err)
			}
		}
	}
	raise(now.Add(-40*24*time.Hour), "tickets/acme/ticket-open/old", "job/report/acme")
	raise(now, "job/report/gone", "silence/gone/b", "silence/acme/other", "silence/acme/acme-backups",
		"mail/acme/2026-10/x@acme.example", "tickets/acme/ticket-open/new", "tickets/gone/ticket-open/x", "something")
	if err := s.overs(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := s.alerting(t)
	for _, k := range []string{"job/report/acme", "silence/acme/acme-backups", "mail/acme/2026-10/x@acme.example",
		"tickets/acme/ticket-open/new", "something"} {
		if !strings.Contains(" "+got+" ", " "+k+" ") {
			t.Errorf("%s has ended", k)
		}
	}
	if n := len(strings.Fields(got)); n != 5 {
		t.Errorf("%d alerts last: %s", n, got)
	}
}

// TestStuck: a run that gets no further is told, until it ends; a collection that reads log
// objects is not, however long it takes.
func TestStuck(t *testing.T) {
	s := newService(t, twoTenants)
	began := s.clock.Now().Add(-3 * time.Hour)
	runs := map[string]int64{}
	for _, job := range []string{Collect, Check} {
		id, err := s.parts.State.Runs.Start(t.Context(), state.Run{Job: job, Tenant: "acme", Scheduled: began}, began)
		if err != nil {
			t.Fatal(err)
		}
		runs[job] = id
	}
	told := func(want string) {
		t.Helper()
		if err := s.stuck(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.alerting(t); got != want {
			t.Errorf("alerts %q, want %q", got, want)
		}
	}
	told("stuck/check stuck/collect")
	s.moved(collect.Progress{Read: 1})
	told("stuck/check")
	s.progress.Store(began.UnixMilli())
	s.moved(collect.Progress{Read: 1, Done: 5000}) // objects that can't be read
	told("stuck/check stuck/collect")
	s.moved(collect.Progress{Read: 2})
	told("stuck/check")
	if err := s.parts.State.Runs.End(t.Context(), state.Run{ID: runs[Check], Outcome: scheduler.Done}, s.clock.Now()); err != nil {
		t.Fatal(err)
	}
	told("")
}
