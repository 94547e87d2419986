package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Links are those to the download page, with their uses.
type Links struct{ db *database }

// Link opens a packet on the download page. The token that it is reached by is
// not kept, only its SHA-256.
type Link struct {
	ID            string // what people name it by
	Tenant, Month string
	Revision      int
	Email, Name   string // of the contact
	Created, Ends time.Time
	MaxDownloads  int
	Downloads     int       // files given out, each counted once a day
	Revoked       time.Time // zero: it is not
}

// Works tells whether the link opens its packet at a time.
func (l Link) Works(at time.Time) bool { return l.Revoked.IsZero() && at.Before(l.Ends) }

// LinkUse is one use of a link.
type LinkUse struct {
	Link    Link
	At      time.Time
	Address string // IP address of the client
	File    string // "" for the page itself
}

// ErrNoLink means that no link has an id or a token, or that it has no download
// left.
var ErrNoLink = errors.New("no such link")

// Put keeps a new link for a token.
func (s *Links) Put(ctx context.Context, token [32]byte, l Link) error {
	hash := sha256.Sum256(token[:])
	if _, err := s.db.ExecContext(ctx,
		"INSERT INTO links (hash, id, tenant, month, revision, email, name, created, ends, max_downloads) VALUES "+
			"(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		hash[:], l.ID, l.Tenant, l.Month, l.Revision, l.Email, l.Name, l.Created.UnixMilli(), l.Ends.UnixMilli(),
		l.MaxDownloads); err != nil {
		return fmt.Errorf("note the link: %w", err)
	}
	return nil
}

const linkColumns = "SELECT l.id, l.tenant, l.month, l.revision, l.email, l.name, l.created, l.ends, " +
	"l.max_downloads, l.downloads, l.revoked"

func scanLink(r interface{ Scan(...any) error }, more ...any) (Link, error) {
	var l Link
	var created, ends int64
	var revoked sql.NullInt64
	err := r.Scan(append([]any{&l.ID, &l.Tenant, &l.Month, &l.Revision, &l.Email, &l.Name, &created, &ends,
		&l.MaxDownloads, &l.Downloads, &revoked}, more...)...)
	l.Created, l.Ends, l.Revoked = time.UnixMilli(created).UTC(), time.UnixMilli(ends).UTC(), fromMillis(revoked)
	return l, err
}

// ByToken returns the link of a token, whether it works or not. The lookup is by
// a hash, so that its time tells nothing about other tokens.
func (s *Links) ByToken(ctx context.Context, token [32]byte) (Link, error) {
	hash := sha256.Sum256(token[:])
	l, err := scanLink(s.db.QueryRowContext(ctx, linkColumns+" FROM links l WHERE l.hash = ?", hash[:]))
	if errors.Is(err, sql.ErrNoRows) {
		return l, ErrNoLink
	}
	if err != nil {
		return l, fmt.Errorf("read the link: %w", err)
	}
	return l, nil
}

// mostUses is how many uses of the page of a link, and of each of its files, are noted
// within a day.
const mostUses = 100

// MayUse is Use without noting anything: whether the file would be given out.
func (s *Links) MayUse(ctx context.Context, u LinkUse) error {
	var left bool
	err := s.db.QueryRowContext(ctx,
		`SELECT downloads < max_downloads OR EXISTS (SELECT 1 FROM link_uses WHERE link = ?1 AND file = ?2 AND at >= ?3)
FROM links WHERE id = ?1`, u.Link.ID, u.File, u.At.Truncate(24*time.Hour).UnixMilli()).Scan(&left)
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && !left:
		return ErrNoLink
	case err != nil:
		return fmt.Errorf("look at the link: %w", err)
	}
	return nil
}

