package scheduler

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"
)

// Retry says how to retry after a transient fault: at most Attempts attempts, with pauses
// from First that double up to Longest. Each pause is shortened at random by up to a half,
// so that many clients do not come back at once.
type Retry struct {
	First, Longest time.Duration
	Attempts       int
	// Transient tells whether it may be otherwise in a moment.
	Transient func(error) bool
}

// Pause is how long to wait after the attempt with this number, from 1.
func (r Retry) Pause(attempt int) time.Duration {
	d := r.Longest
	if attempt < 30 {
		d = min(r.First<<(attempt-1), r.Longest)
	}
	return d - rand.N(d/2+1)
}

// do does tasks, and those of them again whose fault is transient.
func (r Retry) do(ctx context.Context, clock Clock, tasks []Task, do func(context.Context, []Task) []Result, sum bool,
	heard func(Task, int, error)) []Result {
	results := do(ctx, tasks)
	for attempt := 1; attempt < r.Attempts; attempt++ {
		var again []int
		for i, res := range results {
			if res.Err != nil && ctx.Err() == nil && r.Transient(res.Err) {
				again = append(again, i)
				heard(tasks[i], attempt, res.Err)
			}
		}
		if len(again) == 0 || clock.Wait(ctx, clock.Now().Add(r.Pause(attempt)), nil) != nil {
			break
		}
		subset := make([]Task, len(again))
		for i, n := range again {
			subset[i] = tasks[n]
		}
		for i, res := range do(ctx, subset) {
			if before := results[again[i]].Figures; sum && before != nil {
				res.Figures = maps.Clone(res.Figures)
				if res.Figures == nil {
					res.Figures = map[string]int64{}
				}
				for name, n := range before {
					res.Figures[name] += n
				}
				res.Detail += fmt.Sprintf("; the last of %d attempts", attempt+1)
			}
			results[again[i]] = res
		}
	}
	return results
}
