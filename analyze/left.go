package analyze

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"bucketproof/internal/config"
)

// LeftBucket is a bucket that the configuration of the tenant had, and has no more.
type LeftBucket struct {
	Bucket string
	At     time.Time // when the configuration was changed, as far as runs have seen; zero: not known
	By     string    // who changed it, as far as the system tells
}

// Left are the buckets that the configuration had in the range, or of which checks have
// looked at days of it, and that it has no more, by their names. A view has nothing of
// them.
func (v *View) Left(ctx context.Context) ([]LeftBucket, error) {
	past, err := v.data.State.Configurations.Of(ctx, v.Tenant.ID)
	if err != nil {
		return nil, err
	}
	first, last := v.Range.First.Format(time.DateOnly), v.Range.Last.Format(time.DateOnly)
	checked, err := v.data.State.CheckDays.Buckets(ctx, v.Tenant.ID, first, last)
	if err != nil {
		return nil, err
	}
	now := func(name string) bool {
		return slices.ContainsFunc(v.Tenant.Buckets, func(b config.Bucket) bool { return b.Name == name })
	}
	left := map[string]LeftBucket{}
	for i, c := range past {
		from := c.Changed()
		if i > 0 {
			from = later(from, past[i-1].Seen)
		}
		var s standing
		if err := json.Unmarshal(c.Body, &s); err != nil {
			return nil, fmt.Errorf("read the configurations of %s: %w", v.Tenant.ID, err)
		}
		had := func(name string) bool {
			return slices.ContainsFunc(s.Tenant.Buckets, func(b config.Bucket) bool { return b.Name == name })
		}
		for name, l := range left {
			if l.At.IsZero() && !had(name) {
				left[name] = LeftBucket{name, from, c.By()}
			}
		}
		for _, b := range s.Tenant.Buckets {
			if !now(b.Name) && (from.Before(v.Range.End()) || slices.Contains(checked, b.Name)) {
				left[b.Name] = LeftBucket{Bucket: b.Name}
			}
		}
	}
	for _, name := range checked {
		if _, ok := left[name]; !ok && !now(name) {
			left[name] = LeftBucket{Bucket: name}
		}
	}
	var out []LeftBucket
	for _, name := range sortedKeys(left) {
		if l := left[name]; l.At.IsZero() || l.At.After(v.Range.Start()) {
			out = append(out, l)
		}
	}
	return out, nil
}
