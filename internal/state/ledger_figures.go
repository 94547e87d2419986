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

// Figures returns those of all buckets.
func (s *Ledger) Figures(ctx context.Context) ([]BucketFigures, error) {
	const query = "SELECT b.bucket, sum(b.records), sum(b.rejected), max(o.delivered) FROM log_object_buckets b JOIN " +
		"log_objects o ON o.id = b.object WHERE b.bucket <> '' GROUP BY b.bucket ORDER BY b.bucket"
	return list(ctx, s.db, "read the ledger", query, func(rows *sql.Rows) (BucketFigures, error) {
		var b BucketFigures
		var newest sql.NullInt64
		err := rows.Scan(&b.Bucket, &b.Records, &b.Rejected, &newest)
		b.Newest = fromMillis(newest)
		return b, err
	})
}

// Deliveries is when log objects of a bucket came.
type Deliveries struct {
	First, Newest time.Time     // zero for none
	Typical       time.Duration // from the last record of an object to its delivery: the median of the last ones
}

// lastDeliveries is how many log objects tell the typical delay.
const lastDeliveries = 1000

// Deliveries returns those of a bucket.
func (s *Ledger) Deliveries(ctx context.Context, bucket string) (d Deliveries, err error) {
	var first, newest sql.NullInt64
	err = s.db.QueryRowContext(ctx,
		"SELECT min(o.delivered), max(o.delivered) FROM log_object_buckets b JOIN log_objects o ON o.id = b.object WHERE b.bucket = ?",
		bucket).Scan(&first, &newest)
	d.First, d.Newest = fromMillis(first), fromMillis(newest)
	var delays []int64
	if err == nil {
		err = each(ctx, s.db,
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

// FirstLog returns when the first log object with records of a bucket was
// delivered; zero where there is none.
func (s *Ledger) FirstLog(ctx context.Context, location, bucket string) (time.Time, error) {
	var at sql.NullInt64
	err := s.db.QueryRowContext(ctx,
		"SELECT min(o.delivered) FROM log_object_buckets b JOIN log_objects o ON o.id = b.object WHERE b.bucket = "+
			"? AND o.location = ? AND b.records + b.duplicates > 0", bucket, location).Scan(&at)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the ledger: %w", err)
	}
	return fromMillis(at), nil
}

// CameSince tells whether log objects with records of a bucket in from..to were
// collected after a time.
func (s *Ledger) CameSince(ctx context.Context, bucket string, from, to, since time.Time) (bool, error) {
	var came bool
	err := s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM log_object_buckets b JOIN log_objects o ON o.id = b.object
WHERE b.bucket = ? AND b.records > 0 AND b.first < ? AND b.last >= ? AND o.collected > ?)`,
		bucket, to.UnixMilli(), from.UnixMilli(), since.UnixMilli()).Scan(&came)
	if err != nil {
		return false, fmt.Errorf("read the ledger: %w", err)
	}
	return came, nil
}

// Late counts the log objects with records or unreadable lines of a bucket in
// from..to that were collected after a time, and what they held in all.
func (s *Ledger) Late(ctx context.Context, location, bucket string, from, to, after time.Time) (objects, records int64, err error) {
	const query = "SELECT count(*), coalesce(sum(b.records + b.rejected), 0) FROM log_objects o JOIN " +
		"log_object_buckets b ON b.object = o.id AND b.bucket IN (?, '') WHERE o.location = ? AND o.collected > ? " +
		"AND b.records + b.rejected > 0 AND coalesce(b.first, o.delivered) < ? AND coalesce(b.last, o.delivered) >= ?"
	if err := s.db.QueryRowContext(ctx, query, bucket, location, after.UnixMilli(), to.UnixMilli(),
		from.UnixMilli()).Scan(&objects, &records); err != nil {
		return 0, 0, fmt.Errorf("read the ledger: %w", err)
	}
	return objects, records, nil
}

// longObject is more time than a log object reaches over.
const longObject = 48 * time.Hour

// RecordsAround returns when the records of a bucket end before a time and begin
// again behind another, as far as the log objects tell; zero where they don't.
// Of an object that reaches over such a time only its ends are known.
func (s *Ledger) RecordsAround(ctx context.Context, bucket string, before, behind time.Time) (last, next time.Time, err error) {
	var ended, from, began, to sql.NullInt64
	err = s.db.QueryRowContext(ctx, `SELECT
  (SELECT max(last) FROM log_object_buckets WHERE bucket = ?1 AND last < ?2 AND records > 0),
  (SELECT max(first) FROM log_object_buckets WHERE bucket = ?1 AND last >= ?2 AND last < ?2 + ?4 AND first < ?2 AND records > 0),
  (SELECT min(first) FROM log_object_buckets WHERE bucket = ?1 AND first > ?3 AND records > 0),
  (SELECT min(last) FROM log_object_buckets WHERE bucket = ?1 AND first <= ?3 AND first > ?3 - ?4 AND last > ?3 AND records > 0)`,
		bucket, before.UnixMilli(), behind.UnixMilli(), longObject.Milliseconds()).Scan(&ended, &from, &began, &to)
	if err != nil {
		return last, next, fmt.Errorf("read the records around: %w", err)
	}
	last, next = fromMillis(ended), fromMillis(began)
	if t := fromMillis(from); t.After(last) {
		last = t
	}
	if t := fromMillis(to); !t.IsZero() && (next.IsZero() || t.Before(next)) {
		next = t
	}
	return last, next, nil
}
