package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bucketproof/internal/state"
	"bucketproof/scheduler"
)

// did is a task with the moment at which it was done.
type did struct {
	scheduler.Task
	at time.Time
}

// diary is what was done, over several services on one ledger.
type diary struct {
	mu   sync.Mutex
	list []did
	busy map[string]bool
	t    *testing.T
}

// do takes as long as takes, and is done unless ctx ends before.
func (d *diary) do(ctx context.Context, tasks []scheduler.Task, takes time.Duration) []scheduler.Result {
	name := tasks[0].Job
	d.mu.Lock()
	if d.busy[name] {
		d.t.Errorf("%s overlaps itself", name)
	}
	d.busy[name] = true
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.busy[name] = false
	}()
	out := make([]scheduler.Result, len(tasks))
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		for i := range out {
			out[i].Err = ctx.Err()
		}
		return out
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, task := range tasks {
		d.list = append(d.list, did{task, time.Now()})
	}
	return out
}

// of returns what was done of a job, in its order.
func (d *diary) of(job string) (out []did) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, x := range d.list {
		if x.Job == job {
			out = append(out, x)
		}
	}
	return out
}

func open(t *testing.T) *state.State {
	t.Helper()
	s, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func cronLine(t *testing.T, line string, loc *time.Location) scheduler.Job {
	t.Helper()
	s, err := scheduler.ParseCron(line, loc)
	if err != nil {
		t.Fatal(err)
	}
	return scheduler.Job{Schedule: s}
}

// TestMonth runs a month with a change of daylight saving, three outages and a
// stop in the middle of a task: everything is done once and in order.
func TestMonth(t *testing.T) {
	loc, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		d := &diary{busy: map[string]bool{}, t: t}
		tenants := []string{"acme", "lodz"}
		each := func(period func(time.Time) string) func(time.Time) []scheduler.Task {
			return func(at time.Time) (out []scheduler.Task) {
				for _, id := range tenants {
					out = append(out, scheduler.Task{Tenant: id, Period: period(at.In(loc))})
				}
				return out
			}
		}
		job := func(name, line, after string, together bool, takes time.Duration, period func(time.Time) string) scheduler.Job {
			j := cronLine(t, line, loc)
			j.Name, j.After, j.Together, j.Tasks = name, after, together, each(period)
			j.Do = func(ctx context.Context, tasks []scheduler.Task) []scheduler.Result { return d.do(ctx, tasks, takes) }
			return j
		}
		list := []scheduler.Job{
			job("collect", "20 * * * *", "", true, 5*time.Minute, func(time.Time) string { return "" }),
			job("check", "30 2 * * *", "collect", false, 10*time.Minute, func(at time.Time) string {
				return at.AddDate(0, 0, -1).Format(time.DateOnly)
			}),
			job("report", "0 7 3 * *", "check", false, 20*time.Minute, func(at time.Time) string {
				return at.AddDate(0, -1, 0).Format("2006-01")
			}),
		}
		run := func(from, to string) {
			t.Helper()
			begin, end := at(t, from, loc), at(t, to, loc)
			time.Sleep(time.Until(begin))
			ctx, cancel := context.WithDeadline(context.Background(), end)
			defer cancel()
			svc := &scheduler.Service{Jobs: func(context.Context) []scheduler.Job {
				return list
			}, CatchUp: func() time.Duration { return 35 * 24 * time.Hour }, Ledger: scheduler.StateLedger{Runs: s.Runs},
				Clock: scheduler.WallClock{}, Retry: scheduler.Retry{Attempts: 1}, Log: slog.New(slog.DiscardHandler)}
			if err := svc.Run(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
		}
		run("2000-03-01 00:00", "2000-03-02 23:00")
		run("2000-03-05 12:00", "2000-03-14 02:35") // off on the 3rd; stopped in the middle of a check
		run("2000-03-17 09:00", "2000-03-25 22:00")
		run("2000-03-27 10:00", "2000-04-01 00:00") // off while clocks change
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}

		var days []string
		for _, c := range d.of("check") {
			days = append(days, c.Period+" "+c.Tenant)
		}
		var want []string
		for day := time.Date(2000, 2, 29, 0, 0, 0, 0,
			time.UTC); day.Before(time.Date(2000, 3, 31, 0, 0, 0, 0, time.UTC)); day = day.AddDate(0, 0, 1) {
			for _, id := range tenants {
				want = append(want, day.Format(time.DateOnly)+" "+id)
			}
		}
		if !slices.Equal(days, want) {
			t.Errorf("checks\n got  %v\n want %v", days, want)
		}
		reports := d.of("report")
		if len(reports) != 2 || reports[0].Tenant != "acme" || reports[1].Tenant != "lodz" || reports[0].Period != "2000-02" {
			t.Errorf("reports: %v; want February once for each tenant", reports)
		}
		checkCollects(t, d.of("collect"), loc)
		// What was missed is made up for in order: the logs first, then the checks,
		// then the report.
		if c, k := d.of("collect"), d.of("check"); !(c[len(c)-1].at.After(k[0].at)) || !reports[0].at.After(lastBefore(k, reports[0].at)) {
			t.Errorf("the order of the jobs is wrong")
		}
	})
}

