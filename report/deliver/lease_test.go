package deliver

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"bucketproof/internal/objects"
)

// machine is a claimant with a clock of its own.
func machine(t *testing.T, dir, name string, now *time.Time) Claims {
	t.Helper()
	u, err := objects.ParseURL("file://" + dir)
	if err != nil {
		t.Fatal(err)
	}
	return Claims{URL: u, Owner: Owner{Instance: name, Host: name, PID: 1}, Now: func() time.Time { return *now }, TTL: 30 * time.Minute}
}

func none(context.Context) (int, error) { return 0, nil }

func TestLease(t *testing.T) {
	dir := t.TempDir()
	now := time.Now().UTC().Truncate(time.Second)
	a, b := machine(t, dir, "a", &now), machine(t, dir, "b", &now)
	work := Work{Tenant: "acme", Month: "2026-10", Scheduled: now}
	ctx := t.Context()
	first, err := a.Take(ctx, work, none)
	if err != nil || first.Number != 1 {
		t.Fatalf("the first claim: %+v, %v", first, err)
	}
	var held *HeldError
	if _, err := b.Take(ctx, work, none); !errors.As(err, &held) || held.Owner.Host != "a" || !held.Until.Equal(now.Add(30*time.Minute)) {
		t.Fatalf("a second machine got %v; want that a holds it", err)
	}
	// The same data folder after a crash takes its own claim up again at once.
	again, err := a.Take(ctx, work, none)
	if err != nil || again.Number != 2 || again.Before != 0 {
		t.Fatalf("the same machine again: %+v, %v", again, err)
	}
	if err := first.Held(ctx); !errors.Is(err, ErrLost) {
		t.Errorf("the earlier claim: %v; want that it is lost", err)
	}
	if err := again.Held(ctx); err != nil {
		t.Error(err)
	}
	// Past its end another machine may take it, and knows since when.
	now = now.Add(31 * time.Minute)
	other, err := b.Take(ctx, work, none)
	if err != nil || other.Number != 3 || !other.First.Equal(now.Add(-31*time.Minute)) {
		t.Fatalf("past the end: %+v, %v", other, err)
	}
	if err := again.Held(ctx); !errors.Is(err, ErrLost) {
		t.Errorf("the claim that ended: %v", err)
	}
	if err := other.Release(ctx); err != nil {
		t.Fatal(err)
	}
	last, err := a.Take(ctx, work, none)
	if err != nil || last.Number != 4 {
		t.Fatalf("a released claim: %+v, %v", last, err)
	}
	if err := last.Finish(ctx, Finished{Revision: 1, Packet: "x"}); err != nil {
		t.Fatal(err)
	}
	var done *FinishedError
	if _, err := b.Take(ctx, work, none); !errors.As(err, &done) || done.Revision != 1 || done.Owner.Host != "a" || done.Fencing != 4 {
		t.Errorf("finished work: %v", err)
	}
	if _, err := b.Take(ctx, Work{Tenant: "acme", Month: "2026-10", Scheduled: now.Add(time.Hour)}, none); err != nil {
		t.Errorf("another scheduled time is other work: %v", err)
	}
}

// TestLeaseOfAnotherName: a container that comes up with another host name takes up
// the claim that its data folder knows as its own, and no other.
func TestLeaseOfAnotherName(t *testing.T) {
	dir := t.TempDir()
	now := time.Now().UTC().Truncate(time.Second)
	work := Work{Tenant: "acme", Month: "2026-10"}
	first, err := machine(t, dir, "box-1", &now).Take(t.Context(), work, none)
	if err != nil {
		t.Fatal(err)
	}
	after := machine(t, dir, "box-2", &now)
	after.Known = first.Number + 1
	var held *HeldError
	if _, err := after.Take(t.Context(), work, none); !errors.As(err, &held) {
		t.Errorf("a claim with another number: %v", err)
	}
	after.Known = first.Number
	again, err := after.Take(t.Context(), work, none)
	if err != nil || again.Number != first.Number+1 {
		t.Errorf("its own claim: %+v, %v", again, err)
	}
}

