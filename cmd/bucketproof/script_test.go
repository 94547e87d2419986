package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
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
	testscript.Main(cleaning{m}, map[string]func(){"bucketproof": main})
}

// raced is set where the race detector runs, in which everything takes many times
// as long.
var raced bool

// quick is this test binary without the race detector, made when it is first asked
// for. The tests that look at races run this binary itself.
var quick = sync.OnceValues(func() (string, error) {
	if !raced {
		return os.Args[0], nil
	}
	var err error
	if quickDir, err = os.MkdirTemp("", "bucketproof-test"); err != nil {
		return "", err
	}
	path := filepath.Join(quickDir, "bucketproof.test")
	out, err := exec.Command("go", "test", "-c", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

var quickDir string

// cleaning removes what the tests have built.
type cleaning struct{ m *testing.M }

func (c cleaning) Run() int {
	code := c.m.Run()
	var errs []error
	for _, dir := range append(sharedDirs, quickDir, builtDir) {
		errs = append(errs, os.RemoveAll(dir))
	}
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return code
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
	return runApp(ctx, &app{out: os.Stdout, err: os.Stderr, now: c.Now, clock: c, hangups: hearHangups()}, os.Args[1:])
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