// checkCollects wants one collection for every hour that the service ran, and one
// for each outage.
func checkCollects(t *testing.T, list []did, loc *time.Location) {
	t.Helper()
	seen := map[string]int{}
	var last time.Time
	for _, c := range list {
		seen[c.Scheduled.UTC().Format(time.RFC3339)+c.Tenant]++
		if c.Scheduled.Before(last) {
			t.Errorf("a collection for %s ran behind one for %s", c.Scheduled, last)
		}
		last = c.Scheduled
	}
	for k, n := range seen {
		if n > 1 {
			t.Errorf("the collection %s ran %d times", k, n)
		}
	}
	hours := 0
	for _, span := range [][2]string{{"2000-03-01 00:00", "2000-03-02 23:00"},
		{"2000-03-05 12:00", "2000-03-14 02:35"}, {"2000-03-17 09:00", "2000-03-25 22:00"}, {"2000-03-27 10:00", "2000-04-01 00:00"}} {
		hours += int(at(t, span[1], loc).Sub(at(t, span[0], loc)).Round(time.Hour).Hours())
	}
	const outages = 3
	if got, want := len(list), 2*(hours+outages); got < want-4 || got > want+4 {
		t.Errorf("%d collections; want about %d: one for each hour and outage, and tenant", got, want)
	}
}

func lastBefore(list []did, at time.Time) (last time.Time) {
	for _, x := range list {
		if x.at.Before(at) {
			last = x.at
		}
	}
	return last
}

