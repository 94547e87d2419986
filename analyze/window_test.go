package analyze

import (
	"archive/zip"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/wildcard"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

var everyDay = [7]bool{true, true, true, true, true, true, true}

func TestIntervalsAcrossDaylightSaving(t *testing.T) {
	tests := []struct {
		name, zone, date, start, end string
		w                            config.Window
	}{
		{"plain night", "America/Chicago", "2026-10-05", "2026-10-06T03:00:00Z", "2026-10-06T11:00:00Z",
			config.Window{Start: 22 * 60, End: 6 * 60}},
		{"night that falls back, an hour longer", "Europe/Paris", "2026-10-24", "2026-10-24T20:00:00Z",
			"2026-10-25T05:00:00Z", config.Window{Start: 22 * 60, End: 6 * 60}},
		{"night that springs forward, an hour shorter", "Europe/Paris", "2026-03-28", "2026-03-28T21:00:00Z",
			"2026-03-29T04:00:00Z", config.Window{Start: 22 * 60, End: 6 * 60}},
		{"start that happens twice is the first", "Europe/Paris", "2026-10-25", "2026-10-25T00:30:00Z",
			"2026-10-25T03:00:00Z", config.Window{Start: 2*60 + 30, End: 4 * 60}},
		{"end that happens twice is the first", "Europe/Paris", "2026-10-25", "2026-10-24T23:00:00Z",
			"2026-10-25T00:30:00Z", config.Window{Start: 60, End: 2*60 + 30}},
		{"start that is skipped is the change", "Europe/Paris", "2026-03-29", "2026-03-29T01:00:00Z",
			"2026-03-29T02:30:00Z", config.Window{Start: 2*60 + 30, End: 4 * 60}},
		{"window in the hour that is skipped", "Europe/Berlin", "2026-03-29", "2026-03-29T01:00:00Z",
			"2026-03-29T02:00:00Z", config.Window{Start: 2 * 60, End: 3 * 60}},
		{"end that is skipped", "Europe/Berlin", "2026-03-28", "2026-03-28T21:00:00Z", "2026-03-29T01:30:00Z",
			config.Window{Start: 22 * 60, End: 2*60 + 30}},
		{"a day from a time that is skipped", "Europe/Berlin", "2026-03-29", "2026-03-29T01:00:00Z",
			"2026-03-30T00:30:00Z", config.Window{Start: 2*60 + 30, End: 2*60 + 30}},
		{"midnight that is skipped", "America/Santiago", "2026-09-06", "2026-09-06T04:00:00Z", "2026-09-06T10:00:00Z",
			config.Window{Start: 0, End: 6 * 60}},
		{"half-hour change", "Australia/Lord_Howe", "2026-10-03", "2026-10-03T11:30:00Z", "2026-10-03T19:00:00Z",
			config.Window{Start: 22 * 60, End: 6 * 60}},
		{"southern spring", "Pacific/Auckland", "2026-09-26", "2026-09-26T10:00:00Z", "2026-09-26T17:00:00Z",
			config.Window{Start: 22 * 60, End: 6 * 60}},
		{"equal times last a day", "UTC", "2026-10-05", "2026-10-05T06:00:00Z", "2026-10-06T06:00:00Z",
			config.Window{Start: 6 * 60, End: 6 * 60}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := NewRange(zone(t, tt.zone), tt.date, tt.date)
			if err != nil {
				t.Fatal(err)
			}
			tt.w.Days = everyDay
			got := r.intervals(tt.w)
			if len(got) != 1 || got[0].start.Format(time.RFC3339) != tt.start || got[0].end.Format(time.RFC3339) != tt.end {
				t.Errorf("got %v, want %s to %s", got, tt.start, tt.end)
			}
		})
	}
}

func TestDaysTileEveryZone(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Paris", "America/Chicago", "Pacific/Auckland", "America/Santiago",
		"Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Chatham", "Africa/Cairo"} {
		r, err := NewRange(zone(t, name), "2025-01-01", "2027-12-31")
		if err != nil {
			t.Fatal(err)
		}
		days := r.Days()
		for i, d := range days {
			if d.Start.In(r.Location).Format(time.DateOnly) != d.Date ||
				d.Start.Add(-time.Second).In(r.Location).Format(time.DateOnly) == d.Date {
				t.Errorf("%s: %s begins at %s", name, d.Date, d.Start)
			}
			if i > 0 && !days[i-1].End.Equal(d.Start) {
				t.Errorf("%s: between %s and %s lies a gap", name, days[i-1].Date, d.Date)
			}
		}
	}
}

