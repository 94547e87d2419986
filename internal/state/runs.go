package state

import (
	"context"
	"fmt"
	"time"
)

// StartRun notes that a job has begun and returns the run's number.
func (s *State) StartRun(ctx context.Context, job, tenant, period string, at time.Time) (int64, error) {
	r, err := s.db.ExecContext(ctx, "INSERT INTO runs (job, tenant, period, started, outcome, detail) VALUES (?, ?, ?, ?, 'running', '')", job, tenant, period, at.UnixMilli())
	if err != nil {
		return 0, fmt.Errorf("note the run: %w", err)
	}
	return r.LastInsertId()
}

// CloseStale ends the runs of a job that never ended: their process was killed.
// The caller knows that none of them is running.
func (s *State) CloseStale(ctx context.Context, job string, at time.Time) error {
	if _, err := s.db.ExecContext(ctx, "UPDATE runs SET ended = ?, outcome = 'failed', detail = 'the process ended in the middle' WHERE job = ? AND outcome = 'running'", at.UnixMilli(), job); err != nil {
		return fmt.Errorf("close runs that never ended: %w", err)
	}
	return nil
}

// EndRun notes how a run has ended. Detail is one line: the figures, or the
// error.
func (s *State) EndRun(ctx context.Context, id int64, outcome, detail string, at time.Time) error {
	if _, err := s.db.ExecContext(ctx, "UPDATE runs SET ended = ?, outcome = ?, detail = ? WHERE id = ?", at.UnixMilli(), outcome, detail, id); err != nil {
		return fmt.Errorf("note the end of the run: %w", err)
	}
	return nil
}
