package state

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// BackupReports is what the reports of backup tools told.
type BackupReports struct{ db *database }

// BackupReport is a report of a backup tool that was read.
type BackupReport struct {
	Source   string // full name
	ETag     string
	Size     int64
	SHA256   string
	Reader   string // the way in which it was read
	Modified time.Time
}

// SessionRunning is the state of a session that has not told how it ended.
const SessionRunning = "running"

// BackupSession is one run of a job, as its tool tells it.
type BackupSession struct {
	Tool, ID, Bucket string
	Job              string
	Named            bool      // the tool names the job; else it is made of the report's name
	Copy             bool      // it copies a backup that is there already
	Date             string    // the night, of a plain report; else ""
	Start, End       time.Time // zero where there is a Date
	Estimated        bool      // the times are not the report's own
	State            string    // succeeded, with warnings, failed, running or unknown
	Status, Message  string    // as the tool words them
	Objects, Bytes   int64     // -1: not told
	Source           string
	Line             int64
	Told             time.Time // when the report was written
}

// ReportProblem is a part of a report that can't be read.
type ReportProblem struct {
	Source string
	Line   int64 // 0: the whole file
	Reason string
	// Date is the day that it is about, in the tenant's zone, and At the time, which is
	// zero where the report does not tell: then Date comes from the name of the file or
	// from when it was written, and the night before may be the one.
	Date     string
	At       time.Time
	Modified time.Time
	Noticed  time.Time
}

// Known returns the reports of a tenant that were read, by their source.
func (s *BackupReports) Known(ctx context.Context, tenant string) (map[string]BackupReport, error) {
	const query = "SELECT source, etag, size, sha256, reader FROM backup_reports WHERE tenant = ?"
	return index(ctx, s.db, "read backup reports", query, func(r *sql.Rows) (string, BackupReport, error) {
		var b BackupReport
		err := r.Scan(&b.Source, &b.ETag, &b.Size, &b.SHA256, &b.Reader)
		return b.Source, b, err
	}, tenant)
}

// putTelling keeps what is known for certain: a session that has ended does not run
// again, and times that a report told are not replaced by estimated ones.
const putTelling = `INSERT INTO backup_tellings (tenant, source, content, tool, id, bucket, job, named, copy, date, start, ended,
  estimated, state, status, message, objects, bytes, line, told)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant, source, tool, id, bucket) DO UPDATE SET content = excluded.content, job = excluded.job, named = excluded.named,
  copy = excluded.copy, date = excluded.date,
  start = CASE WHEN excluded.estimated THEN start ELSE excluded.start END,
  ended = CASE WHEN excluded.estimated THEN ended ELSE excluded.ended END,
  estimated = estimated AND excluded.estimated, state = excluded.state, status = excluded.status, message = excluded.message,
  objects = excluded.objects, bytes = excluded.bytes, line = excluded.line, told = excluded.told
WHERE NOT (state <> 'running' AND excluded.state = 'running')`

// Put stores a report and what it tells. Sessions that an earlier content of
// the same source told stay; those that this content told, when it was read in
// another way, do not. The problems take the place of the earlier ones.
func (s *BackupReports) Put(ctx context.Context, tenant string, b BackupReport, sessions []BackupSession,
	problems []ReportProblem, at time.Time) error {
	err := s.db.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx,
			"DELETE FROM backup_tellings WHERE tenant = ? AND source = ? AND content = ?", tenant, b.Source, b.SHA256); err != nil {
			return err
		}
		put, err := tx.PrepareContext(ctx, putTelling)
		if err != nil {
			return err
		}
		for _, x := range sessions {
			_, err := put.ExecContext(ctx, tenant, b.Source, b.SHA256, x.Tool, x.ID, x.Bucket, x.Job, x.Named,
				x.Copy, x.Date, millis(x.Start), millis(x.End), x.Estimated,
				x.State, x.Status, x.Message, x.Objects, x.Bytes, x.Line, b.Modified.UnixMilli())
			if err != nil {
				return err
			}
		}
		if err := put.Close(); err != nil {
			return err
		}
		if err := putProblems(ctx, tx, tenant, b, problems, at); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx,
			"INSERT OR REPLACE INTO backup_reports (tenant, source, etag, size, sha256, sessions, collected, "+
				"reader) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			tenant, b.Source, b.ETag, b.Size, b.SHA256, len(sessions), at.UnixMilli(), b.Reader)
		return err
	})
	if err != nil {
		return fmt.Errorf("store backup report %s: %w", b.Source, err)
	}
	return nil
}

// putProblems replaces the problems of a report. One that was there before keeps the
// time at which it was noticed.
func putProblems(ctx context.Context, tx *sql.Tx, tenant string, b BackupReport, problems []ReportProblem, at time.Time) error {
	var first sql.NullInt64
	if err := tx.QueryRowContext(ctx, "SELECT min(noticed) FROM report_problems WHERE tenant = ? AND source = ?",
		tenant, b.Source).Scan(&first); err != nil {
		return err
	}
	noticed := at.UnixMilli()
	if first.Valid {
		noticed = first.Int64
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM report_problems WHERE tenant = ? AND source = ?", tenant, b.Source); err != nil {
		return err
	}
	for _, p := range problems {
		_, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO report_problems VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			tenant, b.Source, p.Line, p.Date, millis(p.At), p.Reason, b.Modified.UnixMilli(), noticed)
		if err != nil {
			return err
		}
	}
	return nil
}

