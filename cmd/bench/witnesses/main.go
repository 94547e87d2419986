// Command witnesses measures the queries that put access log and trail side by side, and
// the checks of a day and of the month, over a month of made access logs: without a trail,
// and with one that records the same requests. Each runs in a process of its own. It prints
// a table for docs/BENCHMARKS.md:
//
//	go run ./cmd/bench/witnesses -mb 6400
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"bucketproof/internal/bench"
)

func main() {
	mb := flag.Int64("mb", 6400, "megabytes of logs")
	runs := flag.Int("runs", 2, "how often; the least counts")
	keep := flag.String("keep", "", "make it in this `folder`, which must not be there, and leave it; default: a temporary one")
	program := flag.String("program", "", "a built bucketproof; default: it is built")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := measure(ctx, *keep, *program, *mb<<20, *runs); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, dir, program string, size int64, runs int) (err error) {
	if dir == "" {
		if dir, err = os.MkdirTemp("", "bucketproof-witnesses-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	} else if err := os.Mkdir(dir, 0o750); err != nil {
		return err
	}
	for _, name := range []string{"logs", "trail"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o750); err != nil {
			return err
		}
	}
	truth, events, err := bench.Witnesses(filepath.Join(dir, "logs"), filepath.Join(dir, "trail"), size, 4<<20)
	if err != nil {
		return err
	}
	if program == "" {
		program = filepath.Join(dir, "bucketproof")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/bucketproof").CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	fmt.Printf("%d records, %d events\n\n| trail | command | s | MB resident |\n|---|---|---|---|\n", truth.Records, events)
	for _, c := range []struct{ name, trail string }{
		{"none", ""},
		{"beside", "\ncloudtrail = \"file:trail/AWSLogs/" + bench.Account + "/\""},
	} {
		config := c.name + ".toml"
		text := bench.Configuration("data-"+c.name, `accounts = ["`+bench.Account+"\"]"+c.trail)
		if err := os.WriteFile(filepath.Join(dir, config), []byte(text), 0o600); err != nil {
			return err
		}
		month := []string{"--from", "2026-10-01", "--to", "2026-10-31"}
		for _, args := range [][]string{{"collect"}, append([]string{"query", "log-and-trail"}, month...),
			append([]string{"query", "log-and-trail-differences"}, month...),
			append([]string{"query", "one-witness-only"}, month...),
			{"check", "--from", "2026-10-30", "--to", "2026-10-30"}, append([]string{"check"}, month...)} {
			n := runs
			if args[0] == "collect" {
				n = 1
			}
			var seconds []float64
			peak := int64(0)
			for range n {
				s, m, err := bench.Run(ctx, dir, append([]string{program, "--config", config}, args...)...)
				if err != nil {
					return fmt.Errorf("%v: %w", args, err)
				}
				seconds, peak = append(seconds, s), max(peak, m)
			}
			fmt.Printf("| %s | `%s` | %.1f | %d |\n", c.name, strings.Join(args, " "), slices.Min(seconds), peak)
		}
	}
	return nil
}
