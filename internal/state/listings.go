package state

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"bucketproof/internal/identity"
)

// Kinds of incidents.
const (
	IncidentChanged = "changed" // its content is another one than was collected
	IncidentGone    = "gone"    // removed between listing and reading
)

// Incident is what happened to a log object that it may not happen to.
type Incident struct {
	Location, Key, Kind, ETag string
	Size                      int64
	Source                    string // full name
	Noticed                   time.Time
	SHA256                    string   // of the content found; "" for gone
	Before                    string   // of the content collected; "" for gone
	Buckets                   []string // whose records it holds or may hold
	// Named is the time in its name, or when it was stored; zero where that tells
	// nothing about its records.
	Named time.Time
	// First and Last are the times that it is about: of the records that were
	// collected from it, or else Named, or else Noticed.
	First, Last time.Time
}

// Incidents returns what was noticed about the log objects of a bucket that are about
// from..to, in the order of their names.
func (s *State) Incidents(ctx context.Context, location, bucket string, from, to time.Time) ([]Incident, error) {
	var out []Incident
	const records = `SELECT %s FROM log_objects o JOIN log_object_buckets b ON b.object = o.id
  WHERE o.location = i.location AND o.key = i.key AND b.bucket = ?1 AND b.records + b.duplicates > 0`
	const stored = "SELECT o.delivered FROM log_objects o WHERE o.location = i.location AND o.key = i.key AND " +
		"o.kind <> 'changed' ORDER BY o.id LIMIT 1"
	query := fmt.Sprintf(`SELECT location, key, kind, etag, size, source, noticed, sha256, before, buckets, named, (%s), (%s), (%s)
FROM log_incidents i WHERE location = ?2 AND ',' || buckets || ',' LIKE '%%,' || ?1 || ',%%' ORDER BY source, etag`,
		fmt.Sprintf(records, "min(b.first)"), fmt.Sprintf(records, "max(b.last)"), stored)
	err := s.rows(ctx, query, func(r *sql.Rows) error {
		var i Incident
		var noticed, named, first, last, delivered sql.NullInt64
		var buckets string
		err := r.Scan(&i.Location, &i.Key, &i.Kind, &i.ETag, &i.Size, &i.Source, &noticed, &i.SHA256, &i.Before,
			&buckets, &named, &first, &last, &delivered)
		i.Noticed, i.Named, i.Buckets = fromMillis(noticed), fromMillis(named), strings.Split(buckets, ",")
		for _, at := range []sql.NullInt64{named, delivered, noticed} { // the first one that is known
			if !first.Valid || !last.Valid {
				first, last = at, at
			}
		}
		i.First, i.Last = fromMillis(first), fromMillis(last)
		if i.First.Before(to) && !i.Last.Before(from) {
			out = append(out, i)
		}
		return err
	}, bucket, location)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return out, nil
}

// FullListing is when a location was last listed as a whole, and for what.
type FullListing struct {
	At      time.Time // zero for never
	Buckets []string
	Reader  int
}

// FullListing returns that of a location.
func (s *State) FullListing(ctx context.Context, location string) (FullListing, error) {
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

// Listed returns when a location was last listed such that all that was there
// then is collected; zero for never.
func (s *State) Listed(ctx context.Context, location string) (time.Time, error) {
	var at sql.NullInt64
	if err := s.db.QueryRowContext(ctx, "SELECT max(at) FROM listings WHERE location = ?", location).Scan(&at); err != nil {
		return time.Time{}, fmt.Errorf("read the ledger: %w", err)
	}
	return fromMillis(at), nil
}

// FirstLog returns when the first log object with records of a bucket was
// delivered; zero where there is none.
func (s *State) FirstLog(ctx context.Context, location, bucket string) (time.Time, error) {
	var at sql.NullInt64
	err := s.db.QueryRowContext(ctx,
		"SELECT min(o.delivered) FROM log_object_buckets b JOIN log_objects o ON o.id = b.object WHERE b.bucket = "+
			"? AND o.location = ? AND b.records + b.duplicates > 0", bucket, location).Scan(&at)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the ledger: %w", err)
	}
	return fromMillis(at), nil
}

// Roots returns the newest date, as YYYY-MM-DD, below each root of a location.
func (s *State) Roots(ctx context.Context, location string) (map[string]string, error) {
	roots := map[string]string{}
	err := s.rows(ctx, "SELECT root, newest FROM log_roots WHERE location = ?", func(r *sql.Rows) error {
		var root, newest string
		err := r.Scan(&root, &newest)
		roots[root] = newest
		return err
	}, location)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return roots, nil
}

// Unread returns the keys that could not be read when the location was last
// collected, in their order.
func (s *State) Unread(ctx context.Context, location string) ([]string, error) {
	var keys []string
	err := s.rows(ctx, "SELECT key FROM unread_objects WHERE location = ? ORDER BY key", func(r *sql.Rows) error {
		var key string
		err := r.Scan(&key)
		keys = append(keys, key)
		return err
	}, location)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return keys, nil
}

// EndListing notes how far a location is collected: the newest dates below its
// roots, the objects that could not be read, when the listing began where all
// that it found was read (zero otherwise), and the listing where it was a full one.
func (s *State) EndListing(ctx context.Context, location string, roots map[string]string, unread []string,
	began time.Time, full *FullListing) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
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

// IdentityKey is the key of the record identities of this dataset, made at the
// first call.
func (s *State) IdentityKey(ctx context.Context) (key identity.Key, err error) {
	if _, err := rand.Read(key[:]); err != nil {
		return key, err
	}
	if _, err := s.db.ExecContext(ctx, "INSERT INTO settings VALUES ('identity_key', ?) ON CONFLICT DO NOTHING", key[:]); err != nil {
		return key, fmt.Errorf("make the identity key: %w", err)
	}
	var stored []byte
	if err := s.db.QueryRowContext(ctx, "SELECT value FROM settings WHERE name = 'identity_key'").Scan(&stored); err != nil {
		return key, fmt.Errorf("read the identity key: %w", err)
	}
	if len(stored) != len(key) {
		return key, fmt.Errorf("the identity key in the state has %d bytes, not %d; restore state.db from a backup", len(stored), len(key))
	}
	copy(key[:], stored)
	return key, nil
}
