package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/jobs"
	"bucketproof/internal/state"
	"bucketproof/internal/wallclock"
	"bucketproof/report"
	"bucketproof/scheduler"
)

// Names of the jobs.
const (
	Collect = "collect"
	Check   = "check"
	Report  = "report"
	// Revise makes a packet again whose month got records since, or that was
	// provisional and need not be any more.
	Revise = "revise"
)

// jobs are what the configuration asks for now.
func (s *Service) jobs(ctx context.Context) []scheduler.Job {
	p := s.current()
	c := p.Config
	each := func(period func(t config.Tenant, at time.Time) string) func(time.Time) []scheduler.Task {
		return func(at time.Time) (tasks []scheduler.Task) {
			for _, t := range c.Tenants {
				tasks = append(tasks, scheduler.Task{Tenant: t.ID, Period: period(t, at)})
			}
			return tasks
		}
	}
	revisions := sync.OnceValue(func() []scheduler.Task { return s.revisions(ctx, p) })
	list := []struct {
		scheduler.Job
		line string
	}{
		{scheduler.Job{Name: Collect, Together: true, Sum: true, Tasks: each(func(config.Tenant, time.Time) string {
			return ""
		}), Do: s.collect}, c.Schedule.Collect},
		{scheduler.Job{Name: Check, Beside: jobs.Beside(), After: Collect, Tasks: days(c.Tenants), Do: s.check}, c.Schedule.Check},
		{scheduler.Job{Name: Report, Beside: jobs.Beside(), After: Check, Tasks: each(lastMonth), Do: s.report}, c.Schedule.Report},
		{scheduler.Job{Name: Revise, Beside: jobs.Beside(), After: Report, Tasks: func(time.Time) []scheduler.Task {
			return revisions()
		}, Do: s.revise}, c.Schedule.Check},
	}
	out := make([]scheduler.Job, len(list))
	for i, j := range list {
		out[i] = j.Job
		// The configuration has checked the line.
		out[i].Schedule, _ = scheduler.ParseCron(j.line, c.Location)
	}
	return out
}

// days asks for yesterday of each tenant, and for the day before where the clocks of
// schedule and tenant changed on different dates, so that at the last time, up to 25
// hours ago, it was not over. Within an hour of a tenant's midnight that asks for a day
// twice, which only costs time.
func days(tenants []config.Tenant) func(time.Time) []scheduler.Task {
	return func(at time.Time) (tasks []scheduler.Task) {
		for _, t := range tenants {
			day := yesterday(t, at)
			before := wallclock.Day(t.Location, at, -2)
			if last := yesterday(t, at.Add(-25*time.Hour)); last < before {
				tasks = append(tasks, scheduler.Task{Tenant: t.ID, Period: before})
			}
			tasks = append(tasks, scheduler.Task{Tenant: t.ID, Period: day})
		}
		return tasks
	}
}

// yesterday is the day that a check at a time looks at.
func yesterday(t config.Tenant, at time.Time) string {
	return wallclock.Day(t.Location, at, -1)
}

// lastMonth is the month that a report at a time is about.
func lastMonth(t config.Tenant, at time.Time) string {
	l := at.In(t.Location)
	return time.Date(l.Year(), l.Month()-1, 1, 0, 0, 0, 0, time.UTC).Format("2006-01")
}

// revisions are the packets of the last months that may have to be made again.
func (s *Service) revisions(ctx context.Context, p *jobs.Parts) (tasks []scheduler.Task) {
	due, err := report.RevisionsDue(ctx, p.Config, p.State)
	if err != nil {
		s.log.Error("the packets to revise could not be found", "error", err)
		return nil
	}
	for _, t := range p.Config.Tenants {
		published, err := s.publishedLately(ctx, t.ID)
		if err != nil {
			s.log.Error("the packets to revise could not be found", "tenant", t.ID, "error", err)
			continue
		}
		for _, m := range published {
			late := slices.ContainsFunc(due, func(d report.RevisionDue) bool { return d.Tenant == m.Tenant && d.Month == m.Month })
			if m.Provisional || late {
				tasks = append(tasks, scheduler.Task{Tenant: t.ID, Period: m.Month})
			}
		}
	}
	return tasks
}

