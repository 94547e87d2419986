package scheduler_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bucketproof/scheduler"
)

// counting counts how often the past is asked for, which takes longer the more tasks there are.
type counting struct {
	scheduler.StateLedger
	asked int
}

func (c *counting) Past(ctx context.Context, job string, since time.Time) ([]scheduler.Past, error) {
	c.asked++
	return c.StateLedger.Past(ctx, job, since)
}

// TestManyTenants: the tasks of one time are planned once, done once each, and as many of them
// beside each other as the job says.
func TestManyTenants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		const tenants, beside = 100, 3
		var mu sync.Mutex
		done, now, most := map[string]int{}, 0, 0
		j := cronLine(t, "0 1 * * *", time.UTC)
		j.Name, j.Beside = "check", beside
		j.Tasks = func(at time.Time) (out []scheduler.Task) {
			for i := range tenants {
				out = append(out, scheduler.Task{Tenant: fmt.Sprint("t", i), Period: at.Format(time.DateOnly)})
			}
			return out
		}
		j.Do = func(_ context.Context, tasks []scheduler.Task) []scheduler.Result {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			now--
			for _, task := range tasks {
				done[task.Tenant+" "+task.Period]++
			}
			return make([]scheduler.Result, len(tasks))
		}
		ledger := &counting{StateLedger: scheduler.StateLedger{Runs: s.Runs}}
		svc := &scheduler.Service{Jobs: func(context.Context) []scheduler.Job {
			return []scheduler.Job{j}
		}, CatchUp: func() time.Duration { return 30 * 24 * time.Hour },
			Ledger: ledger, Clock: scheduler.WallClock{}, Log: slog.New(slog.DiscardHandler)}
		if err := svc.RunOnce(t.Context()); err != nil { // from here on the tenants are owed
			t.Fatal(err)
		}
		time.Sleep(48 * time.Hour)
		ledger.asked = 0
		if err := svc.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		for task, n := range done {
			if n != 1 {
				t.Errorf("%s was done %d times", task, n)
			}
		}
		if len(done) != 2*tenants || most != beside || ledger.asked > 4 {
			t.Errorf("%d tasks, up to %d beside each other, planned %d times", len(done), most, ledger.asked)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
