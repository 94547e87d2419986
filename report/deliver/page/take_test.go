package page

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"
)

// TestTake: a link has so many files on their way and no more, and leaves room for
// others; what is too large for all waits for its turn alone.
func TestTake(t *testing.T) {
	h := New(nil, nil, time.Now, slog.New(slog.DiscardHandler))
	var slow []func()
	for range perLink {
		release, err := h.take(t.Context(), "slow", 10<<20)
		if err != nil {
			t.Fatal(err)
		}
		slow = append(slow, release)
	}
	if _, err := h.take(t.Context(), "slow", 1); !errors.Is(err, errBusy) {
		t.Errorf("one more of the same link: %v", err)
	}
	for range 3 * perLink { // others are not concerned
		release, err := h.take(t.Context(), "other", 10<<20)
		if err != nil {
			t.Fatal(err)
		}
		release()
	}
	soon, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	if _, err := h.take(soon, "large", 100*held); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without room: %v", err)
	}
	for _, release := range slow {
		release()
	}
	release, err := h.take(t.Context(), "large", 100*held)
	if err != nil {
		t.Fatal(err)
	}
	release()
	if len(h.giving) != 0 {
		t.Errorf("left are %v", h.giving)
	}
}
