package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"bucketproof/analyze"
	"bucketproof/analyze/engine"
	"bucketproof/collect/cloudtrail/integrity"
	"bucketproof/internal/config"
	"bucketproof/internal/tabular"
)

func newTrail(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "trail",
		Short:   "Look at the tenants' CloudTrail trails",
		Example: "  bucketproof trail verify --month 2026-10\n  bucketproof trail compare --month 2026-10",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTrailVerify(a), newTrailCompare(a))
	return cmd
}

func newTrailVerify(a *app) *cobra.Command {
	month, keys := "", ""
	cmd := &cobra.Command{
		Use: "verify", Short: "Prove that a trail's log files are as CloudTrail delivered them",
		Long: `Validates the digest files that CloudTrail signs every hour, of the tenant's own
accounts in all Regions: each signature, the chain from one to the next, the SHA-256
of every log file that they name, and whether log files lie there that none names.
Nothing is written. It reads every log file of the month.

Exits with 3 where something is wrong, or some of the time is not proven.`,
		Example: "  bucketproof trail verify --month 2026-10\n  bucketproof trail verify --month 2026-10 --tenant " +
			"acme --keys public-keys.json --format json",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkFormat(); err != nil {
				return err
			}
			if err := checkMonth(month); err != nil {
				return err
			}
			return a.with(cmd.Context(), func(p *parts) error { return a.verifyTrails(cmd.Context(), p, month, keys) })
		},
	}
	a.tenantFlag(cmd)
	a.formatFlag(cmd)
	cmd.Flags().StringVar(&month, "month", "", "the `month` in the tenant's zone, YYYY-MM")
	cmd.Flags().StringVar(&keys, "keys", "", "a `file` with what \"aws cloudtrail list-public-keys\" prints (default: CloudTrail is asked)")
	return cmd
}

func (a *app) verifyTrails(ctx context.Context, p *parts, month, keyFile string) error {
	var keys integrity.Keys
	if keyFile != "" {
		f, err := integrity.ReadKeyFile(keyFile)
		if err != nil {
			return usage("--keys: %w", err)
		}
		keys = f
	}
	out := trailTable{Table: tabular.Table{Columns: []string{"tenant", "account", "region", "trail", "what", "from",
		"to", "object", "detail"}}}
	for _, t := range p.tenants {
		r, err := analyze.Month(t.Location, month)
		if err != nil {
			return err
		}
		if !r.Start().Before(a.now()) {
			return usage("--month is %s, which has not begun in %s", month, t.Location)
		}
		if t.CloudTrail.Scheme == "" && a.tenant == "" { // of several tenants some have no trail
			out.Rows = append(out.Rows, []any{t.ID, "", "", "", "not measurable", "", "", "", "tenant.cloudtrail is not set"})
			continue
		}
		chains, period, err := p.VerifyTrail(ctx, t, r, keys)
		if err != nil {
			return err
		}
		out.add(t, chains, period)
	}
	if err := a.print(out.Table); err != nil {
		return err
	}
	if out.wrong {
		return errAttention
	}
	return nil
}

// trailTable says what was found out about trails.
type trailTable struct {
	tabular.Table
	wrong bool
}

func (o *trailTable) add(t config.Tenant, chains []integrity.Chain, period integrity.Span) {
	at := func(at time.Time) string { return at.In(t.Location).Format(time.RFC3339) }
	if len(chains) == 0 {
		o.wrong = true
		o.Rows = append(o.Rows, []any{t.ID, "", "", "", integrity.NoDigest, at(period.From), at(period.To), "",
			"no digest of the tenant's accounts lies at " + t.CloudTrail.Text +
				", so nothing is proven; is log file validation of the trail on?"})
	}
	for _, c := range chains {
		whole, proven := c.Whole(), c.ProvenTime()
		o.wrong = o.wrong || proven < whole || len(c.Problems) > 0
		detail := fmt.Sprintf("%d of %d digests are valid, %d of %d log files are as they were delivered; proven: %s of %s",
			c.Digests.Valid, c.Digests.All, c.Logs.Valid, c.Logs.All, proven, whole)
		if c.Backfill.All > 0 {
			detail += fmt.Sprintf("; %d of %d backfill digests are valid", c.Backfill.Valid, c.Backfill.All)
		}
		o.Rows = append(o.Rows, []any{t.ID, c.Account, c.Region, c.Trail, "chain", at(period.From), at(period.To), "", detail})
		for _, p := range c.Problems {
			o.Rows = append(o.Rows, []any{t.ID, c.Account, c.Region, c.Trail, p.Kind, at(p.From), at(p.To), p.Key, p.Text})
		}
	}
}

func newTrailCompare(a *app) *cobra.Command {
	month, list := "", false
	cmd := &cobra.Command{
		Use: "compare", Short: "Compare the requests of access logs and trail, by request ID",
		Long: `Joins the collected access records with the events of the tenant's trail by bucket and
request ID, and counts for every bucket and day the requests that both have, that only
one has, about which they disagree (principal, status or key), and that only one has
for a reason that is known. The share is how much of what both could have seen both
have; without data events in the trail it is not evaluated. Access logs are delivered on
a best effort basis, so the share is an estimate of how complete they are. With
--differences each request is named.

Exits with 3 where the two differ by more than what is known.`,
		Example: "  bucketproof trail compare --month 2026-10 --tenant acme\n  bucketproof trail compare --month " +
			"2026-10 --tenant acme --differences --format csv",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkFormat(); err != nil {
				return err
			}
			if err := checkMonth(month); err != nil {
				return err
			}
			return a.with(cmd.Context(), func(p *parts) error { return a.compareTrails(cmd.Context(), p, month, list) })
		},
	}
	a.tenantFlag(cmd)
	a.formatFlag(cmd)
	cmd.Flags().StringVar(&month, "month", "", "the `month` in the tenant's zone, YYYY-MM")
	cmd.Flags().BoolVar(&list, "differences", false, "name the requests that differ, the first 10,000 of a tenant")
	return cmd
}

func (a *app) compareTrails(ctx context.Context, p *parts, month string, list bool) error {
	name, out, differ := analyze.SideBySide, tabular.Table{}, false
	if list {
		name = analyze.Differences
	}
	data, err := p.Analysis(ctx)
	if err != nil {
		return err
	}
	for _, t := range p.tenants {
		if t.CloudTrail.Scheme == "" {
			fmt.Fprintf(a.err, "%s: not measurable, tenant.cloudtrail is not set\n", t.ID)
			continue
		}
		r, err := analyze.Month(t.Location, month)
		if err != nil {
			return err
		}
		result, d, err := compareTrail(ctx, data, t, r, name)
		if err != nil {
			return err
		}
		differ = differ || d
		out.Columns = append([]string{"tenant"}, result.Columns...)
		for _, row := range result.Rows {
			out.Rows = append(out.Rows, append([]any{t.ID}, row...))
		}
	}
	if out.Columns == nil {
		return nil // no tenant has a trail
	}
	if err := a.print(out); err != nil {
		return err
	}
	if differ {
		return errAttention
	}
	return nil
}

func compareTrail(ctx context.Context, data analyze.Dataset, t config.Tenant, r analyze.Range,
	name string) (result *engine.Result, differ bool, err error) {
	v, err := analyze.Open(ctx, data, t, r)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	return v.Compare(ctx, name)
}
