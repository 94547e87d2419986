package jobs

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"bucketproof/internal/state"
)

// TestHeldTickets: of very many findings the gravest get their tickets first, and no more
// within an hour than a service desk can read.
func TestHeldTickets(t *testing.T) {
	s, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	at := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	var all []state.Message
	for i := range 100 {
		severity := "low"
		if i >= 90 {
			severity = "high"
		}
		payload, err := json.Marshal(news{Finding: state.Finding{Severity: severity}})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, state.Message{Kind: state.TicketOpen, Tenant: "acme", Subject: fmt.Sprint("f", i), Payload: payload})
	}
	all = append(all, state.Message{Kind: state.TicketClose, Tenant: "acme", Subject: "old", Payload: []byte("{}")},
		state.Message{Kind: state.TicketOpen, Tenant: "lodz", Subject: "other", Payload: []byte("{}")})
	if err := s.Outbox.Queue(t.Context(), all, at); err != nil {
		t.Fatal(err)
	}
	p := &Post{Parts: &Parts{State: s, Now: func() time.Time { return at }}}
	opened := 0
	for _, tt := range []struct{ opened, held, first int }{{30, 70, 10}, {0, 70, 0}, {30, 40, 0}} {
		waiting, err := s.Outbox.Waiting(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		now, held, err := p.Held(t.Context(), waiting)
		if err != nil {
			t.Fatal(err)
		}
		opens, grave := 0, 0
		for _, m := range now {
			var n news
			if err := json.Unmarshal(m.Payload, &n); err != nil {
				t.Fatal(err)
			}
			if m.Kind == state.TicketOpen && m.Tenant == "acme" {
				opens++
			}
			if n.Finding.Severity == "high" && opens <= 10 {
				grave++
			}
			m.Status, m.Ended = state.MailSent, at
			if err := s.Outbox.Update(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		if opens != tt.opened || held["acme"] != tt.held || held["lodz"] != 0 || grave != tt.first {
			t.Errorf("%d are opened, %d of them grave and first, %d are held; want %+v", opens, grave, held["acme"], tt)
		}
		if opened += opens; tt.opened == 0 {
			at = at.Add(61 * time.Minute)
		}
	}
	if opened != 60 {
		t.Errorf("%d were opened in two hours", opened)
	}
}
