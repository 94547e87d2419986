package scheduler

import (
	"testing"
	"time"
)

// TestStanding: when a task may be tried again, by what became of its runs.
func TestStanding(t *testing.T) {
	now := time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
	task := Task{Scheduled: now.Add(-6 * time.Hour)}
	runs := func(n int, outcome string) []Past {
		out := make([]Past, n)
		for i := range out {
			out[i] = Past{Task: task, Outcome: outcome, Ended: now}
		}
		return out
	}
	at := func(offset time.Duration, p Past) []Past {
		p.Scheduled, p.Ended = task.Scheduled.Add(offset), now
		return []Past{p}
	}
	for _, c := range []struct {
		name string
		runs []Past
		wait time.Duration // -1: it is done
	}{
		{"no run", nil, 0},
		{"done", runs(1, Done), -1},
		{"done with something to look at", runs(1, Attention), -1},
		{"failed", runs(1, Failed), time.Hour},
		{"failed twice", runs(2, Failed), 2 * time.Hour},
		{"failed five times", runs(5, Failed), 16 * time.Hour},
		{"failed six times", runs(6, Failed), 24 * time.Hour},
		{"failed a thousand times", runs(1000, Failed), 24 * time.Hour},
		{"interrupted", runs(1, Interrupted), 0},
		{"as often as is let pass", runs(FreeStarts, Interrupted), 0},
		{"brings the process down", runs(FreeStarts+1, Interrupted), time.Hour},
		{"brings the machine down", runs(FreeStarts+1, Running), time.Hour},
		{"waits for another machine", at(0, Past{Outcome: Waiting, NotBefore: now.Add(3 * time.Hour)}), 3 * time.Hour},
		{"waits, by a clock that was ahead", at(0, Past{Outcome: Waiting, NotBefore: now.Add(25 * time.Hour)}), 0},
		{"done for an earlier time", at(-time.Second, Past{Outcome: Done}), 0},
		{"done for a later time", at(6*time.Hour, Past{Outcome: Done}), -1},
		{"done by a clock that was ahead", at(6*time.Hour+time.Second, Past{Outcome: Done}), 0},
	} {
		notBefore, done := standing(task, c.runs, now)
		wait := max(0, notBefore.Sub(now))
		if done {
			wait = -1
		}
		if wait != c.wait {
			t.Errorf("%s: wait %s, want %s", c.name, wait, c.wait)
		}
	}
}
