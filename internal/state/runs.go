package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// Runs is the run ledger.
type Runs struct{ db *database }

// Run is one entry of the run ledger.
type Run struct {
	ID                  int64
	Job, Tenant, Period string
	Scheduled           time.Time // zero: asked for by hand
	Started, Ended      time.Time // Ended is zero while it runs
	Outcome             string
	Detail              string
	Figures             map[string]int64
	Error               string
	NotBefore           time.Time // of a run that waits for another machine
}

// Start notes that a run has begun and returns its number. Of r the job, the
// tenant, the period and the scheduled time count.
func (s *Runs) Start(ctx context.Context, r Run, at time.Time) (int64, error) {
	res, err := s.db.ExecContext(ctx,
		"INSERT INTO runs (job, tenant, period, scheduled, started, outcome, detail) VALUES (?, ?, ?, ?, ?, 'running', '')",
		r.Job, r.Tenant, r.Period, millis(r.Scheduled), at.UnixMilli())
	if err != nil {
		return 0, fmt.Errorf("note the run: %w", err)
	}
	return res.LastInsertId()
}

// CloseStale ends the runs of a job that began before a time by hand and never
// ended: their process was killed. The caller knows that none of them is running.
func (s *Runs) CloseStale(ctx context.Context, job string, before, at time.Time) error {
	return s.close(ctx, "job = ? AND scheduled IS NULL AND started < ?", at, job, before.UnixMilli())
}

// CloseScheduled ends the runs of a service that never ended. The caller knows
// that no service is running.
func (s *Runs) CloseScheduled(ctx context.Context, at time.Time) error {
	return s.close(ctx, "scheduled IS NOT NULL", at)
}

func (s *Runs) close(ctx context.Context, which string, at time.Time, args ...any) error {
	args = append([]any{at.UnixMilli()}, args...)
	if _, err := s.db.ExecContext(ctx,
		"UPDATE runs SET ended = ?, outcome = 'interrupted', error = 'the process ended in the middle' WHERE outcome = 'running' AND "+
			which, args...); err != nil {
		return fmt.Errorf("close runs that never ended: %w", err)
	}
	return nil
}

// End notes how the run with the number r.ID has ended: its outcome, detail,
// figures, error and, where it waits, until when.
func (s *Runs) End(ctx context.Context, r Run, at time.Time) error {
	figures := []byte("{}")
	if len(r.Figures) > 0 {
		var err error
		if figures, err = json.Marshal(r.Figures); err != nil {
			return fmt.Errorf("note the end of the run: %w", err)
		}
	}
	if _, err := s.db.ExecContext(ctx,
		"UPDATE runs SET ended = ?, outcome = ?, detail = ?, figures = ?, error = ?, not_before = ? WHERE id = ?",
		at.UnixMilli(), r.Outcome, r.Detail, string(figures), r.Error, millis(r.NotBefore), r.ID); err != nil {
		return fmt.Errorf("note the end of the run: %w", err)
	}
	return nil
}

// RunFilter selects runs. Zero fields select all.
type RunFilter struct {
	Job, Tenant string
	Outcome     string
	Scheduled   time.Time // only those that were scheduled for this time or later
	Limit       int       // the newest; 0 is all
}

// List returns runs in the order in which they started.
func (s *Runs) List(ctx context.Context, f RunFilter) ([]Run, error) {
	limit := f.Limit
	if limit == 0 {
		limit = -1
	}
	query := "SELECT * FROM (SELECT id, job, tenant, period, scheduled, started, ended, outcome, detail, figures, " +
		"error, not_before FROM runs WHERE 1"
	var args []any
	for _, c := range []struct {
		is    bool
		where string
		value any
	}{{f.Job != "", " AND job = ?", f.Job}, {f.Tenant != "", " AND tenant = ?", f.Tenant}, {f.Outcome != "", " AND outcome = ?", f.Outcome},
		{!f.Scheduled.IsZero(), " AND scheduled >= ?", f.Scheduled.UnixMilli()}} {
		if c.is {
			query += c.where
			args = append(args, c.value)
		}
	}
	return list(ctx, s.db, "read the runs", query+" ORDER BY id DESC LIMIT ?) ORDER BY id", scanRun, append(args, limit)...)
}

