package analyze

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"bucketproof/analyze/engine"
	"bucketproof/internal/config"
	"bucketproof/internal/dataset"
	"bucketproof/internal/reason"
	"bucketproof/internal/redact"
	"bucketproof/internal/state"
)

// Settle is how long after the end of a day log objects of it are waited for: S3
// delivers most within a few hours, and some a day late.
const Settle = 36 * time.Hour

// Witnesses are what was told beside access log and trail.
type Witnesses struct {
	Trail   map[string]state.TrailDay     // by date: what the digests prove
	Metrics map[[2]string]state.MetricDay // by bucket and date: what CloudWatch counted
	// Looks are those at how logging is set up, by bucket and date.
	Looks map[[2]string]state.LoggingLook
}

// readWitnesses reads what they told of the days of the range and those before it.
func (v *known) readWitnesses(ctx context.Context) error {
	zone := v.Range.Location.String()
	days := v.allDays()
	first, last := days[0], days[len(days)-1]
	var err error
	if v.Witnesses.Trail, err = v.data.State.Witnesses.TrailDays(ctx, v.Tenant.ID, zone, first.Date, last.Date); err != nil {
		return err
	}
	if v.Witnesses.Metrics, err = v.data.State.Witnesses.MetricDays(ctx, v.Tenant.ID, zone, first.Date, last.Date); err != nil {
		return err
	}
	looks, err := v.data.State.Witnesses.LoggingLooks(ctx, v.Tenant.ID, first.Start, last.End.Add(Settle))
	if err != nil {
		return err
	}
	v.Witnesses.Looks = map[[2]string]state.LoggingLook{}
	for _, d := range v.Range.Days() {
		for _, l := range looks { // the first one behind the day, or else the last one in it
			of := [2]string{l.Bucket, d.Date}
			if known, ok := v.Witnesses.Looks[of]; l.Looked.Before(d.Start) || !l.Looked.Before(d.End.Add(Settle)) ||
				ok && !known.Looked.Before(d.End) {
				continue
			}
			v.Witnesses.Looks[of] = l
		}
	}
	return nil
}

// proofGap says why the digests of a day can't be judged; none where they can.
func (v *known) proofGap(date string) reason.Reason {
	d, ok := v.Witnesses.Trail[date]
	switch {
	case !ok:
		return reason.NoDigests()
	case d.Failure != "":
		return reason.CouldNotAsk(redact.Text(d.Failure))
	}
	for _, p := range d.Problems {
		if notEvaluated(p) {
			return reason.CouldNotAsk(redact.Text(p.Text))
		}
	}
	return reason.Reason{}
}

// unknown tells whether a problem of the digests is that nothing is known: an object
// could not be read, or the trail delivered to a place that is not configured. Such days
// are not evaluated; they are no finding. The kinds are those of package integrity.
func notEvaluated(p state.TrailProblem) bool { return p.Kind == "unread" || p.Kind == "elsewhere" }

// metricGap says why a day of a bucket can't be compared with CloudWatch; none where
// it can.
func (v *known) metricGap(d CoveredDay) reason.Reason {
	m, ok := v.Witnesses.Metrics[[2]string{d.Bucket, d.Date}]
	switch {
	case !ok:
		return reason.NoMetrics()
	case m.Failure != "":
		return reason.CouldNotAsk(redact.Text(m.Failure))
	}
	if _, ok := m.Values[metricRequests]; !ok {
		return reason.NoDataPoint()
	}
	return waits(v.listed[d.Bucket], d.Day)
}

// sizeGap says the same of how much lies in the bucket.
func (v *known) sizeGap(d CoveredDay) reason.Reason {
	m, ok := v.Witnesses.Metrics[[2]string{d.Bucket, d.Date}]
	_, known := m.Values[metricBytes]
	switch {
	case !ok:
		return reason.NoMetrics()
	case m.Failure != "":
		return reason.CouldNotAsk(redact.Text(m.Failure))
	case !known:
		return reason.NoSize()
	}
	return reason.Reason{}
}

// setupGap says why it is not known how the logging of a bucket was set up.
func (v *known) setupGap(d CoveredDay) reason.Reason {
	l, ok := v.Witnesses.Looks[[2]string{d.Bucket, d.Date}]
	if !ok {
		return reason.NoLook()
	}
	for _, f := range l.Found {
		if f.Outcome == outcomeUnknown {
			return reason.NotKnown(f.What, redact.Text(f.Detail))
		}
	}
	return reason.Reason{}
}

