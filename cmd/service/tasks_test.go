package service

import (
	"testing"
	"time"

	"bucketproof/internal/config"
	"bucketproof/scheduler"
)

// TestEveryDayIsChecked: whatever the clocks of the schedule and of a tenant do, each
// day of the tenant is asked for.
func TestEveryDayIsChecked(t *testing.T) {
	for _, zones := range [][2]string{{"Europe/Paris", "America/Chicago"}, {"Europe/Paris", "Pacific/Auckland"}, {"America/Los_Angeles", "Europe/Paris"}, {"UTC", "Pacific/Kiritimati"}, {"Asia/Tokyo", "America/Santiago"}} {
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
