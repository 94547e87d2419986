package scheduler

import (
	"slices"
	"testing"
	"time"
)

// TestDaylightSaving holds cron lines to the nights on which clocks change: what
// is due at a time of day runs once, what is due every hour in every hour.
func TestDaylightSaving(t *testing.T) {
	for _, tt := range []struct {
		name, line, zone, from string
		want                   []string
	}{
		{"skipped in spring", "30 2 * * *", "Europe/Paris", "2026-03-28T00:00:00Z",
			[]string{"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		{"twice in autumn", "30 2 * * *", "Europe/Paris", "2026-10-24T00:00:00Z",
			[]string{"2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
		{"hourly in spring", "20 * * * *", "Europe/Paris", "2026-03-29T00:00:00Z",
			[]string{"2026-03-29T00:20:00Z", "2026-03-29T01:20:00Z", "2026-03-29T02:20:00Z"}},
		{"hourly in autumn", "20 * * * *", "Europe/Paris", "2026-10-24T23:30:00Z",
			[]string{"2026-10-25T00:20:00Z", "2026-10-25T01:20:00Z", "2026-10-25T02:20:00Z"}},
		{"midnight that is not", "0 0 * * *", "America/Santiago", "2026-09-05T05:00:00Z",
			[]string{"2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"}},
		{"once a year on such a day", "0 0 6 9 *", "America/Santiago", "2026-09-05T05:00:00Z",
			[]string{"2026-09-06T04:00:00Z", "2027-09-06T03:00:00Z"}},
		{"twice before midnight", "30 23 * * *", "America/Santiago", "2026-04-04T04:00:00Z",
			[]string{"2026-04-05T02:30:00Z", "2026-04-06T03:30:00Z"}},
		{"half an hour", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z",
			[]string{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
		{"several hours of the day", "0 1,2,3 * * *", "Europe/Paris", "2026-03-29T00:00:00Z",
			[]string{"2026-03-29T01:00:00Z", "2026-03-29T23:00:00Z"}},
		{"a distance", "@every 90m", "Europe/Paris", "2026-03-29T00:00:00Z", []string{"2026-03-29T01:30:00Z", "2026-03-29T03:00:00Z"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			loc, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			s, err := ParseCron(tt.line, loc)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, tt.from)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for range tt.want {
				at = s.Next(at)
				got = append(got, at.UTC().Format(time.RFC3339))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %v\nwant %v", got, tt.want)
			}
		})
	}
}

// TestEveryNightOnce asks for a year of nights in zones of all kinds.
func TestEveryNightOnce(t *testing.T) {
	for _, zone := range []string{"Europe/Paris", "America/Chicago", "America/Santiago", "Australia/Lord_Howe",
		"Asia/Kathmandu", "Africa/Cairo", "UTC"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{"0 0 * * *", "30 2 * * *", "30 0 * * *", "59 23 * * *"} {
			s, err := ParseCron(line, loc)
			if err != nil {
				t.Fatal(err)
			}
			at := time.Date(2025, 12, 31, 23, 59, 30, 0, loc)
			for day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() == 2026; day = day.AddDate(0, 0, 1) {
				at = s.Next(at)
				if got := at.In(loc).Format(time.DateOnly); got != day.Format(time.DateOnly) {
					t.Fatalf("%s in %s: got a run on %s, want one on %s", line, zone, at.In(loc), day.Format(time.DateOnly))
				}
			}
		}
	}
}

func TestNeverDue(t *testing.T) {
	at, err := Next("0 0 30 2 *", time.UTC, time.Now())
	if err != nil || !at.IsZero() {
		t.Errorf("got %v, %v; want a zero time", at, err)
	}
}
