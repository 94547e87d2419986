package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/spf13/cobra"

	"bucketproof/collect"
	"bucketproof/internal/tabular"
	"bucketproof/report"
	"bucketproof/scheduler"
)

func newCollect(a *app) *cobra.Command {
	full := false
	cmd := &cobra.Command{
		Use:   "collect",
		Short: "Bring new log objects into the dataset",
		Long: `Lists the log locations of the configuration, reads the objects that are not in
yet, and adds their records to the dataset. It can be run again at any time: an
object that is in is not read again, and a record that was delivered twice is
counted once. A listing goes back collect.late_days behind the newest log object;
once a week, or with --full, it visits everything. Nothing is ever written to a
log location.`,
		Example: "  bucketproof collect\n  bucketproof collect --tenant acme --format json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkFormat(); err != nil {
				return err
			}
			return a.with(cmd.Context(), func(p *parts) error { return a.collect(cmd.Context(), p, full) })
		},
	}
	a.tenantFlag(cmd)
	a.formatFlag(cmd)
	cmd.Flags().BoolVar(&full, "full", false, "list the log locations from their beginning, as happens once a week")
	return cmd
}

func (a *app) collect(ctx context.Context, p *parts, full bool) error {
	release, err := scheduler.Lock(p.config.DataDir)
	if err != nil {
		return err
	}
	if err := p.state.CloseStale(ctx, "collect", a.now()); err != nil {
		return errors.Join(err, release())
	}
	bar := newProgress(a)
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(p.config.Collect.MemoryLimit))
	c := &collect.Collector{Dataset: p.data, State: p.state, Log: bar.log, Now: a.now, LateDays: p.config.Collect.LateDays, Memory: p.config.Collect.MemoryLimit, Full: full, Progress: bar.show}
	var summaries []collect.Summary
	_, err = scheduler.Run(ctx, p.state, a.now, scheduler.Job{Name: "collect", Tenant: a.tenant, Do: func(ctx context.Context) (string, bool, error) {
		var err error
		summaries, err = c.Collect(ctx, collect.Sources(p.config, a.tenant))
		bar.end()
		for _, t := range p.tenants {
			n, rerr := c.Reports(ctx, t)
			if n > 0 {
				bar.log.Info("backup reports read", "tenant", t.ID, "reports", n)
			}
			err = errors.Join(err, rerr)
		}
		if len(summaries) > 1 {
			bar.log.Info("collected in all", "sources", len(summaries), "totals", collectDetail(summaries))
		}
		return collectDetail(summaries), false, err
	}})
	return errors.Join(a.printDone(collectTable(summaries), err), a.sayRevisions(ctx, p, bar.log), release())
}

// sayRevisions names the published packets whose month got records since.
func (a *app) sayRevisions(ctx context.Context, p *parts, log *slog.Logger) error {
	due, err := report.RevisionsDue(ctx, p.config, p.state)
	for _, d := range due {
		log.Warn("late records came for a month whose packet is published; a revision of it is due", "tenant", d.Tenant, "month", d.Month, "revision", d.Revision,
			"log_objects", d.Objects, "lines", d.Lines, "run", fmt.Sprintf("bucketproof report --month %s --tenant %s", d.Month, d.Tenant))
	}
	return err
}

func collectDetail(summaries []collect.Summary) string {
	var sum collect.Summary
	for _, s := range summaries {
		sum.Add(s)
	}
	return fmt.Sprintf("%d objects, %d records, %d duplicates, %d rejected, %d foreign, %d empty, %d failed, %d changed",
		sum.Objects, sum.Records, sum.Duplicates, sum.Rejected, sum.Foreign, sum.Empty, sum.Failed, sum.Changed)
}

func collectTable(summaries []collect.Summary) tabular.Table {
	t := tabular.Table{Columns: []string{"logs", "objects", "records", "duplicates", "rejected", "other_records", "foreign", "empty", "failed", "changed"}}
	for _, s := range summaries {
		t.Rows = append(t.Rows, []any{s.Source.Logs.Text, int64(s.Objects), s.Records, s.Duplicates, s.Rejected, s.OtherRecords, int64(s.Foreign), int64(s.Empty), int64(s.Failed), int64(s.Changed)})
	}
	return t
}
