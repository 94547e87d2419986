package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// History is the ledger with what the service reads from it.
type History interface {
	Ledger
	// Past returns the runs of a job that were scheduled for a time since, in
	// the order in which they started.
	Past(ctx context.Context, job string, since time.Time) ([]Past, error)
	// OwedSince is from when on a job is owed to a tenant: now at the first call
	// for the two.
	OwedSince(ctx context.Context, job, tenant string, now time.Time) (time.Time, error)
	// SetOwedSince sets it.
	SetOwedSince(ctx context.Context, job, tenant string, at time.Time) error
	// Interrupt ends the runs of a process that is no more.
	Interrupt(ctx context.Context, at time.Time) error
}

// Service runs jobs until its context ends. Each job has its own goroutine, so that it
// never overlaps itself and a slow one delays only itself.
type Service struct {
	// Jobs returns what is to be run; it is asked before every look at the
	// schedule, so that a configuration that was read again counts from then on.
	// The names are the same each time.
	Jobs    func(ctx context.Context) []Job
	CatchUp func() time.Duration // how far back what was missed is made up for
	Ledger  History
	Clock   Clock
	Retry   Retry
	Log     *slog.Logger
	// Ended, if there is one, hears of each run that has ended.
	Ended func(ctx context.Context, t Task, r Result)

	mu     sync.Mutex
	wakes  map[string]chan struct{}
	upTo   map[string]time.Time // by job: what was due until then is done
	looked chan struct{}        // closed, and another one, whenever upTo changes
}

// Wake makes all jobs look at their schedules again.
func (s *Service) Wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.wakes {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}

// Run runs the jobs until ctx ends, which is no error. It returns when all of
// them have stopped.
func (s *Service) Run(ctx context.Context) error { return s.run(ctx, false) }

// RunOnce does what is owed, each task once, and returns.
func (s *Service) RunOnce(ctx context.Context) error { return s.run(ctx, true) }

func (s *Service) run(ctx context.Context, once bool) error {
	if err := s.Ledger.Interrupt(ctx, s.Clock.Now()); err != nil {
		return err
	}
	jobs := s.Jobs(ctx)
	caughtUp := map[string]chan struct{}{}
	s.mu.Lock()
	s.wakes, s.upTo, s.looked = map[string]chan struct{}{}, map[string]time.Time{}, make(chan struct{})
	for _, j := range jobs {
		caughtUp[j.Name] = make(chan struct{})
		s.wakes[j.Name] = make(chan struct{}, 1)
	}
	s.mu.Unlock()
	group, ctx := errgroup.WithContext(ctx)
	for _, j := range jobs {
		group.Go(func() error {
			l := &loop{Service: s, name: j.Name, caughtUp: caughtUp[j.Name], wake: s.wakes[j.Name], alone: once}
			err := l.run(ctx, caughtUp[j.After], once)
			if errors.Is(err, context.Canceled) && ctx.Err() != nil {
				return nil
			}
			return err
		})
	}
	return group.Wait()
}

// loop is one job of a service.
type loop struct {
	*Service
	name     string
	caughtUp chan struct{} // closed when what was missed is made up for
	wake     <-chan struct{}
	alone    bool // it ends when nothing is owed
	once     sync.Once
}

func (l *loop) job(ctx context.Context) (Job, error) {
	for _, j := range l.Jobs(ctx) {
		if j.Name == l.name {
			return j, nil
		}
	}
	return Job{}, fmt.Errorf("the job %s is no more", l.name)
}

func (l *loop) done() { l.once.Do(func() { close(l.caughtUp) }) }

