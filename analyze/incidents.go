package analyze

import (
	"context"
	"slices"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/dataset"
	"bucketproof/internal/state"
)

// incidents are what was noticed about the log objects of a place that are about
// from..to. One about days whose records were retired is told on the day on which it
// was noticed: there is nothing left that it could be told beside.
func (d Dataset) incidents(ctx context.Context, location, bucket string, from, to time.Time) ([]state.Incident, error) {
	retired, err := d.State.Files.RetiredBefore(ctx)
	if err != nil {
		return nil, err
	}
	all, err := d.State.Ledger.Incidents(ctx, location, bucket, time.Time{}, farAway)
	if err != nil {
		return nil, err
	}
	var out []state.Incident
	for _, i := range all {
		if i.First.Format(time.DateOnly) < retired {
			i.First, i.Last = i.Noticed, i.Noticed
		}
		if i.First.Before(to) && !i.Last.Before(from) {
			out = append(out, i)
		}
	}
	return out, nil
}

// farAway is behind all times that a log tells.
var farAway = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// LateIncidents are the days before a day, YYYY-MM-DD, about which something was noticed
// of log objects since their checks ran, each run of days a range. A daily check looks
// at them with [View.CheckLedger]: a month must say what became of its log objects,
// however late that was noticed.
func LateIncidents(ctx context.Context, d Dataset, t config.Tenant, before string) ([]Range, error) {
	dates := map[string]bool{}
	add := func(location, bucket, name string, check func(kind string) string) error {
		noticed, err := d.incidents(ctx, location, bucket, time.Time{}, farAway)
		if err != nil {
			return err
		}
		for _, i := range noticed {
			last := i.Last.In(t.Location).Format(time.DateOnly)
			for date := i.First.In(t.Location).Format(time.DateOnly); date <= last && date < before; date = addDays(date, 1) {
				at, err := d.State.CheckDays.CheckedAt(ctx, t.ID, check(i.Kind), name, date)
				if err != nil {
					return err
				}
				if at.Before(i.Noticed) {
					dates[date] = true
				}
			}
		}
		return nil
	}
	for _, b := range t.Buckets {
		if err := add(b.Logs.Text, b.Name, b.Name, func(kind string) string { return "log-object-" + kind }); err != nil {
			return nil, err
		}
	}
	if t.CloudTrail.Scheme != "" {
		for _, account := range t.Accounts {
			if err := add(t.CloudTrail.Text, dataset.TrailOwner(account), "", func(string) string { return "trail-files" }); err != nil {
				return nil, err
			}
		}
	}
	var out []Range
	days := sortedKeys(dates)
	for len(days) > 0 {
		n := 1
		for n < len(days) && days[n] == addDays(days[n-1], 1) {
			n++
		}
		r, err := NewRange(t.Location, days[0], days[n-1])
		if err != nil {
			return nil, err
		}
		out, days = append(out, r), days[n:]
	}
	return out, nil
}

// aboutObjects are the checks about what collection noticed of log objects.
var aboutObjects = []string{"log-object-changed", "log-object-gone", "trail-files"}

// CheckLedger runs the checks about what collection noticed alone, as [View.Check]: the others
// have judged the days by what was there then.
func (v *View) CheckLedger(ctx context.Context, at time.Time) ([]state.Change, error) {
	return v.check(ctx, at, func(s *Statement) bool { return slices.Contains(aboutObjects, s.Name) })
}
