package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// Witnesses is what the other witnesses told: the digests of trails, the metrics of CloudWatch, and how
// logging is set up.
type Witnesses struct{ db *database }

// TrailDay is what the digests of a tenant's trail prove of one day.
type TrailDay struct {
	Date, Zone string
	Looked     time.Time
	Failure    string // why it could not be looked at; "" where it was
	Chains     []TrailChain
	Problems   []TrailProblem
}

// TrailChain are the figures of one trail, of one account in one Region, on one day.
type TrailChain struct {
	Account, Region, Trail string
	Whole, Proven          time.Duration // of the day: what was looked at, and what of it is proven
	Digests, DigestsValid  int
	Logs, LogsValid        int
}

// TrailProblem is one thing that does not hold, or is not known.
type TrailProblem struct {
	Account, Region, Trail string
	Kind                   string // as in package integrity
	Key                    string // of the object; "" for time alone
	From, To               time.Time
	Text                   string
	Tampering              bool // someone may have changed what CloudTrail had delivered
}

// PutTrailDays notes what was found out about days, in the place of what was known.
// A day that could not be looked at takes nothing from one that was.
func (s *Witnesses) PutTrailDays(ctx context.Context, tenant string, days []TrailDay) error {
	return s.db.write(ctx, func(tx *sql.Tx) error {
		for _, d := range days {
			body, err := json.Marshal(d)
			if err != nil {
				return fmt.Errorf("note the digests of %s: %w", d.Date, err)
			}
			_, err = tx.ExecContext(ctx,
				`INSERT INTO trail_days VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET zone = ?3, looked = ?4, failure = ?5, body = ?6
WHERE ?5 = '' OR failure <> '' OR zone <> ?3`, tenant, d.Date, d.Zone, d.Looked.UnixMilli(), d.Failure, body)
			if err != nil {
				return fmt.Errorf("note the digests of %s: %w", d.Date, err)
			}
		}
		return nil
	})
}

// TrailDays returns what is known of the days first..last of a zone, by date.
func (s *Witnesses) TrailDays(ctx context.Context, tenant, zone, first, last string) (map[string]TrailDay, error) {
	const query = "SELECT date, body FROM trail_days WHERE tenant = ? AND zone = ? AND date BETWEEN ? AND ?"
	return index(ctx, s.db, "read what the digests prove", query, func(r *sql.Rows) (date string, d TrailDay, err error) {
		var body []byte
		if err := r.Scan(&date, &body); err != nil {
			return date, d, err
		}
		err = json.Unmarshal(body, &d)
		return date, d, err
	}, tenant, zone, first, last)
}

// MetricDay is what CloudWatch counted for a bucket on one day. A metric without a
// data point has no value.
type MetricDay struct {
	Bucket, Date, Zone string
	Looked             time.Time
	Failure            string // why it could not be asked; "" where it could
	Values             map[string]float64
}

// PutMetricDays notes days, as PutTrailDays.
func (s *Witnesses) PutMetricDays(ctx context.Context, tenant string, days []MetricDay) error {
	return s.db.write(ctx, func(tx *sql.Tx) error {
		for _, d := range days {
			body, err := json.Marshal(d.Values)
			if err != nil {
				return fmt.Errorf("note the metrics of %s: %w", d.Bucket, err)
			}
			_, err = tx.ExecContext(ctx,
				`INSERT INTO metric_days VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET zone = ?4, looked = ?5, failure = ?6, body = ?7
WHERE ?6 = '' OR failure <> '' OR zone <> ?4`, tenant, d.Bucket, d.Date, d.Zone, d.Looked.UnixMilli(), d.Failure, body)
			if err != nil {
				return fmt.Errorf("note the metrics of %s: %w", d.Bucket, err)
			}
		}
		return nil
	})
}

