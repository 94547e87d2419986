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
	// reportsExpected is for how many days after a report another one is expected.
	reportsExpected = 7
	// awsBackup reads a bucket and writes to a vault, so that the bucket's log shows
	// nothing of what it reports.
	awsBackup = "aws-backup"
)

// What the comparison of a report with the log can say.
const (
	reportAgrees   = "agrees"
	reportNone     = "no report"
	reportFailed   = "the report says that the backup failed"
	reportUnseen   = "reported, but not in the log"
	reportBytes    = "bytes differ"
	reportObjects  = "objects differ"
	reportUnlooked = "not evaluated"
)

// reconciled is the table of the nights with what reports and log say. It has no
// row for a bucket and night of which no report was to be expected.
func (v *View) reconciled(ctx context.Context) (engine.Table, error) {
	t := engine.Table{Name: "reconciled", Columns: columns("bucket", engine.Text, "date", engine.Text, "sessions", engine.Int, "failed", engine.Int,
		"reported_objects", engine.Int, "reported_bytes", engine.Int, "objects", engine.Int, "bytes", engine.Int, "verdict", engine.Text, "told", engine.Text, "sources", "VARCHAR[]")}
	if len(v.allNights) == 0 {
		return t, nil
	}
	written, err := v.written(ctx)
	if err != nil {
		return t, err
	}
	first, last := v.allNights[0], v.allNights[0]
	for _, n := range v.allNights {
		if n.Start.Before(first.Start) {
			first = n
		}
		if n.End.After(last.End) {
			last = n
		}
	}
	sessions, err := v.data.State.BackupSessions(ctx, v.Tenant.ID, first.Start.Add(-beforeWindow), last.End, first.Date, last.Date)
	if err != nil {
		return t, err
	}
	byNight := map[[2]string][]state.BackupSession{}
	for _, s := range sessions {
		if i := slices.IndexFunc(v.allNights, func(n Night) bool { return ofNight(s, n) }); i >= 0 {
			k := [2]string{s.Bucket, v.allNights[i].Date}
			byNight[k] = append(byNight[k], s)
		}
	}
	for _, n := range v.allNights {
		if !v.inRange(n.Date) {
			continue
		}
		told := byNight[[2]string{n.Bucket, n.Date}]
		if len(told) == 0 && !v.reportExpected(byNight, n) {
			continue
		}
		t.Rows = append(t.Rows, v.compare(n, told, written[[2]string{n.Bucket, n.Date}]))
	}
	return t, nil
}

func ofNight(s state.BackupSession, n Night) bool {
	if s.Bucket != n.Bucket {
		return false
	}
	if s.Date != "" {
		return s.Date == n.Date
	}
	return !s.Start.Before(n.Start.Add(-beforeWindow)) && s.Start.Before(n.End)
}

// reportExpected tells whether a bucket had a report in the days before a night.
func (v *View) reportExpected(byNight map[[2]string][]state.BackupSession, n Night) bool {
	since := addDays(n.Date, -reportsExpected)
	return slices.ContainsFunc(v.allNights, func(o Night) bool {
		return o.Bucket == n.Bucket && o.Date >= since && o.Date < n.Date && len(byNight[[2]string{o.Bucket, o.Date}]) > 0
	})
}

// compare is a row: a night's sessions beside what the log shows.
func (v *View) compare(n Night, told []state.BackupSession, log wrote) []any {
	var failed, objects, bytes, own int64
	knowsObjects, knowsBytes := false, false
	var sources []any
	for _, s := range told {
		if !s.OK {
			failed++
		}
		if s.Tool != awsBackup {
			own++
		}
		if s.Objects >= 0 {
			objects, knowsObjects = objects+s.Objects, true
		}
		if s.Bytes >= 0 {
			bytes, knowsBytes = bytes+s.Bytes, true
		}
		if len(sources) < maxSamples {
			sources = append(sources, fmt.Sprintf("%s:%d", s.Source, s.Line))
		}
	}
	tolerance := v.Tenant.ReportColumns.Tolerance
	away := func(a, b, least int64) bool {
		d := max(a-b, b-a)
		return d > least && float64(d) > tolerance*float64(a)
	}
	verdict := reportAgrees
	switch {
	case n.Gap != "":
		verdict = reportUnlooked
	case len(told) == 0:
		verdict = reportNone
	case failed == int64(len(told)):
		verdict = reportFailed
	case own == 0:
	case log.objects == 0 && (!knowsBytes || bytes > 0):
		verdict = reportUnseen
	case knowsBytes && away(bytes, log.bytes, leastDifference):
		verdict = reportBytes
	case knowsObjects && away(objects, log.objects, 0):
		verdict = reportObjects
	}
	said := []string{group(int64(len(told))) + " sessions"}
	if failed > 0 {
		said = append(said, group(failed)+" failed")
	}
	if knowsBytes {
		said = append(said, group(bytes)+" bytes")
	}
	if knowsObjects {
		said = append(said, group(objects)+" objects")
	}
	both := fmt.Sprintf("reported: %s; in the log: %s bytes, %s objects", strings.Join(said, ", "), group(log.bytes), group(log.objects))
	return []any{n.Bucket, n.Date, int64(len(told)), failed, known(objects, knowsObjects), known(bytes, knowsBytes), log.objects, log.bytes, verdict, both, sources}
}

func known(n int64, is bool) any {
	if !is {
		return nil
	}
	return n
}

// wrote is what backup principals wrote in a window, by the log.
type wrote struct{ objects, bytes int64 }

// reportsConfigured tells whether a tenant's backup tool reports.
func reportsConfigured(t config.Tenant) bool { return t.BackupReports.Scheme != "" }
