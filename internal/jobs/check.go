package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/state"
	"bucketproof/scheduler"
)

// Checked is what the checks of some days did to a tenant's findings.
type Checked struct {
	Tenant                              string
	First, Last                         string // days, YYYY-MM-DD
	Opened, Reopened, Updated, Resolved int    // findings
	High                                int    // of severity high that are new or came back
	NotEvaluated                        int    // days
}

// Result is how the run ended.
func (c Checked) Result() scheduler.Result {
	return scheduler.Result{
		Detail: fmt.Sprintf("%s..%s: %d opened, %d reopened, %d updated, %d resolved, %d days not evaluated",
			c.First, c.Last, c.Opened, c.Reopened, c.Updated, c.Resolved, c.NotEvaluated),
		Attention: c.High > 0,
		Figures: map[string]int64{"opened": int64(c.Opened), "reopened": int64(c.Reopened),
			"updated": int64(c.Updated), "resolved": int64(c.Resolved),
			"high": int64(c.High), "not_evaluated_days": int64(c.NotEvaluated)},
	}
}

// Check runs the checks of a tenant over days.
func (p *Parts) Check(ctx context.Context, data analyze.Dataset, t config.Tenant, r analyze.Range) (out Checked, err error) {
	if err := p.Witness(ctx, t, r); err != nil {
		return out, err
	}
	leave, err := p.enter(ctx, data, t, r)
	if err != nil {
		return out, err
	}
	defer leave()
	v, err := analyze.Open(ctx, data, t, r)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	changes, failed := v.Check(ctx, p.Now()) // what the other checks found counts, too
	late, err := p.checkLate(ctx, data, t, r.First.Format(time.DateOnly))
	changes, failed = append(changes, late...), errors.Join(failed, err)
	out = Checked{Tenant: t.ID, First: r.First.Format(time.DateOnly), Last: r.Last.Format(time.DateOnly)}
	kinds := map[string][]string{}
	for _, c := range changes {
		if !slices.Contains(kinds[c.Kind], c.ID) {
			kinds[c.Kind] = append(kinds[c.Kind], c.ID)
		}
		if c.Severity == "high" && (c.Kind == "opened" || c.Kind == "reopened") {
			out.High++
		}
	}
	gaps := map[string]bool{}
	for _, d := range v.Coverage {
		if !d.Gap.None() {
			gaps[d.Date] = true
		}
	}
	out.Opened, out.Reopened, out.Resolved, out.NotEvaluated = len(kinds["opened"]), len(kinds["reopened"]),
		len(kinds[state.StatusResolved]), len(gaps)
	out.Updated = len(slices.DeleteFunc(kinds[""], func(id string) bool {
		return slices.Contains(kinds["opened"], id) || slices.Contains(kinds["reopened"], id)
	}))
	return out, failed
}

// checkLate looks at what was noticed of log objects that are about days before a day.
func (p *Parts) checkLate(ctx context.Context, data analyze.Dataset, t config.Tenant, before string) ([]state.Change, error) {
	ranges, err := analyze.LateIncidents(ctx, data, t, before)
	var changes []state.Change
	for _, r := range ranges {
		v, oerr := analyze.Open(ctx, data, t, r)
		if oerr != nil {
			return changes, errors.Join(err, oerr)
		}
		c, cerr := v.CheckLedger(ctx, p.Now())
		changes, err = append(changes, c...), errors.Join(err, cerr, v.Close())
	}
	return changes, err
}

// LookBack is a day widened to the days of the week before that a check could
// not look at, because S3 delivers late.
func (p *Parts) LookBack(ctx context.Context, t config.Tenant, day string) (analyze.Range, error) {
	from, err := analyze.Unlooked(ctx, p.State, t.ID, day)
	if err != nil {
		return analyze.Range{}, err
	}
	return analyze.NewRange(t.Location, from, day)
}
