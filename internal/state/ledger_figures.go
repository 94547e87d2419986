package state

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// BucketFigures are what the ledger knows of the log of a bucket in all.
type BucketFigures struct {
	Bucket            string
	Records, Rejected int64
	Newest            time.Time // delivery of the newest log object; zero for none
}

// BucketFigures returns those of all buckets.
func (s *State) BucketFigures(ctx context.Context) ([]BucketFigures, error) {
	var out []BucketFigures
	err := s.rows(ctx,
		"SELECT b.bucket, sum(b.records), sum(b.rejected), max(o.delivered) FROM log_object_buckets b JOIN "+
			"log_objects o ON o.id = b.object WHERE b.bucket <> '' GROUP BY b.bucket ORDER BY b.bucket", func(rows *sql.Rows) error {
			var b BucketFigures
			var newest sql.NullInt64
			err := rows.Scan(&b.Bucket, &b.Records, &b.Rejected, &newest)
			b.Newest = fromMillis(newest)
			out = append(out, b)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return out, nil
}

// Count is a number with the names that it is of.
type Count struct {
	Of []string
	N  int64
}

func (s *State) counts(ctx context.Context, names int, query string) ([]Count, error) {
	var out []Count
	err := s.rows(ctx, query, func(rows *sql.Rows) error {
		c := Count{Of: make([]string, names)}
		into := make([]any, names, names+1)
		for i := range c.Of {
			into[i] = &c.Of[i]
		}
		err := rows.Scan(append(into, &c.N)...)
		out = append(out, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count: %w", err)
	}
	return out, nil
}

// OpenFindings counts the findings that are not resolved, by tenant and severity.
func (s *State) OpenFindings(ctx context.Context) ([]Count, error) {
	return s.counts(ctx, 2,
		"SELECT tenant, severity, count(*) FROM findings WHERE status <> 'resolved' GROUP BY tenant, severity ORDER BY 1, 2")
}

// PublishedPackets counts the packets, with their revisions, by tenant.
func (s *State) PublishedPackets(ctx context.Context) ([]Count, error) {
	return s.counts(ctx, 1, "SELECT tenant, count(*) FROM packets GROUP BY tenant ORDER BY 1")
}

// MailCounts counts the mails by status.
func (s *State) MailCounts(ctx context.Context) ([]Count, error) {
	return s.counts(ctx, 1, "SELECT status, count(*) FROM mails GROUP BY status ORDER BY 1")
}

// MessageCounts counts the messages to other systems by kind and status.
func (s *State) MessageCounts(ctx context.Context) ([]Count, error) {
	return s.counts(ctx, 2, "SELECT kind, status, count(*) FROM outbox GROUP BY kind, status ORDER BY 1, 2")
}

// Deliveries is when log objects of a bucket came.
type Deliveries struct {
	First, Newest time.Time     // zero for none
	Typical       time.Duration // from the last record of an object to its delivery: the median of the last ones
}

// lastDeliveries is how many log objects tell the typical delay.
const lastDeliveries = 1000

// DeliveriesOf returns those of a bucket.
func (s *State) DeliveriesOf(ctx context.Context, bucket string) (d Deliveries, err error) {
	var first, newest sql.NullInt64
	err = s.db.QueryRowContext(ctx,
		"SELECT min(o.delivered), max(o.delivered) FROM log_object_buckets b JOIN log_objects o ON o.id = b.object WHERE b.bucket = ?",
		bucket).Scan(&first, &newest)
	d.First, d.Newest = fromMillis(first), fromMillis(newest)
	var delays []int64
	if err == nil {
		err = s.rows(ctx,
			"SELECT max(0, o.delivered - b.last) FROM log_object_buckets b JOIN log_objects o ON o.id = b.object "+
				"WHERE b.bucket = ? AND b.last IS NOT NULL ORDER BY o.delivered DESC LIMIT ?", func(rows *sql.Rows) error {
				var ms int64
				err := rows.Scan(&ms)
				delays = append(delays, ms)
				return err
			}, bucket, lastDeliveries)
	}
	if err != nil {
		return d, fmt.Errorf("read the deliveries: %w", err)
	}
	if len(delays) > 0 {
		slices.Sort(delays)
		d.Typical = time.Duration(delays[len(delays)/2]) * time.Millisecond
	}
	return d, nil
}
