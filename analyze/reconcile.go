package analyze

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bucketproof/analyze/engine"
	"bucketproof/internal/config"
	"bucketproof/internal/state"
)

const (
	// beforeWindow is how long before its window a session may start and still
	// belong to the night: clocks of tools differ, and jobs prepare.
	beforeWindow = 3 * time.Hour
	// leastDifference is what figures may differ by whatever they are, in bytes.
	leastDifference = 1 << 20
	// tooLong is how long behind the end of its window a session may still run, when
	// later reports come.
	tooLong = 36 * time.Hour
	// awsBackup reads a bucket and writes to a vault, so that the bucket's log shows
	// nothing of what it reports.
	awsBackup = "aws-backup"
)

// What the comparison of a report with the log can say.
const (
	ReportAgrees   = "agrees"
	reportNone     = "no report"
	reportUnread   = "the report can't be read"
	reportFailed   = "the report says that the backup failed"
	reportPartly   = "a job failed"
	reportMissing  = "a job is missing"
	reportRunning  = "running"
	reportStuck    = "never reported as finished"
	reportUnclear  = "the report does not say how it ended"
	reportWarned   = "with warnings"
	reportUnseen   = "reported, but not in the log"
	reportBytes    = "bytes differ"
	reportObjects  = "objects differ"
	reportUnlooked = "not evaluated"
)

// ReportNight is what the reports of backup tools say about a bucket's night.
type ReportNight struct {
	// Sessions counts those that have ended, Failed those of them that failed, also
	// where a later one mended it, and Running those that have not told their end.
	Sessions, Failed, Running int64
	// Verdict is [ReportAgrees], how report and log differ, or "" where no report was to
	// be expected yet.
	Verdict string
	// Unreadable are the reasons why reports that may be about the night can't be read.
	Unreadable []string
	// Reported figures and those of the log; the former are -1 where none is told.
	ReportedObjects, ReportedBytes, Objects, Bytes int64

	told    string
	sources []any
}

