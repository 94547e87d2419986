package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"bucketproof/internal/reason"
)

// Findings are what checks found, with what people did about it.
type Findings struct{ db *database }

// Statuses of a finding.
const (
	StatusOpen          = "open"
	StatusInvestigating = "investigating"
	StatusResolved      = "resolved"
)

// Severities of a finding, the least first.
var Severities = []string{"low", "medium", "high"}

// dueDays is how long after the day after a finding was first seen it is due,
// by severity.
var dueDays = map[string]int{"high": 3, "medium": 14, "low": 30}

// Finding is trouble of one kind with one subject, over all its days.
type Finding struct {
	ID         string
	Check      string
	Severity   string
	Tenant     string
	Bucket     string
	Subject    string
	Status     string
	Owner      string
	Due        string // YYYY-MM-DD in the tenant's zone
	Cause      string
	Resolution string
	Count      int64
	First      time.Time
	Last       time.Time
	// Withdrawn is the gravest reason why some of its days are no longer shown; "" for
	// none.
	Withdrawn string
	Days      []FindingDay
	Events    []FindingEvent
}

// FindingDay is what a finding showed on one day of the tenant's zone.
type FindingDay struct {
	Date      string
	Severity  string
	Count     int64
	First     time.Time
	Last      time.Time
	Samples   []string      // source_object:source_line, at most 20
	Who       []string      // principals, at most 20; empty where the subject is one
	Expected  reason.Reason // what is usual, or why a witness is missing; none where nothing is compared
	Withdrawn Withdrawal
}

// FindingEvent is one line of a finding's history.
type FindingEvent struct {
	At         time.Time
	Actor      string // a name, or "" for bucketproof itself
	Kind, Text string
}