// MetricDays returns the days first..last of a zone, by bucket and date.
func (s *Witnesses) MetricDays(ctx context.Context, tenant, zone, first, last string) (map[[2]string]MetricDay, error) {
	const query = "SELECT bucket, date, looked, failure, body FROM metric_days WHERE tenant = ? AND zone = ? AND date BETWEEN ? AND ?"
	return index(ctx, s.db, "read metrics", query, func(r *sql.Rows) (key [2]string, d MetricDay, err error) {
		d.Zone = zone
		var looked int64
		var body []byte
		if err := r.Scan(&d.Bucket, &d.Date, &looked, &d.Failure, &body); err != nil {
			return key, d, err
		}
		d.Looked = time.UnixMilli(looked).UTC()
		err = json.Unmarshal(body, &d.Values)
		return [2]string{d.Bucket, d.Date}, d, err
	}, tenant, zone, first, last)
}

// LoggingLook is how the delivery of a bucket's log was found to be set up.
type LoggingLook struct {
	Bucket string
	Looked time.Time
	Found  []LoggingFound
}

// LoggingFound is one thing about it, as package delivery tells it.
type LoggingFound struct{ What, Outcome, Detail string }

// PutLoggingLook notes a look at a bucket.
func (s *Witnesses) PutLoggingLook(ctx context.Context, tenant string, l LoggingLook) error {
	body, err := json.Marshal(l.Found)
	if err == nil {
		_, err = s.db.ExecContext(ctx, "INSERT OR REPLACE INTO logging_looks VALUES (?, ?, ?, ?)", tenant, l.Bucket,
			l.Looked.UnixMilli(), body)
	}
	if err != nil {
		return fmt.Errorf("note the logging of %s: %w", l.Bucket, err)
	}
	return nil
}

// LoggingLooks returns the looks at a tenant's buckets from..to, by time.
func (s *Witnesses) LoggingLooks(ctx context.Context, tenant string, from, to time.Time) ([]LoggingLook, error) {
	const query = "SELECT bucket, looked, body FROM logging_looks WHERE tenant = ? AND looked >= ? AND looked < ? ORDER BY looked, bucket"
	return list(ctx, s.db, "read how logging is set up", query, func(r *sql.Rows) (LoggingLook, error) {
		var l LoggingLook
		var looked int64
		var body []byte
		if err := r.Scan(&l.Bucket, &looked, &body); err != nil {
			return l, err
		}
		l.Looked = time.UnixMilli(looked).UTC()
		err := json.Unmarshal(body, &l.Found)
		return l, err
	}, tenant, from.UnixMilli(), to.UnixMilli())
}

// FirstLook is when it was first looked at how the logging of a bucket is set up; zero
// where it never was.
func (s *Witnesses) FirstLook(ctx context.Context, tenant, bucket string) (time.Time, error) {
	var at sql.NullInt64
	err := s.db.QueryRowContext(ctx, "SELECT min(looked) FROM logging_looks WHERE tenant = ? AND bucket = ?", tenant, bucket).Scan(&at)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the looks at logging: %w", err)
	}
	return fromMillis(at), nil
}

// LookedSince tells whether the digests of a trail, or the metrics of a bucket, were
// looked at for a day after a time, and could be. Bucket "" asks for the digests.
func (s *Witnesses) LookedSince(ctx context.Context, tenant, bucket, date string, since time.Time) (bool, error) {
	args := []any{tenant, date, since.UnixMilli()}
	query := "SELECT EXISTS (SELECT 1 FROM trail_days WHERE tenant = ? AND date = ? AND failure = '' AND looked > ?)"
	if bucket != "" {
		query = "SELECT EXISTS (SELECT 1 FROM metric_days WHERE tenant = ? AND date = ? AND failure = '' AND looked > ? AND bucket = ?)"
		args = append(args, bucket)
	}
	var looked bool
	if err := s.db.QueryRowContext(ctx, query, args...).Scan(&looked); err != nil {
		return false, fmt.Errorf("read what the witnesses told: %w", err)
	}
	return looked, nil
}
