package scheduler

import (
	"context"
	"time"
)

// Clock tells the time and waits for one.
type Clock interface {
	Now() time.Time
	// Wait returns when the clock shows t or something was heard on wake; the
	// error is that of ctx.
	Wait(ctx context.Context, t time.Time, wake <-chan struct{}) error
}

// WallClock is the clock of the machine. While it waits it reads the time at least once a
// minute, so that it notices when the clock was set or the machine slept.
type WallClock struct{}

// Now is the time.
func (WallClock) Now() time.Time { return time.Now() }

// Wait waits for t.
func (WallClock) Wait(ctx context.Context, t time.Time, wake <-chan struct{}) error {
	for {
		// Without its monotonic part: that stands still while a machine sleeps.
		left := t.Round(0).Sub(time.Now().Round(0))
		if left <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(min(left, time.Minute))
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-wake:
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}
