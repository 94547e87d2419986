package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bucketproof/analyze"
	"bucketproof/collect/cloudtrail/integrity"
	"bucketproof/internal/config"
)

// ErrNoTrail means that the configuration names no trail for a tenant.
var ErrNoTrail = errors.New("tenant.cloudtrail is not set, so it is not measurable whether the trail is whole; name the trail's bucket and prefix there")

// VerifyTrail validates the digests of a tenant's trail over days, of the tenant's own
// accounts. Without keys CloudTrail is asked for them.
func (p *Parts) VerifyTrail(ctx context.Context, t config.Tenant, r analyze.Range, keys integrity.Keys) ([]integrity.Chain, integrity.Span, error) {
	period := integrity.Span{From: r.Start(), To: r.End()}
	if now := p.Now(); now.Before(period.To) {
		period.To = now.UTC().Truncate(time.Second)
	}
	if t.CloudTrail.Scheme == "" {
		return nil, period, fmt.Errorf("%s: %w", t.ID, ErrNoTrail)
	}
	u := t.CloudTrail
	bucket, err := integrity.OpenBucket(ctx, u, t.AWS)
	if err != nil {
		return nil, period, err
	}
	if keys == nil {
		keys = &integrity.ListedKeys{Access: t.AWS}
	}
	chains, err := integrity.Verify(ctx, bucket, integrity.Options{Bucket: u.Bucket, Prefix: u.Prefix, Accounts: t.Accounts, Period: period, Now: p.Now(), Keys: keys})
	if err != nil {
		err = fmt.Errorf("the trail of %s at %s: %w", t.ID, u.Text, err)
	}
	return chains, period, err
}
