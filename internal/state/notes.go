package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Notes are small texts by name, which hold from one run to the next.
type Notes struct{ db *database }

// Get returns a note; "" where there is none.
func (s *Notes) Get(ctx context.Context, name string) (string, error) {
	var v string
	err := s.db.QueryRowContext(ctx, "SELECT value FROM notes WHERE name = ?", name).Scan(&v)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read a note: %w", err)
	}
	return v, nil
}

// Put keeps a note.
func (s *Notes) Put(ctx context.Context, name, value string) error {
	if _, err := s.db.ExecContext(ctx,
		"INSERT INTO notes VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", name, value); err != nil {
		return fmt.Errorf("keep a note: %w", err)
	}
	return nil
}

// Drop forgets a note.
func (s *Notes) Drop(ctx context.Context, name string) error {
	if _, err := s.db.ExecContext(ctx, "DELETE FROM notes WHERE name = ?", name); err != nil {
		return fmt.Errorf("forget a note: %w", err)
	}
	return nil
}
