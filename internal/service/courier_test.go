package service

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/state"
)

// TestSilent: a log is silent once its hours are over, counted from the newest log object or,
// where none ever came, from when its tenant is served.
func TestSilent(t *testing.T) {
	now := time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for _, c := range []struct {
		newest, served time.Time
		want           bool
	}{
		{ago(36 * time.Hour), ago(1000 * time.Hour), false},
		{ago(36*time.Hour + time.Second), ago(0), true},
		{time.Time{}, ago(36 * time.Hour), false},
		{time.Time{}, ago(36*time.Hour + time.Second), true},
	} {
		if got := silent(c.newest, c.served, now, 36*time.Hour); got != c.want {
			t.Errorf("newest %s, served since %s: %t", c.newest, c.served, got)
		}
	}
}

// TestPatience: a mail that nobody takes is tried for four days and at least twelve times,
// then refused, and someone is told.
func TestPatience(t *testing.T) {
	at := time.Now()
	for _, c := range []struct {
		attempts int
		waited   time.Duration
		want     string
	}{
		{fewest - 1, time.Hour, state.MailWaiting},
		{1000, patience - time.Minute, state.MailWaiting},
		{fewest - 2, patience + time.Minute, state.MailWaiting}, // the machine was off
		{fewest - 1, patience + time.Minute, state.MailRefused},
	} {
		s := newService(t, "[mail]\nsmtp = \"smtp://u@127.0.0.1:1\"\npassword_env = \"BUCKETPROOF_TEST_UNSET\"\nfrom = \"e@msp.example\"\n"+
			strings.Replace(twoTenants, "name = \"Lodz\"", "name = \"Lodz\"\ncontact = [{ name = \"Dana\", email = \"dana@lodz.example\", "+
				"role = \"auditor\" }]", 1))
		published := state.Published{Tenant: "lodz", Month: "2026-10", Revision: 1, At: at.Add(-c.waited)}
		if err := s.parts.State.Packets.Announce(t.Context(), published, []state.Mail{{Tenant: "lodz", Month: "2026-10", Revision: 1,
			Email: "dana@lodz.example", MessageID: "id"}}, nil, at.Add(-c.waited)); err != nil {
			t.Fatal(err)
		}
		only := func() state.Mail {
			mails, err := s.parts.State.Mails.Of(t.Context(), "lodz")
			if err != nil || len(mails) != 1 {
				t.Fatalf("%+v, %v", mails, err)
			}
			return mails[0]
		}
		m := only()
		m.Attempts = c.attempts
		if err := s.parts.State.Mails.Update(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if _, err := newCourier(s).mails(context.Background()); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("%d attempts in %s", c.attempts, c.waited)
		got := only()
		if got.Status != c.want || got.Attempts != c.attempts+1 || got.Detail == "" {
			t.Errorf("%s: %+v, want it %s", name, got, c.want)
		}
		if waits := got.Next.After(time.Now()); waits != (c.want == state.MailWaiting) {
			t.Errorf("%s: it is tried next at %s", name, got.Next)
		}
		told := s.alerting(t) != ""
		if want := c.want == state.MailRefused || c.waited > 6*time.Hour; told != want {
			t.Errorf("%s: someone is told: %t, want %t", name, told, want)
		}
	}
}