func (l *loop) run(ctx context.Context, before <-chan struct{}, once bool) error {
	defer l.done()
	if before != nil {
		select {
		case <-before:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for ctx.Err() == nil {
		j, err := l.job(ctx)
		if err != nil {
			return err
		}
		now := l.Clock.Now()
		worked, again, err := l.round(ctx, j, now)
		if err != nil && (once || ctx.Err() != nil) {
			return err
		}
		if err != nil { // a ledger that is busy or whose disk is full may be well in a moment
			l.Log.Error("the run ledger can't be used; nothing is run until it can", "job", j.Name, "error", err)
			if err := l.Clock.Wait(ctx, now.Add(ledgerPause), l.wake); err != nil {
				return err
			}
			continue
		}
		if worked {
			continue
		}
		l.isDone(l.name, now)
		l.done()
		if once {
			return nil
		}
		next := j.Schedule.Next(now)
		if !again.IsZero() && (next.IsZero() || again.Before(next)) {
			next = again
		}
		if next.IsZero() { // a line such as 30 February
			next = now.AddDate(1, 0, 0)
		}
		l.Log.Debug("waits", "job", j.Name, "until", next)
		if err := l.Clock.Wait(ctx, next, l.wake); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// ledgerPause is how long a job waits for a ledger that can't be used.
const ledgerPause = time.Minute

// round does what is owed first, if anything is; again is when to look for one
// that failed.
func (l *loop) round(ctx context.Context, j Job, now time.Time) (worked bool, again time.Time, err error) {
	tasks, again, err := l.look(ctx, j, now)
	if err != nil || len(tasks) == 0 {
		return false, again, err
	}
	if !j.Together { // those of one scheduled time, before it is planned anew
		n := slices.IndexFunc(tasks, func(t Task) bool { return !t.Scheduled.Equal(tasks[0].Scheduled) })
		if n >= 0 {
			tasks = tasks[:n]
		}
		l.isDone(l.name, tasks[0].Scheduled.Add(-1))
	}
	// What comes late comes behind an outage: the machine slept, or its clock was set.
	// Then the job before has missed something, too, and goes first.
	if !l.alone && j.After != "" && now.Sub(tasks[0].Scheduled) > lateness {
		if err := l.await(ctx, j.After, tasks[0].Scheduled); err != nil {
			return false, again, err
		}
	}
	if j.Together {
		err = l.do(ctx, j, tasks)
	} else {
		err = l.each(ctx, j, tasks)
	}
	if err == nil && j.Together { // of several times that are due the last one stands for all
		l.isDone(l.name, now)
	}
	return true, again, err
}

// lateness is how late a task may begin and still count as in time.
const lateness = 10 * time.Minute

// await waits until all is done that was due for a job until a time.
func (s *Service) await(ctx context.Context, job string, since time.Time) error {
	for {
		s.mu.Lock()
		upTo, looked, wake := s.upTo[job], s.looked, s.wakes[job]
		s.mu.Unlock()
		if wake == nil || !upTo.Before(since) {
			return nil
		}
		select {
		case wake <- struct{}{}: // it may wait for its next time, by a clock that was another one
		default:
		}
		select {
		case <-looked:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// isDone notes that all is done that was due for a job until a time.
func (s *Service) isDone(job string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.upTo[job] = at
	close(s.looked)
	s.looked = make(chan struct{})
}

// look finds the tasks that are owed, and when to look again for one that failed.
func (l *loop) look(ctx context.Context, j Job, now time.Time) (tasks []Task, again time.Time, err error) {
	// A tenant is owed a job from the moment on at which it is first seen.
	since := map[string]time.Time{}
	for _, t := range j.Tasks(now) {
		at, err := l.Ledger.OwedSince(ctx, j.Name, t.Tenant, now)
		if err != nil {
			return nil, again, err
		}
		if at.After(now) { // by a clock that was ahead
			if err := l.Ledger.SetOwedSince(ctx, j.Name, t.Tenant, now); err != nil {
				return nil, again, err
			}
			at = now
		}
		since[t.Tenant] = at
	}
	p := newest(j, func(tenant string) time.Time { return since[tenant] }, l.CatchUp(), now)
	past, err := l.Ledger.Past(ctx, j.Name, p.first())
	if err != nil {
		return nil, again, err
	}
	tasks, again = p.owed(past, now)
	return tasks, again, nil
}

// each does tasks one by one, or some beside each other.
func (l *loop) each(ctx context.Context, j Job, tasks []Task) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(j.Beside, 1))
	for _, t := range tasks {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return l.do(ctx, j, []Task{t})
		})
	}
	return group.Wait()
}

// do does tasks, with a run in the ledger for each. Only a ledger that can't be
// written is an error.
func (l *loop) do(ctx context.Context, j Job, tasks []Task) error {
	ids := make([]int64, len(tasks))
	for i, t := range tasks {
		id, err := l.Ledger.StartRun(ctx, t, l.Clock.Now())
		if err != nil {
			return err
		}
		ids[i] = id
	}
	results := l.Retry.do(ctx, l.Clock, tasks, j.Do, j.Sum, func(t Task, attempt int, err error) {
		l.Log.Warn("failed, and is tried again", "job", t.Job, "tenant", t.Tenant, "period", t.Period, "attempt", attempt, "error", err)
	})
	var errs []error
	for i, r := range results {
		t := tasks[i]
		if ctx.Err() != nil && r.Err != nil {
			r.Err = fmt.Errorf("%w: %w", context.Canceled, r.Err)
		}
		errs = append(errs, l.Ledger.EndRun(context.WithoutCancel(ctx), ids[i], r, l.Clock.Now()))
		l.logEnd(t, r)
		if l.Ended != nil {
			l.Ended(context.WithoutCancel(ctx), t, r)
		}
	}
	return errors.Join(errs...)
}

func (l *loop) logEnd(t Task, r Result) {
	at := []any{"job", t.Job, "tenant", t.Tenant, "period", t.Period, "outcome", r.Outcome(), "detail", r.Detail}
	switch r.Outcome() {
	case Failed:
		l.Log.Error("run failed", append(at, "error", r.Err)...)
	case Interrupted:
		l.Log.Warn("run was interrupted and will be done again", at...)
	default:
		l.Log.Info("run ended", at...)
	}
}
