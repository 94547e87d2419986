package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"bucketproof/internal/reason"
)

// CheckDays is what checks looked at, day by day. [Findings.PutCheckDays] writes it.
type CheckDays struct{ db *database }

// NotEvaluated is a day that a check could not look at.
type NotEvaluated struct {
	Check, Bucket, Date string
	Reason              reason.Reason
}

// NotEvaluated returns the days from..to, both inclusive, that checks of
// a tenant could not look at, by check, bucket and date.
func (s *CheckDays) NotEvaluated(ctx context.Context, tenant, from, to string) ([]NotEvaluated, error) {
	const query = "SELECT check_name, bucket, date, reason FROM check_days WHERE tenant = ? AND outcome = 'not evaluated' " +
		"AND date >= ? AND date <= ? ORDER BY check_name, bucket, date"
	return list(ctx, s.db, "read check days", query, func(r *sql.Rows) (NotEvaluated, error) {
		var n NotEvaluated
		err := r.Scan(&n.Check, &n.Bucket, &n.Date, &n.Reason)
		return n, err
	}, tenant, from, to)
}

// Silence is a day that a check could not look at, and when it tried.
type Silence struct {
	NotEvaluated
	Checked time.Time
}

// Silences returns the days that checks of a tenant could not look at, as far as it is
// noted when they tried, by check, bucket and date.
func (s *CheckDays) Silences(ctx context.Context, tenant string) ([]Silence, error) {
	const query = `SELECT check_name, bucket, date, reason, checked FROM check_days
WHERE tenant = ? AND outcome = 'not evaluated' AND checked IS NOT NULL ORDER BY check_name, bucket, date`
	return list(ctx, s.db, "read check days", query, func(r *sql.Rows) (Silence, error) {
		var x Silence
		var at sql.NullInt64
		err := r.Scan(&x.Check, &x.Bucket, &x.Date, &x.Reason, &at)
		x.Checked = fromMillis(at)
		return x, err
	}, tenant)
}

// CheckedAt is when a check looked at a day of a bucket at last; zero for never.
func (s *CheckDays) CheckedAt(ctx context.Context, tenant, check, bucket, date string) (time.Time, error) {
	var at sql.NullInt64
	err := s.db.QueryRowContext(ctx,
		"SELECT checked FROM check_days WHERE tenant = ? AND check_name = ? AND bucket = ? AND date = ?", tenant,
		check, bucket, date).Scan(&at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, fmt.Errorf("read check days: %w", err)
	}
	return fromMillis(at), nil
}

// Buckets are the buckets of a tenant of which checks have looked at days
// from..to, both inclusive, by their names.
func (s *CheckDays) Buckets(ctx context.Context, tenant, from, to string) ([]string, error) {
	const query = "SELECT DISTINCT bucket FROM check_days WHERE tenant = ? AND date >= ? AND date <= ? AND bucket <> '' ORDER BY bucket"
	return list(ctx, s.db, "read check days", query, column[string], tenant, from, to)
}
