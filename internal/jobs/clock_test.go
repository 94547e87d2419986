package jobs

import (
	"context"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/objects"
)

// clockStore is a place that tells the time and does nothing else.
type clockStore struct {
	objects.Store
	at time.Time
}

func (c clockStore) Clock(context.Context) (time.Time, error) { return c.at, nil }

// TestMonthIsOver: a month is over by the clock of the evidence place, in the tenant's zone.
func TestMonthIsOver(t *testing.T) {
	zone, err := time.LoadLocation("America/Chicago")
	if err != nil {
		t.Fatal(err)
	}
	tenant := config.Tenant{ID: "acme", Location: zone}
	end := time.Date(2026, 11, 1, 5, 0, 0, 0, time.UTC) // midnight in Chicago
	for at, want := range map[time.Time]string{end.Add(-time.Second): "is not over", end: "", {}: ""} {
		err := isOver(t.Context(), clockStore{at: at}, tenant, "2026-10")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("at %s: %v", at, err)
		}
	}
}
