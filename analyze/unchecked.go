package analyze

import (
	"context"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/dataset"
	"bucketproof/internal/reason"
	"bucketproof/internal/state"
)

// Unchecked are the days of a tenant that a check could not look at for want of a
// witness, and that no check has looked at since the witness spoke: what is known of
// them is older than what could be known. They come by check, bucket and date.
func Unchecked(ctx context.Context, d Dataset, t config.Tenant) ([]state.NotEvaluated, error) {
	silences, err := d.State.CheckDays.Silences(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	var out []state.NotEvaluated
	for _, s := range silences {
		if !isGap(s.Reason) {
			continue
		}
		spoke, err := d.spokeSince(ctx, t, s)
		if err != nil {
			return nil, err
		}
		if spoke {
			out = append(out, s.NotEvaluated)
		}
	}
	return out, nil
}

// Unchecked are those of the view's tenant, of any time.
func (v *View) Unchecked(ctx context.Context) ([]state.NotEvaluated, error) {
	return Unchecked(ctx, v.data, v.Tenant)
}

// spokeSince tells whether the witness for want of which a check could not look has
// spoken since.
func (d Dataset) spokeSince(ctx context.Context, t config.Tenant, s state.Silence) (bool, error) {
	r, err := NewRange(t.Location, s.Date, s.Date)
	if err != nil {
		return false, err
	}
	switch s.Reason.Cause() {
	case reason.Unsettled:
		for _, b := range t.Buckets {
			listed, err := d.State.Listings.LastComplete(ctx, b.Logs.Text)
			if err != nil || b.Name == s.Bucket {
				return !listed.Before(r.End().Add(Settle)), err
			}
		}
		return false, nil
	case reason.NotAsked:
		return d.State.Witnesses.LookedSince(ctx, t.ID, s.Bucket, s.Date, s.Checked)
	}
	owners := []string{s.Bucket}
	if s.Reason.Cause() == reason.TrailGap {
		owners = nil
		for _, account := range t.Accounts {
			owners = append(owners, dataset.TrailOwner(account))
		}
	}
	end := r.End()
	if c := d.Catalog.Check(s.Check); c != nil && c.scope().night {
		end = end.Add(24 * time.Hour) // a window that begins on the day may end on the next one
	}
	for _, owner := range owners {
		came, err := d.State.Ledger.CameSince(ctx, owner, r.Start(), end, s.Checked)
		if came || err != nil {
			return came, err
		}
	}
	return false, nil
}
