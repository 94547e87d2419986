package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Tickets is what ticket systems call the tickets of findings.
type Tickets struct{ db *database }

// Ticket is what another system calls the ticket of a finding.
type Ticket struct {
	Finding, System string
	Ref, URL        string // Ref "" means that there is none
	Closed          bool
}

// Of returns the ticket of a finding in a system; one with an empty Ref where
// there is none.
func (s *Tickets) Of(ctx context.Context, finding, system string) (Ticket, error) {
	t := Ticket{Finding: finding, System: system}
	err := s.db.QueryRowContext(ctx, "SELECT ref, url, closed FROM tickets WHERE finding = ? AND system = ?", finding,
		system).Scan(&t.Ref, &t.URL, &t.Closed)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return t, fmt.Errorf("read the ticket: %w", err)
	}
	return t, nil
}

// Put keeps a ticket.
func (s *Tickets) Put(ctx context.Context, t Ticket) error {
	if _, err := s.db.ExecContext(ctx,
		"INSERT INTO tickets VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET ref = excluded.ref, url = "+
			"excluded.url, closed = excluded.closed", t.Finding, t.System, t.Ref, t.URL, t.Closed); err != nil {
		return fmt.Errorf("note the ticket: %w", err)
	}
	return nil
}
