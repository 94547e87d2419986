package scheduler

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestLocks: a folder has one that writes and one service, each tells who is there, and
// neither keeps the other out.
func TestLocks(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		take  func(string) (func() error, error)
		taken error
	}{{Lock, ErrLocked}, {LockService, ErrServed}} {
		release, err := c.take(dir)
		if err != nil {
			t.Fatalf("%v: %v", c.taken, err)
		}
		_, err = c.take(dir)
		if !errors.Is(err, c.taken) || !strings.Contains(err.Error(), fmt.Sprintf("(%s, process %d)", dir, os.Getpid())) {
			t.Errorf("a second one: %v, want %v", err, c.taken)
		}
		if c.taken == ErrServed {
			writes, err := Lock(dir)
			if err != nil {
				t.Errorf("the service keeps commands out: %v", err)
			} else if err := writes(); err != nil {
				t.Error(err)
			}
		}
		if err := release(); err != nil {
			t.Error(err)
		}
		again, err := c.take(dir)
		if err != nil {
			t.Fatalf("behind it: %v", err)
		}
		if err := again(); err != nil {
			t.Error(err)
		}
	}
}
