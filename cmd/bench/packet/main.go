// Command packet measures what making a packet takes once its queries are done:
// the rendering of the PDF, the CSVs and the model, and the memory of that alone.
//
//	go run ./cmd/bench/queries -mb 6400 -runs 1 -keep DIR
//	go run ./cmd/bench/packet -config DIR/config.toml -month 2026-10
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/dataset"
	"bucketproof/internal/state"
	"bucketproof/report"
)

func main() {
	path := flag.String("config", "config.toml", "configuration `file`")
	month := flag.String("month", "2026-10", "the `month`, YYYY-MM")
	flag.Parse()
	if err := measure(context.Background(), *path, *month); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, path, month string) (err error) {
	c, err := config.Load(path)
	if err != nil {
		return err
	}
	s, err := state.Open(ctx, filepath.Join(c.DataDir, "state.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	catalog, err := analyze.LoadCatalog(ctx, c.QueriesDir)
	if err != nil {
		return err
	}
	fmt.Println("| tenant | records | queries, s | rendering, s | memory of rendering, MB | PDF, KB | PDF without attachments, KB |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for _, t := range c.Tenants {
		if err := tenant(ctx, c, s, catalog, t, month); err != nil {
			return fmt.Errorf("%s: %w", t.ID, err)
		}
	}
	return nil
}

func tenant(ctx context.Context, c *config.Config, s *state.State, catalog *analyze.Catalog, t config.Tenant, month string) (err error) {
	r, err := analyze.Month(t.Location, month)
	if err != nil {
		return err
	}
	began := time.Now()
	v, err := analyze.Open(ctx, analyze.Dataset{Config: c, Catalog: catalog, State: s,
		Files: dataset.Dataset{Dir: filepath.Join(c.DataDir, "dataset")}}, t, r)
	if err != nil {
		return err
	}
	p, err := report.Build(ctx, report.Input{View: v, Catalog: catalog, State: s, Month: month, Version: "bench",
		Look: report.Look{Paper: t.Paper, Accent: c.Report.Accent}})
	if err = errors.Join(err, v.Close()); err != nil {
		return err
	}
	asked := time.Since(began)
	debug.FreeOSMemory()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began = time.Now()
	files, err := p.Render(report.Revision{Number: 1})
	if err != nil {
		return err
	}
	rendered := time.Since(began)
	runtime.ReadMemStats(&after)
	pdf, inside := 0, 0
	for _, f := range files {
		if f.Path == report.PDFName {
			pdf = len(f.Body)
		} else {
			inside += deflated(f.Body)
		}
	}
	fmt.Printf("| %s | %d | %.1f | %.2f | %d | %d | %d |\n", t.ID, p.Totals.Records, asked.Seconds(),
		rendered.Seconds(), (after.Sys-after.HeapReleased-(before.Sys-before.HeapReleased))>>20, pdf>>10, (pdf-inside)>>10)
	return nil
}
