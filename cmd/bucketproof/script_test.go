package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"bucketproof/scheduler"
)

func TestMain(m *testing.M) {
	if text := os.Getenv(clockVariable); text != "" {
		os.Exit(runAhead(text))
	}
	testscript.Main(m, map[string]func(){"bucketproof": main})
}

// clockVariable makes the test binary run as the program, with a clock that is so
// much ahead of that of the machine.
const clockVariable = "BUCKETPROOF_TEST_AHEAD"

func runAhead(text string) int {
	by, err := time.ParseDuration(text)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c := movedClock{by}
	return runApp(ctx, &app{out: os.Stdout, err: os.Stderr, now: c.Now, clock: c}, os.Args[1:])
}

// movedClock is the clock of the machine, so much ahead.
type movedClock struct{ by time.Duration }

func (c movedClock) Now() time.Time { return time.Now().Add(c.by) }

func (c movedClock) Wait(ctx context.Context, t time.Time, wake <-chan struct{}) error {
	return scheduler.WallClock{}.Wait(ctx, t.Add(-c.by), wake)
}

// TestScripts runs the command lines of testdata as their user would.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", RequireExplicitExec: true, RequireUniqueNames: true})
}

func TestEveryCommandHasAnExample(t *testing.T) {
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		if cmd.Example == "" || cmd.Short == "" {
			t.Errorf("%s has no example or no description", cmd.CommandPath())
		}
		for _, sub := range cmd.Commands() {
			check(sub)
		}
	}
	check(newRoot(&app{out: io.Discard, err: io.Discard}))
}
