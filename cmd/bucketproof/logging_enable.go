package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bucketproof/collect/delivery"
	"bucketproof/internal/config"
	"bucketproof/internal/jobs"
	"bucketproof/internal/tabular"
)

// keepDays is for how many days logs are kept by default: a year, and a month to look
// back from its end.
const keepDays = 400

// setup are the flags of how logging is to be set up.
type setup struct {
	delivery.Options
}

func (s *setup) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.Form, "keys", delivery.FormEventTime, "the `form` of the keys of log objects: "+
		strings.Join(delivery.Forms, ", "))
	cmd.Flags().Int32Var(&s.Days, "days", keepDays, "for how many days logs are kept where no rule ends them; 0 adds no rule")
}

func (s *setup) check() error {
	if !slices.Contains(delivery.Forms, s.Form) {
		return usage("--keys is %q; write one of %s", s.Form, strings.Join(delivery.Forms, ", "))
	}
	if s.Days < 0 {
		return usage("--days is %d; write 0 or more", s.Days)
	}
	return nil
}

func newLoggingEnable(a *app) *cobra.Command {
	var s setup
	yes, dry := false, false
	cmd := &cobra.Command{
		Use: "enable", Short: "Turn the buckets' access logging on, with their logs going where the configuration looks",
		Long: `Shows for every configured bucket what turning server access logging on takes: the
statement in the target's policy that lets S3's logging service in for this source,
Block Public Access and a lifecycle rule where the target has none, and the logging
itself. With --yes it is done, in this order.

What others have set up stays: statements and rules are added behind theirs, and none is
replaced or taken out. Logging that is on and leads elsewhere is left alone without
--replace. Where something stands in the way, nothing of that bucket is changed. S3 has
no protection against two who write the same setting at once; each is read again right
before it is written.

Exits with 3 where something stands in the way.`,
		Example: "  bucketproof logging enable --tenant acme\n  bucketproof logging enable --tenant acme --yes",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkFormat(); err != nil {
				return err
			}
			if err := s.check(); err != nil {
				return err
			}
			if yes && dry {
				return usage("--yes and --dry-run are the opposite of each other; write one of them")
			}
			return a.with(cmd.Context(), func(p *parts) error { return a.loggingEnable(cmd.Context(), p, s.Options, yes) })
		},
	}
	a.tenantFlag(cmd)
	a.formatFlag(cmd)
	s.flags(cmd)
	cmd.Flags().BoolVar(&s.Replace, "replace", false, "turn logging that leads elsewhere to the configured place")
	cmd.Flags().BoolVar(&yes, "yes", false, "make the changes")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only show them (the default)")
	return cmd
}

func (a *app) loggingEnable(ctx context.Context, p *parts, o delivery.Options, yes bool) error {
	t := tabular.Table{Columns: []string{"tenant", "bucket", "what", "of", "outcome", "detail"}}
	refused, pending := false, false
	var failed error
	for _, tenant := range p.tenants {
		for _, b := range tenant.Buckets {
			if b.Logs.Scheme != "s3" {
				t.Rows = append(t.Rows, []any{tenant.ID, b.Name, "logging", b.Name, delivery.Kept,
					"the logs are read from a folder (" + b.Logs.Text + "), so there is no delivery to turn on"})
				continue
			}
			plan, err := delivery.Enable(ctx, tenant.AWS, jobs.LoggedBucket(tenant, b), o)
			if err != nil {
				return err
			}
			done := yes && plan.Can()
			if done {
				if err := plan.Apply(ctx); err != nil {
					// What was done of this bucket stands, and the others are not concerned.
					failed = fmt.Errorf("%s: %w", b.Name, err)
					fmt.Fprintf(a.err, "bucketproof: %s\n", failed)
					continue
				}
			}
			for _, s := range plan.Steps {
				outcome := s.Outcome
				refused = refused || outcome == delivery.Refused
				if outcome == delivery.Change && done {
					outcome = "done"
				}
				pending = pending || outcome == delivery.Change
				t.Rows = append(t.Rows, []any{tenant.ID, b.Name, s.What, s.Bucket, outcome, s.Detail})
			}
		}
	}
	if err := a.print(t); err != nil {
		return err
	}
	if pending && !yes {
		fmt.Fprintln(a.err, "nothing was changed; --yes makes the changes")
	}
	switch {
	case failed != nil:
		return failed
	case refused:
		return errAttention
	}
	return nil
}

func newLoggingTemplate(a *app) *cobra.Command {
	var s setup
	kind := ""
	cmd := &cobra.Command{
		Use: "template", Short: "Print the buckets' logging for CloudFormation or Terraform",
		Long: `Prints the buckets in which the access logs of the configuration go, with policy,
retention, encryption and without public access, as a template of CloudFormation (JSON)
or Terraform (HCL). It is for log buckets that do not exist yet: of an existing one both
would take over the whole policy and all rules; there use "logging enable".

Terraform also turns the logging of the buckets on; CloudFormation can't do that for
buckets of another stack, so its template tells what to put there. Nothing is contacted.`,
		Example: "  bucketproof logging template --tenant acme --as terraform > logs.tf",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.check(); err != nil {
				return err
			}
			if kind != delivery.CloudFormation && kind != delivery.Terraform {
				return usage("--as is %q; write %s or %s", kind, delivery.CloudFormation, delivery.Terraform)
			}
			return a.loggingTemplate(kind, s.Options)
		},
	}
	a.tenantFlag(cmd)
	s.flags(cmd)
	cmd.Flags().StringVar(&kind, "as", delivery.CloudFormation, "the `kind`: cloudformation or terraform")
	return cmd
}

func (a *app) loggingTemplate(kind string, o delivery.Options) error {
	c, err := config.Load(a.configPath)
	if err != nil {
		return err
	}
	tenants, err := c.Select(a.tenant)
	if err != nil {
		return err
	}
	var buckets []delivery.Bucket
	for _, t := range tenants {
		for _, b := range t.Buckets {
			if !slices.ContainsFunc(buckets, func(o delivery.Bucket) bool { return o.Name == b.Name }) { // tenants may share one
				buckets = append(buckets, jobs.LoggedBucket(t, b))
			}
		}
	}
	text, err := delivery.Template(kind, buckets, o)
	if err != nil {
		return err
	}
	_, err = a.out.Write(text)
	return err
}
