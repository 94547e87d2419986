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
		if day != 10 {
			f.at(time.Date(2026, 10, day, 21, 0, 0, 0, time.UTC).Format(time.RFC3339), backup, "REST.PUT.OBJECT",
				"veeam/x", "size=100000000", "agent=Veeam/1")
		}
	}
	f.store("file:logs")
	session := func(day int, bytes int64, ok bool, tool string) state.BackupSession {
		outcome := map[bool]string{true: "succeeded", false: "failed"}[ok]
		start := time.Date(2026, 10, day, 19, 30, 0, 0, time.UTC) // half an hour before the window
		return state.BackupSession{Tool: tool, ID: fmt.Sprint(tool, day), Bucket: "acme-backups", Start: start,
			End: start.Add(time.Hour), Objects: -1, Bytes: bytes, State: outcome, Line: int64(day)}
	}
	reports := []state.BackupSession{
		session(3, 5, true, "aws-backup"),
		{Tool: "plain", ID: "4", Bucket: "acme-backups", Date: "2026-10-04", Objects: 3, Bytes: 100e6, State: "succeeded"},
		session(5, 92e6, true, "restic"), // within the tolerance
		session(6, 5, false, "aws-backup"),
		session(7, 60e6, true, "restic"),
		session(8, 0, false, "restic"),
		session(10, 100e6, true, "restic"), // nothing in the log
		session(11, 100e6, true, "restic"),
	} // on the 9th, and from the 12th on, none came
	if err := f.data.State.BackupReports.Put(t.Context(), "acme",
		state.BackupReport{Source: "file:reports/r", ETag: "e", Size: 1, Modified: noon}, reports, nil, noon); err != nil {
		t.Fatal(err)
	}
	v := f.open("acme", "2026-10-01", "2026-10-20")
	var verdicts []string
	for _, line := range v.answer(t, "backup-reports") {
		parts := strings.Split(line, "|")
		verdicts = append(verdicts, parts[1][8:]+" "+parts[len(parts)-1])
	}
	same(t, "verdicts", verdicts, []string{"03 agrees", "04 objects differ", "05 agrees",
		"06 the report says that the backup failed", "07 bytes differ",
		"08 the report says that the backup failed", "09 no report", "10 reported, but not in the log", "11 agrees",
		"12 no report", "13 no report", "14 no report",
		"15 no report", "16 no report", "17 no report", "18 no report", "19 no report", "20 no report"})
	f.check("2026-10-03", "2026-10-11")
	same(t, "findings", f.reportFindings(t, "2026-10-03", "2026-10-11"), []string{
		"bytes differ high 1 reported: 1 sessions, 60,000,000 bytes; in the log: 100,000,000 bytes, 1 objects [file:reports/r:7]",
		"objects differ high 1 reported: 1 sessions, 100,000,000 bytes, 3 objects; in the log: 100,000,000 bytes, " +
			"1 objects [file:reports/r:0]",
		"reported, but not in the log high 1 reported: 1 sessions, 100,000,000 bytes; in the log: 0 bytes, 0 objects [file:reports/r:10]",
		"the report says that the backup failed high 2 reported: 1 sessions, 1 failed; in the log: 100,000,000 " +
			"bytes, 1 objects [file:reports/r:6]",
		"no report low 1 reported: 0 sessions; in the log: 100,000,000 bytes, 1 objects []",
	})
}

// reportFindings are the findings about backup reports of some days.
func (f *fixture) reportFindings(t *testing.T, from, to string) (got []string) {
	t.Helper()
	list, err := f.data.State.Findings.Between(t.Context(), "acme", from, to)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if strings.HasPrefix(x.Check, "backup-report-") {
			got = append(got, fmt.Sprintf("%s %s %d %s %s", x.Subject, x.Severity, x.Count, x.Days[0].Expected, x.Days[0].Samples))
		}
	}
	return got
}

