package analyze

import (
	"testing"
	"time"

	"bucketproof/internal/config"
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
		{"plain night", "America/Chicago", "2026-10-05", "2026-10-06T03:00:00Z", "2026-10-06T11:00:00Z", config.Window{Start: 22 * 60, End: 6 * 60}},
		{"night that falls back, an hour longer", "Europe/Paris", "2026-10-24", "2026-10-24T20:00:00Z", "2026-10-25T05:00:00Z", config.Window{Start: 22 * 60, End: 6 * 60}},
		{"night that springs forward, an hour shorter", "Europe/Paris", "2026-03-28", "2026-03-28T21:00:00Z", "2026-03-29T04:00:00Z", config.Window{Start: 22 * 60, End: 6 * 60}},
		{"start that happens twice is the first", "Europe/Paris", "2026-10-25", "2026-10-25T00:30:00Z", "2026-10-25T03:00:00Z", config.Window{Start: 2*60 + 30, End: 4 * 60}},
		{"end that happens twice is the last", "Europe/Paris", "2026-10-25", "2026-10-24T23:00:00Z", "2026-10-25T01:30:00Z", config.Window{Start: 60, End: 2*60 + 30}},
		{"start that is skipped is the change", "Europe/Paris", "2026-03-29", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z", config.Window{Start: 2*60 + 30, End: 4 * 60}},
		{"midnight that is skipped", "America/Santiago", "2026-09-06", "2026-09-06T04:00:00Z", "2026-09-06T09:00:00Z", config.Window{Start: 0, End: 6 * 60}},
		{"half-hour change", "Australia/Lord_Howe", "2026-10-03", "2026-10-03T11:30:00Z", "2026-10-03T19:00:00Z", config.Window{Start: 22 * 60, End: 6 * 60}},
		{"southern spring", "Pacific/Auckland", "2026-09-26", "2026-09-26T10:00:00Z", "2026-09-26T17:00:00Z", config.Window{Start: 22 * 60, End: 6 * 60}},
		{"equal times last a day", "UTC", "2026-10-05", "2026-10-05T06:00:00Z", "2026-10-06T06:00:00Z", config.Window{Start: 6 * 60, End: 6 * 60}},
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
	for _, name := range []string{"UTC", "Europe/Paris", "America/Chicago", "Pacific/Auckland", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Chatham", "Africa/Cairo"} {
		r, err := NewRange(zone(t, name), "2025-01-01", "2027-12-31")
		if err != nil {
			t.Fatal(err)
		}
		days := r.Days()
		for i, d := range days {
			if d.Start.In(r.Location).Format(time.DateOnly) != d.Date || d.Start.Add(-time.Second).In(r.Location).Format(time.DateOnly) == d.Date {
				t.Errorf("%s: %s begins at %s", name, d.Date, d.Start)
			}
			if i > 0 && !days[i-1].End.Equal(d.Start) {
				t.Errorf("%s: between %s and %s lies a gap", name, days[i-1].Date, d.Date)
			}
		}
	}
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
		{"arn:aws:sts::111122223333:assumed-role/BackupRole/x-1", "arn:aws:sts::111122223333:assumed-role/BackupRole", "Backup", "111122223333", "backup"},
		{"arn:aws:sts::111122223333:assumed-role/Other/x", "arn:aws:sts::111122223333:assumed-role/Other", "Any role", "111122223333", "admin"},
		{"arn:aws:sts::444455556666:assumed-role/BackupRole/x", "arn:aws:sts::444455556666:assumed-role/BackupRole", "arn:aws:sts::444455556666:assumed-role/BackupRole", "444455556666", ""},
		{"arn:aws-cn:iam::111122223333:user/ops-1", "arn:aws-cn:iam::111122223333:user/ops-1", "Operator", "111122223333", "admin"},
		{"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1", "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1", "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1", "", ""},
		{"svc:delivery.logs.amazonaws.com", "svc:delivery.logs.amazonaws.com", "A service", "", "service"},
		{"-", "-", "-", "", ""},
	}
	for _, tt := range tests {
		got := identify(tt.requester, principals)
		if got != (identity{tt.name, got.session, tt.principal, tt.account, tt.role, got.named}) {
			t.Errorf("%s is %+v", tt.requester, got)
		}
	}
}

func TestEncodings(t *testing.T) {
	for _, want := range []string{"Zürich Café/", "Z%C3%BCrich%20Caf%C3%A9/", "Z%C3%BCrich+Caf%C3%A9/", "Z%25C3%25BCrich%2520Caf%25C3%25A9/"} {
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
