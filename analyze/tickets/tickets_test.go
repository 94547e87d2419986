package tickets

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/state"
	"bucketproof/internal/webhook"
)

// notes keep what a system hands out, as the state does.
type notes map[string]string

func (n notes) Get(_ context.Context, name string) (string, error) { return n[name], nil }
func (n notes) Put(_ context.Context, name, value string) error {
	n[name] = value
	return nil
}

var opened = time.Date(2026, 10, 18, 9, 30, 0, 0, time.UTC)

// hostile is a finding whose texts were chosen by an attacker.
func hostile() Note {
	return Note{
		Finding: state.Finding{ID: "0123456789ab", Check: "unapproved-prefix", Severity: "high", Tenant: "acme",
			Bucket: "acme-backups", Status: "open", Count: 3, First: opened, Last: opened, Due: "2026-10-22",
			Subject: "private/ ```\n@everyone\u202e[x](javascript:1) X-Amz-Signature=aaaabbbbccccdddd " + strings.Repeat("é", 400)},
		Title: "Access outside the approved prefixes", Tenant: "Acme Dental", Kind: "opened", Text: "opened", At: opened, Key: "k1",
	}
}

func systems(t *testing.T) map[string]struct {
	p *peer
	s System
} {
	t.Helper()
	type pair = struct {
		p *peer
		s System
	}
	out := map[string]pair{}
	for _, x := range []struct {
		p *peer
		c config.Tickets
		s Secrets
	}{
		{newJiraPeer(t), config.Tickets{Kind: config.TicketsJira, User: "reports@msp.example", Project: "OPS",
			IssueType: "Task", Transition: "Done", Reopen: "Reopen"}, Secrets{Token: "jira-token"}},
		{newGitHubPeer(t), config.Tickets{Kind: config.TicketsGitHub, Project: "msp/evidence"}, Secrets{Token: "github-token"}},
		{newConnectWisePeer(t), config.Tickets{Kind: config.TicketsConnectWise, User: "acme+pub", Company: 250,
			Board: 1, ClientID: "c", Status: "New", Closed: "Closed"}, Secrets{Token: "priv"}},
		{newNinjaOnePeer(t), config.Tickets{Kind: config.TicketsNinjaOne, User: "ninja-id", Company: 2, Form: 1,
			Board: 2, Status: "1000", Closed: "6000"}, Secrets{Token: "ninja-secret", Refresh: "refresh-0"}},
	} {
		x.c.URL = x.p.URL
		s, err := New(x.c, x.s, Options{Now: time.Now, Notes: notes{}})
		if err != nil {
			t.Fatal(err)
		}
		out[x.c.Kind] = pair{x.p, s}
	}
	return out
}

// TestLife is the life of a finding in each system: one ticket, a comment when it
// comes back, its narrative when it is closed.
func TestLife(t *testing.T) {
	for kind, x := range systems(t) {
		t.Run(kind, func(t *testing.T) {
			ctx := t.Context()
			made, err := x.s.Open(ctx, hostile())
			if err != nil || made.Ref == "" || made.URL == "" {
				t.Fatalf("open: %+v, %v", made, err)
			}
			if !strings.HasSuffix(made.URL, made.Ref) {
				t.Errorf("the ticket %s is said to be at %s", made.Ref, made.URL)
			}
			k := x.p.Tickets[0]
			if !strings.Contains(k.Body, "0123456789ab") || !strings.Contains(k.Title, "Acme Dental") ||
				!strings.Contains(k.Body, "Due: 2026-10-22") {
				t.Errorf("the ticket says %q, %q", k.Title, k.Body)
			}
			for _, bad := range []string{"aaaabbbbccccdddd", "\u202e"} {
				if strings.Contains(k.Title+k.Body, bad) {
					t.Errorf("the ticket holds %q", bad)
				}
			}
			n := hostile()
			n.Kind, n.Finding.Status, n.Finding.Cause, n.Finding.Resolution = "resolved", "resolved",
				"A restore test", "Approved, ticket 12"
			if err := x.s.Close(ctx, made.Ref, n); err != nil || k.Open || len(k.Comments) != 1 ||
				!strings.Contains(k.Comments[0], "Resolution: Approved, ticket 12") {
				t.Errorf("close: %v, %+v", err, k)
			}
			if kind == config.TicketsConnectWise && (k.resolution != k.Comments[0] || k.status != "Closed") {
				t.Errorf("the resolution is %q, the status %q", k.resolution, k.status)
			}
			n.Kind = "reopened"
			if err := x.s.Comeback(ctx, made.Ref, n); err != nil || !k.Open || len(k.Comments) != 2 ||
				!strings.Contains(k.Comments[1], "came back") {
				t.Errorf("comeback: %v, %+v", err, k)
			}
			if len(x.p.Tickets) != 1 {
				t.Errorf("%d tickets; want 1", len(x.p.Tickets))
			}
		})
	}
}