func scanRun(rows *sql.Rows) (Run, error) {
	var r Run
	var scheduled, ended, notBefore sql.NullInt64
	var started int64
	var figures string
	if err := rows.Scan(&r.ID, &r.Job, &r.Tenant, &r.Period, &scheduled, &started, &ended, &r.Outcome, &r.Detail,
		&figures, &r.Error, &notBefore); err != nil {
		return r, err
	}
	r.Scheduled, r.Ended, r.NotBefore = fromMillis(scheduled), fromMillis(ended), fromMillis(notBefore)
	r.Started = time.UnixMilli(started).UTC()
	return r, json.Unmarshal([]byte(figures), &r.Figures)
}

// Streak counts the failed runs of a job for a tenant since the last that did
// what it should. Scheduled runs that never ended count beyond the first free ones;
// the caller knows that none is running.
func (s *Runs) Streak(ctx context.Context, job, tenant string, free int) (int, error) {
	failed, interrupted := 0, 0
	const good = "SELECT id FROM runs WHERE job = ? AND tenant = ? AND outcome IN ('done', 'attention') ORDER BY id DESC LIMIT 1"
	if err := s.db.QueryRowContext(ctx,
		"SELECT count(*) FILTER (WHERE outcome = 'failed'), count(*) FILTER (WHERE outcome IN ('interrupted', "+
			"'running') AND scheduled IS NOT NULL) FROM runs WHERE job = ? AND tenant = ? AND id > coalesce(("+good+
			"), 0)", job, tenant, job, tenant).Scan(&failed, &interrupted); err != nil {
		return 0, fmt.Errorf("read the runs: %w", err)
	}
	return failed + max(0, interrupted-free), nil
}

// LastSuccess is a job with the end of its last run that did what it should.
type LastSuccess struct {
	Job, Tenant string
	Ended       time.Time
}

// LastSuccesses returns those of all jobs and tenants.
func (s *Runs) LastSuccesses(ctx context.Context) ([]LastSuccess, error) {
	const query = "SELECT job, tenant, max(ended) FROM runs WHERE outcome IN ('done', 'attention') GROUP BY job, tenant ORDER BY job, tenant"
	return list(ctx, s.db, "read the runs", query, func(rows *sql.Rows) (LastSuccess, error) {
		var l LastSuccess
		var at int64
		err := rows.Scan(&l.Job, &l.Tenant, &at)
		l.Ended = time.UnixMilli(at).UTC()
		return l, err
	})
}

// OwedSince is from when on a job is owed to a tenant: at, at the first call for
// the two.
func (s *Runs) OwedSince(ctx context.Context, job, tenant string, at time.Time) (time.Time, error) {
	var since int64
	err := s.db.QueryRowContext(ctx, "SELECT since FROM owed_since WHERE job = ? AND tenant = ?", job, tenant).Scan(&since)
	if err == nil {
		return time.UnixMilli(since).UTC(), nil
	}
	if err != sql.ErrNoRows {
		return time.Time{}, fmt.Errorf("read since when a job is owed: %w", err)
	}
	return at, s.SetOwedSince(ctx, job, tenant, at)
}

// SetOwedSince sets it.
func (s *Runs) SetOwedSince(ctx context.Context, job, tenant string, at time.Time) error {
	if _, err := s.db.ExecContext(ctx,
		"INSERT INTO owed_since VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET since = excluded.since", job, tenant,
		at.UnixMilli()); err != nil {
		return fmt.Errorf("note since when a job is owed: %w", err)
	}
	return nil
}

// DropBefore forgets the runs that ended before a time, but of each job and tenant
// the last that did what it should.
func (s *Runs) DropBefore(ctx context.Context, before time.Time) (int64, error) {
	const keep = "SELECT max(id) FROM runs WHERE outcome IN ('done', 'attention') GROUP BY job, tenant"
	r, err := s.db.ExecContext(ctx, "DELETE FROM runs WHERE ended < ? AND id NOT IN ("+keep+")", before.UnixMilli())
	if err != nil {
		return 0, fmt.Errorf("retire old runs: %w", err)
	}
	return r.RowsAffected()
}
