package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"bucketproof/collect/delivery"
	"bucketproof/internal/jobs"
	"bucketproof/internal/tabular"
)

func newLogging(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "logging",
		Short:   "Look at the buckets' access logging, and turn it on",
		Example: "  bucketproof logging status --tenant acme",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newLoggingStatus(a), newLoggingEnable(a), newLoggingTemplate(a))
	return cmd
}

func newLoggingStatus(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "Tell for every bucket whether its logs are delivered as they should be",
		Long: `Looks for every configured bucket whether server access logging is on and leads to
where the configuration looks for it, and at the target bucket: its Region, who may
write there, public access, Object Lock, encryption, retention, and whether it is
logged itself. Each fault comes with its mend. Then when log objects came. Nothing is
changed.

Exits with 3 where there is a fault.`,
		Example: "  bucketproof logging status\n  bucketproof logging status --tenant acme --format json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkFormat(); err != nil {
				return err
			}
			return a.with(cmd.Context(), func(p *parts) error { return a.loggingStatus(cmd.Context(), p) })
		},
	}
	a.tenantFlag(cmd)
	a.formatFlag(cmd)
	return cmd
}

func (a *app) loggingStatus(ctx context.Context, p *parts) error {
	t := tabular.Table{Columns: []string{"tenant", "bucket", "what", "outcome", "detail"}}
	faults := false
	for _, tenant := range p.tenants {
		for _, b := range tenant.Buckets {
			found, err := delivery.Examine(ctx, tenant.AWS, jobs.LoggedBucket(tenant, b))
			if err != nil {
				return err
			}
			d, err := p.State.Ledger.Deliveries(ctx, b.Name)
			if err != nil {
				return err
			}
			came := delivery.Finding{What: "log objects", Outcome: delivery.Warning,
				Detail: "none was ever collected; where logging was turned on just now the first comes within hours"}
			if !d.First.IsZero() {
				at := func(at time.Time) string { return at.In(tenant.Location).Format(time.RFC3339) }
				came.Outcome, came.Detail = delivery.OK,
					fmt.Sprintf("the first came at %s, the newest at %s; typically %s behind their last record",
						at(d.First), at(d.Newest), d.Typical.Round(time.Minute))
			}
			for _, f := range append(found, came) {
				t.Rows = append(t.Rows, []any{tenant.ID, b.Name, f.What, f.Outcome, f.Detail})
				faults = faults || f.Outcome == delivery.Fault
			}
		}
	}
	if err := a.print(t); err != nil {
		return err
	}
	if faults {
		return errAttention
	}
	return nil
}
