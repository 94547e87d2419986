package jobs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"bucketproof/analyze"
	"bucketproof/collect/cloudtrail/integrity"
	"bucketproof/internal/config"
)

// ErrNoTrail means that the configuration names no trail for a tenant.
var ErrNoTrail = errors.New("tenant.cloudtrail is not set, so it is not measurable whether the trail is whole; " +
	"name the trail's bucket and prefix there")

// ErrNotDue means that no digest of a period is due yet.
var ErrNotDue = errors.New("the month has just begun, and no digest of it is due yet; try again in some hours")

// VerifyTrail validates the digests of a tenant's trail over days, of the tenant's own
// accounts, as far as they are over. Without keys those of the configuration are used.
func (p *Parts) VerifyTrail(ctx context.Context, t config.Tenant, r analyze.Range,
	keys integrity.Keys) ([]integrity.Chain, integrity.Span, error) {
	period := integrity.Span{From: r.Start(), To: r.End()}
	// What CloudTrail need not have delivered yet is not looked at.
	if due := p.Now().Add(-integrity.Slack); due.Before(period.To) {
		period.To = due.UTC().Truncate(time.Second)
	}
	if !period.From.Before(period.To) {
		return nil, period, fmt.Errorf("%s: %w", t.ID, ErrNotDue)
	}
	if t.CloudTrail.Scheme == "" {
		return nil, period, fmt.Errorf("%s: %w", t.ID, ErrNoTrail)
	}
	locations, err := trailLocations(ctx, t)
	if err == nil && keys == nil {
		keys, err = trailKeys(t)
	}
	if err != nil {
		return nil, period, err
	}
	chains, err := integrity.Verify(ctx, locations, integrity.Options{Accounts: t.Accounts, Period: period, Now: p.Now(), Keys: keys})
	if err != nil {
		err = fmt.Errorf("the trail of %s at %s: %w", t.ID, trailPlaces(t), err)
	}
	return chains, period, err
}

// trailLocations are the places of a tenant's trail, that of today and those before.
func trailLocations(ctx context.Context, t config.Tenant) (out []integrity.Location, err error) {
	for _, u := range t.Trails() {
		place, err := integrity.OpenPlace(ctx, u, t.AWS)
		if err != nil {
			return nil, err
		}
		l := integrity.Location{Store: place, Bucket: place.Name, Prefix: place.Prefix}
		for _, o := range t.Trails() {
			if inner, ok := o.Within(u); ok && u.Scheme == "file" { // keys of a bucket are whole, and known twice
				l.Except = append(l.Except, inner)
			}
		}
		out = append(out, l)
	}
	return out, nil
}

// trailPlaces names them.
func trailPlaces(t config.Tenant) string {
	var out []string
	for _, u := range t.Trails() {
		out = append(out, u.Text)
	}
	return strings.Join(out, ", ")
}

// trailKeys are those of the tenant's file, or of CloudTrail itself.
func trailKeys(t config.Tenant) (integrity.Keys, error) {
	if t.CloudTrailKeys == "" {
		return &integrity.ListedKeys{Access: t.AWS}, nil
	}
	f, err := integrity.ReadKeyFile(t.CloudTrailKeys)
	if err != nil {
		return nil, fmt.Errorf("tenant.cloudtrail_keys of %s: %w", t.ID, err)
	}
	return f, nil
}
