package scheduler

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/robfig/cron/v3"
)

// Job is something that is done again and again, on a schedule.
type Job struct {
	Name     string
	Schedule cron.Schedule
	// Tasks are those that one scheduled time asks for, in the order in which
	// they are to be done. Of two scheduled times that ask for the same tenant
	// and period only the later one is done.
	Tasks func(scheduled time.Time) []Task
	// Do does tasks and returns their results in the same order. It gets one, or
	// where Together is set all that are due.
	Do       func(ctx context.Context, tasks []Task) []Result
	Together bool
	// Beside is how many tasks of one scheduled time are done beside each other; 0 is one.
	Beside int
	// Sum tells that each attempt at a task does a part of it, so that their figures
	// add up.
	Sum bool
	// After names the job whose missed tasks are made up for first.
	After string
}

// Past is a run in the ledger.
type Past struct {
	Task
	Outcome   string
	Ended     time.Time // zero while it runs
	NotBefore time.Time // of one that waits for another machine
}

// firstPause is how long after a failed run its task is tried again, where no
// later scheduled time asks for it before; it doubles with each failure up to
// longestPause.
const (
	firstPause   = time.Hour
	longestPause = 24 * time.Hour
	// FreeStarts is how many runs may be interrupted before they count as
	// failures: a task that brings the process down must not do so for ever.
	FreeStarts = 100
)

// plan is what scheduled times ask for.
type plan []planned // by scheduled time

type planned struct {
	Task
	place int // among the tasks of its scheduled time
}

// newest returns what the scheduled times of the last catchUp ask for, each
// tenant and period once, by the latest time, in their order.
func newest(j Job, since func(tenant string) time.Time, catchUp time.Duration, now time.Time) plan {
	type key struct{ tenant, period string }
	found := map[key]planned{}
	for at := j.Schedule.Next(now.Add(-catchUp)); !at.IsZero() && !at.After(now); at = j.Schedule.Next(at) {
		for i, t := range j.Tasks(at) {
			t.Job, t.Scheduled = j.Name, at
			if at.After(since(t.Tenant)) {
				found[key{t.Tenant, t.Period}] = planned{t, i}
			}
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b planned) int {
		return cmp.Or(a.Scheduled.Compare(b.Scheduled), cmp.Compare(a.place, b.place))
	})
}

// first is the earliest scheduled time; zero for none.
func (p plan) first() time.Time {
	if len(p) == 0 {
		return time.Time{}
	}
	return p[0].Scheduled
}

// owed returns the tasks that the ledger does not know as done, and when the
// next one of those that failed may be tried again (zero for none).
func (p plan) owed(past []Past, now time.Time) (tasks []Task, again time.Time) {
	type key struct{ tenant, period string }
	runs := map[key][]Past{}
	for _, r := range past {
		k := key{r.Tenant, r.Period}
		runs[k] = append(runs[k], r)
	}
	for _, t := range p {
		notBefore, done := standing(t.Task, runs[key{t.Tenant, t.Period}], now)
		switch {
		case done:
		case now.Before(notBefore):
			if again.IsZero() || notBefore.Before(again) {
				again = notBefore
			}
		default:
			tasks = append(tasks, t.Task)
		}
	}
	return tasks, again
}

// standing tells from the runs of a tenant and a period whether a task is done,
// and otherwise from when on it may be tried. Runs that were scheduled for a time
// that is still to come are those of a clock that was ahead, and don't count.
func standing(t Task, runs []Past, now time.Time) (notBefore time.Time, done bool) {
	failures, interrupted := 0, 0
	for _, r := range runs {
		if r.Scheduled.Before(t.Scheduled) || r.Scheduled.After(now) {
			continue
		}
		switch r.Outcome {
		case Done, Attention:
			return time.Time{}, true
		case Waiting:
			notBefore = r.NotBefore
			continue
		case Interrupted, Running:
			if interrupted++; interrupted <= FreeStarts {
				continue
			}
		}
		failures++
		pause := longestPause
		if failures <= 5 {
			pause = min(firstPause<<(failures-1), longestPause)
		}
		notBefore = r.Ended.Add(pause)
	}
	if notBefore.After(now.Add(longestPause)) { // by a clock that was ahead
		notBefore = now
	}
	return notBefore, false
}
