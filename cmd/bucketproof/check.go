package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/state"
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
	data, err := p.analysis()
	if err != nil {
		return err
	}
	table := tabular.Table{Columns: []string{"tenant", "from", "to", "opened", "reopened", "updated", "resolved", "high", "not_evaluated_days"}}
	var errs []error
	alarm := false
	for _, t := range p.tenants {
		r, err := days(t, from, to, a.now())
		if err == nil && from == "" && to == "" {
			r, err = lookBack(ctx, p.state, t, r)
		}
		if err != nil {
			return err
		}
		first, last := r.First.Format(time.DateOnly), r.Last.Format(time.DateOnly)
		attention, err := scheduler.Run(ctx, p.state, a.now, scheduler.Job{Name: "check", Tenant: t.ID, Period: first + ".." + last, Do: func(ctx context.Context) (string, bool, error) {
			row, high, err := checkTenant(ctx, data, t, r, a.now())
			if err != nil {
				return "", false, err
			}
			table.Rows = append(table.Rows, row)
			return fmt.Sprintf("%v opened, %v reopened, %v updated", row[3], row[4], row[5]), high, nil
		}})
		alarm = alarm || attention
		errs = append(errs, err)
	}
	if err := a.printDone(table, errors.Join(errs...)); err != nil {
		return err
	}
	if alarm {
		return errAttention
	}
	return nil
}

// lookBack widens the range of a daily check to the days before that it could
// not look at.
func lookBack(ctx context.Context, s *state.State, t config.Tenant, r analyze.Range) (analyze.Range, error) {
	yesterday := r.Last.Format(time.DateOnly)
	from, err := analyze.Unlooked(ctx, s, t.ID, yesterday)
	if err != nil {
		return r, err
	}
	return analyze.NewRange(t.Location, from, yesterday)
}

// checkTenant checks one tenant and returns its line of the table, and whether
// a finding of severity high is new.
func checkTenant(ctx context.Context, data analyze.Dataset, t config.Tenant, r analyze.Range, at time.Time) (row []any, high bool, err error) {
	v, err := analyze.Open(ctx, data, t, r)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	changes, err := v.Check(ctx, at)
	if err != nil {
		return nil, false, err
	}
	kinds := map[string][]string{}
	newHigh := 0
	for _, c := range changes {
		if !slices.Contains(kinds[c.Kind], c.ID) {
			kinds[c.Kind] = append(kinds[c.Kind], c.ID)
		}
		if c.Severity == "high" && (c.Kind == "opened" || c.Kind == "reopened") {
			newHigh++
		}
	}
	gaps := map[string]bool{}
	for _, d := range v.Coverage {
		if d.Gap != "" {
			gaps[d.Date] = true
		}
	}
	updated := len(slices.DeleteFunc(kinds[""], func(id string) bool {
		return slices.Contains(kinds["opened"], id) || slices.Contains(kinds["reopened"], id)
	}))
	first, last := r.First.Format(time.DateOnly), r.Last.Format(time.DateOnly)
	return []any{t.ID, first, last, int64(len(kinds["opened"])), int64(len(kinds["reopened"])), int64(updated),
		int64(len(kinds[state.StatusResolved])), int64(newHigh), int64(len(gaps))}, newHigh > 0, nil
}