func at(t *testing.T, text string, loc *time.Location) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", text, loc)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestFailures: a task that fails is tried again after an hour, then two, and a
// transient fault within the run; a tenant's fault leaves the others alone.
func TestFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		began := time.Now()
		busy := errors.New("busy")
		tries := map[string][]time.Duration{}
		j := cronLine(t, "0 1 * * *", time.UTC)
		j.Name = "report"
		j.Tasks = func(at time.Time) (out []scheduler.Task) {
			for _, id := range []string{"bad", "good", "slow"} {
				out = append(out, scheduler.Task{Tenant: id, Period: at.Format("2006-01")}) // one a month, asked for every day
			}
			return out
		}
		j.Do = func(_ context.Context, tasks []scheduler.Task) []scheduler.Result {
			id := tasks[0].Tenant
			tries[id] = append(tries[id], time.Since(began))
			switch {
			case id == "bad" && len(tries[id]) < 3:
				return []scheduler.Result{{Err: errors.New("no")}}
			case id == "slow" && len(tries[id]) < 3:
				return []scheduler.Result{{Err: busy}}
			}
			return []scheduler.Result{{}}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Hour)
		defer cancel()
		svc := &scheduler.Service{Jobs: func(context.Context) []scheduler.Job {
			return []scheduler.Job{j}
		}, CatchUp: func() time.Duration {
			return 48 * time.Hour
		}, Ledger: scheduler.StateLedger{Runs: s.Runs}, Clock: scheduler.WallClock{},
			Retry: scheduler.Retry{First: time.Second, Longest: time.Minute, Attempts: 5, Transient: func(err error) bool {
				return errors.Is(err, busy)
			}}, Log: slog.New(slog.DiscardHandler)}
		if err := svc.Run(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if got := fmt.Sprint(tries["bad"]); got != "[1h0m0s 2h0m0s 4h0m0s]" {
			t.Errorf("a task that fails was tried at %s", got)
		}
		if len(tries["good"]) != 1 {
			t.Errorf("the other tenant was done %d times", len(tries["good"]))
		}
		slow := tries["slow"]
		if len(slow) != 3 || slow[2]-slow[0] > 5*time.Second || slow[2] == slow[0] {
			t.Errorf("a transient fault was met at %v; want three tries within seconds", slow)
		}
		runs, err := s.Runs.List(t.Context(), state.RunFilter{Tenant: "bad"})
		if err != nil || len(runs) != 3 || runs[0].Outcome != scheduler.Failed || runs[0].Error != "no" ||
			runs[2].Outcome != scheduler.Done {
			t.Errorf("the ledger says %+v, %v", runs, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestNothingOwedBeforeTheFirstStart: a service that starts for the first time
// makes up for nothing.
func TestNothingOwedBeforeTheFirstStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		n := 0
		j := cronLine(t, "0 1 * * *", time.UTC)
		j.Name = "check"
		j.Tasks = func(at time.Time) []scheduler.Task {
			return []scheduler.Task{{Tenant: "acme", Period: at.Format(time.DateOnly)}}
		}
		j.Do = func(_ context.Context, tasks []scheduler.Task) []scheduler.Result {
			n++
			return make([]scheduler.Result, len(tasks))
		}
		svc := &scheduler.Service{Jobs: func(context.Context) []scheduler.Job {
			return []scheduler.Job{j}
		}, CatchUp: func() time.Duration {
			return 30 * 24 * time.Hour
		}, Ledger: scheduler.StateLedger{Runs: s.Runs}, Clock: scheduler.WallClock{}, Log: slog.New(slog.DiscardHandler)}
		time.Sleep(10 * 24 * time.Hour)
		if err := svc.RunOnce(t.Context()); err != nil || n != 0 {
			t.Errorf("the first start did %d tasks (%v)", n, err)
		}
		time.Sleep(49 * time.Hour)
		if err := svc.RunOnce(t.Context()); err != nil || n != 3 {
			t.Errorf("two days later %d tasks were done (%v); want 3", n, err)
		}
		if err := s.Runs.SetOwedSince(t.Context(), "check", "acme", time.Now().Add(-5*24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := svc.RunOnce(t.Context()); err != nil || n != 5 {
			t.Errorf("with five days owed %d tasks were done (%v); want 5", n, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestClockAhead: what a clock did that was years ahead for a while keeps nothing
// from being done when it is right again.
func TestClockAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		n := 0
		j := cronLine(t, "20 * * * *", time.UTC)
		j.Name = "collect"
		j.Tasks = func(time.Time) []scheduler.Task { return []scheduler.Task{{Tenant: "acme"}} }
		j.Do = func(_ context.Context, tasks []scheduler.Task) []scheduler.Result {
			n++
			return make([]scheduler.Result, len(tasks))
		}
		c := &shifted{}
		svc := &scheduler.Service{Jobs: func(context.Context) []scheduler.Job {
			return []scheduler.Job{j}
		}, CatchUp: func() time.Duration {
			return 30 * 24 * time.Hour
		}, Ledger: scheduler.StateLedger{Runs: s.Runs}, Clock: c, Log: slog.New(slog.DiscardHandler)}
		once := func(want int) {
			t.Helper()
			time.Sleep(time.Hour)
			if err := svc.RunOnce(t.Context()); err != nil || n != want {
				t.Errorf("%d collections (%v); want %d", n, err, want)
			}
		}
		c.by = 2 * 365 * 24 * time.Hour
		once(0)
		once(1)
		c.by = 0
		once(1) // owed from here on
		once(2)
		once(3)
		c.by = -30 * time.Minute // set back a little: nothing is done twice
		if err := svc.RunOnce(t.Context()); err != nil || n != 3 {
			t.Errorf("%d collections when the clock was set back (%v)", n, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// shifted is the clock of the machine, so much ahead.
type shifted struct{ by time.Duration }

func (c *shifted) Now() time.Time { return time.Now().Add(c.by) }

func (c *shifted) Wait(ctx context.Context, t time.Time, wake <-chan struct{}) error {
	return scheduler.WallClock{}.Wait(ctx, t.Add(-c.by), wake)
}
