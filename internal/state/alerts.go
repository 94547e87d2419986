package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Alerts are those of the service that last.
type Alerts struct{ db *database }

// Alert is one that lasts.
type Alert struct {
	Key, Title string
	Since      time.Time
}

// Active returns those that last, the oldest first.
func (s *Alerts) Active(ctx context.Context) ([]Alert, error) {
	const query = "SELECT key, title, since FROM alerts ORDER BY since, key"
	return list(ctx, s.db, "read the alerts", query, func(rows *sql.Rows) (Alert, error) {
		var a Alert
		var since int64
		err := rows.Scan(&a.Key, &a.Title, &since)
		a.Since = time.UnixMilli(since).UTC()
		return a, err
	})
}

// Set starts an alert and queues its messages, or ends one; where it has the
// state already nothing happens and changed is false. Messages are made with the
// time since which it lasts.
func (s *Alerts) Set(ctx context.Context, key, title string, on bool, at time.Time,
	messages func(since time.Time) []Message) (changed bool, err error) {
	err = s.db.write(ctx, func(tx *sql.Tx) error {
		var millis int64
		err := tx.QueryRowContext(ctx, "SELECT since FROM alerts WHERE key = ?", key).Scan(&millis)
		is := err == nil
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if is == on {
			return nil
		}
		changed = true
		since := at
		if on {
			_, err = tx.ExecContext(ctx, "INSERT INTO alerts VALUES (?, ?, ?)", key, at.UnixMilli(), title)
		} else {
			since = time.UnixMilli(millis).UTC()
			_, err = tx.ExecContext(ctx, "DELETE FROM alerts WHERE key = ?", key)
		}
		for _, m := range messages(since) {
			if err == nil {
				err = putMessage(ctx, tx, m, at)
			}
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("note the alert: %w", err)
	}
	return changed, nil
}
