package state

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Packets are those that were published.
type Packets struct{ db *database }

// Published is the latest revision of a packet that was published, or found to
// say the same again.
type Published struct {
	Tenant, Month string // YYYY-MM
	Revision      int
	At            time.Time
	Provisional   bool // log objects of the month may still have come
}

// Put notes a packet.
func (s *Packets) Put(ctx context.Context, p Published) error {
	return s.db.write(ctx, func(tx *sql.Tx) error { return putPublished(ctx, tx, p) })
}

func putPublished(ctx context.Context, tx *sql.Tx, p Published) error {
	if _, err := tx.ExecContext(ctx,
		"INSERT INTO packets (tenant, month, revision, published, provisional) VALUES (?, ?, ?, ?, ?) ON CONFLICT "+
			"DO UPDATE SET published = excluded.published", p.Tenant, p.Month, p.Revision, p.At.UnixMilli(), p.Provisional); err != nil {
		return fmt.Errorf("note the packet: %w", err)
	}
	return nil
}

// Latest returns the latest packet of each month of a tenant.
func (s *Packets) Latest(ctx context.Context, tenant string) ([]Published, error) {
	const query = `SELECT p.tenant, p.month, p.revision, n.published, p.provisional
FROM packets p JOIN (SELECT month, max(revision) AS revision, max(published) AS published FROM packets WHERE tenant = ?1 GROUP BY month) n
  ON n.month = p.month AND n.revision = p.revision
WHERE p.tenant = ?1 ORDER BY p.month`
	return list(ctx, s.db, "read the packets", query, func(r *sql.Rows) (Published, error) {
		var p Published
		var at int64
		err := r.Scan(&p.Tenant, &p.Month, &p.Revision, &at, &p.Provisional)
		p.At = time.UnixMilli(at).UTC()
		return p, err
	}, tenant)
}

// Announce notes a packet as published, and the mails and messages that announce
// it, in one transaction. A contact who is noted for this revision already is not
// noted again, and messages are queued at the first call for it only.
func (s *Packets) Announce(ctx context.Context, p Published, mails []Mail, messages []Message, at time.Time) error {
	err := s.db.write(ctx, func(tx *sql.Tx) error {
		if err := putPublished(ctx, tx, p); err != nil {
			return err
		}
		if err := putMails(ctx, tx, p, mails, at); err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, "INSERT INTO notes VALUES (?, '') ON CONFLICT DO NOTHING",
			fmt.Sprintf("announced/%s/%s/%d", p.Tenant, p.Month, p.Revision))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return err
		}
		for _, m := range messages {
			if err := putMessage(ctx, tx, m, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note the packet and its mails: %w", err)
	}
	return nil
}

// Count counts the packets, with their revisions, by tenant.
func (s *Packets) Count(ctx context.Context) ([]Count, error) {
	return counts(ctx, s.db, 1, "SELECT tenant, count(*) FROM packets GROUP BY tenant ORDER BY 1")
}
