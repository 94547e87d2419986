package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"bucketproof/collect"
	"bucketproof/internal/tabular"
	"bucketproof/scheduler"
)

func newCollect(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "collect",
		Short: "Bring new log objects into the dataset",
		Long: `Lists the log locations of the configuration, reads the objects that are not in
yet, and adds their records to the dataset. It can be run again at any time: an
object that is in is not read again, and a record that was delivered twice is
counted once. Nothing is ever written to a log location.`,
		Example: "  bucketproof collect\n  bucketproof collect --tenant acme --format json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkFormat(); err != nil {
				return err
			}
			return a.with(cmd.Context(), func(p *parts) error { return a.collect(cmd.Context(), p) })
		},
	}
	a.tenantFlag(cmd)
	a.formatFlag(cmd)
	return cmd
}

func (a *app) collect(ctx context.Context, p *parts) error {
	release, err := scheduler.Lock(p.config.DataDir)
	if err != nil {
		return err
	}
	if err := p.state.CloseStale(ctx, "collect", a.now()); err != nil {
		return errors.Join(err, release())
	}
	c := &collect.Collector{Dataset: p.data, State: p.state, Log: a.log(), Now: a.now}
	var summaries []collect.Summary
	_, err = scheduler.Run(ctx, p.state, a.now, scheduler.Job{Name: "collect", Tenant: a.tenant, Do: func(ctx context.Context) (string, bool, error) {
		var err error
		summaries, err = c.Collect(ctx, collect.Sources(p.config, a.tenant))
		return collectDetail(summaries), false, err
	}})
	return errors.Join(a.printDone(collectTable(summaries), err), release())
}

func collectDetail(summaries []collect.Summary) string {
	var objects int
	var records, rejected int64
	for _, s := range summaries {
		objects += s.Objects
		records += s.Records
		rejected += s.Rejected
	}
	return fmt.Sprintf("%d objects, %d records, %d rejected", objects, records, rejected)
}

func collectTable(summaries []collect.Summary) tabular.Table {
	t := tabular.Table{Columns: []string{"logs", "objects", "records", "duplicates", "rejected", "other_records", "foreign", "empty", "failed"}}
	for _, s := range summaries {
		t.Rows = append(t.Rows, []any{s.Source.Logs.Text, int64(s.Objects), s.Records, s.Duplicates, s.Rejected, s.OtherRecords, int64(s.Foreign), int64(s.Empty), int64(s.Failed)})
	}
	return t
}