// outcomeUnknown and outcomeFault are those of package delivery.
const (
	outcomeUnknown = "not known"
	outcomeFault   = "FAULT"
)

// The metrics of all requests, and of the size of a bucket.
const (
	metricRequests = "AllRequests"
	metricBytes    = "BucketSizeBytes"
)

// trailProof is a row for each trail and day of the range.
func (v *known) trailProof(context.Context) (engine.Table, error) {
	t := engine.Table{Name: "trail_proof",
		Columns: columns("date", engine.Text, "account", engine.Text, "region", engine.Text, "trail", engine.Text,
			"digests", engine.Int, "digests_valid", engine.Int,
			"log_files", engine.Int, "log_files_valid", engine.Int, "whole_s", engine.Int, "proven_s", engine.Int,
			"problems", engine.Int, "gap", engine.Text)}
	for _, d := range v.Range.Days() {
		day := v.Witnesses.Trail[d.Date]
		gap := v.proofGap(d.Date).String()
		if len(day.Chains) == 0 && v.Tenant.CloudTrail.Scheme != "" {
			whole := int64(d.End.Sub(d.Start).Seconds())
			t.Rows = append(t.Rows, []any{d.Date, "", "", "", int64(0), int64(0), int64(0), int64(0), whole, int64(0),
				int64(len(day.Problems)), gap})
		}
		for _, c := range day.Chains {
			n := int64(0)
			for _, p := range day.Problems {
				if p.Account == c.Account && p.Region == c.Region && p.Trail == c.Trail && !notEvaluated(p) {
					n++
				}
			}
			t.Rows = append(t.Rows, []any{d.Date, c.Account, c.Region, c.Trail, int64(c.Digests),
				int64(c.DigestsValid), int64(c.Logs), int64(c.LogsValid),
				int64(c.Whole.Seconds()), int64(c.Proven.Seconds()), n, gap})
		}
	}
	return t, nil
}

// trailProblems is a row for each thing that does not hold on a day of the range.
func (v *known) trailProblems(context.Context) (engine.Table, error) {
	t := engine.Table{Name: "trail_problems",
		Columns: columns("date", engine.Text, "kind", engine.Text, "account", engine.Text, "region", engine.Text,
			"trail", engine.Text, "object", engine.Text,
			"from_time", zoned, "to_time", zoned, "detail", engine.Text, "tampering", engine.Bool)}
	for _, d := range v.Range.Days() {
		for _, p := range v.Witnesses.Trail[d.Date].Problems {
			t.Rows = append(t.Rows, []any{d.Date, p.Kind, p.Account, p.Region, p.Trail, p.Key, p.From, p.To, p.Text, p.Tampering})
		}
	}
	return t, nil
}

// trailFiles is a row for each log file of the trail that could not be read to its end,
// changed after it was collected, or was gone before it was read.
func (v *known) trailFiles(ctx context.Context) (engine.Table, error) {
	t := engine.Table{Name: "trail_files", Columns: columns("kind", engine.Text, "source", engine.Text, "time", zoned, "count", engine.Int)}
	if v.Tenant.CloudTrail.Scheme == "" {
		return t, nil
	}
	for _, place := range v.Tenant.Trails() {
		for _, account := range v.Tenant.Accounts {
			if err := v.addTrailFiles(ctx, &t, place.Text, dataset.TrailOwner(account)); err != nil {
				return t, err
			}
		}
	}
	return t, nil
}

// addTrailFiles adds those of one account in one place of the trail.
func (v *known) addTrailFiles(ctx context.Context, t *engine.Table, place, owner string) error {
	damaged, err := v.data.State.Ledger.Damaged(ctx, place, owner, v.Range.Start(), v.Range.End())
	if err != nil {
		return err
	}
	for _, s := range damaged {
		at := s.First
		if at.IsZero() {
			at = s.Delivered
		}
		t.Rows = append(t.Rows, []any{"unreadable", s.LogObject.Source, at, s.Rejected})
	}
	noticed, err := v.data.incidents(ctx, place, owner, v.Range.Start(), v.Range.End())
	if err != nil {
		return err
	}
	for _, i := range noticed {
		t.Rows = append(t.Rows, []any{i.Kind, i.Source, later(i.First, v.Range.Start()), int64(1)})
	}
	return nil
}