// FindingID is the stable name of trouble: the same tomorrow updates the
// finding instead of opening another.
func FindingID(check, tenant, bucket, subject string) string {
	h := sha256.New()
	for _, s := range []string{check, tenant, bucket, subject} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// CheckDay is what a check said about one day of one bucket.
type CheckDay struct {
	Tenant, Check, Bucket, Date string
	NotEvaluated                reason.Reason // none where the check could look
	Ends                        bool          // a day without rows resolves findings of the days before
	Rows                        []CheckRow
	Suppressed                  []SuppressedRow
	// Configuration is the fingerprint of the one that it looked with, Program the
	// version that looked.
	Configuration, Program string
	// Gone says, by the ID of a finding, why a row that was shown before is not among
	// Rows; of one that is not in it nothing remains.
	Gone map[string]Withdrawal
}

// CheckRow is one row of a check: a subject and what it showed that day. Owner is
// who is responsible where it opens a finding; "" for nobody.
type CheckRow struct {
	Subject, Owner string
	FindingDay
}

// Change tells what a check did to a finding.
type Change struct {
	ID, Severity string
	Kind         string // opened, reopened, resolved or "" for an update
}

// PutCheckDays stores what checks said, in one transaction. A day that was
// stored before is replaced. A finding opens with its first row, reopens when
// it is resolved and shows a day that it had not or more of one, and resolves itself when its
// last row is gone. A row that the configuration or another version of the program
// made go stays, and says so; so does one of a finding on which a person has worked.
// Rows of the result are in the order of the days.
func (s *Findings) PutCheckDays(ctx context.Context, days []CheckDay, at time.Time) ([]Change, error) {
	var changes []Change
	err := s.db.write(ctx, func(tx *sql.Tx) error {
		told, err := toldDays(ctx, tx, days)
		if err != nil {
			return err
		}
		put, err := tx.PrepareContext(ctx,
			`INSERT INTO check_days (tenant, check_name, bucket, date, outcome, reason, checked) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason, checked = excluded.checked`)
		if err != nil {
			return err
		}
		defer func() { _ = put.Close() }() // the transaction tells what went wrong
		for i := range days {
			c, err := putCheckDay(ctx, tx, put, &days[i], told[days[i].key()], at)
			if err != nil {
				return fmt.Errorf("%s, %s, %s: %w", days[i].Check, days[i].Bucket, days[i].Date, err)
			}
			changes = append(changes, c...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store findings: %w", err)
	}
	return changes, nil
}

// dayKey names what a check said of a day.
type dayKey struct{ tenant, check, bucket, date string }

func (d *CheckDay) key() dayKey { return dayKey{d.Tenant, d.Check, d.Bucket, d.Date} }

// toldDays are those of the days of which something is stored beside their outcome: most
// have nothing, and need not be asked for one by one.
func toldDays(ctx context.Context, q queryer, days []CheckDay) (map[dayKey]bool, error) {
	type span struct{ from, to string }
	spans := map[string]span{}
	for _, d := range days {
		s, ok := spans[d.Tenant]
		if !ok {
			s = span{d.Date, d.Date}
		}
		spans[d.Tenant] = span{min(s.from, d.Date), max(s.to, d.Date)}
	}
	told := map[dayKey]bool{}
	for tenant, s := range spans {
		err := each(ctx, q, `SELECT f.check_name, f.bucket, d.date FROM findings f JOIN finding_days d ON d.finding = f.id
WHERE f.tenant = ?1 AND d.date BETWEEN ?2 AND ?3
UNION SELECT check_name, bucket, date FROM suppressed_days WHERE tenant = ?1 AND date BETWEEN ?2 AND ?3`, func(rows *sql.Rows) error {
			k := dayKey{tenant: tenant}
			err := rows.Scan(&k.check, &k.bucket, &k.date)
			told[k] = true
			return err
		}, tenant, s.from, s.to)
		if err != nil {
			return nil, err
		}
	}
	return told, nil
}

// putCheckDay stores a day. Told tells whether something of it is stored already.
func putCheckDay(ctx context.Context, tx *sql.Tx, put *sql.Stmt, d *CheckDay, told bool, at time.Time) ([]Change, error) {
	outcome := "evaluated"
	if !d.NotEvaluated.None() {
		outcome = "not evaluated"
	}
	_, err := put.ExecContext(ctx, d.Tenant, d.Check, d.Bucket, d.Date, outcome, d.NotEvaluated, at.UnixMilli())
	if err != nil {
		return nil, err
	}
	gone := map[string]bool{}
	if told {
		if gone, err = findingsOfDay(ctx, tx, d); err != nil {
			return nil, err
		}
	}
	// A finding that is there already stays, withdrawn by the suppression, and is not
	// suppressed besides.
	var quiet []SuppressedRow
	suppressed := map[string]bool{}
	for _, row := range d.Suppressed {
		id := FindingID(d.Check, d.Tenant, d.Bucket, row.Subject)
		if suppressed[id] = gone[id]; !gone[id] {
			quiet = append(quiet, row)
		}
	}
	if told || len(quiet) > 0 {
		if err := putSuppressed(ctx, tx, d, quiet); err != nil {
			return nil, err
		}
	}
	var changes []Change
	for _, row := range d.Rows {
		id := FindingID(d.Check, d.Tenant, d.Bucket, row.Subject)
		had := gone[id]
		delete(gone, id)
		c, err := putRow(ctx, tx, d, id, row, had, at)
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	if !d.NotEvaluated.None() {
		return changes, nil // what was seen before is not undone by not looking
	}
	for _, id := range slices.Sorted(maps.Keys(gone)) {
		w := d.Gone[id]
		if w.Reason == "" && suppressed[id] {
			w.Reason = WithdrawnConfiguration
		}
		c, err := withdraw(ctx, tx, id, d.Date, w, at)
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	if d.Ends && len(d.Rows)+len(d.Suppressed) == 0 {
		c, err := endFindings(ctx, tx, d, at)
		if err != nil {
			return nil, err
		}
		changes = append(changes, c...)
	}
	return changes, nil
}

// endFindings resolves the findings of a check whose trouble has ended: the day
// shows nothing of it, and no later one does.
func endFindings(ctx context.Context, tx *sql.Tx, d *CheckDay, at time.Time) ([]Change, error) {
	var changes []Change
	err := each(ctx, tx, `SELECT id, severity FROM findings f
WHERE tenant = ? AND check_name = ? AND bucket = ? AND status <> ?
  AND (SELECT max(date) FROM finding_days WHERE finding = f.id) < ?
  AND NOT EXISTS (SELECT 1 FROM finding_days WHERE finding = f.id AND withdrawn = 'configuration')
ORDER BY id`, func(rows *sql.Rows) error {
		c := Change{Kind: StatusResolved}
		err := rows.Scan(&c.ID, &c.Severity)
		changes = append(changes, c)
		return err
	}, d.Tenant, d.Check, d.Bucket, StatusResolved, d.Date)
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		resolution := "ended: nothing of it on " + d.Date
		if _, err := tx.ExecContext(ctx, "UPDATE findings SET status = ?, resolution = ? WHERE id = ?",
			StatusResolved, resolution, c.ID); err != nil {
			return nil, err
		}
		if err := addEvent(ctx, tx, c.ID, "", StatusResolved, resolution, at); err != nil {
			return nil, err
		}
	}
	return changes, nil
}

func findingsOfDay(ctx context.Context, tx *sql.Tx, d *CheckDay) (map[string]bool, error) {
	ids := map[string]bool{}
	err := each(ctx, tx,
		"SELECT d.finding FROM finding_days d JOIN findings f ON f.id = d.finding WHERE f.tenant = ? AND "+
			"f.check_name = ? AND f.bucket = ? AND d.date = ?", func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			ids[id] = true
			return err
		}, d.Tenant, d.Check, d.Bucket, d.Date)
	return ids, err
}

func putRow(ctx context.Context, tx *sql.Tx, d *CheckDay, id string, row CheckRow, had bool, at time.Time) (Change, error) {
	change := Change{ID: id, Severity: row.Severity}
	var status, severity string
	err := tx.QueryRowContext(ctx, "SELECT status, severity FROM findings WHERE id = ?", id).Scan(&status, &severity)
	var before FindingDay
	var configuration string
	if err == nil && had {
		err = tx.QueryRowContext(ctx, "SELECT count, severity, configuration, withdrawn FROM finding_days WHERE finding = ? AND date = ?",
			id, d.Date).
			Scan(&before.Count, &before.Severity, &configuration, &before.Withdrawn.Reason)
	}
	back := before.Withdrawn.Reason != ""
	less := had && !back && (row.Count < before.Count || rank(row.Severity) < rank(before.Severity))
	kind, text := "", "seen on "+d.Date
	switch {
	case errors.Is(err, sql.ErrNoRows):
		change.Kind = "opened"
		_, err = tx.ExecContext(ctx,
			"INSERT INTO findings (id, check_name, severity, tenant, bucket, subject, status, owner, due, opened) "+
				"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			id, d.Check, row.Severity, d.Tenant, d.Bucket, row.Subject, StatusOpen, row.Owner,
			dueDate(d.Date, row.Severity), at.UnixMilli())
	case err == nil && status == StatusResolved && (!had || back || row.Count > before.Count):
		change.Kind = "reopened"
		_, err = tx.ExecContext(ctx, "UPDATE findings SET status = ?, due = ?, cause = '', resolution = '' WHERE id = ?", StatusOpen,
			dueDate(d.Date, row.Severity), id)
	case back:
		kind = "returned"
	case rank(row.Severity) > rank(severity):
		kind = "raised"
	case less && configuration != "" && configuration != d.Configuration:
		kind, text = "lowered", fmt.Sprintf("on %s the configuration of today finds %d, %s, and before %d, %s",
			d.Date, row.Count, row.Severity, before.Count, before.Severity)
	}
	if change.Kind != "" {
		kind = change.Kind
	}
	if err == nil && kind != "" {
		err = addEvent(ctx, tx, id, "", kind, text, at)
	}
	if err != nil {
		return change, err
	}
	samples, err := json.Marshal(row.Samples)
	if err != nil {
		return change, err
	}
	who, err := json.Marshal(row.Who)
	if err != nil {
		return change, err
	}
	_, err = tx.ExecContext(ctx,
		`INSERT OR REPLACE INTO finding_days (finding, date, severity, count, first, last, samples, who, expected, shown, configuration, program)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id, d.Date, row.Severity, row.Count, row.First.UnixMilli(), row.Last.UnixMilli(), string(samples), string(who), row.Expected,
		at.UnixMilli(), d.Configuration, d.Program)
	if err != nil {
		return change, err
	}
	return change, setSeverity(ctx, tx, id)
}

// setSeverity makes the severity of a finding that of its worst day.
func setSeverity(ctx context.Context, tx *sql.Tx, id string) error {
	_, err := tx.ExecContext(ctx,
		"UPDATE findings SET severity = (SELECT severity FROM finding_days WHERE finding = ? ORDER BY "+
			"instr('low,medium,high', severity) DESC LIMIT 1) WHERE id = ?", id, id)
	return err
}

// rank orders severities.
func rank(severity string) int { return slices.Index(Severities, severity) }

func addEvent(ctx context.Context, tx *sql.Tx, id, actor, kind, text string, at time.Time) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO finding_events (finding, at, actor, kind, text) VALUES (?, ?, ?, ?, ?)", id, at.UnixMilli(),
		actor, kind, text)
	return err
}

func dueDate(date, severity string) string {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return ""
	}
	return day.AddDate(0, 0, 1+dueDays[severity]).Format(time.DateOnly)
}
