package jobs

import (
	"context"
	"errors"
	"slices"
	"time"

	"bucketproof/analyze"
	"bucketproof/collect/cloudtrail/integrity"
	"bucketproof/collect/cloudwatch"
	"bucketproof/collect/delivery"
	"bucketproof/internal/config"
	"bucketproof/internal/objects"
	"bucketproof/internal/state"
)

// Witness asks the witnesses beside the access log about days, and notes what they
// tell: the digests of the trail, the metrics of CloudWatch, and how the delivery of
// logs is set up. What one of them can't tell is noted with the reason, and is no error:
// the checks that need it are then not evaluated.
func (p *Parts) Witness(ctx context.Context, t config.Tenant, r analyze.Range) error {
	return errors.Join(p.proveTrail(ctx, t, r), p.readMetrics(ctx, t, r), p.lookAtLogging(ctx, t))
}

// over are the days of a range that are over.
func (p *Parts) over(r analyze.Range) []analyze.Day {
	return slices.DeleteFunc(r.Days(), func(d analyze.Day) bool { return d.End.After(p.Now()) })
}

// due are the days from the first to the last of which is not known yet what a witness
// finally says.
func due(days []analyze.Day, final func(analyze.Day) bool) []analyze.Day {
	for len(days) > 0 && final(days[0]) {
		days = days[1:]
	}
	for len(days) > 0 && final(days[len(days)-1]) {
		days = days[:len(days)-1]
	}
	return days
}

// proveTrail validates the digests of the days of which it is not known yet what they
// prove. What was found out when all of a day was there holds: trails have lifecycle
// rules, too.
func (p *Parts) proveTrail(ctx context.Context, t config.Tenant, r analyze.Range) error {
	if t.CloudTrail.Scheme == "" {
		return nil
	}
	zone := t.Location.String()
	known, err := p.State.Witnesses.TrailDays(ctx, t.ID, zone, r.First.Format(time.DateOnly), r.Last.Format(time.DateOnly))
	if err != nil {
		return err
	}
	final := func(d analyze.Day) bool {
		k, ok := known[d.Date]
		return ok && k.Failure == "" && !slices.ContainsFunc(k.Problems, unknown) && !k.Looked.Before(d.End.Add(analyze.Settle))
	}
	days := due(p.over(r), final)
	if len(days) == 0 {
		return nil
	}
	part, err := analyze.NewRange(t.Location, days[0].Date, days[len(days)-1].Date)
	if err != nil {
		return err
	}
	chains, period, err := p.VerifyTrail(ctx, t, part, nil)
	if errors.Is(err, ErrNotDue) {
		return nil
	}
	folder := slices.ContainsFunc(t.Trails(), func(u objects.URL) bool { return u.Scheme != "s3" })
	if err == nil && len(chains) == 0 && folder {
		err = errNoDigests
	}
	if err != nil && ctx.Err() != nil {
		return err
	}
	if err != nil {
		p.Log.Warn("the digests of the trail could not be looked at", "tenant", t.ID, "error", err)
	}
	var out []state.TrailDay
	for _, d := range days {
		if final(d) { // between others: the digests of that time may be gone since, or lie elsewhere
			continue
		}
		day := state.TrailDay{Date: d.Date, Zone: zone, Looked: p.Now()}
		if err != nil {
			day.Failure = err.Error()
		} else {
			splitTrail(&day, chains, within(d, period.To))
		}
		out = append(out, day)
	}
	return p.State.Witnesses.PutTrailDays(ctx, t.ID, out)
}

// unknown tells whether a problem leaves a day to be looked at again: what could not be
// read may be readable later, and a place that is not configured may be by then.
func unknown(x state.TrailProblem) bool { return integrity.Problem{Kind: x.Kind}.Unknown() }

// errNoDigests is of a copy of a trail, which may lack what the trail has.
var errNoDigests = errors.New("the folder holds no digest of the tenant's accounts, so the log files in it can't " +
	"be proven to be those that CloudTrail delivered")

// within is a day, up to the end of what was looked at.
func within(d analyze.Day, end time.Time) integrity.Span {
	s := integrity.Span{From: d.Start, To: d.End}
	if end.Before(s.To) {
		s.To = end
	}
	return s
}

// splitTrail takes from what was found out about a trail what is of one day. A digest
// over midnight, and what is wrong with it or its log files, counts once: on the day on
// which it ends. Time without digests counts on each of its days.
func splitTrail(day *state.TrailDay, chains []integrity.Chain, part integrity.Span) {
	ends := func(to time.Time) bool { return to.After(part.From) && !to.After(part.To) }
	inside := func(x integrity.Problem) bool {
		switch {
		case x.From.Equal(x.To):
			return !x.From.Before(part.From) && x.From.Before(part.To)
		case x.OfTime():
			return x.From.Before(part.To) && x.To.After(part.From)
		}
		return ends(x.To)
	}
	if len(chains) == 0 {
		day.Problems = append(day.Problems,
			state.TrailProblem{Kind: integrity.NoDigest, From: part.From, To: part.To,
				Text: "no digest of the tenant's accounts is there: log file validation of the trail is off, or was never on"})
	}
	for _, c := range chains {
		out := state.TrailChain{Account: c.Account, Region: c.Region, Trail: c.Trail, Whole: c.WholeIn(part), Proven: c.ProvenIn(part)}
		for _, w := range c.Windows {
			if !ends(w.To) {
				continue
			}
			out.Digests++
			if w.Valid {
				out.DigestsValid++
			}
			out.Logs += w.Logs.All
			out.LogsValid += w.Logs.Valid
		}
		problems := len(day.Problems)
		for _, x := range c.Problems {
			if inside(x) {
				day.Problems = append(day.Problems,
					state.TrailProblem{Account: c.Account, Region: c.Region, Trail: c.Trail, Kind: x.Kind, Key: x.Key,
						From: x.From, To: x.To, Text: x.Text, Tampering: x.Tampering()})
			}
		}
		if out.Whole > 0 || out.Digests > 0 || len(day.Problems) > problems { // else another trail is in its place
			addChain(day, out)
		}
	}
}