// ReportedNights returns what the reports say about the nights of the range, by bucket
// and date. It is empty for a tenant without reports.
func (v *backups) ReportedNights(ctx context.Context) (map[[2]string]ReportNight, error) {
	nights := map[[2]string]ReportNight{}
	if !reportsConfigured(v.Tenant) || len(v.allNights) == 0 {
		return nights, nil
	}
	r, err := v.openReports(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range v.allNights {
		if v.inRange(n.Date) {
			nights[[2]string{n.Bucket, n.Date}] = r.night(n)
		}
	}
	return nights, nil
}

// reconciled is the table of the nights with what reports and log say. It has no
// row for a bucket and night of which no report was to be expected.
func (v *backups) reconciled(ctx context.Context) (engine.Table, error) {
	t := engine.Table{Name: "reconciled", Columns: columns("bucket", engine.Text, "date", engine.Text,
		"sessions", engine.Int, "failed", engine.Int, "running", engine.Int, "reported_objects", engine.Int,
		"reported_bytes", engine.Int, "objects", engine.Int, "bytes", engine.Int,
		"verdict", engine.Text, "told", engine.Text, "sources", "VARCHAR[]")}
	nights, err := v.ReportedNights(ctx)
	if err != nil {
		return t, err
	}
	for _, n := range v.allNights {
		x, ok := nights[[2]string{n.Bucket, n.Date}]
		if !ok || x.Verdict == "" {
			continue
		}
		t.Rows = append(t.Rows, []any{n.Bucket, n.Date, x.Sessions, x.Failed, x.Running, figure(x.ReportedObjects),
			figure(x.ReportedBytes), x.Objects, x.Bytes, x.Verdict, x.told, x.sources})
	}
	return t, nil
}

// figure is a number of a report, NULL where it does not tell it.
func figure(n int64) any {
	if n < 0 {
		return nil
	}
	return n
}

// reportProblems is the table of what in reports can't be read.
func (v *backups) reportProblems(ctx context.Context) (engine.Table, error) {
	t := engine.Table{Name: "report_problems", Columns: columns("source", engine.Text, "line", engine.Int,
		"reason", engine.Text, "date", engine.Text, "about", zoned, "noticed", zoned)}
	problems, err := v.data.State.BackupReports.Problems(ctx, v.Tenant.ID)
	for _, p := range problems {
		var about any
		if !p.At.IsZero() {
			about = p.At
		}
		t.Rows = append(t.Rows, []any{p.Source, p.Line, p.Reason, p.Date, about, p.Noticed})
	}
	return t, err
}

// nightReports are the reports of a tenant, sorted by night.
type nightReports struct {
	v        *backups
	written  map[[2]string]wrote
	told     map[[2]string][]toldSession
	first    map[string]string // by bucket: the date of the first session ever told
	problems []state.ReportProblem
	latest   time.Time // when the latest report was written
	dates    map[string][]string
}

// toldSession is a session of a night. One outside the window tells how a job ended,
// but not what was written in the window.
type toldSession struct {
	state.BackupSession
	inWindow bool
}

// job tells apart whose sessions replace each other.
func (s *toldSession) job() string { return s.Tool + " " + s.Job }

func (v *backups) openReports(ctx context.Context) (*nightReports, error) {
	r := &nightReports{v: v, told: map[[2]string][]toldSession{}, dates: map[string][]string{}}
	first, last := v.allNights[0], v.allNights[0]
	for _, n := range v.allNights {
		if n.Start.Before(first.Start) {
			first = n
		}
		if n.End.After(last.End) {
			last = n
		}
		r.dates[n.Bucket] = append(r.dates[n.Bucket], n.Date)
	}
	var err error
	if r.written, err = v.written(ctx); err != nil {
		return nil, err
	}
	sessions, err := v.data.State.BackupReports.Sessions(ctx, v.Tenant.ID, first.Start.Add(-beforeWindow),
		last.End.Add(24*time.Hour), first.Date, last.Date)
	if err != nil {
		return nil, err
	}
	for _, s := range sessions {
		if n, inWindow, ok := v.nightOf(s); ok {
			k := [2]string{n.Bucket, n.Date}
			r.told[k] = append(r.told[k], toldSession{s, inWindow})
		}
	}
	if r.problems, err = v.data.State.BackupReports.Problems(ctx, v.Tenant.ID); err != nil {
		return nil, err
	}
	if r.latest, err = v.data.State.BackupReports.Last(ctx, v.Tenant.ID); err != nil {
		return nil, err
	}
	r.first, err = v.data.State.BackupReports.FirstSessions(ctx, v.Tenant.ID, v.Tenant.Location)
	return r, err
}

// nightOf finds the night of a session: that in whose window it starts, or up to
// three hours before; or else the one before it, because a job that runs late, or by
// day, speaks of the night behind it.
func (v *backups) nightOf(s state.BackupSession) (n Night, inWindow, ok bool) {
	for _, n := range v.allNights {
		inside := !s.Start.Before(n.Start.Add(-beforeWindow)) && s.Start.Before(n.End)
		if s.Bucket == n.Bucket && (s.Date != "" && s.Date == n.Date || s.Date == "" && inside) {
			return n, true, true
		}
	}
	// Where no window is due for days, what a job tells in between is of the night before.
	next := false
	for _, o := range v.allNights {
		if s.Bucket != o.Bucket || s.Date != "" {
			continue
		}
		switch {
		case s.Start.Before(o.Start.Add(-beforeWindow)):
			next = true
		case !ok || o.Start.After(n.Start):
			n, ok = o, true
		}
	}
	return n, false, ok && (about(s.Start, n) || next)
}

// about tells whether a time is nearer to a night than to the next one.
func about(at time.Time, n Night) bool {
	from := n.Start.Add(-beforeWindow)
	return !at.Before(from) && at.Before(from.Add(24*time.Hour))
}

// night is what the reports say about a night.
func (r *nightReports) night(n Night) ReportNight {
	k := [2]string{n.Bucket, n.Date}
	told, log := r.told[k], r.written[k]
	x := ReportNight{ReportedObjects: -1, ReportedBytes: -1, Objects: log.objects, Bytes: log.bytes, Unreadable: r.unreadable(n)}
	own := slices.DeleteFunc(slices.Clone(told), func(s toldSession) bool {
		return !s.inWindow || s.Tool == awsBackup || s.State == state.SessionRunning
	})
	x.ReportedObjects, _ = sum(own, func(s toldSession) int64 { return s.Objects })
	x.ReportedBytes, _ = sum(own, func(s toldSession) int64 { return s.Bytes })
	for _, s := range told {
		switch s.State {
		case state.SessionRunning:
			x.Running++
			continue
		case "failed":
			x.Failed++
		}
		x.Sessions++
	}
	slices.SortStableFunc(told, func(a, b toldSession) int { return clean(a) - clean(b) }) // what is wrong first
	for _, s := range told[:min(len(told), maxSamples)] {
		x.sources = append(x.sources, fmt.Sprintf("%s:%d", s.Source, s.Line))
	}
	x.told = x.both()
	x.Verdict = r.verdict(n, own, x)
	return x
}

func clean(s toldSession) int {
	if s.State == "succeeded" {
		return 1
	}
	return 0
}

// verdict weighs what the jobs of a night told, and then what the log shows of it.
func (r *nightReports) verdict(n Night, own []toldSession, x ReportNight) string {
	told := r.told[[2]string{n.Bucket, n.Date}]
	jobs := r.jobs(n)
	count := map[string]int{}
	for _, state := range jobs {
		count[state]++
	}
	stuck := r.latest.After(n.End.Add(tooLong))
	switch {
	case x.Sessions == 0 && x.Running > 0 && stuck:
		return reportStuck
	case x.Sessions == 0 && x.Running > 0:
		return reportRunning
	case len(told) == 0 && len(x.Unreadable) > 0:
		return reportUnread
	case len(told) == 0 && r.expected(n):
		return reportNone
	case len(told) == 0:
		return ""
	case count[reportFailed] > 0 && count[reportFailed] == len(jobs):
		return reportFailed
	case count[reportFailed] > 0:
		return reportPartly
	case count[reportMissing] > 0:
		return reportMissing
	case count[reportRunning] > 0 && stuck:
		return reportStuck
	case count[reportRunning] > 0:
		return reportRunning
	case count[reportUnclear] > 0:
		return reportUnclear
	case !slices.ContainsFunc(told, speaksOfWindow):
		return reportNone
	}
	if n.Gap.None() {
		if verdict := r.compare(own, r.written[[2]string{n.Bucket, n.Date}]); verdict != ReportAgrees {
			return verdict
		}
	}
	switch {
	case count[reportWarned] > 0:
		return reportWarned
	case !n.Gap.None():
		return reportUnlooked
	}
	return ReportAgrees
}

// speaksOfWindow tells whether a session is one of a backup in the window. Those of
// AWS Backup run when its plan says; a copy needs a backup before it.
func speaksOfWindow(s toldSession) bool { return !s.Copy && (s.inWindow || s.Tool == awsBackup) }

// compare holds what sessions of the window report beside what the log shows.
func (r *nightReports) compare(own []toldSession, log wrote) string {
	if len(own) == 0 {
		return ReportAgrees // only AWS Backup reported
	}
	written, _ := sum(own, func(s toldSession) int64 { return s.Bytes })
	if log.objects == 0 && written != 0 {
		return reportUnseen
	}
	tolerance := r.v.Tenant.ReportColumns.Tolerance
	// A run that failed may count what it wrote, or not.
	ended := slices.DeleteFunc(slices.Clone(own), func(s toldSession) bool { return s.State == "failed" })
	agree := func(in, least int64, of func(toldSession) int64) bool {
		for _, list := range [][]toldSession{own, ended} {
			reported, all := sum(list, of)
			most := max(least, int64(tolerance*float64(reported)))
			if reported < 0 || in >= reported-most && (!all || in <= reported+most) {
				return true
			}
		}
		return false
	}
	switch {
	case !agree(log.bytes, leastDifference, func(s toldSession) int64 { return s.Bytes }):
		return reportBytes
	case !agree(log.objects, 0, func(s toldSession) int64 { return s.Objects }):
		return reportObjects
	}
	return ReportAgrees
}

// sum adds up a figure of sessions: -1 where none tells it; all is false where some
// do not.
func sum(list []toldSession, of func(toldSession) int64) (total int64, all bool) {
	total, all = -1, true
	for _, s := range list {
		if n := of(s); n < 0 {
			all = false
		} else {
			total = max(total, 0) + n
		}
	}
	return total, all
}

// both is the figures of report and log in words.
func (x *ReportNight) both() string {
	said := []string{group(x.Sessions+x.Running) + " sessions"}
	if x.Failed > 0 {
		said = append(said, group(x.Failed)+" failed")
	}
	if x.ReportedBytes >= 0 {
		said = append(said, group(x.ReportedBytes)+" bytes")
	}
	if x.ReportedObjects >= 0 {
		said = append(said, group(x.ReportedObjects)+" objects")
	}
	return fmt.Sprintf("reported: %s; in the log: %s bytes, %s objects", strings.Join(said, ", "), group(x.Bytes), group(x.Objects))
}

// unreadable are the reasons why reports that may be about a night can't be read.
func (r *nightReports) unreadable(n Night) (reasons []string) {
	for _, p := range r.problems {
		parts := strings.Split(p.Source, "/")
		other := slices.ContainsFunc(r.v.Tenant.Buckets, func(b config.Bucket) bool {
			return b.Name != n.Bucket && slices.Contains(parts[:len(parts)-1], b.Name)
		})
		if other && !slices.Contains(parts, n.Bucket) {
			continue // it lies in the folder of another bucket
		}
		concerns := !p.At.IsZero() && about(p.At, n)
		if p.At.IsZero() {
			concerns = p.Date == n.Date || p.Date == addDays(n.Date, 1)
		}
		if concerns {
			reasons = append(reasons, fmt.Sprintf("%s:%d: %s", p.Source, p.Line, p.Reason))
		}
	}
	return reasons
}

// expected tells whether a night should have a report: one about its bucket came
// before, or none ever came about any.
func (r *nightReports) expected(n Night) bool {
	first, ok := r.first[n.Bucket]
	return ok && first < n.Date || len(r.first) == 0
}

// wrote is what backup principals wrote in a window, by the log.
type wrote struct{ objects, bytes int64 }

// reportsConfigured tells whether a tenant's backup tool reports.
func reportsConfigured(t config.Tenant) bool { return t.BackupReports.Scheme != "" }
