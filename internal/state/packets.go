package state

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Published is the latest revision of a packet that was published, or found to
// say the same again.
type Published struct {
	Tenant, Month string // YYYY-MM
	Revision      int
	At            time.Time
	Provisional   bool // log objects of the month may still have come
}

// PutPublished notes a packet.
func (s *State) PutPublished(ctx context.Context, p Published) error {
	return s.write(ctx, func(tx *sql.Tx) error { return putPublished(ctx, tx, p) })
}

func putPublished(ctx context.Context, tx *sql.Tx, p Published) error {
	if _, err := tx.ExecContext(ctx,
		"INSERT INTO packets (tenant, month, revision, published, provisional) VALUES (?, ?, ?, ?, ?) ON CONFLICT "+
			"DO UPDATE SET published = excluded.published", p.Tenant, p.Month, p.Revision, p.At.UnixMilli(), p.Provisional); err != nil {
		return fmt.Errorf("note the packet: %w", err)
	}
	return nil
}

// LatestPublished returns the latest packet of each month of a tenant.
func (s *State) LatestPublished(ctx context.Context, tenant string) ([]Published, error) {
	var out []Published
	err := s.rows(ctx, `SELECT p.tenant, p.month, p.revision, n.published, p.provisional
FROM packets p JOIN (SELECT month, max(revision) AS revision, max(published) AS published FROM packets WHERE tenant = ?1 GROUP BY month) n
  ON n.month = p.month AND n.revision = p.revision
WHERE p.tenant = ?1 ORDER BY p.month`, func(r *sql.Rows) error {
		var p Published
		var at int64
		err := r.Scan(&p.Tenant, &p.Month, &p.Revision, &at, &p.Provisional)
		p.At = time.UnixMilli(at).UTC()
		out = append(out, p)
		return err
	}, tenant)
	if err != nil {
		return nil, fmt.Errorf("read the packets: %w", err)
	}
	return out, nil
}

// Late counts the log objects with records or unreadable lines of a bucket in
// from..to that were collected after a time, and what they held in all.
func (s *State) Late(ctx context.Context, location, bucket string, from, to, after time.Time) (objects, records int64, err error) {
	const query = "SELECT count(*), coalesce(sum(b.records + b.rejected), 0) FROM log_objects o JOIN " +
		"log_object_buckets b ON b.object = o.id AND b.bucket IN (?, '') WHERE o.location = ? AND o.collected > ? " +
		"AND b.records + b.rejected > 0 AND coalesce(b.first, o.delivered) < ? AND coalesce(b.last, o.delivered) >= ?"
	if err := s.db.QueryRowContext(ctx, query, bucket, location, after.UnixMilli(), to.UnixMilli(),
		from.UnixMilli()).Scan(&objects, &records); err != nil {
		return 0, 0, fmt.Errorf("read the ledger: %w", err)
	}
	return objects, records, nil
}