// addChain adds the figures of a chain to those of the trail. A trail that was made anew
// under its name has two chains.
func addChain(day *state.TrailDay, c state.TrailChain) {
	for i := range day.Chains {
		if k := &day.Chains[i]; k.Account == c.Account && k.Region == c.Region && k.Trail == c.Trail {
			k.Whole, k.Proven = k.Whole+c.Whole, k.Proven+c.Proven
			k.Digests, k.DigestsValid = k.Digests+c.Digests, k.DigestsValid+c.DigestsValid
			k.Logs, k.LogsValid = k.Logs+c.Logs, k.LogsValid+c.LogsValid
			return
		}
	}
	day.Chains = append(day.Chains, c)
}

// readMetrics asks CloudWatch for the days of which it may not have told all yet.
func (p *Parts) readMetrics(ctx context.Context, t config.Tenant, r analyze.Range) error {
	if !t.HasMetrics() {
		return nil
	}
	zone := t.Location.String()
	known, err := p.State.Witnesses.MetricDays(ctx, t.ID, zone, r.First.Format(time.DateOnly), r.Last.Format(time.DateOnly))
	if err != nil {
		return err
	}
	days := due(p.over(r), func(d analyze.Day) bool {
		return !slices.ContainsFunc(t.Buckets, func(b config.Bucket) bool {
			k, ok := known[[2]string{b.Name, d.Date}]
			return !ok || k.Failure != "" || k.Looked.Before(d.End.Add(analyze.Settle))
		})
	})
	if len(days) == 0 {
		return nil
	}
	var buckets []cloudwatch.Bucket
	var asked []cloudwatch.Day
	for _, b := range t.Buckets {
		buckets = append(buckets, cloudwatch.Bucket{Name: b.Name, Filter: b.MetricsFilter})
	}
	for _, d := range days {
		asked = append(asked, cloudwatch.Day(d))
	}
	counted, err := p.counted(ctx, t, buckets, asked)
	var out []state.MetricDay
	if err != nil && ctx.Err() != nil {
		return err
	}
	if err != nil {
		p.Log.Warn("CloudWatch could not be asked", "tenant", t.ID, "error", err)
		for _, b := range t.Buckets {
			for _, d := range days {
				out = append(out, state.MetricDay{Bucket: b.Name, Date: d.Date, Zone: zone, Looked: p.Now(), Failure: err.Error()})
			}
		}
	}
	for _, c := range counted {
		out = append(out, state.MetricDay{Bucket: c.Bucket, Date: c.Date, Zone: zone, Looked: p.Now(), Values: c.Values})
	}
	return p.State.Witnesses.PutMetricDays(ctx, t.ID, out)
}

// counted takes days from the tenant's file, or from CloudWatch itself.
func (p *Parts) counted(ctx context.Context, t config.Tenant, buckets []cloudwatch.Bucket,
	days []cloudwatch.Day) ([]cloudwatch.Counted, error) {
	if t.MetricsFile != "" {
		return cloudwatch.ReadFile(t.MetricsFile, buckets, days)
	}
	client, err := cloudwatch.Open(ctx, t.AWS, p.Now)
	if err != nil {
		return nil, err
	}
	return client.Read(ctx, buckets, days)
}

// lookAtLogging looks at how the delivery of each bucket's log is set up.
func (p *Parts) lookAtLogging(ctx context.Context, t config.Tenant) error {
	for _, b := range t.Buckets {
		if b.Logs.Scheme != "s3" {
			continue
		}
		found, err := delivery.Examine(ctx, t.AWS, LoggedBucket(t, b))
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			p.Log.Warn("it could not be looked at how logging is set up", "tenant", t.ID, "bucket", b.Name, "error", err)
			found = []delivery.Finding{{What: "logging", Outcome: delivery.Unknown, Detail: err.Error()}}
		}
		look := state.LoggingLook{Bucket: b.Name, Looked: p.Now()}
		for _, f := range found {
			look.Found = append(look.Found, state.LoggingFound(f))
		}
		if err := p.State.Witnesses.PutLoggingLook(ctx, t.ID, look); err != nil {
			return err
		}
	}
	return nil
}

// LoggedBucket is a bucket of a tenant, whose account is known where the tenant has one
// alone.
func LoggedBucket(t config.Tenant, b config.Bucket) delivery.Bucket {
	out := delivery.Bucket{Name: b.Name, Logs: b.Logs}
	if len(t.Accounts) == 1 {
		out.Account = t.Accounts[0]
	}
	return out
}
