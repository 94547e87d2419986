package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

const findingColumns = `SELECT id, check_name, severity, tenant, bucket, subject, status, owner, due, cause, resolution, count, first, last,
  coalesce((SELECT withdrawn FROM finding_days WHERE finding = finding_summary.id AND withdrawn <> ''
    ORDER BY instr('checked,program,configuration', withdrawn) DESC LIMIT 1), '')
FROM finding_summary`

func scanFinding(r interface{ Scan(...any) error }) (Finding, error) {
	var f Finding
	var first, last sql.NullInt64
	err := r.Scan(&f.ID, &f.Check, &f.Severity, &f.Tenant, &f.Bucket, &f.Subject, &f.Status, &f.Owner, &f.Due,
		&f.Cause, &f.Resolution, &f.Count, &first, &last, &f.Withdrawn)
	f.First, f.Last = fromMillis(first), fromMillis(last)
	return f, err
}

// Findings returns the findings of a tenant, or of all where tenant is "": the
// gravest first, then by tenant, bucket, check and subject. They come without
// days and events.
func (s *State) Findings(ctx context.Context, tenant string) ([]Finding, error) {
	var out []Finding
	err := s.rows(ctx, findingColumns+
		" WHERE (tenant = ? OR ? = '') ORDER BY instr('low,medium,high', severity) DESC, tenant, bucket, check_name, subject",
		func(r *sql.Rows) error {
			f, err := scanFinding(r)
			out = append(out, f)
			return err
		}, tenant, tenant)
	if err != nil {
		return nil, fmt.Errorf("read findings: %w", err)
	}
	return out, nil
}

// Finding returns one finding with its days and events. The error wraps
// [sql.ErrNoRows] where there is none with this id.
func (s *State) Finding(ctx context.Context, id string) (Finding, error) {
	f, err := scanFinding(s.db.QueryRowContext(ctx, findingColumns+" WHERE id = ?", id))
	if err == nil {
		f.Days, err = s.findingDays(ctx, id, "", "")
	}
	if err == nil {
		f.Events, err = s.findingEvents(ctx, id)
	}
	if err != nil {
		return f, fmt.Errorf("read finding %s: %w", id, err)
	}
	return f, nil
}

func (s *State) findingEvents(ctx context.Context, id string) ([]FindingEvent, error) {
	var events []FindingEvent
	err := s.rows(ctx, "SELECT at, actor, kind, text FROM finding_events WHERE finding = ? ORDER BY id", func(r *sql.Rows) error {
		var e FindingEvent
		var at sql.NullInt64
		err := r.Scan(&at, &e.Actor, &e.Kind, &e.Text)
		e.At = fromMillis(at)
		events = append(events, e)
		return err
	}, id)
	return events, err
}

func (s *State) findingDays(ctx context.Context, id, from, to string) ([]FindingDay, error) {
	var days []FindingDay
	err := s.rows(ctx,
		"SELECT date, severity, count, first, last, samples, who, expected, withdrawn, withdrawn_by, withdrawn_at "+
			"FROM finding_days WHERE finding = ? AND date >= ? AND (date <= ? OR ? = '') ORDER BY date", func(r *sql.Rows) error {
			var d FindingDay
			var first, last, at sql.NullInt64
			var samples, who string
			if err := r.Scan(&d.Date, &d.Severity, &d.Count, &first, &last, &samples, &who, &d.Expected,
				&d.Withdrawn.Reason, &d.Withdrawn.By, &at); err != nil {
				return err
			}
			d.First, d.Last, d.Withdrawn.At = fromMillis(first), fromMillis(last), fromMillis(at)
			if err := errors.Join(json.Unmarshal([]byte(samples), &d.Samples), json.Unmarshal([]byte(who), &d.Who)); err != nil {
				return err
			}
			days = append(days, d)
			return nil
		}, id, from, to, to)
	return days, err
}

// FindingsBetween returns the findings of a tenant that show a day from..to,
// both inclusive, as far as those days go: count, first, last and severity are
// of the period. The history is all of it.
func (s *State) FindingsBetween(ctx context.Context, tenant, from, to string) ([]Finding, error) {
	all, err := s.Findings(ctx, tenant)
	if err != nil {
		return nil, err
	}
	var out []Finding
	for _, f := range all {
		if f.Days, err = s.findingDays(ctx, f.ID, from, to); err != nil {
			return nil, fmt.Errorf("read finding %s: %w", f.ID, err)
		}
		if len(f.Days) == 0 {
			continue
		}
		if f.Events, err = s.findingEvents(ctx, f.ID); err != nil {
			return nil, fmt.Errorf("read finding %s: %w", f.ID, err)
		}
		f.Count, f.First, f.Last, f.Severity = 0, f.Days[0].First, f.Days[0].Last, "low"
		for _, d := range f.Days {
			f.Count += d.Count
			if d.First.Before(f.First) {
				f.First = d.First
			}
			if d.Last.After(f.Last) {
				f.Last = d.Last
			}
			if slices.Index(Severities, d.Severity) > slices.Index(Severities, f.Severity) {
				f.Severity = d.Severity
			}
		}
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b Finding) int {
		return slices.Index(Severities, b.Severity) - slices.Index(Severities, a.Severity)
	})
	return out, nil
}

// NotEvaluated is a day that a check could not look at.
type NotEvaluated struct{ Check, Bucket, Date, Reason string }

// NotEvaluatedBetween returns the days from..to, both inclusive, that checks of
// a tenant could not look at, by check, bucket and date.
func (s *State) NotEvaluatedBetween(ctx context.Context, tenant, from, to string) ([]NotEvaluated, error) {
	var out []NotEvaluated
	err := s.rows(ctx,
		"SELECT check_name, bucket, date, reason FROM check_days WHERE tenant = ? AND outcome = 'not evaluated' "+
			"AND date >= ? AND date <= ? ORDER BY check_name, bucket, date", func(r *sql.Rows) error {
			var n NotEvaluated
			err := r.Scan(&n.Check, &n.Bucket, &n.Date, &n.Reason)
			out = append(out, n)
			return err
		}, tenant, from, to)
	if err != nil {
		return nil, fmt.Errorf("read check days: %w", err)
	}
	return out, nil
}

// CheckedAt is when a check looked at a day of a bucket at last; zero for never.
func (s *State) CheckedAt(ctx context.Context, tenant, check, bucket, date string) (time.Time, error) {
	var at sql.NullInt64
	err := s.db.QueryRowContext(ctx,
		"SELECT checked FROM check_days WHERE tenant = ? AND check_name = ? AND bucket = ? AND date = ?", tenant,
		check, bucket, date).Scan(&at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, fmt.Errorf("read check days: %w", err)
	}
	return fromMillis(at), nil
}

// CheckedBuckets are the buckets of a tenant of which checks have looked at days
// from..to, both inclusive, by their names.
func (s *State) CheckedBuckets(ctx context.Context, tenant, from, to string) ([]string, error) {
	var out []string
	const query = "SELECT DISTINCT bucket FROM check_days WHERE tenant = ? AND date >= ? AND date <= ? AND bucket <> '' ORDER BY bucket"
	err := s.rows(ctx, query, func(r *sql.Rows) error {
		var name string
		err := r.Scan(&name)
		out = append(out, name)
		return err
	}, tenant, from, to)
	if err != nil {
		return nil, fmt.Errorf("read check days: %w", err)
	}
	return out, nil
}