// TestLostAnswer: a ticket whose answer was lost is found again, and a second one
// is never opened.
func TestLostAnswer(t *testing.T) {
	for kind, x := range systems(t) {
		t.Run(kind, func(t *testing.T) {
			x.p.mu.Lock()
			x.p.DropAnswer = true
			x.p.mu.Unlock()
			if _, err := x.s.Open(t.Context(), hostile()); err == nil {
				t.Fatal("a connection that was cut is no error")
			}
			n := hostile()
			n.Again = true
			made, err := x.s.Open(t.Context(), n)
			if err != nil || len(x.p.Tickets) != 1 || !strings.HasSuffix(made.Ref, "1") {
				t.Errorf("again: %+v, %v, %d tickets", made, err, len(x.p.Tickets))
			}
		})
	}
}

// TestOutage: a busy system is told from one that refuses, and says when to come
// back.
func TestOutage(t *testing.T) {
	for kind, x := range systems(t) {
		t.Run(kind, func(t *testing.T) {
			for _, status := range []int{503, 429, 500} {
				x.p.mu.Lock()
				x.p.FailNext = status
				x.p.mu.Unlock()
				_, err := x.s.Open(t.Context(), hostile())
				var answer *webhook.Error
				if !errors.As(err, &answer) || answer.Permanent() || status != 500 && answer.RetryAfter != 7*time.Second {
					t.Errorf("%d: %v", status, err)
				}
			}
			if _, err := x.s.Open(t.Context(), hostile()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestWrongSecret: what a person must mend is no reason to give a message up.
func TestWrongSecret(t *testing.T) {
	p := newJiraPeer(t)
	s, err := New(config.Tickets{Kind: config.TicketsJira, URL: p.URL, User: "reports@msp.example", Project: "OPS",
		IssueType: "Task"}, Secrets{Token: "wrong-secret"}, Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Open(t.Context(), hostile())
	var answer *webhook.Error
	if !errors.As(err, &answer) || answer.Permanent() || !strings.Contains(err.Error(), "tickets.token_env") ||
		strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("%v", err)
	}
}

// TestNinjaOneTokens: a refresh token that was handed out takes the place of the
// one before, also for the next process.
func TestNinjaOneTokens(t *testing.T) {
	p := newNinjaOnePeer(t)
	kept := notes{}
	c := config.Tickets{Kind: config.TicketsNinjaOne, URL: p.URL, User: "ninja-id", Company: 2, Form: 1, Status: "1000", Closed: "6000"}
	for range 3 {
		s, err := New(c, Secrets{Token: "ninja-secret", Refresh: "refresh-0"}, Options{Now: time.Now, Notes: kept})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Open(t.Context(), hostile()); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"refresh-0", "refresh-1", "refresh-2", "refresh-3"}; !slices.Equal(p.Tokens, want) {
		t.Errorf("tokens %v, want %v", p.Tokens, want)
	}
	machine, err := New(c, Secrets{Token: "ninja-secret"}, Options{Now: time.Now, Notes: notes{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := machine.Open(t.Context(), hostile()); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("client credentials for ticketing: %v", err)
	}
}

func TestNinjaOneAttachment(t *testing.T) {
	x := systems(t)[config.TicketsNinjaOne]
	keeper := x.s.(Keeper)
	for _, again := range []bool{false, true} {
		if err := keeper.Attach(t.Context(), "acme-2026-10-packet.pdf", "application/pdf", []byte("%PDF"), again); err != nil {
			t.Fatal(err)
		}
	}
	if f := x.p.Attachments; len(f) != 1 || f[0].Name != "acme-2026-10-packet.pdf" ||
		f[0].ContentType != "application/pdf" || string(f[0].Body) != "%PDF" {
		t.Errorf("files %v; want one", f)
	}
}

// TestKinds: what the configuration can name has a system here, and nothing else has.
func TestKinds(t *testing.T) {
	for _, kind := range config.TicketKinds() {
		if _, err := New(config.Tickets{Kind: kind}, Secrets{}, Options{}); err != nil {
			t.Error(err)
		}
	}
	if len(adapters) != len(config.TicketKinds()) {
		t.Errorf("there are %d systems for the kinds %v", len(adapters), config.TicketKinds())
	}
	_, err := New(config.Tickets{Kind: "pager"}, Secrets{}, Options{})
	if err == nil || !strings.Contains(err.Error(), `tickets.kind is "pager"`) {
		t.Errorf("an unknown kind gives %v", err)
	}
}
