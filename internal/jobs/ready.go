package jobs

import (
	"context"
	"fmt"
	"time"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/objects"
)

// UncollectedError means that a place of logs was not collected whole since the end of the
// month, so that a packet would tell of gaps that are none of the log.
type UncollectedError struct{ Place string }

func (e *UncollectedError) Error() string {
	return "the logs at " + e.Place + " were not collected whole since the end of the month"
}

// clocked is a place that knows the time: S3 tells it with each answer.
type clocked interface {
	Clock(context.Context) (time.Time, error)
}

// isOver refuses a month that is not over by the clock of the evidence place. That of this
// machine may have jumped ahead, and a packet is final once it is stored.
func isOver(ctx context.Context, store objects.Store, t config.Tenant, month string) error {
	place, ok := store.(clocked)
	if !ok {
		return nil
	}
	r, err := analyze.Month(t.Location, month)
	if err != nil {
		return err
	}
	at, err := place.Clock(ctx)
	if err != nil || at.IsZero() || !at.Before(r.End()) {
		return err
	}
	return fmt.Errorf("by the clock of the evidence place it is %s, and %s is not over; set the clock of this machine right",
		at.In(t.Location).Format("2 January 2006 15:04 MST"), month)
}

// logsPause is how long a packet waits that lacks logs, before it is looked again.
const logsPause = 15 * time.Minute

// uncollected is the place of a tenant's logs that was not collected whole since the end
// of a month: because of a fault, or because collecting has not come to it yet behind an
// outage. A packet that is made before tells of gaps that are none of the log. "" is for
// none.
func (p *Parts) uncollected(ctx context.Context, t config.Tenant, month string) (string, error) {
	r, err := analyze.Month(t.Location, month)
	if err != nil {
		return "", err
	}
	for _, b := range t.Buckets {
		listed, err := p.State.Listings.LastComplete(ctx, b.Logs.Text)
		if err != nil {
			return "", err
		}
		if listed.Before(r.End()) {
			return b.Logs.Text, nil
		}
	}
	return "", nil
}
