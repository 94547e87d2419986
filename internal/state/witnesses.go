package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

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
func (s *State) PutTrailDays(ctx context.Context, tenant string, days []TrailDay) error {
	return s.write(ctx, func(tx *sql.Tx) error {
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
func (s *State) TrailDays(ctx context.Context, tenant, zone, first, last string) (map[string]TrailDay, error) {
	out := map[string]TrailDay{}
	err := s.rows(ctx, "SELECT date, body FROM trail_days WHERE tenant = ? AND zone = ? AND date BETWEEN ? AND ?", func(r *sql.Rows) error {
		var date string
		var body []byte
		if err := r.Scan(&date, &body); err != nil {
			return err
		}
		var d TrailDay
		err := json.Unmarshal(body, &d)
		out[date] = d
		return err
	}, tenant, zone, first, last)
	if err != nil {
		return nil, fmt.Errorf("read what the digests prove: %w", err)
	}
	return out, nil
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
func (s *State) PutMetricDays(ctx context.Context, tenant string, days []MetricDay) error {
	return s.write(ctx, func(tx *sql.Tx) error {
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
func (s *State) MetricDays(ctx context.Context, tenant, zone, first, last string) (map[[2]string]MetricDay, error) {
	out := map[[2]string]MetricDay{}
	err := s.rows(ctx, "SELECT bucket, date, looked, failure, body FROM metric_days WHERE tenant = ? AND zone = ? AND date BETWEEN ? AND ?",
		func(r *sql.Rows) error {
			d := MetricDay{Zone: zone}
			var looked int64
			var body []byte
			if err := r.Scan(&d.Bucket, &d.Date, &looked, &d.Failure, &body); err != nil {
				return err
			}
			d.Looked = time.UnixMilli(looked).UTC()
			err := json.Unmarshal(body, &d.Values)
			out[[2]string{d.Bucket, d.Date}] = d
			return err
		}, tenant, zone, first, last)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	return out, nil
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
func (s *State) PutLoggingLook(ctx context.Context, tenant string, l LoggingLook) error {
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
func (s *State) LoggingLooks(ctx context.Context, tenant string, from, to time.Time) ([]LoggingLook, error) {
	var out []LoggingLook
	err := s.rows(ctx,
		"SELECT bucket, looked, body FROM logging_looks WHERE tenant = ? AND looked >= ? AND looked < ? ORDER BY looked, bucket",
		func(r *sql.Rows) error {
			var l LoggingLook
			var looked int64
			var body []byte
			if err := r.Scan(&l.Bucket, &looked, &body); err != nil {
				return err
			}
			l.Looked = time.UnixMilli(looked).UTC()
			err := json.Unmarshal(body, &l.Found)
			out = append(out, l)
			return err
		}, tenant, from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("read how logging is set up: %w", err)
	}
	return out, nil
}

// FirstLook is when it was first looked at how the logging of a bucket is set up; zero
// where it never was.
func (s *State) FirstLook(ctx context.Context, tenant, bucket string) (time.Time, error) {
	var at sql.NullInt64
	err := s.db.QueryRowContext(ctx, "SELECT min(looked) FROM logging_looks WHERE tenant = ? AND bucket = ?", tenant, bucket).Scan(&at)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the looks at logging: %w", err)
	}
	return fromMillis(at), nil
}
