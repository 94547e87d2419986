package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bucketproof/collect"
	"bucketproof/internal/demo"
	"bucketproof/internal/jobs"
	"bucketproof/scheduler"
)

func newDemo(a *app) *cobra.Command {
	dir := ""
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Make up a month of access logs and run collect, check and report on it",
		Long: `Makes a month of access logs for three made-up tenants, two of them with planted
trouble and one with a CloudTrail trail, metrics and backup reports beside, then collects and checks them and writes an evidence packet for each.
It needs no network, no account and no configuration, and every run gives the
same packets, byte for byte. The folder keeps the logs and the config.toml, so
that the other commands can be tried on them.`,
		Example: "  bucketproof demo\n  bucketproof demo --out /tmp/demo\n  bucketproof --config demo/config.toml findings list",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), dir) },
	}
	cmd.Flags().StringVar(&dir, "out", "demo", "the `folder` to make; what an earlier demo left there is replaced")
	return cmd
}

// demo holds the folder from the first file to the last, so that a second demo
// there does not take the logs away under the first.
func (a *app) demo(ctx context.Context, dir string) (err error) {
	if err := demo.Claim(dir); err != nil {
		return err
	}
	release, err := scheduler.Lock(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	truth, err := demo.Generate(dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "made %d log objects with %d records of %d buckets in %s\n", truth.Objects, truth.Records,
		len(truth.Buckets), filepath.Join(dir, "logs"))
	a.configPath = filepath.Join(dir, "config.toml")
	a.now = func() time.Time { return demo.Now }
	return a.with(ctx, func(p *parts) error {
		log, trail, err := a.demoCollect(ctx, p)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.out, "collected %d records, and %d events of a CloudTrail trail; %d lines could not be read and are kept as such\n\n",
			log.Records, trail.Records, log.Rejected+trail.Rejected)
		packets, err := a.report(ctx, p, demo.Month, false)
		for _, s := range packets {
			fmt.Fprintf(a.out, "%-22s %-13s %s\n%22s %-13s %s\n", s.Packet.Tenant.Name, s.Packet.Verdict, s.Packet.Sentence, "", "",
				filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(s.Result.URL, "file:")), "packet.pdf"))
		}
		if err == nil {
			fmt.Fprintf(a.out, "\nLook further: bucketproof --config %s findings list\n", a.configPath)
		}
		return err
	})
}

func (a *app) demoCollect(ctx context.Context, p *parts) (log, trail collect.Summary, err error) {
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil)) // the planted lines would only alarm
	done, err := p.Collect(ctx, jobs.CollectOptions{Log: quiet})
	for _, s := range done.Summaries {
		if s.Source.Trail {
			trail.Add(s)
		} else {
			log.Add(s)
		}
	}
	return log, trail, err
}
