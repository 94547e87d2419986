package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"bucketproof/internal/config"
	"bucketproof/internal/service"
	"bucketproof/internal/state"
	"bucketproof/internal/tabular"
)

func newRuns(a *app) *cobra.Command {
	f := state.RunFilter{}
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "Show what ran when, and how it ended",
		Long: `Shows the newest entries of the run ledger, the last one at the bottom: what was
scheduled for when, when it started and ended, how, what it counted and what went
wrong. Times are in the zone of the configuration. A run that nobody scheduled was
asked for by hand.`,
		Example: "  bucketproof runs\n  bucketproof runs --job report --tenant acme --format json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkFormat(); err != nil {
				return err
			}
			if f.Limit < 1 {
				return usage("--limit is %d; write a number from 1 on", f.Limit)
			}
			return a.with(cmd.Context(), func(p *parts) error {
				f.Tenant = a.tenant
				return a.runs(cmd.Context(), p, f)
			})
		},
	}
	a.tenantFlag(cmd)
	a.formatFlag(cmd)
	cmd.Flags().StringVar(&f.Job, "job", "", "only this `job`: collect, check, report or revise")
	cmd.Flags().IntVar(&f.Limit, "limit", 50, "how many of the newest")
	a.complete(cmd, "job", func(*config.Config) []string {
		return []string{service.Collect, service.Check, service.Report, service.Revise}
	})
	return cmd
}

func (a *app) runs(ctx context.Context, p *parts, f state.RunFilter) error {
	list, err := p.State.Runs.List(ctx, f)
	if err != nil {
		return err
	}
	t := tabular.Table{Columns: []string{"run", "job", "tenant", "period", "scheduled", "started", "ended", "outcome",
		"detail", "error", "figures"}}
	if a.format == tabular.FormatTable { // the figures stand in the detail
		t.Columns = t.Columns[:len(t.Columns)-1]
	}
	for _, r := range list {
		figures := ""
		if len(r.Figures) > 0 {
			b, err := json.Marshal(r.Figures)
			if err != nil {
				return err
			}
			figures = string(b)
		}
		local := func(at time.Time) string {
			if at.IsZero() {
				return ""
			}
			return at.In(p.Config.Location).Format(time.RFC3339)
		}
		row := []any{r.ID, r.Job, r.Tenant, r.Period, local(r.Scheduled), local(r.Started), local(r.Ended), r.Outcome,
			r.Detail, r.Error, figures}
		t.Rows = append(t.Rows, row[:len(t.Columns)])
	}
	return a.print(t)
}
