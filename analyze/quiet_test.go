package analyze

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/reason"
)

// quiet is a bucket whose records come at the minutes that of says for each day
// from August on, in Paris; a write is one of the backup.
func quiet(t *testing.T, window string, of func(day time.Time) (writes, reads []time.Duration)) *fixture {
	f := newFixture(t, strings.Replace(oneTenant, `prefixes = ["veeam/", "Zürich Café/"]`, `prefixes = ["veeam/"]`+"\n"+window, 1))
	loc, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	for day := time.Date(2026, 8, 3, 0, 0, 0, 0, loc); day.Before(time.Date(2026, 11, 10, 0, 0, 0, 0, loc)); day = day.AddDate(0, 0, 1) {
		at := func(d time.Duration) string {
			return time.Date(day.Year(), day.Month(), day.Day(), 0, int(d.Minutes()), 0, 0, loc).UTC().Format(time.RFC3339)
		}
		writes, reads := of(day)
		for _, d := range writes {
			f.at(at(d), backup, "REST.PUT.OBJECT", "veeam/x", "size=100000000", "agent=Veeam/1")
		}
		for _, d := range reads {
			f.at(at(d), backup, "REST.GET.OBJECT", "veeam/x", "sent=10", "agent=Veeam/1")
		}
		if len(writes)+len(reads) > 0 {
			f.store("file:logs") // a log object a day
		}
	}
	return f
}

func hours(list ...float64) []time.Duration {
	var out []time.Duration
	for _, h := range list {
		out = append(out, time.Duration(h*float64(time.Hour)))
	}
	return out
}

// What a bucket is used to is no missing log, and a missed night is found
// wherever the log can tell.
func TestQuietBuckets(t *testing.T) {
	weekday := func(d time.Time) bool { return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday }
	missed := func(d time.Time) bool { return d.Format("01-02") == "10-14" }
	tests := []struct {
		name, window string
		of           func(time.Time) (writes, reads []time.Duration)
		want         []string
	}{
		{"ten minutes a night, and an hour more in autumn", "", func(d time.Time) (w, r []time.Duration) {
			return hours(22.5, 22.6), nil
		}, nil},
		{"a night that begins earlier or later", "", func(d time.Time) (w, r []time.Duration) {
			return hours(22.5 + 0.3*float64(d.Day()%3-1)), nil
		}, nil},
		{"no backup at weekends", `window = { start = "22:00", end = "06:00", days = ["mon", "tue", "wed", "thu", "fri"] }`,
			func(d time.Time) (w, r []time.Duration) {
				if weekday(d) {
					return hours(22.5, 23), nil
				}
				return nil, nil
			}, nil},
		{"once a week", `window = { start = "22:00", end = "06:00", days = ["sat"] }`, func(d time.Time) (w, r []time.Duration) {
			if d.Weekday() == time.Saturday {
				return hours(22.5, 23), nil
			}
			return nil, nil
		}, nil},
		{"a missed night where people read by day", "", func(d time.Time) (w, r []time.Duration) {
			if weekday(d) {
				r = hours(9.5, 11, 14, 16.8)
			}
			if !missed(d) {
				w = hours(22.5, 23)
			}
			return w, r
		}, []string{"logs-missing|log delivery|high|resolved|2|2 days"}}, // no record of anyone in the window: it can't be told
		{"a night and a day without anything", "", func(d time.Time) (w, r []time.Duration) {
			if !missed(d) {
				w = hours(22.5, 23)
			}
			return w, nil
		}, []string{"logs-missing|log delivery|high|resolved|2|2 days"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := quiet(t, tt.window, tt.of)
			f.check("2026-10-01", "2026-10-31")
			same(t, "findings", f.found(), tt.want)
			// A day is judged alike however far the range reaches.
			whole := map[string]reason.Reason{}
			for _, d := range f.open("acme", "2026-10-01", "2026-10-31").Coverage {
				whole[d.Date] = d.Gap
			}
			for _, date := range []string{"2026-10-03", "2026-10-14", "2026-10-15", "2026-10-26"} {
				if d := f.open("acme", date, date).Coverage[0]; d.Gap != whole[date] {
					t.Errorf("%s alone: %q, in the month %q", date, d.Gap, whole[date])
				}
			}
		})
	}
}

// What happens every week is usual, a single spike on the same weekday is not.
func TestWeekly(t *testing.T) {
	f := nightly(t, usualNight)
	for week := range 7 {
		at := time.Date(2026, 8, 30+7*week, 10, 0, 0, 0, time.UTC) // Sundays, 23:00 there
		for n := range 90 {
			f.add(at.Format(time.RFC3339), backup, "BATCH.DELETE.OBJECT", fmt.Sprint("veeam/", week, n), "status=204")
		}
		f.add(at.AddDate(0, 0, 3).Format(time.RFC3339), backup, "REST.GET.OBJECT", "veeam/x.bin", "sent=16000000000")
	}
	for _, day := range []int{15, 29} { // Tuesdays
		for n := range 60 {
			f.add(time.Date(2026, 9, day, 10, 30, 0, 0, time.UTC).Format(time.RFC3339), backup, "BATCH.DELETE.OBJECT",
				fmt.Sprint("veeam/", day, n), "status=204")
		}
	}
	f.store("file:logs")
	f.check("2026-09-14", "2026-10-05")
	same(t, "findings", f.found(), []string{
		"delete-spike|deletes|high|open|120|2 days",
		// 26 August was a Wednesday without one, and is among the four before 16 and 23 September.
		"large-download|arn:aws:sts::111122223333:assumed-role/BackupRole|high|open|24|2 days",
		"mass-removal|by requests|high|open|390|5 days", // one object a night is written, 90 a week are deleted
	})
}

// A burst over midnight belongs to both days, whichever is checked.
func TestBurstOverMidnight(t *testing.T) {
	f := nightly(t, usualNight)
	for n := range 18 { // midnight in Auckland is noon UTC
		f.add(time.Date(2026, 9, 22, 11, 51+n, 0, 0, time.UTC).Format(time.RFC3339), backup, "REST.PUT.OBJECT", "veeam/x", "status=403")
	}
	f.store("file:logs")
	f.check("2026-09-22", "2026-09-22")
	f.check("2026-09-23", "2026-09-23")
	same(t, "findings", f.found(), []string{
		"access-denied-burst|arn:aws:sts::111122223333:assumed-role/BackupRole|high|open|18|2 days",
		"backup-failing|nightly window 22:00-06:00|medium|open|1|1 days",
	})
}

// A night of nearly nothing is far less than usual, however much nights differ.
func TestNearlyNothingWritten(t *testing.T) {
	f := nightly(t, func(night time.Time) (int64, bool) {
		if night.Format("01-02") == "09-23" {
			return 1, true
		}
		return int64(100e6) * int64(2+night.Day()%5), true
	})
	f.store("file:logs")
	f.check("2026-09-15", "2026-10-05")
	same(t, "findings", f.found(), []string{"backup-volume|far less than usual|medium|open|1|1 days"})
}
