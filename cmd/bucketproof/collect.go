package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"bucketproof/collect"
	"bucketproof/internal/jobs"
	"bucketproof/internal/tabular"
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
	cmd.Flags().BoolVar(&full, "full", false,
		"list the log locations from their beginning, as happens once a week, and read objects of S3 again that nothing proved")
	return cmd
}

func (a *app) collect(ctx context.Context, p *parts, full bool) error {
	bar, began := newProgress(a), a.now()
	var done jobs.Collected
	_, err := scheduler.Run(ctx, scheduler.StateLedger{Runs: p.State.Runs}, a.now, scheduler.Task{Job: "collect", Tenant: a.tenant},
		func(ctx context.Context) (r scheduler.Result) {
			done, r.Err = p.Collect(ctx, jobs.CollectOptions{Tenant: a.tenant, Full: full, Log: bar.log,
				Progress: bar.show, Began: began, GoMemory: p.Config.Collect.MemoryLimit})
			bar.end()
			for _, t := range p.tenants {
				if n := done.Reports[t.ID]; n > 0 {
					bar.log.Info("backup reports read", "tenant", t.ID, "reports", n)
				}
			}
			sum := done.Total(nil)
			r.Detail, r.Figures = jobs.CollectDetail(sum), jobs.CollectFigures(sum)
			if len(done.Summaries) > 1 {
				bar.log.Info("collected in all", "sources", len(done.Summaries), "totals", r.Detail)
			}
			return r
		})
	if errors.Is(err, scheduler.ErrLocked) {
		return err
	}
	return errors.Join(a.printDone(collectTable(done.Summaries), err), p.SayRevisions(ctx, bar.log))
}

func collectTable(summaries []collect.Summary) tabular.Table {
	t := tabular.Table{Columns: []string{"logs", "objects", "records", "duplicates", "rejected", "other_records",
		"foreign", "empty", "failed", "changed"}}
	for _, s := range summaries {
		t.Rows = append(t.Rows, []any{s.Source.Logs.Text, int64(s.Objects), s.Records, s.Duplicates, s.Rejected,
			s.OtherRecords, int64(s.Foreign), int64(s.Empty), int64(s.Failed), int64(s.Changed)})
	}
	return t
}
