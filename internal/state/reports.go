package state

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// BackupReport is a report of a backup tool that was read.
type BackupReport struct {
	Source  string // full name
	ETag    string
	Size    int64
	SHA256  string
	Problem string // what in it can't be read; "" for nothing
}

// BackupSession is one run of a backup, as its tool tells it.
type BackupSession struct {
	Tool, ID, Bucket, Date string    // Date is the night, of a plain report; else ""
	Start, End             time.Time // zero where there is a Date
	Objects, Bytes         int64     // -1: not told
	OK                     bool
	Status, Source         string
	Line                   int64
}

// KnownReports returns ETag and size of the reports of a tenant that were read,
// by their source.
func (s *State) KnownReports(ctx context.Context, tenant string) (map[string]BackupReport, error) {
	known := map[string]BackupReport{}
	err := s.rows(ctx, "SELECT source, etag, size, sha256, problem FROM backup_reports WHERE tenant = ?", func(r *sql.Rows) error {
		var b BackupReport
		err := r.Scan(&b.Source, &b.ETag, &b.Size, &b.SHA256, &b.Problem)
		known[b.Source] = b
		return err
	}, tenant)
	if err != nil {
		return nil, fmt.Errorf("read backup reports: %w", err)
	}
	return known, nil
}

// PutReport stores a report and its sessions, in the place of what the same
// source told before.
func (s *State) PutReport(ctx context.Context, tenant string, b BackupReport, sessions []BackupSession, at time.Time) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM backup_sessions WHERE tenant = ? AND source = ?", tenant, b.Source); err != nil {
			return err
		}
		for _, x := range sessions {
			_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO backup_sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", tenant, x.Tool, x.ID, x.Bucket, x.Date,
				millis(x.Start), millis(x.End), x.Objects, x.Bytes, x.OK, x.Status, b.Source, x.Line)
			if err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO backup_reports VALUES (?, ?, ?, ?, ?, ?, ?, ?)", tenant, b.Source, b.ETag, b.Size, b.SHA256, len(sessions), b.Problem, at.UnixMilli())
		return err
	})
	if err != nil {
		return fmt.Errorf("store backup report %s: %w", b.Source, err)
	}
	return nil
}

// BackupSessions returns the sessions of a tenant that start in from..to or are
// of a night firstDate..lastDate.
func (s *State) BackupSessions(ctx context.Context, tenant string, from, to time.Time, firstDate, lastDate string) ([]BackupSession, error) {
	var out []BackupSession
	err := s.rows(ctx, `SELECT tool, id, bucket, date, start, ended, objects, bytes, ok, status, source, line FROM backup_sessions
WHERE tenant = ? AND (start >= ? AND start < ? OR date >= ? AND date <= ?) ORDER BY start, date, tool, id, bucket`, func(r *sql.Rows) error {
		var x BackupSession
		var start, end sql.NullInt64
		err := r.Scan(&x.Tool, &x.ID, &x.Bucket, &x.Date, &start, &end, &x.Objects, &x.Bytes, &x.OK, &x.Status, &x.Source, &x.Line)
		x.Start, x.End = fromMillis(start), fromMillis(end)
		out = append(out, x)
		return err
	}, tenant, from.UnixMilli(), to.UnixMilli(), firstDate, lastDate)
	if err != nil {
		return nil, fmt.Errorf("read backup sessions: %w", err)
	}
	return out, nil
}
