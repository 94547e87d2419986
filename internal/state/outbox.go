package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Kinds of messages.
const (
	TicketOpen    = "ticket-open"
	TicketComment = "ticket-comment"
	TicketClose   = "ticket-close"
	AttachPacket  = "attach"
	AlertMail     = "alert-mail"
	AlertWebhook  = "alert-webhook"
)

// Message is to be told to another system, until it is.
type Message struct {
	ID       int64  // also the idempotency key
	Kind     string // ticket-open, ticket-comment, ticket-close, attach, alert-mail or alert-webhook
	Tenant   string
	Subject  string // finding, packet or alert; messages about one go out in their order
	Payload  json.RawMessage
	Status   string // as of a [Mail]
	Attempts int
	Next     time.Time // not to be tried before
	Detail   string    // the last error
	Queued   time.Time
	Ended    time.Time // zero while it waits
}

func putMessage(ctx context.Context, tx *sql.Tx, m Message, at time.Time) error {
	_, err := tx.ExecContext(ctx,
		"INSERT INTO outbox (kind, tenant, subject, payload, status, next, queued) VALUES (?, ?, ?, ?, 'waiting', ?, ?)", m.Kind, m.Tenant,
		m.Subject, string(m.Payload), at.UnixMilli(), at.UnixMilli())
	return err
}

// FindingNews is an event in the history of a finding that other systems may
// have to hear of.
type FindingNews struct {
	Event   int64
	Finding Finding // as it is now, without days and events
	FindingEvent
}

// findingCursor is the note with the last event that was looked at.
const findingCursor = "tickets.last_event"

// TellFindings hands the events of findings since the last call to choose, and
// queues the messages that it returns: each event once, whatever happens. At the
// very first call no event counts as new.
func (s *State) TellFindings(ctx context.Context, at time.Time, choose func(FindingNews) ([]Message, error)) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		var last, newest int64
		if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM finding_events").Scan(&newest); err != nil {
			return err
		}
		err := tx.QueryRowContext(ctx, "SELECT CAST(value AS INTEGER) FROM notes WHERE name = ?", findingCursor).Scan(&last)
		if errors.Is(err, sql.ErrNoRows) {
			last, err = newest, nil
		}
		if err != nil {
			return err
		}
		if last == newest && err == nil {
			_, err := tx.ExecContext(ctx, "INSERT INTO notes VALUES (?, ?) ON CONFLICT DO NOTHING", findingCursor, fmt.Sprint(newest))
			return err
		}
		news, err := newsSince(ctx, tx, last)
		if err != nil {
			return err
		}
		for _, n := range news {
			messages, err := choose(n)
			if err != nil {
				return err
			}
			for _, m := range messages {
				if err := putMessage(ctx, tx, m, at); err != nil {
					return err
				}
			}
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO notes VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", findingCursor,
			fmt.Sprint(newest))
		return err
	})
	if err != nil {
		return fmt.Errorf("queue the news of findings: %w", err)
	}
	return nil
}

