package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Why a check no longer shows what it had shown on a day. The day stays in the
// finding where the reason is the configuration or the program, and where a person
// has worked on the finding.
const (
	WithdrawnConfiguration = "configuration" // that of today does not find it
	WithdrawnProgram       = "program"       // this version does not find it
	WithdrawnChecked       = "checked"       // late logs or a mended fault made it go
)

// Withdrawal is why a day of a finding is no longer shown.
type Withdrawal struct {
	Reason string // as above; "" where it is shown
	// By and At are who changed the configuration and when.
	By string
	At time.Time
}

// Vanished is a row of a finding that a check had shown and does not show again.
type Vanished struct {
	ID, Check, Bucket, Date, Subject string
	Configuration                    string // with which it was shown, a fingerprint; "" before that was noted
	Program                          string
	Late                             bool // log objects with records around the day came since
	Settled                          bool // withdrawn by the configuration, and resolved by a person
}

// Vanished returns what the days take from findings, before [Findings.PutCheckDays]
// does.
func (s *Findings) Vanished(ctx context.Context, days []CheckDay) ([]Vanished, error) {
	var out []Vanished
	told, err := toldDays(ctx, s.db, days)
	if err != nil {
		return nil, fmt.Errorf("read findings: %w", err)
	}
	for i := range days {
		d := &days[i]
		if !d.NotEvaluated.None() || !told[d.key()] {
			continue
		}
		shown := map[string]bool{}
		for _, r := range d.Rows {
			shown[FindingID(d.Check, d.Tenant, d.Bucket, r.Subject)] = true
		}
		err := each(ctx, s.db, `SELECT f.id, f.subject, d.configuration, d.program,
  d.withdrawn = 'configuration' AND f.status = 'resolved' AND `+closedByPerson+`,
  EXISTS (SELECT 1 FROM log_object_buckets b JOIN log_objects o ON o.id = b.object
    WHERE b.bucket = f.bucket AND b.records > 0 AND b.first < ?5 AND b.last >= ?6 AND o.collected > d.shown)
FROM finding_days d JOIN findings f ON f.id = d.finding
WHERE f.tenant = ?1 AND f.check_name = ?2 AND f.bucket = ?3 AND d.date = ?4 ORDER BY f.id`, func(r *sql.Rows) error {
			v := Vanished{Check: d.Check, Bucket: d.Bucket, Date: d.Date}
			err := r.Scan(&v.ID, &v.Subject, &v.Configuration, &v.Program, &v.Settled, &v.Late)
			if !shown[v.ID] {
				out = append(out, v)
			}
			return err
		}, d.Tenant, d.Check, d.Bucket, d.Date, aroundDay(d.Date, 2), aroundDay(d.Date, -1))
		if err != nil {
			return nil, fmt.Errorf("read findings: %w", err)
		}
	}
	return out, nil
}

// aroundDay is midnight UTC so many days behind a date, in milliseconds.
func aroundDay(date string, days int) int64 {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0
	}
	return at.AddDate(0, 0, days).UnixMilli()
}

// closedByPerson tells of a finding f whether who closed it last is a person.
const closedByPerson = `coalesce((SELECT actor FROM finding_events
  WHERE finding = f.id AND kind = 'resolved' ORDER BY id DESC LIMIT 1), '') <> ''`

// worked tells whether a person has worked on a finding f.
const worked = `EXISTS (SELECT 1 FROM finding_events WHERE finding = f.id AND actor <> '')`

// noted tells whether a person wrote about a finding f since it was last closed by one:
// what a person has said of it, a person closes.
const noted = `EXISTS (SELECT 1 FROM finding_events n WHERE n.finding = f.id AND n.actor <> '' AND n.kind = 'noted'
  AND n.id > coalesce((SELECT max(id) FROM finding_events WHERE finding = f.id AND actor <> '' AND kind = 'resolved'), 0))`