// In every zone of the time-zone database, over 16 years: as many nights as days
// on which the window is due, in order, none in two, and of windows of a whole day
// no moment in none.
func TestEveryNightIsThere(t *testing.T) {
	t.Parallel()
	lengths := []config.Clock{15, 60, 90, 4 * 60, 8 * 60, 23*60 + 45, 24 * 60}
	workdays := [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}
	for i, name := range zoneNames(t) {
		changes := changesOfClocks(zone(t, name))
		for j := range 8 {
			length := lengths[(i+j)%len(lengths)]
			start := config.Clock((37*i + 3*60*j) % (24 * 60) / 15 * 15)
			w := config.Window{Start: start, End: (start + length) % (24 * 60), Days: everyDay}
			if j%4 == 3 {
				w.Days = workdays
			}
			for _, r := range changes {
				if problem := nights(r, w, time.Duration(length)*time.Minute); problem != "" {
					t.Errorf("%s, %s-%s: %s", name, w.Start, w.End, problem)
				}
			}
		}
	}
}

// changesOfClocks are the weeks around each change of a zone's offset, and the first week.
func changesOfClocks(loc *time.Location) []Range {
	first := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	weeks := []Range{{Location: loc, First: first, Last: first.AddDate(0, 0, 7)}}
	_, before := first.In(loc).Zone()
	for d := first; d.Year() < 2036; d = d.AddDate(0, 0, 1) {
		if _, offset := d.In(loc).Zone(); offset != before {
			weeks = append(weeks, Range{Location: loc, First: d.AddDate(0, 0, -4), Last: d.AddDate(0, 0, 3)})
			before = offset
		}
	}
	return weeks
}

// nights says what is wrong with the occurrences of a window of a length.
func nights(r Range, w config.Window, length time.Duration) string {
	var due []string
	for d := r.First; !d.After(r.Last); d = d.AddDate(0, 0, 1) {
		if w.Days[d.Weekday()] {
			due = append(due, d.Format(time.DateOnly))
		}
	}
	got := r.intervals(w)
	if len(got) != len(due) {
		return fmt.Sprintf("%d nights on %d days", len(got), len(due))
	}
	for i, n := range got {
		switch {
		case n.date != due[i]:
			return fmt.Sprintf("night %d is of %s, want %s", i, n.date, due[i])
		case !n.start.Before(n.end):
			return fmt.Sprintf("the night of %s has no length", n.date)
		case i > 0 && n.start.Before(got[i-1].end):
			return fmt.Sprintf("the nights of %s and %s share a time", got[i-1].date, n.date)
		case i > 0 && length == 24*time.Hour && w.Days == everyDay && !n.start.Equal(got[i-1].end):
			return fmt.Sprintf("between the nights of %s and %s is a time in none", got[i-1].date, n.date)
		}
	}
	return ""
}

// zoneNames are those of the time-zone database that comes with Go.
func zoneNames(t *testing.T) []string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal("no time-zone database beside Go: ", err)
	}
	defer archive.Close()
	var names []string
	for _, f := range archive.File {
		if !strings.HasSuffix(f.Name, "/") {
			names = append(names, f.Name)
		}
	}
	return names
}

func TestWindowDays(t *testing.T) {
	r, err := Month(zone(t, "Europe/Paris"), "2026-10")
	if err != nil {
		t.Fatal(err)
	}
	got := r.intervals(config.Window{Start: 22 * 60, End: 6 * 60, Days: [7]bool{5: true}})
	if len(got) != 5 || got[0].date != "2026-10-02" || got[4].date != "2026-10-30" {
		t.Errorf("Fridays of October 2026 are %v", got)
	}
}

