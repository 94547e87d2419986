package analyze

import (
	"context"
	"math"
	"slices"

	"bucketproof/analyze/engine"
)

// The saved queries that compare access log and trail.
const (
	SideBySide  = "log-and-trail"
	Differences = "log-and-trail-differences"
)

// Compare answers one of the queries that compare access log and trail, the built-in
// one whatever stands in its place. It tells whether the two differ by more than what
// is known to be in one place only.
func (v *View) Compare(ctx context.Context, name string) (result *engine.Result, differ bool, err error) {
	s, err := v.data.Catalog.BuiltIn(name)
	if err != nil {
		return nil, false, err
	}
	if result, err = v.run(ctx, s, "", math.MaxInt); err != nil || name == Differences {
		return result, err == nil && len(result.Rows) > 0, err
	}
	type day struct {
		Verdict string `column:"verdict"`
	}
	days, err := engine.Rows[day]("query "+name, result.Columns, result.Rows)
	differ = slices.Contains(days, day{attention})
	return result, differ, err
}

// attention is the verdict of what a person must look at.
const attention = "attention"
