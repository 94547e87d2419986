package analyze

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/reason"
	"bucketproof/internal/state"
)

var noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

// month is a fixture with a backup every night of October and a record every
// hour, all well.
func month(t *testing.T, skipNights ...int) *fixture {
	f := newFixture(t, oneTenant)
	f.hum("2026-09-29T00:00:00Z", "2026-11-03T00:00:00Z")
	for day := 1; day <= 31; day++ {
		if !slices.Contains(skipNights, day) {
			f.at(time.Date(2026, 10, day, 23, 0, 0, 0, time.UTC).Format(time.RFC3339), backup, "REST.PUT.OBJECT",
				"veeam/x", "size=1", "agent=Veeam/1")
		}
	}
	return f
}

// check runs all checks of the days, or only some.
func (f *fixture) check(from, to string, only ...string) []state.Change {
	f.t.Helper()
	changes, err := f.open("acme", from, to).check(f.t.Context(), noon, func(s *Statement) bool {
		return len(only) == 0 || slices.Contains(only, s.Name)
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return changes
}

// of are the findings of a check, with their days.
func (f *fixture) of(check string) (out []state.Finding) {
	f.t.Helper()
	list, err := f.data.State.Findings.Of(f.t.Context(), "acme")
	if err != nil {
		f.t.Fatal(err)
	}
	for _, x := range list {
		if x.Check != check {
			continue
		}
		whole, err := f.data.State.Findings.ByID(f.t.Context(), x.ID)
		if err != nil {
			f.t.Fatal(err)
		}
		out = append(out, whole)
	}
	if len(out) == 0 {
		f.t.Errorf("no finding of %s", check)
	}
	return out
}

// found lists the findings as check, subject, severity, status, count and days.
func (f *fixture) found() []string {
	f.t.Helper()
	findings, err := f.data.State.Findings.Of(f.t.Context(), "acme")
	if err != nil {
		f.t.Fatal(err)
	}
	var out []string
	for _, x := range findings {
		whole, err := f.data.State.Findings.ByID(f.t.Context(), x.ID)
		if err != nil {
			f.t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s|%s|%s|%s|%d|%d days", x.Check, x.Subject, x.Severity, x.Status, x.Count, len(whole.Days)))
	}
	return out
}

func TestCleanMonthHasNoFinding(t *testing.T) {
	f := month(t)
	f.store("file:logs")
	f.check("2026-10-01", "2026-10-31")
	same(t, "findings", f.found(), nil)
}

func TestEveryCheckFindsItsTroubleAndNothingElse(t *testing.T) {
	f := month(t, 12, 20)
	f.at("2026-10-05T10:00:00Z", backup, "REST.GET.OBJECT", "finance/a", "agent=Veeam/1")
	f.at("2026-10-09T10:00:00Z", backup, "REST.GET.OBJECT", "finance/b", "status=403", "agent=Veeam/1")
	f.at("2026-10-05T11:00:00Z", foreign, "REST.GET.OBJECT", "veeam/x", "agent=Veeam/1")
	f.at("2026-10-06T11:00:00Z", "-", "REST.GET.OBJECT", "veeam/x", "agent=Veeam/1")
	f.at("2026-10-06T11:00:01Z", "-", "REST.GET.OBJECT", "veeam/x", "status=403", "agent=Veeam/1")
	f.at("2026-10-06T12:00:00Z", backup, "REST.GET.OBJECT", "veeam/x", "agent=rclone")
	f.at("2026-10-07T12:00:00Z", "arn:aws:iam::111122223333:user/eve", "REST.GET.OBJECT", "veeam/x", "agent=Veeam/1")
	f.at("2026-10-07T12:00:01Z", "svc:backup.amazonaws.com", "REST.GET.OBJECT", "veeam/x", "agent=Veeam/1")
	f.at("2026-10-08T12:00:00Z", backup, "REST.GET.OBJECT", "veeam/x", "agent=x X-Amz-Signature=aaa")
	f.at("2026-10-08T12:00:01Z", backup, "REST.GET.OBJECT", "veeam/x", "agent=x X-Amz-Signature=bbb") // one subject once redacted
	for n := range 60 {
		f.at("2026-10-15T12:00:00Z", backup, "BATCH.DELETE.OBJECT", fmt.Sprintf("veeam/%d", n), "status=204")
	}
	f.store("file:logs")
	f.check("2026-10-01", "2026-10-31")
	want := []string{
		"anonymous-access|served|high|open|1|1 days",
		"backup-missed|nightly window 22:00-06:00|high|open|2|2 days",
		"cross-account|444455556666|high|open|1|1 days",
		"delete-spike|deletes|high|open|60|1 days",
		"mass-removal|by requests|high|open|60|1 days",
		"unapproved-prefix|finance/|high|open|2|2 days",
		"new-principal|arn:aws:iam::111122223333:user/eve|medium|open|1|1 days",
		"off-window-delete|arn:aws:sts::111122223333:assumed-role/BackupRole|medium|open|60|1 days",
		"unapproved-principal|arn:aws:iam::111122223333:user/eve|medium|open|1|1 days",
		"unapproved-principal|svc:backup.amazonaws.com|medium|open|1|1 days",
		"user-agent-drift|rclone|medium|open|1|1 days",
		"user-agent-drift|x X-Amz-Signature=[redacted]|medium|open|2|1 days",
		"anonymous-access|refused|low|open|1|1 days",
	}
	same(t, "findings", f.found(), want)

	t.Run("again changes nothing", func(t *testing.T) {
		for _, c := range f.check("2026-10-01", "2026-10-31") {
			if c.Kind != "" {
				t.Errorf("%+v", c)
			}
		}
		same(t, "findings", f.found(), want)
	})
	t.Run("day by day gives the same", func(t *testing.T) {
		g := newFixture(t, oneTenant)
		g.data.Files, g.data.Catalog = f.data.Files, f.data.Catalog
		fresh, err := state.Open(t.Context(), t.TempDir()+"/state.db")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := fresh.Close(); err != nil {
				t.Error(err)
			}
		})
		files, err := f.data.State.Files.Of(t.Context(), "access", "acme-backups", "2026-01-01", "2026-12-31")
		if err != nil {
			t.Fatal(err)
		}
		if err := fresh.Ledger.Commit(t.Context(), nil, files, nil, noon); err != nil {
			t.Fatal(err)
		}
		g.data.State = fresh
		for day := 1; day <= 31; day++ {
			date := fmt.Sprintf("2026-10-%02d", day)
			g.check(date, date)
		}
		same(t, "findings", g.found(), want)
	})
}

// A day without log objects is not evaluated, whatever the checks say about
// the records that are there; the night after it is judged again.
func TestMissingLogsAreNotClean(t *testing.T) {
	f := newFixture(t, oneTenant)
	f.hum("2026-09-29T00:00:00Z", "2026-10-11T00:00:00Z")
	f.hum("2026-10-12T04:00:00Z", "2026-11-03T00:00:00Z")
	for day := 1; day <= 31; day++ {
		at := time.Date(2026, 10, day, 23, 0, 0, 0, time.UTC)
		if day != 11 && day != 20 { // on the 11th the log is missing, on the 20th the backup
			f.at(at.Format(time.RFC3339), backup, "REST.PUT.OBJECT", "veeam/x", "size=1", "agent=Veeam/1")
		}
	}
	f.store("file:logs")
	v := f.open("acme", "2026-10-09", "2026-10-21")
	verdicts := map[string]string{}
	for _, line := range v.answer(t, "backup-windows") {
		verdicts[line[len("acme-backups|"):len("acme-backups|2026-10-09")]] = line[len(line)-4:]
	}
	for date, want := range map[string]string{"2026-10-09": "3|ok", "2026-10-11": "ated", "2026-10-12": "0|ok",
		"2026-10-20": "ssed", "2026-10-21": "0|ok"} {
		if got := verdicts[date]; got[2:] != want[2:] {
			t.Errorf("%s ends in %q, want %q", date, got, want)
		}
	}
	for _, d := range v.Coverage {
		if gap := d.Date == "2026-10-11" || d.Date == "2026-10-12"; d.Gap.None() == gap {
			t.Errorf("%s: gap %q", d.Date, d.Gap)
		}
	}
	f.check("2026-10-01", "2026-10-31")
	same(t, "findings", f.found(),
		[]string{"backup-missed|nightly window 22:00-06:00|high|open|1|1 days", "logs-missing|log delivery|high|resolved|2|2 days"})
	for _, x := range f.of("logs-missing") {
		for _, d := range x.Days { // the words that SQL returned are the reason that the table gave
			if gap := f.open("acme", d.Date, d.Date).Coverage[0].Gap; d.Expected != gap || gap.Cause() != reason.LogGap {
				t.Errorf("%s: the finding says %#v, the day %#v", d.Date, d.Expected, gap)
			}
		}
	}
	silent, err := f.data.State.CheckDays.NotEvaluated(t.Context(), "acme", "2026-10-11", "2026-10-11")
	want := 0
	for _, c := range f.data.Catalog.Checks {
		if c.Scope != "ledger" && c.Scope != "month" && c.Wanted(v.Tenant) { // what collection notices needs no record
			want++
		}
	}
	if err != nil || len(silent) != want {
		t.Errorf("%d checks are not evaluated on the day without logs, want %d (%v)", len(silent), want, err)
	}
}

// A bucket that nothing but the nightly backup uses: the nights with a backup
// are ok from the first on, and the one without can't be told from a missing
// log.
func TestNothingButBackups(t *testing.T) {
	f := newFixture(t, oneTenant)
	for day := 1; day <= 31; day++ {
		if day != 10 {
			f.at(time.Date(2026, 10, day, 21, 0, 0, 0, time.UTC).Format(time.RFC3339), backup, "REST.PUT.OBJECT",
				"veeam/x", "size=1", "agent=Veeam/1")
			f.at(time.Date(2026, 10, day+1, 3, 45, 0, 0, time.UTC).Format(time.RFC3339), backup, "REST.PUT.OBJECT",
				"veeam/y", "size=1", "agent=Veeam/1")
		}
	}
	f.store("file:logs")
	for _, n := range f.open("acme", "2026-10-01", "2026-10-30").Nights {
		if n.Gap.None() == (n.Date == "2026-10-10") {
			t.Errorf("the night of %s: gap %q", n.Date, n.Gap)
		}
	}
}

// A day whose log came late is looked at again by the next daily checks.
func TestLateLogsAreLookedAtAgain(t *testing.T) {
	f := newFixture(t, oneTenant)
	f.hum("2026-09-29T00:00:00Z", "2026-10-10T00:00:00Z")
	f.store("file:logs")
	f.check("2026-10-10", "2026-10-10")
	for day, want := range map[string]string{"2026-10-12": "2026-10-10", "2026-10-17": "2026-10-10", "2026-10-18": "2026-10-18"} {
		if got, err := Unlooked(t.Context(), f.data.State, "acme", day); err != nil || got != want {
			t.Errorf("on %s the check begins at %s, %v; want %s", day, got, err, want)
		}
	}
	f.hum("2026-10-10T00:00:00Z", "2026-10-15T00:00:00Z")
	f.store("file:logs")
	f.check("2026-10-10", "2026-10-10")
	if got, err := Unlooked(t.Context(), f.data.State, "acme", "2026-10-12"); err != nil || got != "2026-10-12" {
		t.Errorf("once the log is there the check begins at %s, %v", got, err)
	}
	same(t, "findings", f.found(),
		[]string{"backup-missed|nightly window 22:00-06:00|high|open|1|1 days", "logs-missing|log delivery|high|resolved|0|0 days"})
}

// What collection noticed about log objects becomes findings, also on a day
// without a record.
func TestLogIncidents(t *testing.T) {
	f := newFixture(t, oneTenant)
	at := time.Date(2026, 10, 12, 23, 30, 0, 0, time.UTC) // the 13th in Paris
	incident := state.Incident{Location: "file:logs", Key: "k", Kind: state.IncidentChanged, ETag: "e", Size: 1,
		Source: "file:logs/k", SHA256: "b", Before: "a", Buckets: []string{"acme-backups"}}
	gone, other := incident, incident
	gone.Kind, gone.Source = state.IncidentGone, "file:logs/g"
	other.Key, other.Source, other.Buckets = "o", "file:logs/o", []string{"beta-backups"}
	if err := f.data.State.Ledger.Commit(t.Context(), nil, nil, []state.Incident{incident, gone, other}, at); err != nil {
		t.Fatal(err)
	}
	f.check("2026-10-12", "2026-10-14")
	same(t, "findings", f.found(),
		[]string{"log-object-changed|file:logs/k|high|open|1|1 days", "logs-missing|log delivery|high|open|3|3 days",
			"log-object-gone|file:logs/g|medium|open|1|1 days"})
	f.check("2026-10-12", "2026-10-14")
	same(t, "findings", f.found(),
		[]string{"log-object-changed|file:logs/k|high|open|1|1 days", "logs-missing|log delivery|high|open|3|3 days",
			"log-object-gone|file:logs/g|medium|open|1|1 days"})
}

func TestWhatIsNotConfiguredIsNotEvaluated(t *testing.T) {
	f := newFixture(t, twoTenants)
	for h := range 48 {
		f.at(time.Date(2026, 10, 6, h, 0, 0, 0, time.UTC).Format(time.RFC3339), "-", "REST.HEAD.BUCKET", "-",
			"bucket=shared-bucket", "agent=strange")
	}
	f.store("file:logs")
	f.check("2026-10-06", "2026-10-06")
	silent, err := f.data.State.CheckDays.NotEvaluated(t.Context(), "acme", "2026-10-06", "2026-10-06")
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{}
	for _, s := range silent {
		reasons[s.Check] = s.Reason.String()
	}
	if reasons["user-agent-drift"] != "0 of 7 days of history, still learning" ||
		reasons["delete-spike"] != "0 of 7 days of history, still learning" {
		t.Errorf("reasons are %v", reasons)
	}
}

func TestSentences(t *testing.T) {
	s := &Statement{Sentence: "{count} {count:night|nights} passed"}
	if got := s.Say(1, 1) + "; " + s.Say(12345, 2); got != "1 night passed; 12,345 nights passed" {
		t.Error(got)
	}
}

// TestApprovedDayWithoutMidnight: an approval of one day covers that day, also where its
// midnight is skipped.
func TestApprovedDayWithoutMidnight(t *testing.T) {
	for _, z := range []struct{ zone, day string }{{"America/Santiago", "2026-09-06"}, {"Africa/Cairo", "2026-04-24"},
		{"Atlantic/Azores", "2026-03-29"}, {"America/Havana", "2026-03-08"}} {
		loc := zone(t, z.zone)
		a, err := parseApproved([]byte("from,to,principal,ticket\n"+z.day+","+z.day+",*,T-1\n"), loc)
		if err != nil {
			t.Fatal(err)
		}
		r, err := NewRange(loc, z.day, z.day)
		if err != nil {
			t.Fatal(err)
		}
		if d := r.Days()[0]; !a[0].From.Equal(d.Start) || !a[0].To.Equal(d.End) {
			t.Errorf("%s: approved from %s to %s, and the day is from %s to %s", z.zone, a[0].From, a[0].To, d.Start, d.End)
		}
	}
}

// TestFinalOfDollars: text between $$ stays as it is.
func TestFinalOfDollars(t *testing.T) {
	s, err := parseStatement("x.sql", "x", "-- title: a\n-- question: b\nSELECT $$why? it's$$ AS a, :tenant AS t", false)
	if err != nil {
		t.Fatal(err)
	}
	var v asking
	v.Tenant, v.Range = config.Tenant{ID: "acme"}, Range{Location: time.UTC, First: time.Now(), Last: time.Now()}
	if got := v.Final(s, ""); !strings.HasSuffix(got, "SELECT $$why? it's$$ AS a, 'acme' AS t") {
		t.Error(got)
	}
}
