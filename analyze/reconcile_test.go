package analyze

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/state"
)

// Of each night report and log are compared; a night that differs is a finding
// that shows both figures, and one without a report is missed only where there
// were some.
func TestReconcile(t *testing.T) {
	f := newFixture(t, strings.Replace(oneTenant, `large_put = "1GiB"`, "large_put = \"1GiB\"\nbackup_reports = \"file:reports\"", 1))
	f.hum("2026-09-20T00:00:00Z", "2026-10-20T00:00:00Z")
	for day := 1; day <= 16; day++ {
		if day != 7 {
			f.at(time.Date(2026, 10, day, 21, 0, 0, 0, time.UTC).Format(time.RFC3339), backup, "REST.PUT.OBJECT", "veeam/x", "size=100000000", "agent=Veeam/1")
		}
	}
	f.store("file:logs")
	session := func(day int, bytes int64, ok bool, tool string) state.BackupSession {
		start := time.Date(2026, 10, day, 19, 30, 0, 0, time.UTC) // half an hour before the window
		return state.BackupSession{Tool: tool, ID: fmt.Sprint(tool, day), Bucket: "acme-backups", Start: start, End: start.Add(time.Hour), Objects: -1, Bytes: bytes, OK: ok, Line: int64(day)}
	}
	reports := []state.BackupSession{
		session(3, 100e6, true, "restic"),
		session(4, 92e6, true, "restic"), // within the tolerance
		session(5, 60e6, true, "restic"),
		session(6, 0, false, "restic"),
		session(7, 100e6, true, "restic"), // nothing in the log
		session(9, 5, true, "aws-backup"),
		session(10, 5, false, "aws-backup"),
		{Tool: "plain", ID: "11", Bucket: "acme-backups", Date: "2026-10-11", Objects: 3, Bytes: 100e6, OK: true},
	} // on the 8th, and from the 12th on, none came
	if err := f.data.State.PutReport(t.Context(), "acme", state.BackupReport{Source: "file:reports/r", ETag: "e", Size: 1}, reports, noon); err != nil {
		t.Fatal(err)
	}
	v := f.open("acme", "2026-10-01", "2026-10-20")
	var verdicts []string
	for _, line := range v.answer(t, "backup-reports") {
		parts := strings.Split(line, "|")
		verdicts = append(verdicts, parts[1][8:]+" "+parts[len(parts)-1])
	}
	same(t, "verdicts", verdicts, []string{"03 agrees", "04 agrees", "05 bytes differ", "06 the report says that the backup failed", "07 reported, but not in the log", "08 no report",
		"09 agrees", "10 the report says that the backup failed", "11 objects differ", "12 no report", "13 no report", "14 no report", "15 no report", "16 no report", "17 no report", "18 no report"})
	f.check("2026-10-03", "2026-10-11")
	list, err := f.data.State.FindingsBetween(t.Context(), "acme", "2026-10-03", "2026-10-11")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range list {
		if x.Check == "backup-report-mismatch" {
			got = append(got, fmt.Sprintf("%s %s %d %s %s", x.Subject, x.Severity, x.Count, x.Days[0].Expected, x.Days[0].Samples))
		}
	}
	same(t, "findings", got, []string{
		"bytes differ high 1 reported: 1 sessions, 60,000,000 bytes; in the log: 100,000,000 bytes, 1 objects [file:reports/r:5]",
		"objects differ high 1 reported: 1 sessions, 100,000,000 bytes, 3 objects; in the log: 100,000,000 bytes, 1 objects [file:reports/r:0]",
		"reported, but not in the log high 1 reported: 1 sessions, 100,000,000 bytes; in the log: 0 bytes, 0 objects [file:reports/r:7]",
		"the report says that the backup failed high 2 reported: 1 sessions, 1 failed, 0 bytes; in the log: 100,000,000 bytes, 1 objects [file:reports/r:6]",
		"no report low 1 reported: 0 sessions; in the log: 100,000,000 bytes, 1 objects []",
	})
}
