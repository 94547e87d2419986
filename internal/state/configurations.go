package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Configurations are those that tenants had.
type Configurations struct{ db *database }

// Configuration is that of a tenant, as far as it influences what is found.
type Configuration struct {
	Tenant      string
	Fingerprint string // of Body, hex
	Body        []byte // JSON
	// Seen is when a run first had it, RanBy who ran. Modified is when the file
	// was changed that was changed last, zero where that is not known, and Owner
	// whose file it is.
	Seen, Modified time.Time
	RanBy, Owner   string
}

// Changed is when the configuration took effect: when its file was modified, as far
// as that fits what the runs before have seen.
func (c *Configuration) Changed() time.Time {
	if c.Modified.IsZero() || c.Modified.After(c.Seen) {
		return c.Seen
	}
	return c.Modified
}

// By is who changed it, as far as the system tells: the owner of the file, or else
// who ran first with it.
func (c *Configuration) By() string {
	if c.Owner != "" {
		return c.Owner
	}
	return c.RanBy
}

// Put notes the configuration of a run where it is another one than
// that of the run before, and returns the note that holds.
func (s *Configurations) Put(ctx context.Context, c Configuration) (Configuration, error) {
	err := s.db.write(ctx, func(tx *sql.Tx) error {
		var last Configuration
		var seen, modified sql.NullInt64
		err := tx.QueryRowContext(ctx, `SELECT fingerprint, seen, ran_by, modified, owner FROM configuration_changes
WHERE tenant = ? ORDER BY id DESC LIMIT 1`, c.Tenant).Scan(&last.Fingerprint, &seen, &last.RanBy, &modified, &last.Owner)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err == nil && last.Fingerprint == c.Fingerprint {
			c.Seen, c.Modified, c.RanBy, c.Owner = fromMillis(seen), fromMillis(modified), last.RanBy, last.Owner
			return nil
		}
		const known = "INSERT INTO configurations VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
		_, err = tx.ExecContext(ctx, known, c.Tenant, c.Fingerprint, string(c.Body))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO configuration_changes (tenant, fingerprint, seen, ran_by, modified, owner)
VALUES (?, ?, ?, ?, ?, ?)`,
			c.Tenant, c.Fingerprint, c.Seen.UnixMilli(), c.RanBy, millis(c.Modified), c.Owner)
		return err
	})
	if err != nil {
		return c, fmt.Errorf("note the configuration of %s: %w", c.Tenant, err)
	}
	return c, nil
}

// Body returns the body of a configuration that a tenant had; nil for one
// that is not known.
func (s *Configurations) Body(ctx context.Context, tenant, fingerprint string) ([]byte, error) {
	var body string
	err := s.db.QueryRowContext(ctx, "SELECT body FROM configurations WHERE tenant = ? AND fingerprint = ?", tenant,
		fingerprint).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration of %s: %w", tenant, err)
	}
	return []byte(body), nil
}

// Of returns those that a tenant had, in the order in which they took
// effect.
func (s *Configurations) Of(ctx context.Context, tenant string) ([]Configuration, error) {
	const query = `SELECT c.fingerprint, b.body, c.seen, c.ran_by, c.modified, c.owner
FROM configuration_changes c JOIN configurations b ON b.tenant = c.tenant AND b.fingerprint = c.fingerprint
WHERE c.tenant = ? ORDER BY c.id`
	return list(ctx, s.db, "read the configurations of "+tenant, query, func(r *sql.Rows) (Configuration, error) {
		c := Configuration{Tenant: tenant}
		var body string
		var seen, modified sql.NullInt64
		err := r.Scan(&c.Fingerprint, &body, &seen, &c.RanBy, &modified, &c.Owner)
		c.Body, c.Seen, c.Modified = []byte(body), fromMillis(seen), fromMillis(modified)
		return c, err
	}, tenant)
}
