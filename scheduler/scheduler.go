// Package scheduler knows when jobs run and how they ended, not what they do.
//
// The cron line of a [Job] says when it is due, and its tasks for whom and what.
// [Service.Run] does what is due, retries what failed, and catches up on what was missed
// while the machine was off. The run ledger alone says what was done, so a kill at any
// moment neither loses nor repeats a task. [Run] notes one run in the ledger, also for a
// command that someone types. [Lock] keeps two processes off one data folder.
//
// Files: cron.go reads cron lines, due.go says what is due, service.go does it, ledger.go
// keeps the runs in the state, retry.go and clock.go wait, lock.go locks.
package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Outcomes of a run.
const (
	Running     = "running"
	Done        = "done"
	Failed      = "failed"
	Attention   = "attention"   // done, and found what a person must look at
	Interrupted = "interrupted" // the process ended in the middle
	Waiting     = "waiting"     // another machine does it; it is asked again later
)

// Task is something to do once: a job for a tenant and a period.
type Task struct {
	Job, Tenant string // Tenant "" is all of them
	Period      string // the days or the month, "" where it has none
	// Scheduled is the time for which the task was planned; zero for one that
	// someone asked for by hand.
	Scheduled time.Time
}

// Result is how a task ended.
type Result struct {
	Detail    string           // one line
	Figures   map[string]int64 // what was counted
	Attention bool
	// NotBefore is set where the task isn't done because another machine does
	// it, and says when to ask again.
	NotBefore time.Time
	Err       error
}

// Outcome is the word for the result in the ledger, such as [Done] or [Failed].
func (r Result) Outcome() string {
	switch {
	case errors.Is(r.Err, context.Canceled):
		return Interrupted
	case r.Err != nil:
		return Failed
	case !r.NotBefore.IsZero():
		return Waiting
	case r.Attention:
		return Attention
	}
	return Done
}

// Ledger keeps when runs started and how they ended.
type Ledger interface {
	StartRun(ctx context.Context, t Task, at time.Time) (int64, error)
	EndRun(ctx context.Context, id int64, r Result, at time.Time) error
}

// Run does a task and notes its start and its end, even if ctx ends in between. The error
// is that of the task, or that of the ledger.
func Run(ctx context.Context, ledger Ledger, now func() time.Time, t Task, do func(ctx context.Context) Result) (Result, error) {
	id, err := ledger.StartRun(ctx, t, now())
	if err != nil {
		return Result{Err: err}, err
	}
	r := do(ctx)
	if err := ledger.EndRun(context.WithoutCancel(ctx), id, r, now()); err != nil {
		r.Err = errors.Join(r.Err, fmt.Errorf("note the end of %s: %w", t, err))
	}
	return r, r.Err
}

func (t Task) String() string {
	s := t.Job
	if t.Tenant != "" {
		s += " of " + t.Tenant
	}
	if t.Period != "" {
		s += " for " + t.Period
	}
	return s
}