// TellsSession tells whether a source has told of a session.
func (s *BackupReports) TellsSession(ctx context.Context, tenant, source, id string) (bool, error) {
	var n int
	err := s.db.QueryRowContext(ctx,
		"SELECT count(*) FROM backup_tellings WHERE tenant = ? AND source = ? AND id = ?", tenant, source, id).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("read backup sessions: %w", err)
	}
	return n > 0, nil
}

// Problems returns what of the reports of a tenant can't be read, by source,
// line and date.
func (s *BackupReports) Problems(ctx context.Context, tenant string) ([]ReportProblem, error) {
	const query = `SELECT source, line, date, at, reason, modified, noticed FROM report_problems
WHERE tenant = ? ORDER BY source, line, date, reason`
	return list(ctx, s.db, "read the problems of backup reports", query, func(r *sql.Rows) (ReportProblem, error) {
		var p ReportProblem
		var at, modified, noticed sql.NullInt64
		err := r.Scan(&p.Source, &p.Line, &p.Date, &at, &p.Reason, &modified, &noticed)
		p.At, p.Modified, p.Noticed = fromMillis(at), fromMillis(modified), fromMillis(noticed)
		return p, err
	}, tenant)
}

// Sessions returns the sessions of a tenant that start in from..to or are
// of a night firstDate..lastDate, each once: of what several reports tell of one, how
// it ended counts before that it ran, and then what was written last.
func (s *BackupReports) Sessions(ctx context.Context, tenant string, from, to time.Time,
	firstDate, lastDate string) ([]BackupSession, error) {
	var out []BackupSession
	at := map[[3]string]int{}
	err := each(ctx, s.db, `SELECT tool, id, bucket, job, named, copy, date, start, ended, estimated, state, status, message,
  objects, bytes, source, line, told FROM backup_tellings
WHERE tenant = ? AND (start >= ? AND start < ? OR date >= ? AND date <= ?) ORDER BY told, source, line`, func(r *sql.Rows) error {
		var x BackupSession
		var start, end, told sql.NullInt64
		if err := r.Scan(&x.Tool, &x.ID, &x.Bucket, &x.Job, &x.Named, &x.Copy, &x.Date, &start, &end, &x.Estimated,
			&x.State, &x.Status, &x.Message, &x.Objects, &x.Bytes,
			&x.Source, &x.Line, &told); err != nil {
			return err
		}
		x.Start, x.End, x.Told = fromMillis(start), fromMillis(end), fromMillis(told)
		key := [3]string{x.Tool, x.ID, x.Bucket}
		i, ok := at[key]
		switch {
		case !ok:
			at[key] = len(out)
			out = append(out, x)
		case x.State != SessionRunning || out[i].State == SessionRunning:
			if !x.Named { // a copy of the report under another name is no other job
				x.Job, x.Named = out[i].Job, out[i].Named
			}
			out[i] = x
		}
		return nil
	}, tenant, from.UnixMilli(), to.UnixMilli(), firstDate, lastDate)
	if err != nil {
		return nil, fmt.Errorf("read backup sessions: %w", err)
	}
	slices.SortStableFunc(out, func(a, b BackupSession) int {
		if c := a.Start.Compare(b.Start); c != 0 {
			return c
		}
		return compareTexts(a.Date, b.Date, a.Tool, b.Tool, a.ID, b.ID, a.Bucket, b.Bucket)
	})
	return out, nil
}

// compareTexts compares pairs of texts, the first that differ decide.
func compareTexts(pairs ...string) int {
	for i := 0; i < len(pairs); i += 2 {
		switch {
		case pairs[i] < pairs[i+1]:
			return -1
		case pairs[i] > pairs[i+1]:
			return 1
		}
	}
	return 0
}

// Last returns when the latest report of a tenant that told of a session was
// written; zero for none.
func (s *BackupReports) Last(ctx context.Context, tenant string) (time.Time, error) {
	var told sql.NullInt64
	if err := s.db.QueryRowContext(ctx, "SELECT max(told) FROM backup_tellings WHERE tenant = ?", tenant).Scan(&told); err != nil {
		return time.Time{}, fmt.Errorf("read backup sessions: %w", err)
	}
	return fromMillis(told), nil
}

// FirstSessions returns the night, as a date of a zone, of the first session that was
// ever told about each bucket of a tenant.
func (s *BackupReports) FirstSessions(ctx context.Context, tenant string, loc *time.Location) (map[string]string, error) {
	const query = `SELECT bucket, min(start), coalesce(min(nullif(date, '')), '') FROM backup_tellings
WHERE tenant = ? GROUP BY bucket`
	return index(ctx, s.db, "read backup sessions", query, func(r *sql.Rows) (bucket, date string, err error) {
		var start sql.NullInt64
		err = r.Scan(&bucket, &start, &date)
		if at := fromMillis(start); !at.IsZero() && (date == "" || at.In(loc).Format(time.DateOnly) < date) {
			date = at.In(loc).Format(time.DateOnly)
		}
		return bucket, date, err
	}, tenant)
}