// metricDays is a row for each bucket, day and metric, of the days before the range, too.
func (v *known) metricDays(context.Context) (engine.Table, error) {
	t := engine.Table{Name: "metric_days",
		Columns: columns("bucket", engine.Text, "date", engine.Text, "metric", engine.Text, "value", engine.Double)}
	if !v.Tenant.HasMetrics() {
		return t, nil
	}
	for _, k := range slices.SortedFunc(maps.Keys(v.Witnesses.Metrics), func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	}) {
		if !slices.ContainsFunc(v.Tenant.Buckets, func(b config.Bucket) bool { return b.Name == k[0] }) {
			continue
		}
		m := v.Witnesses.Metrics[k]
		for _, metric := range sortedKeys(m.Values) {
			t.Rows = append(t.Rows, []any{k[0], k[1], metric, m.Values[metric]})
		}
	}
	return t, nil
}

// loggingFound is a row for each thing that was found about how a bucket's logging is
// set up, on each day of the range.
func (v *known) loggingFound(context.Context) (engine.Table, error) {
	t := engine.Table{Name: "logging_found",
		Columns: columns("bucket", engine.Text, "date", engine.Text, "looked", zoned, "what", engine.Text, "outcome",
			engine.Text, "detail", engine.Text)}
	for _, d := range v.Range.Days() {
		for _, b := range v.Tenant.Buckets {
			l := v.Witnesses.Looks[[2]string{b.Name, d.Date}]
			for _, f := range l.Found {
				t.Rows = append(t.Rows, []any{b.Name, d.Date, l.Looked, f.What, f.Outcome, f.Detail})
			}
		}
	}
	return t, nil
}

// readListed notes when the places of each bucket's log and of the trail were last
// listed.
func (v *known) readListed(ctx context.Context) error {
	v.listed = map[string]time.Time{}
	for _, b := range v.Tenant.Buckets {
		at, err := v.data.State.Listings.LastComplete(ctx, b.Logs.Text)
		if err != nil {
			return err
		}
		v.listed[b.Name] = at
	}
	for i, place := range v.Tenant.Trails() {
		at, err := v.data.State.Listings.LastComplete(ctx, place.Text)
		if err != nil {
			return err
		}
		if i == 0 || at.Before(v.trailListed) {
			v.trailListed = at
		}
	}
	return nil
}

// Listed is when the place of a bucket's log was last listed before the slice was made,
// so that it holds all that was there then; zero for never.
func (v *known) Listed(bucket string) time.Time { return v.listed[bucket] }

// waits says that log objects of a day may still come; none where no more are waited for.
func waits(listed time.Time, d Day) reason.Reason {
	if listed.Before(d.End.Add(Settle)) {
		return reason.MayStillCome()
	}
	return reason.Reason{}
}

// witnessGap says why log and trail can't be compared on a day; none where they can.
func (v *Covered) witnessGap(d CoveredDay) reason.Reason {
	for _, gap := range []reason.Reason{d.Gap, v.trailGaps[d.Date], waits(v.listed[d.Bucket], d.Day), waits(v.trailListed, d.Day)} {
		if !gap.None() {
			return gap
		}
	}
	return reason.Reason{}
}

// coverTrail judges the days of the range by the quarters of an hour in which the tenant's accounts
// have events. One account without them is enough for a day not to be trusted: which
// account owns a bucket the configuration does not tell.
func (v *Covered) coverTrail(ctx context.Context, query engine.Query) error {
	v.trailGaps = map[string]reason.Reason{}
	if v.Tenant.CloudTrail.Scheme == "" {
		return nil
	}
	type row struct {
		Account string `column:"account"`
		slotRow
		Events int64 `column:"events"`
	}
	rows, err := tableRows[row](ctx, query, v.data.Catalog, "trail-slots")
	if err != nil {
		return fmt.Errorf("list quarters of an hour of the trail: %w", err)
	}
	slots := map[string][]slot{}
	for _, r := range rows {
		if err := addSlot(slots, r.Account, r.Events, r.slotRow); err != nil {
			return fmt.Errorf("list quarters of an hour of the trail: %w", err)
		}
	}
	for _, account := range v.Tenant.Accounts {
		list, err := v.neighbours(ctx, dataset.TrailOwner(account), slots[account])
		if err != nil {
			return err
		}
		c := newCoverage(list, nil, v.allDays(), v.Range.Location, nil, reason.Silence{Account: account})
		for _, d := range v.Range.Days() {
			if gap := c.gap(d.Start, d.End, edge, edge); !gap.None() && v.trailGaps[d.Date].None() {
				v.trailGaps[d.Date] = gap
			}
		}
	}
	return nil
}
