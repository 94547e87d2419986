package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bucketproof/internal/state"
	"bucketproof/scheduler"
)

// jumping is a clock that can be set while others wait by it, as that of a machine that
// slept. It is looked at once a minute.
type jumping struct{ by atomic.Int64 }

func (c *jumping) Now() time.Time { return time.Now().Add(time.Duration(c.by.Load())) }

func (c *jumping) Wait(ctx context.Context, t time.Time, wake <-chan struct{}) error {
	for c.Now().Before(t) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wake:
			return nil
		case <-time.After(time.Minute):
		}
	}
	return ctx.Err()
}

// TestPause: a service that was paused for weeks makes up for what it missed in the
// order of its jobs, as it does at a start; in time a slow job holds no other back.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		d := &diary{busy: map[string]bool{}, t: t}
		var list []scheduler.Job
		for _, j := range []struct {
			name, line, after string
			takes             time.Duration
		}{{"collect", "20 * * * *", "", 45 * time.Minute}, {"check", "30 6 * * *", "collect", time.Minute},
			{"report", "0 7 3 * *", "check", time.Minute}} {
			job := cronLine(t, j.line, time.UTC)
			job.Name, job.After, job.Together = j.name, j.after, j.after == ""
			job.Tasks = func(at time.Time) []scheduler.Task {
				return []scheduler.Task{{Tenant: "acme",
					Period: map[string]string{"collect": "", "check": at.Format(time.DateOnly), "report": at.Format("2006-01")}[j.name]}}
			}
			job.Do = func(ctx context.Context, tasks []scheduler.Task) []scheduler.Result { return d.do(ctx, tasks, j.takes) }
			list = append(list, job)
		}
		c := &jumping{}
		svc := &scheduler.Service{Jobs: func(context.Context) []scheduler.Job {
			return list
		}, CatchUp: func() time.Duration { return 60 * 24 * time.Hour }, Ledger: scheduler.StateLedger{Runs: s.Runs}, Clock: c,
			Retry: scheduler.Retry{Attempts: 1}, Log: slog.New(slog.DiscardHandler)}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- svc.Run(ctx) }()
		// synctest begins at midnight UTC, 1 January 2000
		time.Sleep(36 * time.Hour)
		if n := d.of("check"); len(n) != 2 || n[0].at.Hour() != 6 || n[0].at.Minute() != 31 { // collect runs from 6:20 to 7:05
			t.Errorf("in time the checks were %v", n)
		}
		d.mu.Lock()
		before := len(d.list)
		d.mu.Unlock()
		c.by.Store(int64(20 * 24 * time.Hour))
		time.Sleep(3 * time.Hour)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		var order []string
		for _, x := range d.list[before:] {
			if n := len(order); n == 0 || !strings.HasPrefix(order[n-1], x.Job) {
				order = append(order, x.Job)
			}
		}
		if got := strings.Join(order, " "); !strings.HasPrefix(got, "collect check report") {
			t.Errorf("behind the pause came %s", got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestAttemptsAddUp: where each attempt does a part, the figures of a run are those of
// all of them.
func TestAttemptsAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		busy := errors.New("busy")
		for _, sum := range []bool{true, false} {
			n := int64(0)
			j := cronLine(t, "20 * * * *", time.UTC)
			j.Name, j.Sum = fmt.Sprint("collect", sum), sum
			j.Tasks = func(time.Time) []scheduler.Task { return []scheduler.Task{{Tenant: "acme"}} }
			j.Do = func(context.Context, []scheduler.Task) []scheduler.Result {
				r := scheduler.Result{Detail: "some", Figures: map[string]int64{"records": 10}}
				if n++; n < 3 {
					r.Err = busy
				}
				return []scheduler.Result{r}
			}
			svc := &scheduler.Service{Jobs: func(context.Context) []scheduler.Job {
				return []scheduler.Job{j}
			}, CatchUp: func() time.Duration { return 24 * time.Hour },
				Ledger: scheduler.StateLedger{Runs: s.Runs}, Clock: scheduler.WallClock{},
				Retry: scheduler.Retry{First: time.Second, Longest: time.Minute, Attempts: 5, Transient: func(err error) bool {
					return errors.Is(err, busy)
				}}, Log: slog.New(slog.DiscardHandler)}
			if err := svc.RunOnce(t.Context()); err != nil { // the first start owes nothing
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			if err := svc.RunOnce(t.Context()); err != nil {
				t.Fatal(err)
			}
			runs, err := s.Runs.List(t.Context(), state.RunFilter{Job: j.Name})
			want := int64(10)
			if sum {
				want = 30
			}
			if err != nil || len(runs) != 1 || runs[0].Figures["records"] != want ||
				strings.Contains(runs[0].Detail, "the last of 3 attempts") != sum {
				t.Errorf("%v: %+v, %v", sum, runs, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
