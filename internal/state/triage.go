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
	if d.NotEvaluated.None() {
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

// Suppressed returns what suppressions kept quiet on the days from..to,
// both inclusive, by check, bucket and subject.
func (s *Findings) Suppressed(ctx context.Context, tenant, from, to string) ([]SuppressedFinding, error) {
	const query = `SELECT check_name, bucket, subject, CASE max(instr('low,medium,high', severity)) WHEN 12 THEN 'high' WHEN 5 THEN 'medium' ELSE 'low' END, reason, until, count(*), sum(count) FROM suppressed_days
WHERE tenant = ? AND date >= ? AND date <= ?
GROUP BY check_name, bucket, subject, reason, until ORDER BY check_name, bucket, subject, until`
	return list(ctx, s.db, "read suppressed findings", query, func(r *sql.Rows) (SuppressedFinding, error) {
		var f SuppressedFinding
		err := r.Scan(&f.Check, &f.Bucket, &f.Subject, &f.Severity, &f.Reason, &f.Until, &f.Days, &f.Count)
		return f, err
	}, tenant, from, to)
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
func (s *Findings) Triage(ctx context.Context, id string, t Triage, at time.Time) error {
	return s.db.write(ctx, func(tx *sql.Tx) error {
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
