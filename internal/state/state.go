// Package state is what bucketproof remembers beside the dataset, in one SQLite file. [Open] brings a
// file of an earlier version up to date, and opens one that may not be written for reading only. A
// [State] has a store a subject: [Ledger], [Files] and [Listings] tell what of the logs is in the
// dataset, [Findings] and [CheckDays] what checks said, [Packets], [Links], [Mails] and [Outbox] what was
// published and sent. All stores share one handle of the file, and what has to hold together is
// written in one transaction.
package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// State is an open state file. It is safe for concurrent use, as its stores are.
type State struct {
	Ledger         *Ledger
	Files          *Files
	Listings       *Listings
	Witnesses      *Witnesses
	BackupReports  *BackupReports
	Configurations *Configurations
	CheckDays      *CheckDays
	Findings       *Findings
	Runs           *Runs
	Packets        *Packets
	Links          *Links
	Mails          *Mails
	Outbox         *Outbox
	Tickets        *Tickets
	Alerts         *Alerts
	Notes          *Notes

	db *database
}

// Open opens the state file at path, or makes it. One that may not be written is opened
// for reading only; one that a newer version has written is refused.
func Open(ctx context.Context, path string) (*State, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	if err := private(path); forbidden(err) && exists(path) {
		return openReadOnly(ctx, path, err)
	} else if err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	return openFile(ctx, path, nil, url.Values{
		"_pragma": {"busy_timeout(30000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)"},
		"_txlock": {"immediate"},
	})
}

// openFile opens a file that is there. Where readOnly says why it can't be written it is left
// as it is.
func openFile(ctx context.Context, path string, readOnly error, settings url.Values) (*State, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	dsn := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: settings.Encode()}
	pool, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	db := &database{pool, readOnly}
	if readOnly != nil {
		err = db.current(ctx)
	} else {
		err = db.migrate(ctx)
	}
	var copies *sql.Stmt
	if err == nil {
		copies, err = db.PrepareContext(ctx, copiesOfObject)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open state %s: %w", path, err), db.Close())
	}
	return &State{
		Ledger:         &Ledger{db, copies},
		Files:          &Files{db},
		Listings:       &Listings{db},
		Witnesses:      &Witnesses{db},
		BackupReports:  &BackupReports{db},
		Configurations: &Configurations{db},
		CheckDays:      &CheckDays{db},
		Findings:       &Findings{db},
		Runs:           &Runs{db},
		Packets:        &Packets{db},
		Links:          &Links{db},
		Mails:          &Mails{db},
		Outbox:         &Outbox{db},
		Tickets:        &Tickets{db},
		Alerts:         &Alerts{db},
		Notes:          &Notes{db},
		db:             db,
	}, nil
}

// private makes the file, which holds what is nobody else's business, readable by
// its owner only. SQLite gives its own files beside it the same mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err == nil && st.Mode().Perm()&0o077 != 0 {
		err = f.Chmod(0o600)
	}
	return errors.Join(err, f.Close())
}

// Close closes the file.
func (s *State) Close() error { return errors.Join(s.Ledger.copies.Close(), s.db.Close()) }