// A night is clean when every job that was due has a last session that succeeded.
// Each case tells of nights from the 3rd of October on.
func TestJobsOfANight(t *testing.T) {
	type run struct {
		job, state string
		hour       int  // of the window's zone; the window is 20:00 to 06:00
		unnamed    bool // the job is the file's name
	}
	ok := func(job string) run { return run{job, "succeeded", 22, false} }
	nights := func(n int, runs ...run) (out [][]run) {
		for range n {
			out = append(out, runs)
		}
		return out
	}
	tests := []struct {
		name   string
		nights [][]run
		want   string // of the last night
	}{
		{"all jobs went well", nights(4, ok("A"), ok("B")), "agrees"},
		{"one of two failed", append(nights(3, ok("A"), ok("B")), []run{ok("A"), {"B", "failed", 22, false}}), "a job failed"},
		{"a job of its own name that failed is not mended by another",
			[][]run{{{"B", "failed", 22, false}, {"A", "succeeded", 23, false}}}, "a job failed"},
		{"a retry mends", [][]run{{{"A", "failed", 22, false}, {"A", "succeeded", 23, false}}}, "agrees"},
		{"a retry by day mends", [][]run{{{"A", "failed", 22, false}, ok("B"), {"A", "succeeded", 34, false}}}, "agrees"},
		{"a failure behind a success", [][]run{{{"A", "succeeded", 22, false}, {"A", "failed", 23, false}}},
			"the report says that the backup failed"},
		{"a retry with warnings", [][]run{{{"A", "failed", 22, false}, {"A", "with warnings", 23, false}}}, "with warnings"},
		{"warnings", nights(1, ok("A"), run{"B", "with warnings", 22, false}), "with warnings"},
		{"an unknown end", nights(1, ok("A"), run{"B", "unknown", 22, false}), "the report does not say how it ended"},
		{"a job that told every night is missing", append(nights(3, ok("A"), ok("B")), []run{ok("A")}), "a job is missing"},
		{"a job that tells now and then is not",
			append(nights(3, ok("A")), append(nights(1, ok("A"), ok("B")), nights(1, ok("A"))...)...), "agrees"},
		{"a job that rests on this weekday is not",
			append(append(append(nights(1, ok("A"), ok("B")), nights(1, ok("A"))...), nights(6, ok("A"), ok("B"))...),
				nights(1, ok("A"))...), "agrees"},
		{"without names a later success may be another job",
			append(nights(4, run{"f", "succeeded", 22, true}, run{"f", "succeeded", 23, true}),
				[]run{{"f", "failed", 22, true}, {"f", "succeeded", 23, true}}), "the report says that the backup failed"},
		{"without names it is a retry where one a night is usual",
			append(nights(4, run{"f", "succeeded", 22, true}), []run{{"f", "failed", 22, true}, {"f", "succeeded", 23, true}}), "agrees"},
		{"without names one of two is missing",
			append(nights(4, run{"f", "succeeded", 22, true}, run{"f", "succeeded", 23, true}),
				[]run{{"f", "succeeded", 22, true}}), "a job is missing"},
		{"running, and no later report", nights(1, run{"A", state.SessionRunning, 22, false}), "running"},
		{"running beside another", nights(1, ok("B"), run{"A", state.SessionRunning, 22, false}), "running"},
		{"running for days", append(append(nights(1, run{"A", state.SessionRunning, 22, false}), nights(3)...), []run{ok("A")}), "agrees"},
		{"a run that was seen and then ended under another name",
			nights(1, run{"A", state.SessionRunning, 22, false}, run{"A", "succeeded", 23, false}), "agrees"},
		{"by day alone", nights(1, run{"A", "succeeded", 34, false}), "no report"},
		{"by day alone, and failed", nights(1, run{"A", "failed", 34, false}), "the report says that the backup failed"},
	}
	f := newFixture(t, strings.Replace(oneTenant, `large_put = "1GiB"`, "large_put = \"1GiB\"\nbackup_reports = \"file:reports\"", 1))
	f.hum("2026-09-20T00:00:00Z", "2026-10-20T00:00:00Z")
	for day := 1; day <= 16; day++ {
		f.at(time.Date(2026, 10, day, 21, 0, 0, 0, time.UTC).Format(time.RFC3339), backup, "REST.PUT.OBJECT",
			"veeam/x", "size=100000000", "agent=Veeam/1")
	}
	f.store("file:logs")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var sessions []state.BackupSession
			var last time.Time
			for i, runs := range tt.nights {
				for j, r := range runs {
					start := time.Date(2026, 10, 3+i, r.hour, 0, 0, 0, time.UTC)
					last = start.Add(30 * time.Minute)
					sessions = append(sessions, state.BackupSession{Tool: "table", ID: fmt.Sprint(i, j),
						Bucket: "acme-backups", Job: r.job, Named: !r.unnamed, Start: start, End: last,
						State: r.state, Objects: -1, Bytes: -1})
				}
			}
			// Written anew, in another way: what it told before is gone.
			b := state.BackupReport{Source: "file:reports/r", ETag: tt.name, Modified: last}
			if err := f.data.State.BackupReports.Put(t.Context(), "acme", b, sessions, nil, noon); err != nil {
				t.Fatal(err)
			}
			v := f.open("acme", "2026-10-01", "2026-10-16")
			night, err := v.ReportedNights(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			date := fmt.Sprintf("2026-10-%02d", 2+len(tt.nights))
			if got := night[[2]string{"acme-backups", date}].Verdict; got != tt.want {
				t.Errorf("%s: %q, want %q", date, got, tt.want)
			}
			if tt.name == "running for days" {
				if got := night[[2]string{"acme-backups", "2026-10-03"}].Verdict; got != "never reported as finished" {
					t.Errorf("the night that runs: %q", got)
				}
			}
		})
	}
}

