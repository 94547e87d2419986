// Command bucketproof turns Amazon S3 server access logs into evidence packets.
// See README.md, or run `bucketproof help`.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"bucketproof/internal/config"
)

// Exit codes of every command.
const (
	exitDone      = 0
	exitFailed    = 1
	exitUsage     = 2 // wrong usage or configuration
	exitAttention = 3 // it ran, and found what a person must look at
)

func main() {
	// Before anything else: a service that is asked to reload while it starts must not
	// end by that.
	hangups := hearHangups()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := runApp(ctx, &app{out: os.Stdout, err: os.Stderr, now: time.Now, hangups: hangups}, os.Args[1:])
	stop()
	os.Exit(code)
}

// hearHangups hears SIGHUP from here on, unless it is ignored as nohup has it.
func hearHangups() chan os.Signal {
	hangups := make(chan os.Signal, 1)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(hangups, syscall.SIGHUP)
	}
	return hangups
}

// run runs one command line and returns its exit code.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	return runApp(ctx, &app{out: out, err: errs, now: time.Now}, args)
}

func runApp(ctx context.Context, a *app, args []string) int {
	root := newRoot(a)
	root.SetArgs(args)
	ctx, end := context.WithCancel(ctx)
	defer end()
	root.PersistentPreRun = func(cmd *cobra.Command, _ []string) {
		if cmd.Name() == serveName {
			return
		}
		go func() { // a terminal that is closed ends every other command
			select {
			case <-a.hangups:
				end()
			case <-ctx.Done():
			}
		}()
	}
	err := root.ExecuteContext(ctx)
	code := exitCode(err)
	if code == exitFailed || code == exitUsage {
		fmt.Fprintf(a.err, "bucketproof: %v\n", err)
	}
	return code
}

// errAttention ends a command that has found what a person must look at. What
// it is has been printed.
var errAttention = errors.New("attention")

// usageError is a command line that can't be understood.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func exitCode(err error) int {
	var bad *config.Error
	var wrong usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &bad), errors.As(err, &wrong):
		return exitUsage
	case errors.Is(err, errAttention):
		return exitAttention
	}
	return exitFailed
}
