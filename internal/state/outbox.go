package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Outbox is what waits to be told to other systems, and what was.
type Outbox struct{ db *database }

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
func (s *Outbox) TellFindings(ctx context.Context, at time.Time, choose func(FindingNews) ([]Message, error)) error {
	err := s.db.write(ctx, func(tx *sql.Tx) error {
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
	var out []FindingNews
	err := each(ctx, tx,
		"SELECT e.id, e.at, e.actor, e.kind, e.text, f.id, f.check_name, f.severity, f.tenant, f.bucket, "+
			"f.subject, f.status, f.owner, f.due, f.cause, f.resolution, f.count, f.first, f.last FROM "+
			"finding_events e JOIN finding_summary f ON f.id = e.finding WHERE e.id > ? ORDER BY e.id", func(rows *sql.Rows) error {
			var n FindingNews
			var at int64
			var first, last sql.NullInt64
			f := &n.Finding
			err := rows.Scan(&n.Event, &at, &n.Actor, &n.Kind, &n.Text, &f.ID, &f.Check, &f.Severity, &f.Tenant,
				&f.Bucket, &f.Subject, &f.Status, &f.Owner, &f.Due, &f.Cause, &f.Resolution, &f.Count, &first, &last)
			n.At, f.First, f.Last = time.UnixMilli(at).UTC(), fromMillis(first), fromMillis(last)
			out = append(out, n)
			return err
		}, last)
	return out, err
}

const messageColumns = "SELECT id, kind, tenant, subject, payload, status, attempts, next, detail, queued, ended FROM outbox"

func (s *Outbox) list(ctx context.Context, where string, args ...any) ([]Message, error) {
	return list(ctx, s.db, "read the outbox", messageColumns+where, func(rows *sql.Rows) (Message, error) {
		var m Message
		var payload string
		var next, queued int64
		var ended sql.NullInt64
		err := rows.Scan(&m.ID, &m.Kind, &m.Tenant, &m.Subject, &payload, &m.Status, &m.Attempts, &next, &m.Detail, &queued, &ended)
		m.Payload, m.Next, m.Queued, m.Ended = json.RawMessage(payload), time.UnixMilli(next).UTC(),
			time.UnixMilli(queued).UTC(), fromMillis(ended)
		return m, err
	}, args...)
}

// Waiting returns of each subject the first message
// that waits: a comment never overtakes the ticket that it belongs to.
func (s *Outbox) Waiting(ctx context.Context) ([]Message, error) {
	return s.list(ctx, " WHERE id IN (SELECT min(id) FROM outbox WHERE status = 'waiting' GROUP BY subject) ORDER BY next, id")
}

// TicketsOpened counts the messages that opened a ticket since a time, by tenant.
func (s *Outbox) TicketsOpened(ctx context.Context, since time.Time) (map[string]int, error) {
	const query = "SELECT tenant, count(*) FROM outbox WHERE kind = ? AND status = ? AND ended > ? GROUP BY tenant"
	return index(ctx, s.db, "count the tickets", query, func(rows *sql.Rows) (tenant string, n int, err error) {
		err = rows.Scan(&tenant, &n)
		return tenant, n, err
	}, TicketOpen, MailSent, since.UnixMilli())
}

// Newest returns the newest messages, the newest first.
func (s *Outbox) Newest(ctx context.Context, limit int) ([]Message, error) {
	return s.list(ctx, " ORDER BY id DESC LIMIT ?", limit)
}

// Update notes what became of an attempt to tell a message: its status,
// attempts, next, detail and end.
func (s *Outbox) Update(ctx context.Context, m Message) error {
	if _, err := s.db.ExecContext(ctx,
		"UPDATE outbox SET status = ?, attempts = ?, next = ?, detail = ?, ended = ? WHERE id = ?", m.Status,
		m.Attempts, m.Next.UnixMilli(), m.Detail, millis(m.Ended), m.ID); err != nil {
		return fmt.Errorf("note the message: %w", err)
	}
	return nil
}

// Queue queues messages.
func (s *Outbox) Queue(ctx context.Context, messages []Message, at time.Time) error {
	err := s.db.write(ctx, func(tx *sql.Tx) error {
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

// DropBefore forgets the messages that were told or refused before a time. What
// tickets they led to stays known.
func (s *Outbox) DropBefore(ctx context.Context, before time.Time) error {
	if _, err := s.db.ExecContext(ctx, "DELETE FROM outbox WHERE status <> 'waiting' AND ended < ?", before.UnixMilli()); err != nil {
		return fmt.Errorf("retire old messages: %w", err)
	}
	return nil
}

// Count counts the messages to other systems by kind and status.
func (s *Outbox) Count(ctx context.Context) ([]Count, error) {
	return counts(ctx, s.db, 2, "SELECT kind, status, count(*) FROM outbox GROUP BY kind, status ORDER BY 1, 2")
}