// collect brings in what is new for all tenants in one go. A fault is that of
// the tenants whose log locations have it.
func (s *Service) collect(ctx context.Context, tasks []scheduler.Task) []scheduler.Result {
	p := s.current()
	results := make([]scheduler.Result, len(tasks))
	only := ""
	if len(tasks) == 1 && len(p.Config.Tenants) > 1 {
		only = tasks[0].Tenant
	}
	done, err := p.Collect(ctx, jobs.CollectOptions{Tenant: only, Log: s.log, Progress: s.moved,
		GoMemory: p.Config.Collect.MemoryLimit + serviceMemory})
	whole := err != nil && done.Faults == nil // nothing could even begin
	blamed := false
	for i, task := range tasks {
		t, ok := p.Config.Tenant(task.Tenant)
		if !ok {
			results[i] = gone(task)
			continue
		}
		sum := done.Total(&t)
		results[i] = scheduler.Result{Detail: jobs.CollectDetail(sum), Figures: jobs.CollectFigures(sum), Err: done.Faults[t.ID]}
		if whole {
			results[i].Err = err
		}
		blamed = blamed || results[i].Err != nil
	}
	if err != nil && !blamed { // of the dataset as a whole, such as its compaction
		for i := range results {
			results[i].Err = err
		}
	}
	if err == nil {
		if err := p.SayRevisions(ctx, s.log); err != nil {
			s.log.Error("the packets to revise could not be found", "error", err)
		}
		if s.clock.Now().Sub(s.retired) > 24*time.Hour {
			if err := p.Retire(ctx); err != nil {
				s.log.Error("what is old could not be retired", "error", err)
			}
			s.retired = s.clock.Now()
		}
	}
	if err := errors.Join(s.silence(ctx), s.watch.refresh(ctx, true)); err != nil && ctx.Err() == nil {
		s.log.Error("what was collected could not be looked at", "error", err)
	}
	return results
}

// serviceMemory is what the Go heap of the service may hold beside a collection,
// in bytes: packets that are being written at the same time.
const serviceMemory = 512 << 20

// gone is the result of a task whose tenant is no longer in the configuration.
func gone(t scheduler.Task) scheduler.Result {
	return scheduler.Result{Detail: "the tenant is no longer in the configuration"}
}

// one does a task for a tenant with the statements of the configuration.
func (s *Service) one(ctx context.Context, tasks []scheduler.Task,
	do func(p *jobs.Parts, data analyze.Dataset, t config.Tenant) scheduler.Result) []scheduler.Result {
	p := s.current()
	out := make([]scheduler.Result, len(tasks))
	for i, task := range tasks {
		t, ok := p.Config.Tenant(task.Tenant)
		if !ok {
			out[i] = gone(task)
			continue
		}
		data, err := p.Analysis(ctx)
		if err != nil {
			out[i] = scheduler.Result{Err: err}
			continue
		}
		out[i] = do(p, data, t)
	}
	return out
}

func (s *Service) check(ctx context.Context, tasks []scheduler.Task) []scheduler.Result {
	return s.one(ctx, tasks, func(p *jobs.Parts, data analyze.Dataset, t config.Tenant) scheduler.Result {
		r, err := p.LookBack(ctx, t, tasks[0].Period)
		if err != nil {
			return scheduler.Result{Err: err}
		}
		checked, err := p.Check(ctx, data, t, r)
		if err != nil {
			return scheduler.Result{Err: fmt.Errorf("check %s of %s: %w", tasks[0].Period, t.ID, err)}
		}
		return checked.Result()
	})
}

func (s *Service) report(ctx context.Context, tasks []scheduler.Task) []scheduler.Result {
	return s.one(ctx, tasks, func(p *jobs.Parts, data analyze.Dataset, t config.Tenant) scheduler.Result {
		return p.PublishOnce(ctx, data, t, tasks[0], jobs.OnceOptions{Claims: p.Claims(s.instance)})
	})
}

// revise makes a packet again, unless it would only be provisional once more.
func (s *Service) revise(ctx context.Context, tasks []scheduler.Task) []scheduler.Result {
	return s.one(ctx, tasks, func(p *jobs.Parts, data analyze.Dataset, t config.Tenant) scheduler.Result {
		month := tasks[0].Period
		published, err := s.publishedLately(ctx, t.ID)
		if err != nil {
			return scheduler.Result{Err: err}
		}
		waits := slices.ContainsFunc(published, func(m state.Published) bool { return m.Month == month && m.Provisional })
		want := func(packet *report.Packet) bool { return !waits || !packet.Provisional }
		r := p.PublishOnce(ctx, data, t, tasks[0], jobs.OnceOptions{Claims: p.Claims(s.instance), Want: want, Again: true})
		if errors.Is(r.Err, analyze.ErrRetired) { // as the configuration asks
			return scheduler.Result{Detail: r.Err.Error()}
		}
		return r
	})
}
