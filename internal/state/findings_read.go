package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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

// Of returns the findings of a tenant, or of all where tenant is "": the
// gravest first, then by tenant, bucket, check and subject. They come without
// days and events.
func (s *Findings) Of(ctx context.Context, tenant string) ([]Finding, error) {
	const query = findingColumns +
		" WHERE (tenant = ? OR ? = '') ORDER BY instr('low,medium,high', severity) DESC, tenant, bucket, check_name, subject"
	return list(ctx, s.db, "read findings", query, func(r *sql.Rows) (Finding, error) { return scanFinding(r) }, tenant, tenant)
}

// ByID returns one finding with its days and events. The error wraps
// [sql.ErrNoRows] where there is none with this id.
func (s *Findings) ByID(ctx context.Context, id string) (Finding, error) {
	f, err := scanFinding(s.db.QueryRowContext(ctx, findingColumns+" WHERE id = ?", id))
	if err != nil {
		return f, fmt.Errorf("read finding %s: %w", id, err)
	}
	f.Days, err = s.days(ctx, id, "", "")
	if err == nil {
		f.Events, err = s.events(ctx, id)
	}
	return f, err
}

func (s *Findings) events(ctx context.Context, id string) ([]FindingEvent, error) {
	const query = "SELECT at, actor, kind, text FROM finding_events WHERE finding = ? ORDER BY id"
	return list(ctx, s.db, "read finding "+id, query, func(r *sql.Rows) (FindingEvent, error) {
		var e FindingEvent
		var at sql.NullInt64
		err := r.Scan(&at, &e.Actor, &e.Kind, &e.Text)
		e.At = fromMillis(at)
		return e, err
	}, id)
}

func (s *Findings) days(ctx context.Context, id, from, to string) ([]FindingDay, error) {
	const query = "SELECT date, severity, count, first, last, samples, who, expected, withdrawn, withdrawn_by, withdrawn_at " +
		"FROM finding_days WHERE finding = ? AND date >= ? AND (date <= ? OR ? = '') ORDER BY date"
	return list(ctx, s.db, "read finding "+id, query, func(r *sql.Rows) (FindingDay, error) {
		var d FindingDay
		var first, last, at sql.NullInt64
		var samples, who string
		if err := r.Scan(&d.Date, &d.Severity, &d.Count, &first, &last, &samples, &who, &d.Expected,
			&d.Withdrawn.Reason, &d.Withdrawn.By, &at); err != nil {
			return d, err
		}
		d.First, d.Last, d.Withdrawn.At = fromMillis(first), fromMillis(last), fromMillis(at)
		return d, errors.Join(json.Unmarshal([]byte(samples), &d.Samples), json.Unmarshal([]byte(who), &d.Who))
	}, id, from, to, to)
}

// Between returns the findings of a tenant that show a day from..to,
// both inclusive, as far as those days go: count, first, last and severity are
// of the period. The history is all of it.
func (s *Findings) Between(ctx context.Context, tenant, from, to string) ([]Finding, error) {
	all, err := s.Of(ctx, tenant)
	if err != nil {
		return nil, err
	}
	var out []Finding
	for _, f := range all {
		if f.Days, err = s.days(ctx, f.ID, from, to); err != nil {
			return nil, err
		}
		if len(f.Days) == 0 {
			continue
		}
		if f.Events, err = s.events(ctx, f.ID); err != nil {
			return nil, err
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

// OpenReportDay returns the earliest day from..to, both inclusive, of an open finding
// about backup reports, or of one from since on about a report that can be read by now;
// "" for none. Such a finding ends when that day is checked again.
func (s *Findings) OpenReportDay(ctx context.Context, tenant, since, from, to string) (string, error) {
	var date sql.NullString
	err := s.db.QueryRowContext(ctx, `SELECT min(d.date) FROM findings f JOIN finding_days d ON d.finding = f.id
WHERE f.tenant = ?1 AND f.status <> ?2 AND f.check_name IN ('backup-report-mismatch', 'backup-report-unreadable')
  AND d.date >= ?3 AND d.date <= ?5 AND (d.date >= ?4 OR f.check_name = 'backup-report-unreadable'
    AND NOT EXISTS (SELECT 1 FROM report_problems p WHERE p.tenant = f.tenant AND p.source = f.subject))`,
		tenant, StatusResolved, since, from, to).Scan(&date)
	if err != nil {
		return "", fmt.Errorf("read findings: %w", err)
	}
	return date.String, nil
}

// CountOpen counts the findings that are not resolved, by tenant and severity.
func (s *Findings) CountOpen(ctx context.Context) ([]Count, error) {
	return counts(ctx, s.db, 2,
		"SELECT tenant, severity, count(*) FROM findings WHERE status <> 'resolved' GROUP BY tenant, severity ORDER BY 1, 2")
}

// ErrNoFinding means that no finding has an id, or several begin with it.
var ErrNoFinding = errors.New("no such finding")

// CompleteID completes the beginning of an id.
func (s *Findings) CompleteID(ctx context.Context, beginning string) (string, error) {
	ids, err := list(ctx, s.db, "read findings", "SELECT id FROM findings WHERE substr(id, 1, length(?)) = ? ORDER BY id LIMIT 2",
		column[string], beginning, beginning)
	switch {
	case err != nil:
		return "", err
	case len(ids) == 0 || beginning == "":
		return "", fmt.Errorf("%w: %q", ErrNoFinding, beginning)
	case len(ids) == 2:
		return "", fmt.Errorf("%w: more than one begins with %q", ErrNoFinding, beginning)
	}
	return ids[0], nil
}
