package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"bucketproof/analyze"
	"bucketproof/collect/cloudtrail/integrity"
	"bucketproof/internal/config"
	"bucketproof/internal/tabular"
)

func newTrail(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "trail",
		Short:   "Look at the tenants' CloudTrail trails",
		Example: "  bucketproof trail verify --month 2026-10",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTrailVerify(a))
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
		Example: "  bucketproof trail verify --month 2026-10\n  bucketproof trail verify --month 2026-10 --tenant acme --keys public-keys.json --format json",
		Args:    cobra.NoArgs,
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
	out := trailTable{Table: tabular.Table{Columns: []string{"tenant", "account", "region", "trail", "what", "from", "to", "object", "detail"}}}
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
		o.Rows = append(o.Rows, []any{t.ID, "", "", "", integrity.NoDigest, at(period.From), at(period.To), "", "no digest of the tenant's accounts lies at " + t.CloudTrail.Text + ", so nothing is proven; is log file validation of the trail on?"})
	}
	for _, c := range chains {
		whole, proven := period.To.Sub(period.From), c.ProvenTime()
		o.wrong = o.wrong || proven < whole || len(c.Problems) > 0
		detail := fmt.Sprintf("%d of %d digests are valid, %d of %d log files are as they were delivered; proven: %s of %s", c.Digests.Valid, c.Digests.All, c.Logs.Valid, c.Logs.All, proven, whole)
		if c.Backfill.All > 0 {
			detail += fmt.Sprintf("; %d of %d backfill digests are valid", c.Backfill.Valid, c.Backfill.All)
		}
		o.Rows = append(o.Rows, []any{t.ID, c.Account, c.Region, c.Trail, "chain", at(period.From), at(period.To), "", detail})
		for _, p := range c.Problems {
			o.Rows = append(o.Rows, []any{t.ID, c.Account, c.Region, c.Trail, p.Kind, at(p.From), at(p.To), p.Key, p.Text})
		}
	}
}