func newsSince(ctx context.Context, tx *sql.Tx, last int64) ([]FindingNews, error) {
	rows, err := tx.QueryContext(ctx,
		"SELECT e.id, e.at, e.actor, e.kind, e.text, f.id, f.check_name, f.severity, f.tenant, f.bucket, "+
			"f.subject, f.status, f.owner, f.due, f.cause, f.resolution, f.count, f.first, f.last FROM "+
			"finding_events e JOIN finding_summary f ON f.id = e.finding WHERE e.id > ? ORDER BY e.id", last)
	if err != nil {
		return nil, err
	}
	var out []FindingNews
	for rows.Next() {
		var n FindingNews
		var at int64
		var first, last sql.NullInt64
		f := &n.Finding
		if err := rows.Scan(&n.Event, &at, &n.Actor, &n.Kind, &n.Text, &f.ID, &f.Check, &f.Severity, &f.Tenant,
			&f.Bucket, &f.Subject, &f.Status, &f.Owner, &f.Due, &f.Cause, &f.Resolution, &f.Count, &first, &last); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		n.At, f.First, f.Last = time.UnixMilli(at).UTC(), fromMillis(first), fromMillis(last)
		out = append(out, n)
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

const messageColumns = "SELECT id, kind, tenant, subject, payload, status, attempts, next, detail, queued, ended FROM outbox"

func (s *State) messages(ctx context.Context, where string, args ...any) ([]Message, error) {
	var out []Message
	err := s.rows(ctx, messageColumns+where, func(rows *sql.Rows) error {
		var m Message
		var payload string
		var next, queued int64
		var ended sql.NullInt64
		err := rows.Scan(&m.ID, &m.Kind, &m.Tenant, &m.Subject, &payload, &m.Status, &m.Attempts, &next, &m.Detail, &queued, &ended)
		m.Payload, m.Next, m.Queued, m.Ended = json.RawMessage(payload), time.UnixMilli(next).UTC(),
			time.UnixMilli(queued).UTC(), fromMillis(ended)
		out = append(out, m)
		return err
	}, args...)
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	return out, nil
}

// WaitingMessages returns of each subject the first message
// that waits: a comment never overtakes the ticket that it belongs to.
func (s *State) WaitingMessages(ctx context.Context) ([]Message, error) {
	return s.messages(ctx, " WHERE id IN (SELECT min(id) FROM outbox WHERE status = 'waiting' GROUP BY subject) ORDER BY next, id")
}

// TicketsOpened counts the messages that opened a ticket since a time, by tenant.
func (s *State) TicketsOpened(ctx context.Context, since time.Time) (map[string]int, error) {
	out := map[string]int{}
	err := s.rows(ctx, "SELECT tenant, count(*) FROM outbox WHERE kind = ? AND status = ? AND ended > ? GROUP BY tenant",
		func(rows *sql.Rows) error {
			var tenant string
			var n int
			err := rows.Scan(&tenant, &n)
			out[tenant] = n
			return err
		}, TicketOpen, MailSent, since.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("count the tickets: %w", err)
	}
	return out, nil
}

// Messages returns the newest messages, the newest first.
func (s *State) Messages(ctx context.Context, limit int) ([]Message, error) {
	return s.messages(ctx, " ORDER BY id DESC LIMIT ?", limit)
}

// PutMessage notes what became of an attempt to tell a message: its status,
// attempts, next, detail and end.
func (s *State) PutMessage(ctx context.Context, m Message) error {
	if _, err := s.db.ExecContext(ctx,
		"UPDATE outbox SET status = ?, attempts = ?, next = ?, detail = ?, ended = ? WHERE id = ?", m.Status,
		m.Attempts, m.Next.UnixMilli(), m.Detail, millis(m.Ended), m.ID); err != nil {
		return fmt.Errorf("note the message: %w", err)
	}
	return nil
}

// Queue queues messages.
func (s *State) Queue(ctx context.Context, messages []Message, at time.Time) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		for _, m := range messages {
			if err := putMessage(ctx, tx, m, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("queue messages: %w", err)
	}
	return nil
}

// Raise starts an alert and queues its messages, or ends one; where it has the
// state already nothing happens and changed is false. Messages are made with the
// time since which it lasts.
func (s *State) Raise(ctx context.Context, key, title string, on bool, at time.Time,
	messages func(since time.Time) []Message) (changed bool, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		var millis int64
		err := tx.QueryRowContext(ctx, "SELECT since FROM alerts WHERE key = ?", key).Scan(&millis)
		is := err == nil
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if is == on {
			return nil
		}
		changed = true
		since := at
		if on {
			_, err = tx.ExecContext(ctx, "INSERT INTO alerts VALUES (?, ?, ?)", key, at.UnixMilli(), title)
		} else {
			since = time.UnixMilli(millis).UTC()
			_, err = tx.ExecContext(ctx, "DELETE FROM alerts WHERE key = ?", key)
		}
		for _, m := range messages(since) {
			if err == nil {
				err = putMessage(ctx, tx, m, at)
			}
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("note the alert: %w", err)
	}
	return changed, nil
}

// DropMessages forgets the messages that were told or refused before a time. What
// tickets they led to stays known.
func (s *State) DropMessages(ctx context.Context, before time.Time) error {
	if _, err := s.db.ExecContext(ctx, "DELETE FROM outbox WHERE status <> 'waiting' AND ended < ?", before.UnixMilli()); err != nil {
		return fmt.Errorf("retire old messages: %w", err)
	}
	return nil
}

// Alert is one that lasts.
type Alert struct {
	Key, Title string
	Since      time.Time
}

// Alerts returns those that last, the oldest first.
func (s *State) Alerts(ctx context.Context) ([]Alert, error) {
	var out []Alert
	err := s.rows(ctx, "SELECT key, title, since FROM alerts ORDER BY since, key", func(rows *sql.Rows) error {
		var a Alert
		var since int64
		err := rows.Scan(&a.Key, &a.Title, &since)
		a.Since = time.UnixMilli(since).UTC()
		out = append(out, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the alerts: %w", err)
	}
	return out, nil
}

// Ticket is what another system calls the ticket of a finding.
type Ticket struct {
	Finding, System string
	Ref, URL        string // Ref "" means that there is none
	Closed          bool
}

// Ticket returns the ticket of a finding in a system; one with an empty Ref where
// there is none.
func (s *State) Ticket(ctx context.Context, finding, system string) (Ticket, error) {
	t := Ticket{Finding: finding, System: system}
	err := s.db.QueryRowContext(ctx, "SELECT ref, url, closed FROM tickets WHERE finding = ? AND system = ?", finding,
		system).Scan(&t.Ref, &t.URL, &t.Closed)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return t, fmt.Errorf("read the ticket: %w", err)
	}
	return t, nil
}

// PutTicket keeps a ticket.
func (s *State) PutTicket(ctx context.Context, t Ticket) error {
	if _, err := s.db.ExecContext(ctx,
		"INSERT INTO tickets VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET ref = excluded.ref, url = "+
			"excluded.url, closed = excluded.closed", t.Finding, t.System, t.Ref, t.URL, t.Closed); err != nil {
		return fmt.Errorf("note the ticket: %w", err)
	}
	return nil
}

// Note returns a note; "" where there is none.
func (s *State) Note(ctx context.Context, name string) (string, error) {
	var v string
	err := s.db.QueryRowContext(ctx, "SELECT value FROM notes WHERE name = ?", name).Scan(&v)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read a note: %w", err)
	}
	return v, nil
}

// DropNote forgets a note.
func (s *State) DropNote(ctx context.Context, name string) error {
	if _, err := s.db.ExecContext(ctx, "DELETE FROM notes WHERE name = ?", name); err != nil {
		return fmt.Errorf("forget a note: %w", err)
	}
	return nil
}

// PutNote keeps a note.
func (s *State) PutNote(ctx context.Context, name, value string) error {
	if _, err := s.db.ExecContext(ctx,
		"INSERT INTO notes VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", name, value); err != nil {
		return fmt.Errorf("keep a note: %w", err)
	}
	return nil
}
