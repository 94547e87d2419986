package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Listings is how far each log location has been listed.
type Listings struct{ db *database }

// FullListing is when a location was last listed as a whole, and for what.
type FullListing struct {
	At      time.Time // zero for never
	Buckets []string
	Reader  int
}

// LastFull returns that of a location.
func (s *Listings) LastFull(ctx context.Context, location string) (FullListing, error) {
	var l FullListing
	var at int64
	var buckets string
	err := s.db.QueryRowContext(ctx, "SELECT at, buckets, reader FROM full_listings WHERE location = ?",
		location).Scan(&at, &buckets, &l.Reader)
	if errors.Is(err, sql.ErrNoRows) {
		return l, nil
	}
	if err != nil {
		return l, fmt.Errorf("read the ledger: %w", err)
	}
	l.At, l.Buckets = time.UnixMilli(at).UTC(), strings.Split(buckets, ",")
	return l, nil
}

// LastComplete returns when a location was last listed such that all that was there
// then is collected; zero for never.
func (s *Listings) LastComplete(ctx context.Context, location string) (time.Time, error) {
	var at sql.NullInt64
	if err := s.db.QueryRowContext(ctx, "SELECT max(at) FROM listings WHERE location = ?", location).Scan(&at); err != nil {
		return time.Time{}, fmt.Errorf("read the ledger: %w", err)
	}
	return fromMillis(at), nil
}

// Roots returns the newest date, as YYYY-MM-DD, below each root of a location.
func (s *Listings) Roots(ctx context.Context, location string) (map[string]string, error) {
	const query = "SELECT root, newest FROM log_roots WHERE location = ?"
	return index(ctx, s.db, "read the ledger", query, func(r *sql.Rows) (root, newest string, err error) {
		err = r.Scan(&root, &newest)
		return root, newest, err
	}, location)
}

// Unread returns the keys that could not be read when the location was last
// collected, in their order.
func (s *Listings) Unread(ctx context.Context, location string) ([]string, error) {
	const query = "SELECT key FROM unread_objects WHERE location = ? ORDER BY key"
	return list(ctx, s.db, "read the ledger", query, column[string], location)
}

// End notes how far a location is collected: the newest dates below its
// roots, the objects that could not be read, when the listing began where all
// that it found was read (zero otherwise), and the listing where it was a full one.
func (s *Listings) End(ctx context.Context, location string, roots map[string]string, unread []string,
	began time.Time, full *FullListing) error {
	err := s.db.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM unread_objects WHERE location = ?", location); err != nil {
			return err
		}
		for _, key := range unread {
			if _, err := tx.ExecContext(ctx, "INSERT INTO unread_objects VALUES (?, ?) ON CONFLICT DO NOTHING", location, key); err != nil {
				return err
			}
		}
		for root, newest := range roots {
			if _, err := tx.ExecContext(ctx,
				"INSERT INTO log_roots VALUES (?, ?, ?) ON CONFLICT (location, root) DO UPDATE SET newest = excluded.newest", location,
				root, newest); err != nil {
				return err
			}
		}
		if !began.IsZero() {
			if _, err := tx.ExecContext(ctx,
				"INSERT INTO listings VALUES (?, ?) ON CONFLICT (location) DO UPDATE SET at = excluded.at", location,
				began.UnixMilli()); err != nil {
				return err
			}
		}
		if full == nil {
			return nil
		}
		_, err := tx.ExecContext(ctx,
			"INSERT INTO full_listings VALUES (?, ?, ?, ?) ON CONFLICT (location) DO UPDATE SET at = excluded.at, "+
				"buckets = excluded.buckets, reader = excluded.reader", location, full.At.UnixMilli(),
			strings.Join(full.Buckets, ","), full.Reader)
		return err
	})
	if err != nil {
		return fmt.Errorf("write the ledger: %w", err)
	}
	return nil
}