// Use notes a use of a link that works at the time. A file counts as a download
// once a day (UTC), however often it is given out; where none is left the error is
// ErrNoLink, and nothing is noted.
func (s *Links) Use(ctx context.Context, u LinkUse) error {
	day, hour := u.At.Truncate(24*time.Hour).UnixMilli(), u.At.Truncate(time.Hour).UnixMilli()
	err := s.db.write(ctx, func(tx *sql.Tx) error {
		var noted, count int
		err := tx.QueryRowContext(ctx, "SELECT count(*) FROM link_uses WHERE link = ? AND file = ? AND at >= ?",
			u.Link.ID, u.File, day).Scan(&noted)
		if err != nil {
			return err
		}
		if u.File != "" && noted == 0 {
			count = 1
		}
		r, err := tx.ExecContext(ctx, `UPDATE links SET downloads = downloads + ?1
WHERE id = ?2 AND (?1 = 0 OR downloads < max_downloads) AND revoked IS NULL AND ends > ?3`,
			count, u.Link.ID, u.At.UnixMilli())
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrNoLink)
		}
		// Who asks again from the same address within an hour of the clock is noted once, and no
		// more than some of a day are: who reloads for ever fills no state and no packet. The first
		// use of a day is always noted, which the count rests on.
		if noted >= mostUses {
			return nil
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO link_uses (link, at, address, file) SELECT ?1, ?2, ?3, ?4
WHERE NOT EXISTS (SELECT 1 FROM link_uses WHERE link = ?1 AND address = ?3 AND file = ?4 AND at >= ?5)`,
			u.Link.ID, u.At.UnixMilli(), u.Address, u.File, hour)
		return err
	})
	if err != nil {
		return fmt.Errorf("note the use of a link: %w", err)
	}
	return nil
}

// Of returns the links of a tenant, or of all where tenant is "", the newest
// first.
func (s *Links) Of(ctx context.Context, tenant string) ([]Link, error) {
	const query = linkColumns + " FROM links l WHERE l.tenant = ? OR ? = '' ORDER BY l.created DESC, l.id"
	return list(ctx, s.db, "read the links", query, func(rows *sql.Rows) (Link, error) { return scanLink(rows) }, tenant, tenant)
}

// ByID returns the link with an id.
func (s *Links) ByID(ctx context.Context, id string) (Link, error) {
	l, err := scanLink(s.db.QueryRowContext(ctx, linkColumns+" FROM links l WHERE l.id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return l, fmt.Errorf("%w: %q", ErrNoLink, id)
	}
	if err != nil {
		return l, fmt.Errorf("read the link: %w", err)
	}
	return l, nil
}

// Revoke ends a link at once. One that is revoked already stays as it is.
func (s *Links) Revoke(ctx context.Context, id string, at time.Time) error {
	if _, err := s.db.ExecContext(ctx, "UPDATE links SET revoked = ? WHERE id = ? AND revoked IS NULL", at.UnixMilli(), id); err != nil {
		return fmt.Errorf("revoke the link: %w", err)
	}
	return nil
}

// Renew gives a link another end and its downloads anew, and takes a
// revocation back.
func (s *Links) Renew(ctx context.Context, id string, ends time.Time) error {
	if _, err := s.db.ExecContext(ctx, "UPDATE links SET ends = ?, downloads = 0, revoked = NULL WHERE id = ?",
		ends.UnixMilli(), id); err != nil {
		return fmt.Errorf("renew the link: %w", err)
	}
	return nil
}

// Uses returns the uses of a tenant's links in from..to, the earliest first.
func (s *Links) Uses(ctx context.Context, tenant string, from, to time.Time) ([]LinkUse, error) {
	const query = linkColumns +
		", u.at, u.address, u.file FROM links l JOIN link_uses u ON u.link = l.id WHERE l.tenant = ? AND u.at >= ? " +
		"AND u.at < ? ORDER BY u.at, u.id"
	return list(ctx, s.db, "read the uses of links", query, func(rows *sql.Rows) (LinkUse, error) {
		var u LinkUse
		var at int64
		l, err := scanLink(rows, &at, &u.Address, &u.File)
		u.Link, u.At = l, time.UnixMilli(at).UTC()
		return u, err
	}, tenant, from.UnixMilli(), to.UnixMilli())
}