func TestIdentify(t *testing.T) {
	principals := []config.Principal{
		{Match: "arn:aws:sts::111122223333:assumed-role/BackupRole/*", Name: "Backup", Role: "backup"},
		{Match: "arn:aws:sts::111122223333:assumed-role/*", Name: "Any role", Role: "admin"},
		{Match: "svc:*", Name: "A service", Role: "service"},
		{Match: "arn:aws-cn:iam::111122223333:user/ops-?", Name: "Operator", Role: "admin"},
	}
	tests := []struct{ requester, name, principal, account, role string }{
		{"arn:aws:sts::111122223333:assumed-role/BackupRole/x-1", "arn:aws:sts::111122223333:assumed-role/BackupRole",
			"Backup", "111122223333", "backup"},
		{"arn:aws:sts::111122223333:assumed-role/Other/x", "arn:aws:sts::111122223333:assumed-role/Other", "Any role",
			"111122223333", "admin"},
		{"arn:aws:sts::444455556666:assumed-role/BackupRole/x", "arn:aws:sts::444455556666:assumed-role/BackupRole",
			"arn:aws:sts::444455556666:assumed-role/BackupRole", "444455556666", ""},
		{"arn:aws-cn:iam::111122223333:user/ops-1", "arn:aws-cn:iam::111122223333:user/ops-1", "Operator", "111122223333", "admin"},
		{"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1",
			"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1",
			"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1", "", ""},
		{"svc:delivery.logs.amazonaws.com", "svc:delivery.logs.amazonaws.com", "A service", "", "service"},
		{"-", "-", "-", "", ""},
	}
	for _, tt := range tests {
		got := newMapping(principals).identify(tt.requester)
		if got != (identity{tt.name, got.session, tt.principal, tt.account, tt.role, got.named}) {
			t.Errorf("%s is %+v", tt.requester, got)
		}
	}
}

// TestIdentifyAmongMany compares with what tries every pattern.
func TestIdentifyAmongMany(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	text := func(letters string, n int) string {
		b := make([]byte, 1+rng.IntN(n))
		for i := range b {
			b[i] = letters[rng.IntN(len(letters))]
		}
		return string(b)
	}
	const sts = "arn:aws:sts::111122223333:assumed-role/"
	for range 3000 {
		var list []config.Principal
		for n := range 1 + rng.IntN(6) {
			match := []string{sts + text("ab*?", 4) + "/" + text("xy*?", 3), sts + text("ab*?", 4),
				"arn:aws:iam::111122223333:role/" + text("ab*", 4),
				"111122223333", "arn:aws:*" + text("ab*", 3), text("ab*?", 4)}[rng.IntN(6)]
			list = append(list, config.Principal{Match: match, Name: fmt.Sprint(n), Role: config.RoleBackup})
		}
		requester := []string{sts + text("ab", 4) + "/" + text("xy", 3), "arn:aws:iam::111122223333:user/" +
			text("ab", 3), text("ab", 4)}[rng.IntN(3)]
		got := newMapping(list).identify(requester)
		want, best := got.name, -1
		for _, p := range list {
			m := config.NormalMatch(p.Match)
			if n := config.Specific(p.Match); n > best &&
				(wildcard.Match(m, requester) || wildcard.Match(m, got.name) || m != "" && m == got.account) {
				want, best = p.Name, n
			}
		}
		if got.principal != want {
			t.Fatalf("%q is %q and should be %q by %v", requester, got.principal, want, list)
		}
	}
}

// TestIdentifyMillions: a mapping of very many is asked about very many without an end that
// nobody waits for.
func TestIdentifyMillions(t *testing.T) {
	var list []config.Principal
	for n := range 100_000 {
		list = append(list, config.Principal{Match: fmt.Sprintf("arn:aws:sts::111122223333:assumed-role/R%06d-*", n),
			Name: "R", Role: config.RoleBackup})
	}
	m := newMapping(list)
	for n := range 100_000 {
		if id := m.identify(fmt.Sprintf("arn:aws:sts::111122223333:assumed-role/R%06d-x/s", n)); id.principal != "R" {
			t.Fatal(id)
		}
	}
}

func TestEncodings(t *testing.T) {
	for _, want := range []string{"Zürich Café/", "Z%C3%BCrich%20Caf%C3%A9/", "Z%C3%BCrich+Caf%C3%A9/",
		"Z%25C3%25BCrich%2520Caf%25C3%25A9/"} {
		found := false
		for _, e := range encodings("Zürich Café/") {
			found = found || e == want
		}
		if !found {
			t.Errorf("%q is not among the forms", want)
		}
	}
	if got := encodings("veeam/"); len(got) != 1 {
		t.Errorf("plain prefix has forms %q", got)
	}
}