// Every session of the time of the nights belongs to one, also by day and on days
// without a window.
func TestNightOfSession(t *testing.T) {
	at := func(day, hour int) time.Time { return time.Date(2026, 10, day, hour, 0, 0, 0, time.UTC) }
	v := &View{}
	for _, day := range []int{1, 2, 5} { // Thursday, Friday, Monday
		v.allNights = append(v.allNights, Night{Bucket: "b", Date: at(day, 0).Format(time.DateOnly), Start: at(day, 22), End: at(day+1, 6)})
	}
	for _, tt := range []struct {
		start    time.Time
		date     string
		inWindow bool
	}{
		{at(1, 18), "", false}, {at(1, 19), "2026-10-01", true}, {at(2, 5), "2026-10-01", true},
		{at(2, 12), "2026-10-01", false}, {at(2, 20), "2026-10-02", true},
		{at(3, 23), "2026-10-02", false}, {at(5, 18), "2026-10-02", false}, {at(5, 22), "2026-10-05", true},
		{at(6, 12), "2026-10-05", false}, {at(6, 20), "", false},
	} {
		n, inWindow, ok := v.nightOf(state.BackupSession{Bucket: "b", Start: tt.start})
		if ok != (tt.date != "") || ok && (n.Date != tt.date || inWindow != tt.inWindow) {
			t.Errorf("%s: %s, %t, %t; want %+v", tt.start, n.Date, inWindow, ok, tt)
		}
	}
}

// A report that can't be read opens a finding on the day that it is about, which ends
// when it is read well and not before, and the daily check looks at that day again.
func TestUnreadableReports(t *testing.T) {
	f := newFixture(t, strings.Replace(oneTenant, `large_put = "1GiB"`, "large_put = \"1GiB\"\nbackup_reports = \"file:reports\"", 1))
	f.hum("2026-09-20T00:00:00Z", "2026-10-20T00:00:00Z")
	f.store("file:logs")
	put := func(problems ...state.ReportProblem) {
		t.Helper()
		b := state.BackupReport{Source: "file:reports/x.json", ETag: fmt.Sprint(len(problems)), SHA256: fmt.Sprint(len(problems))}
		if err := f.data.State.BackupReports.Put(t.Context(), "acme", b, nil, problems, noon); err != nil {
			t.Fatal(err)
		}
	}
	put(state.ReportProblem{Line: 3, Reason: "no JSON", Date: "2026-10-05",
		At: time.Date(2026, 10, 5, 22, 0, 0, 0, time.UTC)}, state.ReportProblem{Line: 9, Reason: "cut", Date: "2026-10-05"})
	only := func(what string) []string {
		var got []string
		for _, line := range f.reportFindings(t, "2026-10-01", "2026-10-20") {
			if strings.HasPrefix(line, what) {
				got = append(got, line)
			}
		}
		return got
	}
	f.check("2026-10-05", "2026-10-05")
	f.check("2026-10-06", "2026-10-06")
	const found = "file:reports/x.json medium 2 cut [file:reports/x.json:3 file:reports/x.json:9]"
	same(t, "findings", only("file:"), []string{found})
	v := f.open("acme", "2026-10-01", "2026-10-10")
	nights, err := v.ReportedNights(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for date, want := range map[string]int{"2026-10-03": 0, "2026-10-04": 1, "2026-10-05": 2, "2026-10-06": 0} {
		verdict := map[bool]string{true: "no report", false: "the report can't be read"}[want == 0]
		if n := nights[[2]string{"acme-backups", date}]; len(n.Unreadable) != want || n.Verdict != verdict {
			t.Errorf("%s: %+v, want %d reasons and %q", date, n, want, verdict)
		}
	}
	open := func() (n int) {
		list, err := f.data.State.Findings.Of(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			if x.Check == "backup-report-unreadable" && x.Status != state.StatusResolved {
				n++
			}
		}
		return n
	}
	if n := open(); n != 1 {
		t.Errorf("%d open while the file can't be read", n)
	}
	put()
	from, err := Unlooked(t.Context(), f.data.State, "acme", "2026-10-19")
	if err != nil || from != "2026-10-05" {
		t.Errorf("looks again from %s, %v", from, err)
	}
	f.check(from, "2026-10-19")
	if n := open(); n != 0 {
		t.Errorf("%d open though the file was read", n)
	}
}
