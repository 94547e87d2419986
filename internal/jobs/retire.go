package jobs

import (
	"context"
	"slices"
	"time"

	"bucketproof/report"
)

// Retire forgets what is older than the configuration keeps: entries of the run
// ledger, messages that were told, and the records of whole months whose packets are published.
func (p *Parts) Retire(ctx context.Context) error {
	keep := p.Config.Retention
	if keep.RunsDays > 0 {
		before := p.Now().AddDate(0, 0, -keep.RunsDays)
		n, err := p.State.Runs.DropBefore(ctx, before)
		if err == nil {
			err = p.State.Outbox.DropBefore(ctx, before)
		}
		if err != nil {
			return err
		}
		if n > 0 {
			p.Log.Info("old runs and messages are retired", "runs", n, "days", keep.RunsDays)
		}
	}
	if keep.DatasetDays == 0 {
		return nil
	}
	before, err := p.retirable(ctx, p.Now().UTC().AddDate(0, 0, -keep.DatasetDays))
	if err != nil {
		return err
	}
	// Partitions are days in UTC: the last one before a month holds the first hours of
	// it for tenants east of there.
	if before, err = dayBefore(before); err != nil {
		return err
	}
	files, err := p.State.Files.RetireBefore(ctx, before, p.Now())
	if files > 0 {
		p.Log.Info("old records are retired; their packets can't be made again", "before", before, "files", files, "days", keep.DatasetDays)
	}
	return err
}

func dayBefore(date string) (string, error) {
	at, err := time.Parse(time.DateOnly, date)
	return at.AddDate(0, 0, -1).Format(time.DateOnly), err
}

// retirable is the first day, at most that of the month of a time, before which
// every month with records has its packets.
func (p *Parts) retirable(ctx context.Context, at time.Time) (string, error) {
	due, err := report.RevisionsDue(ctx, p.Config, p.State)
	if err != nil {
		return "", err
	}
	before := time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	for _, t := range p.Config.Tenants {
		packets, err := p.State.Packets.Latest(ctx, t.ID)
		if err != nil {
			return "", err
		}
		var published []string
		for _, m := range packets {
			late := slices.ContainsFunc(due, func(d report.RevisionDue) bool { return d.Tenant == m.Tenant && d.Month == m.Month })
			if !late && !m.Provisional { // otherwise a packet must still be made from them
				published = append(published, m.Month)
			}
		}
		for _, b := range t.Buckets {
			months, err := p.State.Files.Months(ctx, b.Name, before)
			if err != nil {
				return "", err
			}
			for _, m := range months {
				if len(packets) > 0 && m < packets[0].Month { // from before the first packet
					continue
				}
				if !slices.Contains(published, m) {
					p.Log.Warn("records are older than retention.dataset_days, and stay because their month has no "+
						"final packet that holds them", "tenant", t.ID, "month", m)
					before = min(before, m+"-01")
					break
				}
			}
		}
	}
	return before, nil
}
