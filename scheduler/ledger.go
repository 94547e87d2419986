package scheduler

import (
	"context"
	"time"

	"bucketproof/internal/state"
)

// StateLedger is the run ledger of a data folder as a [Ledger] and a [History].
type StateLedger struct{ Runs *state.Runs }

// StartRun notes the start of a task and returns the ID of the run.
func (l StateLedger) StartRun(ctx context.Context, t Task, at time.Time) (int64, error) {
	return l.Runs.Start(ctx, state.Run{Job: t.Job, Tenant: t.Tenant, Period: t.Period, Scheduled: t.Scheduled}, at)
}

// EndRun notes how a run ended.
func (l StateLedger) EndRun(ctx context.Context, id int64, r Result, at time.Time) error {
	run := state.Run{ID: id, Outcome: r.Outcome(), Detail: r.Detail, Figures: r.Figures, NotBefore: r.NotBefore}
	if r.Err != nil {
		run.Error = r.Err.Error()
	}
	return l.Runs.End(ctx, run, at)
}

// Past returns the runs of a job that were scheduled at or after since.
func (l StateLedger) Past(ctx context.Context, job string, since time.Time) ([]Past, error) {
	if since.IsZero() {
		return nil, nil // nothing is planned
	}
	runs, err := l.Runs.List(ctx, state.RunFilter{Job: job, Scheduled: since})
	past := make([]Past, len(runs))
	for i, r := range runs {
		past[i] = Past{Task: Task{Job: r.Job, Tenant: r.Tenant, Period: r.Period,
			Scheduled: r.Scheduled}, Outcome: r.Outcome, Ended: r.Ended, NotBefore: r.NotBefore}
	}
	return past, err
}

// OwedSince is the time from which a job is owed to a tenant.
func (l StateLedger) OwedSince(ctx context.Context, job, tenant string, now time.Time) (time.Time, error) {
	return l.Runs.OwedSince(ctx, job, tenant, now)
}

// SetOwedSince sets the time that [StateLedger.OwedSince] returns.
func (l StateLedger) SetOwedSince(ctx context.Context, job, tenant string, at time.Time) error {
	return l.Runs.SetOwedSince(ctx, job, tenant, at)
}

// Interrupt notes that the runs of a process that has died were interrupted.
func (l StateLedger) Interrupt(ctx context.Context, at time.Time) error {
	return l.Runs.CloseScheduled(ctx, at)
}
