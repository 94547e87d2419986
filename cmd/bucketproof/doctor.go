package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"bucketproof/internal/config"
	"bucketproof/internal/doctor"
	"bucketproof/internal/tabular"
)

func newDoctor(a *app) *cobra.Command {
	policy := false
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check configuration, credentials, buckets, permissions and mail",
		Long: `Tries what an unattended service needs and says what to do about each fault: the
data folder, the log locations, the evidence place (with a test object that it
removes), signing, mail, links, ticket systems and the schedule. Nothing is sent
to a contact, and nothing is written to a log location.

Exits with 3 where there is a fault.`,
		Example: "  bucketproof doctor\n  bucketproof doctor --format json\n  bucketproof doctor --policy",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkFormat(); err != nil {
				return err
			}
			if policy {
				return a.policies()
			}
			return a.with(cmd.Context(), func(p *parts) error { return a.doctor(cmd.Context(), p) })
		},
	}
	a.tenantFlag(cmd)
	a.formatFlag(cmd)
	cmd.Flags().BoolVar(&policy, "policy", false, "only print the IAM policies that the configuration takes, and ask nothing")
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

// policies prints the IAM policies that the configuration takes, each below a comment
// that tells for whom it is where there are several.
func (a *app) policies() error {
	c, err := config.Load(a.configPath)
	if err != nil {
		return err
	}
	tenants, err := c.Select(a.tenant)
	if err != nil {
		return err
	}
	list, err := doctor.Policies(c, tenants)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		fmt.Fprintln(a.err, "no place of the configuration is in AWS, so no permission is needed")
	}
	for _, p := range list {
		if len(list) > 1 {
			who := p.Who
			if who == "" {
				who = "the credentials that bucketproof finds"
			}
			fmt.Fprintf(a.out, "# %s\n", who)
		}
		fmt.Fprintf(a.out, "%s", p.Document)
		if n := p.Size(); n > doctor.LargestPolicy {
			fmt.Fprintf(a.err,
				"a policy has %d characters, and IAM takes %d; divide it by its statements, or ask for some tenants with --tenant\n", n,
				doctor.LargestPolicy)
		}
	}
	return nil
}