// withdraw takes a day from a finding that a check no longer shows for it, or says
// of the day why it is not shown.
func withdraw(ctx context.Context, tx *sql.Tx, id, date string, w Withdrawal, at time.Time) (Change, error) {
	change := Change{ID: id}
	var status, was string
	var inHand, told, byPerson bool
	err := tx.QueryRowContext(ctx, "SELECT f.status, f.severity, "+worked+", "+noted+", "+closedByPerson+`, d.withdrawn
FROM findings f JOIN finding_days d ON d.finding = f.id AND d.date = ? WHERE f.id = ?`,
		date, id).Scan(&status, &change.Severity, &inHand, &told, &byPerson, &was)
	if err != nil {
		return change, err
	}
	if w.Reason == "" {
		w.Reason = WithdrawnChecked
	}
	if w.Reason == WithdrawnChecked && !inHand {
		if _, err := tx.ExecContext(ctx, "DELETE FROM finding_days WHERE finding = ? AND date = ?", id, date); err != nil {
			return change, err
		}
	} else if w.Reason != was {
		_, err := tx.ExecContext(ctx,
			"UPDATE finding_days SET withdrawn = ?, withdrawn_by = ?, withdrawn_at = ? WHERE finding = ? AND date = ?",
			w.Reason, w.By, millis(w.At), id, date)
		if err == nil {
			err = addEventOnce(ctx, tx, id, "withdrawn", w.Text(), at)
		}
		if err != nil {
			return change, err
		}
	}
	if w.Reason == WithdrawnConfiguration {
		// What closed by itself had ended. That nobody looks any more is no end.
		if status == StatusResolved && !byPerson {
			change.Kind = "reopened"
			_, err = tx.ExecContext(ctx, "UPDATE findings SET status = ?, cause = '', resolution = '' WHERE id = ?", StatusOpen, id)
		}
		return change, err
	}
	return settle(ctx, tx, change, status, told, w, at)
}

// settle closes a finding of which nothing is left that a check shows, unless the
// configuration withdrew some of it or a person has said something about it.
func settle(ctx context.Context, tx *sql.Tx, change Change, status string, told bool, w Withdrawal, at time.Time) (Change, error) {
	var left, open int
	err := tx.QueryRowContext(ctx, `SELECT count(*), count(*) FILTER (WHERE withdrawn IN ('', 'configuration'))
FROM finding_days WHERE finding = ?`, change.ID).Scan(&left, &open)
	if err == nil && left > 0 {
		err = setSeverity(ctx, tx, change.ID)
	}
	if err != nil || open > 0 || told || status == StatusResolved {
		return change, err
	}
	change.Kind = StatusResolved
	resolution := "checked again: nothing of it remains"
	if w.Reason == WithdrawnProgram {
		resolution = w.Text()
	}
	_, err = tx.ExecContext(ctx, "UPDATE findings SET status = ?, resolution = ? WHERE id = ?", StatusResolved, resolution, change.ID)
	if err != nil {
		return change, err
	}
	return change, addEvent(ctx, tx, change.ID, "", StatusResolved, resolution, at)
}

// Text says in English why a day is no longer shown, as the history of the finding does.
func (w Withdrawal) Text() string {
	switch w.Reason {
	case WithdrawnProgram:
		return "another version of the program no longer finds it"
	case WithdrawnChecked:
		return "checked again: nothing of it remains"
	}
	text := "a change of the configuration no longer finds it"
	if !w.At.IsZero() {
		text = "a change of the configuration of " + w.At.UTC().Format("2006-01-02 15:04 UTC") + " no longer finds it"
	}
	if w.By != "" {
		text += "; changed by " + w.By
	}
	return text
}

// addEventOnce adds an event, unless the last one says the same.
func addEventOnce(ctx context.Context, tx *sql.Tx, id, kind, text string, at time.Time) error {
	var lastKind, last string
	const query = "SELECT kind, text FROM finding_events WHERE finding = ? ORDER BY id DESC LIMIT 1"
	err := tx.QueryRowContext(ctx, query, id).Scan(&lastKind, &last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) || lastKind == kind && last == text {
		return err
	}
	return addEvent(ctx, tx, id, "", kind, text, at)
}
