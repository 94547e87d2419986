package service

import (
	"net"
	"testing"
	"time"

	"bucketproof/internal/config"
	"bucketproof/scheduler"
)

// TestEveryDayIsChecked: whatever the clocks of the schedule and of a tenant do, each
// day of the tenant is asked for.
func TestEveryDayIsChecked(t *testing.T) {
	for _, zones := range [][2]string{{"Europe/Paris", "America/Chicago"}, {"Europe/Paris", "Pacific/Auckland"},
		{"America/Los_Angeles", "Europe/Paris"}, {"UTC", "Pacific/Kiritimati"}, {"Asia/Tokyo", "America/Santiago"}} {
		here, err := time.LoadLocation(zones[0])
		if err != nil {
			t.Fatal(err)
		}
		there, err := time.LoadLocation(zones[1])
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{"30 6 * * *", "0 0 * * *", "30 23 * * *", "30 5 * * *"} {
			s, err := scheduler.ParseCron(line, here)
			if err != nil {
				t.Fatal(err)
			}
			asked := map[string]bool{}
			ask := days([]config.Tenant{{ID: "acme", Location: there}})
			for at := s.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, here)); at.Year() < 2027 || at.YearDay() < 4; at = s.Next(at) {
				for _, task := range ask(at) {
					asked[task.Period] = true
				}
			}
			for day := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC); day.Year() == 2026; day = day.AddDate(0, 0, 1) {
				if !asked[day.Format(time.DateOnly)] {
					t.Errorf("%s in %s: %s of %s is never checked", line, zones[0], day.Format(time.DateOnly), zones[1])
				}
			}
		}
	}
}

// TestYesterdayBehindASkippedMidnight: on the day behind a date whose midnight clocks skip,
// yesterday is that date, from the first hour on.
func TestYesterdayBehindASkippedMidnight(t *testing.T) {
	for _, z := range []struct{ zone, at, want string }{{"America/Santiago", "2026-09-07T03:30:00Z", "2026-09-06"},
		{"Atlantic/Azores", "2026-03-30T00:30:00Z", "2026-03-29"},
		{"Africa/Cairo", "2026-04-24T21:30:00Z", "2026-04-24"}, {"America/Havana", "2026-03-09T04:30:00Z", "2026-03-08"}} {
		loc, err := time.LoadLocation(z.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, z.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := yesterday(config.Tenant{Location: loc}, at); got != z.want {
			t.Errorf("%s at %s: yesterday is %s, want %s", z.zone, at.In(loc), got, z.want)
		}
	}
}

// TestNothingRunsBehindRun: where one address is taken, what is served at the other ends, too.
func TestNothingRunsBehindRun(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	s := newService(t, "[service]\nlisten = \""+address+
		"\"\n[links]\npublic_url = \"https://x.example\"\nlisten = \""+taken.Addr().String()+"\"\n"+twoTenants)
	if err := s.Run(t.Context()); err == nil {
		t.Error("it ran with an address that is taken")
	}
	if l, err := net.Listen("tcp", address); err != nil {
		t.Errorf("the metrics are still served: %v", err)
	} else if err := l.Close(); err != nil {
		t.Error(err)
	}
}
