// Command compare measures bucketproof's collect and its peers on the same made
// access logs, each in a process of its own, in turns, and prints a table of
// medians for docs/BENCHMARKS.md:
//
//	go run ./cmd/bench/compare -mb 1024
//
// Goaccess and versitygw are left out where they are not installed.
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
	"syscall"
	"time"

	"bucketproof/internal/bench"
)

// site is where a comparison happens.
type site struct {
	dir    string // of everything
	logs   string
	binary string // bucketproof
	truth  bench.Truth
	s3     *gateway // nil without
	object int64
}

// contender is one way to read the logs.
type contender struct {
	name string
	// run starts a fresh run; its process is measured.
	run func(context.Context, *site) (*exec.Cmd, error)
	// check counts the records that came out right, after a run; -1 where that
	// can't be told.
	check func(context.Context, *site) (right, read int64, err error)
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "child" {
		if err := child(os.Args[2], os.Args[3:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := compare(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func compare(ctx context.Context) (err error) {
	mb := flag.Int64("mb", 1024, "MiB of logs")
	object := flag.Int64("object", 1<<20, "bytes of a log object")
	runs := flag.Int("runs", 3, "runs of each")
	only := flag.String("only", "", "only the contenders whose name begins so")
	flag.Parse()
	s := &site{object: *object}
	if s.dir, err = os.MkdirTemp("", "bucketproof-compare-*"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
	s.logs, s.binary = filepath.Join(s.dir, "logs"), filepath.Join(s.dir, "bucketproof")
	if err := os.Mkdir(s.logs, 0o755); err != nil {
		return err
	}
	const truthMB = 2048 // more rows than that are not kept to compare with
	if s.truth, err = bench.Logs(s.logs, *mb<<20, *object, *mb <= truthMB); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", s.binary, "./cmd/bucketproof").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	if _, err := exec.LookPath("versitygw"); err == nil {
		if s.s3, err = startGateway(ctx, s); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.s3.stop()) }()
	}
	fmt.Printf("%d log objects, %d records, %d of them hard, %.0f MB\n\n", s.truth.Objects, s.truth.Records,
		s.truth.Hard, float64(s.truth.Bytes)/1e6)
	type measure struct {
		seconds []float64
		memory  int64 // bytes
	}
	measures := map[string]*measure{}
	var list []contender
	for _, c := range contenders(s) {
		if len(c.name) >= len(*only) && c.name[:len(*only)] == *only {
			list = append(list, c)
			measures[c.name] = &measure{}
		}
	}
	for range *runs {
		for _, c := range list {
			cmd, err := c.run(ctx, s)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			began := time.Now()
			out, err := cmd.CombinedOutput()
			if err != nil {
				return fmt.Errorf("%s: %w\n%s", c.name, err, out[max(0, len(out)-2000):])
			}
			m := measures[c.name]
			m.seconds = append(m.seconds, time.Since(began).Seconds())
			if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
				m.memory = max(m.memory, u.Maxrss<<10)
			}
		}
	}
	fmt.Println("| | MB/s | peak memory, MB | records read | right | lost or bent |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, c := range list {
		m := measures[c.name]
		slices.Sort(m.seconds)
		right, read := int64(-1), int64(-1)
		if c.check != nil {
			// The last run's result is still there: each contender has a place of its own.
			if right, read, err = c.check(ctx, s); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
		wrong := "–"
		if right >= 0 {
			wrong = fmt.Sprint(s.truth.Records - right)
		}
		fmt.Printf("| %s | %.0f | %.0f | %s | %s | %s |\n", c.name,
			float64(s.truth.Bytes)/1e6/m.seconds[len(m.seconds)/2], float64(m.memory)/1e6, number(read), number(right), wrong)
	}
	return nil
}

func number(n int64) string {
	if n < 0 {
		return "–"
	}
	return fmt.Sprint(n)
}
