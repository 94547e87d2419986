package main

import (
	"context"

	"github.com/spf13/cobra"

	"bucketproof/cmd/doctor"
	"bucketproof/internal/tabular"
)

func newDoctor(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check configuration, credentials, buckets, permissions and mail",
		Long: `Tries what an unattended service needs and says what to do about each fault: the
data folder, the log locations, the evidence place (with a test object that it
removes), signing, mail, links, ticket systems and the schedule. Nothing is sent
to a contact, and nothing is written to a log location.

Exits with 3 where there is a fault.`,
		Example: "  bucketproof doctor\n  bucketproof doctor --format json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkFormat(); err != nil {
				return err
			}
			return a.with(cmd.Context(), func(p *parts) error { return a.doctor(cmd.Context(), p) })
		},
	}
	a.tenantFlag(cmd)
	a.formatFlag(cmd)
	return cmd
}

func (a *app) doctor(ctx context.Context, p *parts) error {
	findings := doctor.Examine(ctx, p.Parts, p.tenants)
	t := tabular.Table{Columns: []string{"what", "subject", "outcome", "detail"}}
	faults := false
	for _, f := range findings {
		t.Rows = append(t.Rows, []any{f.What, f.Subject, f.Outcome, f.Detail})
		faults = faults || f.Outcome == doctor.Fault
	}
	if err := a.print(t); err != nil {
		return err
	}
	if faults {
		return errAttention
	}
	return nil
}
