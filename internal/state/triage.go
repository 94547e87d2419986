package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// SuppressedRow is a row of a check that a suppression kept from opening a
// finding.
type SuppressedRow struct {
	CheckRow
	Reason, Until string
}

// SuppressedFinding is what a suppression kept quiet over some days.
type SuppressedFinding struct {
	Check, Bucket, Subject, Severity, Reason, Until string
	Days, Count                                     int64
}

func putSuppressed(ctx context.Context, tx *sql.Tx, d *CheckDay, rows []SuppressedRow) error {
	if d.NotEvaluated == "" {
		if _, err := tx.ExecContext(ctx,
			"DELETE FROM suppressed_days WHERE tenant = ? AND check_name = ? AND bucket = ? AND date = ?", d.Tenant,
			d.Check, d.Bucket, d.Date); err != nil {
			return err
		}
	}
	for _, r := range rows {
		_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO suppressed_days VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			d.Tenant, d.Check, d.Bucket, r.Subject, d.Date, r.Severity, r.Count, r.Reason, r.Until)
		if err != nil {
			return err
		}
	}
	return nil
}

// SuppressedBetween returns what suppressions kept quiet on the days from..to,
// both inclusive, by check, bucket and subject.
func (s *State) SuppressedBetween(ctx context.Context, tenant, from, to string) ([]SuppressedFinding, error) {
	var out []SuppressedFinding
	err := s.rows(ctx,
		`SELECT check_name, bucket, subject, CASE max(instr('low,medium,high', severity)) WHEN 12 THEN 'high' WHEN 5 THEN 'medium' ELSE 'low' END, reason, until, count(*), sum(count) FROM suppressed_days
WHERE tenant = ? AND date >= ? AND date <= ?
GROUP BY check_name, bucket, subject, reason, until ORDER BY check_name, bucket, subject, until`, func(r *sql.Rows) error {
			var f SuppressedFinding
			err := r.Scan(&f.Check, &f.Bucket, &f.Subject, &f.Severity, &f.Reason, &f.Until, &f.Days, &f.Count)
			out = append(out, f)
			return err
		}, tenant, from, to)
	if err != nil {
		return nil, fmt.Errorf("read suppressed findings: %w", err)
	}
	return out, nil
}

// ErrNoFinding means that no finding has an id, or several begin with it.
var ErrNoFinding = errors.New("no such finding")

// FindingID completes the beginning of an id.
func (s *State) FindingID(ctx context.Context, beginning string) (string, error) {
	var ids []string
	err := s.rows(ctx, "SELECT id FROM findings WHERE substr(id, 1, length(?)) = ? ORDER BY id LIMIT 2", func(r *sql.Rows) error {
		var id string
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	}, beginning, beginning)
	switch {
	case err != nil:
		return "", fmt.Errorf("read findings: %w", err)
	case len(ids) == 0 || beginning == "":
		return "", fmt.Errorf("%w: %q", ErrNoFinding, beginning)
	case len(ids) == 2:
		return "", fmt.Errorf("%w: more than one begins with %q", ErrNoFinding, beginning)
	}
	return ids[0], nil
}

// Triage is what a person does with a finding. Empty fields change nothing.
type Triage struct {
	Actor      string // who does it
	Owner, Due string // Due is YYYY-MM-DD
	Note       string
	Resolve    bool // with Cause and Resolution
	Cause      string
	Resolution string
}

// Triage applies what a person does, and notes it in the history. Assigning or
// noting takes an open finding into investigation; resolving closes it.
func (s *State) Triage(ctx context.Context, id string, t Triage, at time.Time) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		var status, owner, due string
		err := tx.QueryRowContext(ctx, "SELECT status, owner, due FROM findings WHERE id = ?", id).Scan(&status, &owner, &due)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%w: %q", ErrNoFinding, id)
		}
		if err != nil {
			return err
		}
		set := func(column, value string) {
			if err == nil {
				_, err = tx.ExecContext(ctx, "UPDATE findings SET "+column+" = ? WHERE id = ?", value, id)
			}
		}
		event := func(kind, text string) {
			if err == nil {
				err = addEvent(ctx, tx, id, t.Actor, kind, text, at)
			}
		}
		var assigned []string
		if t.Owner != "" && t.Owner != owner {
			set("owner", t.Owner)
			assigned = append(assigned, "to "+t.Owner)
		}
		if t.Due != "" && t.Due != due {
			set("due", t.Due)
			assigned = append(assigned, "due "+t.Due)
		}
		if len(assigned) > 0 {
			event("assigned", strings.Join(assigned, ", "))
		}
		if t.Note != "" {
			event("noted", t.Note)
		}
		if t.Resolve {
			set("cause", t.Cause)
			set("resolution", t.Resolution)
			set("status", StatusResolved)
			event(StatusResolved, "cause: "+t.Cause+"; resolution: "+t.Resolution)
		} else if status == StatusOpen && (len(assigned) > 0 || t.Note != "") {
			set("status", StatusInvestigating)
		}
		return err
	})
}
