// Command queries measures every saved query of bucketproof over a month of made
// access logs, each in a process of its own as a person runs it, beside a bare
// scan of the same dataset in the same engine, and prints a table for
// docs/BENCHMARKS.md:
//
//	go run ./cmd/bench/queries -mb 6400
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"

	_ "github.com/duckdb/duckdb-go/v2" // the engine of the bare scan

	"bucketproof/analyze"
	"bucketproof/internal/bench"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "scan" {
		exit(scan(os.Args[2]))
		return
	}
	mb := flag.Int64("mb", 6400, "megabytes of logs")
	runs := flag.Int("runs", 3, "how often; the least counts")
	keep := flag.String("keep", "", "make it in this `folder`, which must not be there, and leave it; default: a temporary one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exit(measure(ctx, *keep, *mb<<20, *runs))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, dir string, size int64, runs int) (err error) {
	if dir == "" {
		if dir, err = os.MkdirTemp("", "bucketproof-queries-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	} else if err := os.Mkdir(dir, 0o750); err != nil {
		return err
	}
	logs, binary := filepath.Join(dir, "logs"), filepath.Join(dir, "bucketproof")
	if err := os.Mkdir(logs, 0o750); err != nil {
		return err
	}
	truth, err := bench.Logs(logs, size, 4<<20, false)
	if err != nil {
		return err
	}
	config := bench.Configuration("data", `sensitive_keys = ["*Server07/2026-10-05/AB*"]`)
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(config), 0o600); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/bucketproof").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	run := func(args ...string) (float64, int64, error) { return bench.Run(ctx, dir, args...) }
	if _, _, err := run(binary, "collect"); err != nil {
		return err
	}
	fmt.Printf("%d records\n\n| | s | times the bare scan | peak memory, MB |\n|---|---|---|---|\n", truth.Records)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	catalog, err := analyze.LoadCatalog(ctx, "")
	if err != nil {
		return err
	}
	contenders := [][]string{{"bare scan", self, "scan", filepath.Join(dir, "data", "dataset", "access")}}
	for _, q := range catalog.Queries {
		args := []string{q.Name, binary, "query", q.Name, "--from", "2026-10-01", "--to", "2026-10-31"}
		if q.Asks("key") {
			args = append(args, "--key", "veeam/Server07/none")
		}
		contenders = append(contenders, args)
	}
	contenders = append(contenders, []string{"check, one day", binary, "check", "--from", "2026-10-30", "--to", "2026-10-30"},
		[]string{"check, the month", binary, "check", "--from", "2026-10-01", "--to", "2026-10-31"})
	floor := 0.0
	for _, c := range contenders {
		var seconds []float64
		peak := int64(0)
		for range runs {
			s, m, err := run(c[1:]...)
			if err != nil {
				return fmt.Errorf("%s: %w", c[0], err)
			}
			seconds, peak = append(seconds, s), max(peak, m)
		}
		least := slices.Min(seconds)
		if floor == 0 {
			floor = least
		}
		fmt.Printf("| `%s` | %.2f | %.1f | %d |\n", c[0], least, least/floor, peak)
	}
	return nil
}

// scan groups all records by operation, in DuckDB alone.
func scan(dataset string) (err error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.Exec("SELECT operation, requester, count(*), sum(bytes_sent), min(time), max(time) FROM read_parquet('" + dataset +
		"/*/*/*.parquet', hive_partitioning = false) GROUP BY operation, requester")
	return err
}
