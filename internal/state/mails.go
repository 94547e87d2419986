package state

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Mails are those that announce packets, sent or waiting.
type Mails struct{ db *database }

// Statuses of what is to be sent.
const (
	MailWaiting = "waiting"
	MailSent    = "sent"
	MailRefused = "refused" // for good
	// MailWithheld is one that is not sent, because it is not needed any more.
	MailWithheld = "withheld"
)

// Mail announces a packet to a contact.
type Mail struct {
	Tenant, Month string // YYYY-MM
	Revision      int
	Email         string
	Sending       int // 1 is the service's own, those behind it were asked for by hand
	Name, Role    string
	MessageID     string // without angle brackets
	Status        string
	Attempts      int
	Next          time.Time // not to be tried before
	Detail        string    // the last error
	Link          string    // presigned or page; "" where none was made
	LinkEnds      time.Time // zero where none was made
	Queued        time.Time
	Ended         time.Time // zero while it waits
}

func putMails(ctx context.Context, tx *sql.Tx, p Published, mails []Mail, at time.Time) error {
	for _, m := range mails {
		_, err := tx.ExecContext(ctx,
			"INSERT INTO mails (tenant, month, revision, email, sending, name, role, message_id, status, next, "+
				"queued) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?) ON CONFLICT DO NOTHING",
			p.Tenant, p.Month, p.Revision, m.Email, max(m.Sending, 1), m.Name, m.Role, m.MessageID, at.UnixMilli(), at.UnixMilli())
		if err != nil {
			return err
		}
	}
	return nil
}

// Queue queues mails about a packet, as someone asked for by hand. One that
// waits is tried anew, with all its time; behind one that was sent, refused or
// withheld comes another sending, whose Message-ID messageID makes.
func (s *Mails) Queue(ctx context.Context, p Published, mails []Mail, messageID func(Mail) string, at time.Time) error {
	err := s.db.write(ctx, func(tx *sql.Tx) error {
		for _, m := range mails {
			r, err := tx.ExecContext(ctx,
				"UPDATE mails SET attempts = 0, next = ?, queued = ?, detail = '' WHERE status = 'waiting' AND "+
					"tenant = ? AND month = ? AND revision = ? AND email = ?",
				at.UnixMilli(), at.UnixMilli(), p.Tenant, p.Month, p.Revision, m.Email)
			if err != nil {
				return err
			}
			if n, err := r.RowsAffected(); err != nil || n > 0 {
				if err != nil {
					return err
				}
				continue
			}
			if err := tx.QueryRowContext(ctx,
				"SELECT coalesce(max(sending), 0) + 1 FROM mails WHERE tenant = ? AND month = ? AND revision = ? AND email = ?", p.Tenant,
				p.Month, p.Revision, m.Email).Scan(&m.Sending); err != nil {
				return err
			}
			m.MessageID = messageID(m)
			if err := putMails(ctx, tx, p, []Mail{m}, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("queue the mails: %w", err)
	}
	return nil
}

// Update notes what became of an attempt to send a mail: its status, attempts,
// next, detail, link and end.
func (s *Mails) Update(ctx context.Context, m Mail) error {
	_, err := s.db.ExecContext(ctx,
		"UPDATE mails SET status = ?, attempts = ?, next = ?, detail = ?, link = ?, link_ends = ?, ended = ? WHERE "+
			"tenant = ? AND month = ? AND revision = ? AND email = ? AND sending = ?",
		m.Status, m.Attempts, m.Next.UnixMilli(), m.Detail, m.Link, millis(m.LinkEnds), millis(m.Ended), m.Tenant,
		m.Month, m.Revision, m.Email, m.Sending)
	if err != nil {
		return fmt.Errorf("note the mail: %w", err)
	}
	return nil
}

const mailColumns = "SELECT tenant, month, revision, email, sending, name, role, message_id, status, attempts, " +
	"next, detail, link, link_ends, queued, ended FROM mails"

func (s *Mails) list(ctx context.Context, where string, args ...any) ([]Mail, error) {
	return list(ctx, s.db, "read the mails", mailColumns+where, func(rows *sql.Rows) (Mail, error) {
		var m Mail
		var next, queued int64
		var linkEnds, ended sql.NullInt64
		err := rows.Scan(&m.Tenant, &m.Month, &m.Revision, &m.Email, &m.Sending, &m.Name, &m.Role, &m.MessageID,
			&m.Status, &m.Attempts, &next, &m.Detail, &m.Link, &linkEnds, &queued, &ended)
		m.Next, m.Queued = time.UnixMilli(next).UTC(), time.UnixMilli(queued).UTC()
		m.LinkEnds, m.Ended = fromMillis(linkEnds), fromMillis(ended)
		return m, err
	}, args...)
}

// Waiting returns the mails that wait, those first that may be tried first.
func (s *Mails) Waiting(ctx context.Context) ([]Mail, error) {
	return s.list(ctx, " WHERE status = 'waiting' ORDER BY next, tenant, month, email, sending")
}

// Of returns the mails of a tenant, or of all where tenant is "", the newest
// first.
func (s *Mails) Of(ctx context.Context, tenant string) ([]Mail, error) {
	return s.list(ctx, " WHERE tenant = ? OR ? = '' ORDER BY month DESC, revision DESC, tenant, email, sending DESC", tenant, tenant)
}

// Between returns the mails of a tenant that were sent or refused in
// from..to, the earliest first.
func (s *Mails) Between(ctx context.Context, tenant string, from, to time.Time) ([]Mail, error) {
	return s.list(ctx, " WHERE tenant = ? AND status <> 'withheld' AND ended >= ? AND ended < ? ORDER BY ended, email, sending", tenant,
		from.UnixMilli(), to.UnixMilli())
}

// Count counts the mails by status.
func (s *Mails) Count(ctx context.Context) ([]Count, error) {
	return counts(ctx, s.db, 1, "SELECT status, count(*) FROM mails GROUP BY status ORDER BY 1")
}