// TestAnnounced: what another machine has said to be done is known, whatever the
// work was.
func TestAnnounced(t *testing.T) {
	dir := t.TempDir()
	now := time.Now().UTC().Truncate(time.Second)
	a, b := machine(t, dir, "a", &now), machine(t, dir, "b", &now)
	if f, err := b.Announced(t.Context(), "acme", "2026-10", 1, nobody); err != nil || f != nil {
		t.Fatalf("nothing is there: %v, %v", f, err)
	}
	l, err := a.Take(t.Context(), Work{Tenant: "acme", Month: "2026-10", Scheduled: now}, none)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Finish(t.Context(), Finished{Revision: 2, Packet: "x"}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		who      Claims
		revision int
		want     bool
	}{{b, 2, true}, {b, 1, false}, {a, 2, false}} {
		f, err := tt.who.Announced(t.Context(), "acme", "2026-10", tt.revision, nobody)
		if err != nil || (f != nil) != tt.want {
			t.Errorf("%s asks for revision %d: %v, %v; want %v", tt.who.Owner.Host, tt.revision, f, err, tt.want)
		}
	}
	// The same data folder under another host name knows its own word.
	work := Work{Tenant: "acme", Month: "2026-10", Scheduled: now}.String()
	mine := func(name string, number int) (bool, error) { return name == work && number == l.Number, nil }
	if f, err := b.Announced(t.Context(), "acme", "2026-10", 2, mine); err != nil || f != nil {
		t.Errorf("its own word: %v, %v", f, err)
	}
}

func nobody(string, int) (bool, error) { return false, nil }

// TestLeaseRace lets many machines claim the same at once.
func TestLeaseRace(t *testing.T) {
	dir := t.TempDir()
	now := time.Now().UTC().Truncate(time.Second)
	work := Work{Tenant: "acme", Month: "2026-10", Scheduled: now}
	var mu sync.Mutex
	var group sync.WaitGroup
	won := 0
	for i := range 16 {
		c := machine(t, dir, string(rune('a'+i)), &now)
		group.Go(func() {
			_, err := c.Take(context.Background(), work, none)
			var held *HeldError
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !errors.As(err, &held) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if won != 1 {
		t.Errorf("%d machines hold the claim; want 1", won)
	}
}

func TestLeaseRenewal(t *testing.T) {
	dir := t.TempDir()
	now := time.Now().UTC().Truncate(time.Second)
	a, b := machine(t, dir, "a", &now), machine(t, dir, "b", &now)
	a.TTL = 1500 * time.Millisecond // of the real clock, by which it is renewed
	work := Work{Tenant: "acme", Month: "2026-10", Scheduled: now}
	l, err := a.Take(t.Context(), work, none)
	if err != nil {
		t.Fatal(err)
	}
	before, err := l.look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(10 * time.Second)
	kept, stop := l.Keep(t.Context())
	for seen := before; !seen.until.After(before.until); {
		if seen, err = l.look(t.Context()); err != nil || kept.Err() != nil {
			t.Fatal(err, kept.Err())
		}
	}
	stop()
	a.TTL = 30 * time.Minute
	var held *HeldError
	if _, err := b.Take(t.Context(), work, none); !errors.As(err, &held) {
		t.Errorf("a renewed claim was taken: %v", err)
	}
}

// TestLeaseOfAFastClock: a claim that says that it holds for years holds no longer
// than any other.
func TestLeaseOfAFastClock(t *testing.T) {
	dir := t.TempDir()
	ahead := time.Now().AddDate(10, 0, 0)
	now := time.Now()
	a, b := machine(t, dir, "a", &ahead), machine(t, dir, "b", &now)
	work := Work{Tenant: "acme", Month: "2026-10", Scheduled: now}
	if _, err := a.Take(t.Context(), work, none); err != nil {
		t.Fatal(err)
	}
	var held *HeldError
	if _, err := b.Take(t.Context(), work, none); !errors.As(err, &held) || held.Until.After(now.Add(time.Hour)) {
		t.Errorf("%v; want that it is held for less than an hour", err)
	}
	now = now.Add(time.Hour)
	if _, err := b.Take(t.Context(), work, none); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}
