package jobs

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/state"
)

// TestSuperseded: a mail gives way to the mail about a later revision, not to a
// revision that nobody was told of.
func TestSuperseded(t *testing.T) {
	s, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	at := time.Date(2026, 11, 3, 7, 0, 0, 0, time.UTC)
	first := state.Mail{Tenant: "acme", Month: "2026-10", Revision: 1, Email: "dana@acme.example"}
	published := func(revision int) state.Published {
		return state.Published{Tenant: "acme", Month: "2026-10", Revision: revision, At: at}
	}
	if err := s.Packets.Announce(t.Context(), published(1), []state.Mail{first}, nil, at); err != nil {
		t.Fatal(err)
	}
	if err := s.Packets.Put(t.Context(), published(2)); err != nil {
		t.Fatal(err)
	}
	p := Post{Parts: &Parts{State: s, Config: &config.Config{}}}
	if err := p.superseded(t.Context(), &first); err != nil {
		t.Errorf("a revision that was stored by hand: %v; want that the mail goes out", err)
	}
	if err := s.Mails.Queue(t.Context(), published(2), []state.Mail{{Email: first.Email}}, func(state.Mail) string {
		return "id"
	}, at); err != nil {
		t.Fatal(err)
	}
	if err := p.superseded(t.Context(), &first); !errors.Is(err, ErrSuperseded) {
		t.Errorf("a later mail: %v", err)
	}
}

// TestQueueMailsAgain: behind what was sent or refused comes another sending, with
// all its time and a Message-ID of its own; the first stays in the ledger.
func TestQueueMailsAgain(t *testing.T) {
	s, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	at := time.Date(2026, 11, 3, 7, 0, 0, 0, time.UTC)
	c := &config.Config{Mail: config.Mail{SMTP: "smtp://mail.example", From: "e@msp.example", Roles: []string{"auditor"}}}
	now := at
	p := &Parts{State: s, Config: c, Now: func() time.Time { return now }}
	tenant := config.Tenant{ID: "acme",
		Contacts: []config.Contact{{Name: "Dana", Email: "dana@acme.example", Role: "auditor"},
			{Name: "Ana", Email: "ana@acme.example", Role: "auditor"}, {Name: "Kim", Email: "kim@acme.example", Role: "technician"}}}
	packet := state.Published{Tenant: "acme", Month: "2026-10", Revision: 1, At: at}
	if n, err := p.QueueMails(t.Context(), tenant, packet, ""); err != nil || n != 2 {
		t.Fatalf("%d mails, %v; want the two auditors", n, err)
	}
	mails, err := s.Mails.Waiting(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first := map[string]string{}
	for _, m := range mails {
		first[m.Email] = m.MessageID
		m.Status, m.Ended, m.Attempts = state.MailRefused, at, 3
		if err := s.Mails.Update(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	now = at.AddDate(0, 0, 30)
	tenant.Contacts = tenant.Contacts[:1] // Ana was taken out
	if n, err := p.QueueMails(t.Context(), tenant, packet, "DANA@acme.example"); err != nil || n != 1 {
		t.Fatalf("%d mails, %v; want one", n, err)
	}
	mails, err = s.Mails.Waiting(t.Context())
	if err != nil || len(mails) != 1 || mails[0].Email != "dana@acme.example" || !mails[0].Queued.Equal(now) ||
		mails[0].Attempts != 0 || mails[0].Sending != 2 || mails[0].MessageID == first["dana@acme.example"] {
		t.Errorf("%+v, %v", mails, err)
	}
	if n, err := p.QueueMails(t.Context(), tenant, packet, ""); err != nil || n != 1 {
		t.Fatalf("%d mails, %v; want the one that waits", n, err)
	}
	all, err := s.Mails.Of(t.Context(), "acme")
	if err != nil || len(all) != 3 || all[1].Sending != 2 || all[2].Status != state.MailRefused || all[2].Attempts != 3 {
		t.Errorf("%+v, %v; want the second sending once, and the first as it was", all, err)
	}
}
