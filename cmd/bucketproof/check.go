package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"bucketproof/analyze"
	"bucketproof/internal/jobs"
	"bucketproof/internal/tabular"
	"bucketproof/scheduler"
)

func newCheck(a *app) *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Run the checks; open, update and close findings",
		Long: `Runs every check over the days, by default yesterday in each tenant's zone. What
a check finds becomes a finding, or updates the one that is there. Days whose log
has a gap are not evaluated, and never count as clean; without --from and --to
those of the last seven days are looked at again, because S3 delivers late.

Exits with 3 where a finding of severity high is new.`,
		Example: "  bucketproof check\n  bucketproof check --tenant acme --from 2026-10-01 --to 2026-10-31",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkFormat(); err != nil {
				return err
			}
			return a.with(cmd.Context(), func(p *parts) error { return a.check(cmd.Context(), p, from, to) })
		},
	}
	a.tenantFlag(cmd)
	a.formatFlag(cmd)
	cmd.Flags().StringVar(&from, "from", "", "first `day`, YYYY-MM-DD in the tenant's zone (default yesterday)")
	cmd.Flags().StringVar(&to, "to", "", "last `day`, inclusive (default yesterday)")
	return cmd
}

func (a *app) check(ctx context.Context, p *parts, from, to string) error {
	data, err := p.Analysis(ctx)
	if err != nil {
		return err
	}
	table := tabular.Table{Columns: []string{"tenant", "from", "to", "opened", "reopened", "updated", "resolved",
		"high", "not_evaluated_days"}}
	ranges := make([]analyze.Range, len(p.tenants))
	for i, t := range p.tenants {
		r, err := days(t, from, to, a.now())
		if err == nil && from == "" && to == "" {
			r, err = p.LookBack(ctx, t, r.Last.Format(time.DateOnly))
		}
		if err != nil {
			return err
		}
		ranges[i] = r
	}
	errs, alarms, rows := make([]error, len(ranges)), make([]bool, len(ranges)), make([][]any, len(ranges))
	beside(len(ranges), func(i int) {
		t, r := p.tenants[i], ranges[i]
		task := scheduler.Task{Job: "check", Tenant: t.ID, Period: r.First.Format(time.DateOnly) + ".." + r.Last.Format(time.DateOnly)}
		result, err := scheduler.Run(ctx, scheduler.StateLedger{Runs: p.State.Runs}, a.now, task,
			func(ctx context.Context) scheduler.Result {
				c, err := p.Check(ctx, data, t, r)
				if err != nil {
					return scheduler.Result{Err: err}
				}
				rows[i] = []any{c.Tenant, c.First, c.Last, int64(c.Opened), int64(c.Reopened), int64(c.Updated),
					int64(c.Resolved), int64(c.High), int64(c.NotEvaluated)}
				return c.Result()
			})
		alarms[i], errs[i] = result.Attention, err
	})
	table.Rows = slices.DeleteFunc(rows, func(row []any) bool { return row == nil })
	if err := a.printDone(table, errors.Join(errs...)); err != nil {
		return err
	}
	if slices.Contains(alarms, true) {
		return errAttention
	}
	return nil
}

// beside does what is to be done for each tenant, some of them at a time.
func beside(n int, do func(i int)) {
	var group errgroup.Group
	group.SetLimit(jobs.Beside())
	for i := range n {
		group.Go(func() error { do(i); return nil })
	}
	_ = group.Wait() // what goes wrong is for do to keep
}
