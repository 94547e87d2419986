// Package scheduler knows when jobs run and how they ended, not what they do.
// [Run] keeps a job in the run ledger, [Lock] keeps two processes off one data
// folder, [Next] reads the cron lines of the configuration.
package scheduler

import (
	"context"
	"errors"
	"time"

	"github.com/robfig/cron/v3"
)

// Outcomes of a run.
const (
	Done      = "done"
	Failed    = "failed"
	Attention = "attention" // done, and found what a person must look at
)

// Ledger keeps how runs started and ended.
type Ledger interface {
	StartRun(ctx context.Context, job, tenant, period string, at time.Time) (int64, error)
	EndRun(ctx context.Context, id int64, outcome, detail string, at time.Time) error
}

// Job is one run of something.
type Job struct {
	Name   string // collect, check or report
	Tenant string // "" for all
	Period string // the days or the month, "" where it has none
	// Do does it. Detail is one line for the ledger; attention tells that a
	// person must look at what was found.
	Do func(ctx context.Context) (detail string, attention bool, err error)
}

// Run runs a job and notes its start and its end, also where ctx ends in
// between.
func Run(ctx context.Context, ledger Ledger, now func() time.Time, job Job) (attention bool, err error) {
	id, err := ledger.StartRun(ctx, job.Name, job.Tenant, job.Period, now())
	if err != nil {
		return false, err
	}
	detail, attention, err := job.Do(ctx)
	outcome := Done
	switch {
	case err != nil:
		outcome, detail = Failed, err.Error()
	case attention:
		outcome = Attention
	}
	return attention, errors.Join(err, ledger.EndRun(context.WithoutCancel(ctx), id, outcome, detail, now()))
}

// Next is the first time behind at for which a cron line of five fields is due
// in the zone.
func Next(line string, loc *time.Location, at time.Time) (time.Time, error) {
	s, err := cron.ParseStandard(line)
	if err != nil {
		return time.Time{}, err
	}
	return s.Next(at.In(loc)), nil
}
