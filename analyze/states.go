package analyze

import (
	"context"
	"fmt"
	"time"

	"bucketproof/analyze/engine"
	"bucketproof/internal/reason"
	"bucketproof/internal/redact"
)

// Witnesses that can speak about a day.
const (
	WitnessLog     = "access log"
	WitnessSetup   = "logging set-up"
	WitnessTrail   = "CloudTrail"
	WitnessData    = "CloudTrail data events"
	WitnessDigests = "CloudTrail digests"
	WitnessMetrics = "CloudWatch"
	WitnessReports = "backup reports"
)

// AllWitnesses are all of them, in the order of a packet.
var AllWitnesses = []string{WitnessLog, WitnessSetup, WitnessTrail, WitnessData, WitnessDigests, WitnessMetrics, WitnessReports}

// States of a witness on a day or night. Only one that spoke supports an ok.
const (
	Spoke         = "spoke"
	Unread        = "could not be read"
	NotDue        = "not due yet"
	NotConfigured = "not configured"
)

// WitnessDay is the state of a witness on a day of a bucket; of backup reports it is
// that of the night. Bucket is "" for a witness that speaks of all buckets.
type WitnessDay struct {
	Witness, Bucket, Date string
	State                 string
	Reason                reason.Reason // why it did not speak; none where it did
}

// addWitnessDay notes the state of a witness and, unless it spoke, why.
type addWitnessDay func(witness, bucket, date, state string, why reason.Reason)

// WitnessDays are the states of all witnesses on the days of the range. A witness that
// is not configured has one row, without bucket and date.
func (v *View) WitnessDays(ctx context.Context) ([]WitnessDay, error) {
	if v.witnessDays != nil {
		return v.witnessDays, nil
	}
	var out []WitnessDay
	add := func(witness, bucket, date, state string, why reason.Reason) {
		if state == Spoke {
			why = reason.Reason{}
		}
		out = append(out, WitnessDay{witness, bucket, date, state, why})
	}
	missing := func(witness string) { add(witness, "", "", NotConfigured, reason.Reason{}) }
	// settled is the state of what could not be read on a day: it may still come.
	settled := func(why reason.Reason, listed time.Time, d Day) string {
		switch {
		case why.None():
			return Spoke
		case !waits(listed, d).None():
			return NotDue
		}
		return Unread
	}
	for _, d := range v.Coverage {
		add(WitnessLog, d.Bucket, d.Date, settled(d.Gap, v.listed[d.Bucket], d.Day), d.Gap)
	}
	if err := v.setupDays(ctx, add, missing); err != nil {
		return nil, err
	}
	if v.Tenant.CloudTrail.Scheme == "" {
		missing(WitnessTrail)
		missing(WitnessData)
		missing(WitnessDigests)
	} else if err := v.trailDays(ctx, add, missing, settled); err != nil {
		return nil, err
	}
	if v.Tenant.HasMetrics() {
		for _, d := range v.Coverage {
			m, ok := v.Witnesses.Metrics[[2]string{d.Bucket, d.Date}]
			_, counted := m.Values[metricRequests]
			var why reason.Reason
			switch {
			case !ok, m.Failure != "":
				why = v.metricGap(d)
			case !counted && v.covered[d.Bucket].records(d.Start, d.End) > 0: // without a request there is no data point
				why = reason.NoDataPoint()
			}
			add(WitnessMetrics, d.Bucket, d.Date, settled(why, v.listed[d.Bucket], d.Day), why)
		}
	} else {
		missing(WitnessMetrics)
	}
	if reportsConfigured(v.Tenant) {
		if err := v.reportDays(ctx, add); err != nil {
			return nil, err
		}
	} else {
		missing(WitnessReports)
	}
	v.witnessDays, v.reasons = out, ReasonsByWords(out)
	return out, nil
}

// ReasonsByWords are the reasons of some days by the words that tables have for them, as
// they come back from the engine.
func ReasonsByWords(days []WitnessDay) map[string]reason.Reason {
	list := map[reason.Reason]bool{}
	for _, d := range days {
		list[d.Reason] = true
	}
	delete(list, reason.Reason{})
	out := map[string]reason.Reason{}
	for r := range list {
		out[redact.Text(r.String())] = r
	}
	return out
}

// setupDays are the looks at how logging is set up. They speak from the first one on.
func (v *View) setupDays(ctx context.Context, add addWitnessDay, missing func(string)) error {
	configured := false
	for _, b := range v.Tenant.Buckets {
		if b.Logs.Scheme != "s3" {
			continue
		}
		first, err := v.data.State.Witnesses.FirstLook(ctx, v.Tenant.ID, b.Name)
		if err != nil {
			return err
		}
		for _, d := range v.Coverage {
			if d.Bucket != b.Name || first.IsZero() || !d.End.After(first) {
				continue // it was not looked at then
			}
			configured = true
			why, state := v.setupGap(d), Spoke
			if !why.None() {
				state = Unread
			}
			add(WitnessSetup, d.Bucket, d.Date, state, why)
		}
	}
	if !configured {
		missing(WitnessSetup)
	}
	return nil
}

// trailDays are the trail, its data events, and its digests.
func (v *View) trailDays(ctx context.Context, add addWitnessDay, missing func(string),
	settled func(reason.Reason, time.Time, Day) string) error {
	days := v.Range.Days()
	for _, d := range days {
		add(WitnessTrail, "", d.Date, settled(v.trailGaps[d.Date], v.trailListed, d), v.trailGaps[d.Date])
	}
	if !v.Tenant.DataEvents {
		missing(WitnessData)
	} else {
		asked, err := v.dataDays(ctx)
		if err != nil {
			return err
		}
		for _, d := range v.Coverage {
			why := v.trailGaps[d.Date]
			if n := asked[[2]string{d.Bucket, d.Date}]; why.None() && n.logged > 0 && n.events == 0 {
				why = reason.NoDataEvent(n.logged)
			}
			add(WitnessData, d.Bucket, d.Date, settled(why, v.trailListed, d.Day), why)
		}
	}
	for _, d := range days {
		why := v.proofGap(d.Date)
		add(WitnessDigests, "", d.Date, settled(why, v.trailListed, d), why)
	}
	return nil
}

// dataDay is how many requests that changed objects the log has of a bucket and day,
// and how many data events the trail.
type dataDay struct{ logged, events int64 }

func (v *asking) dataDays(ctx context.Context) (map[[2]string]dataDay, error) {
	type row struct {
		Bucket string `column:"bucket"`
		Date   string `column:"date"`
		Logged int64  `column:"logged"`
		Events int64  `column:"events"`
	}
	rows, err := askedRows[row](ctx, v, "data-days")
	if err != nil {
		return nil, fmt.Errorf("days of data events: %w", err)
	}
	out := map[[2]string]dataDay{}
	for _, r := range rows {
		out[[2]string{r.Bucket, r.Date}] = dataDay{r.Logged, r.Events}
	}
	return out, nil
}

// reportDays are what backup tools reported of the nights of the range.
func (v *View) reportDays(ctx context.Context, add addWitnessDay) error {
	nights, err := v.ReportedNights(ctx)
	if err != nil {
		return err
	}
	for _, n := range v.Nights {
		state, why := Spoke, reason.Reason{}
		switch told := nights[[2]string{n.Bucket, n.Date}]; {
		case len(told.Unreadable) > 0:
			state, why = Unread, reason.ReportUnreadable(redact.Text(told.Unreadable[0]))
		case told.Verdict == reportRunning && told.Sessions == 0:
			state, why = NotDue, reason.SessionsRunning()
		case told.Sessions == 0 && told.Running > 0:
			state, why = Unread, reason.SessionsRunning()
		case told.Sessions == 0:
			state, why = Unread, reason.NoReport()
		}
		add(WitnessReports, n.Bucket, n.Date, state, why)
	}
	return nil
}

// witnessStates is the table of them.
func (v *View) witnessStates(ctx context.Context) (engine.Table, error) {
	t := engine.Table{Name: "witness_states",
		Columns: columns("witness", engine.Text, "bucket", engine.Text, "date", engine.Text, "state", engine.Text, "reason", engine.Text)}
	days, err := v.WitnessDays(ctx)
	for _, d := range days {
		t.Rows = append(t.Rows, []any{d.Witness, d.Bucket, d.Date, d.State, d.Reason.String()})
	}
	return t, err
}

// silentWitness says why one of the witnesses that a statement names could not speak
// about a day of a bucket; none where all could.
func (v *View) silentWitness(s *Statement, bucket, date string) reason.Reason {
	for _, d := range v.witnessDays {
		if d.Date == date && (d.Bucket == bucket || d.Bucket == "") && d.State != Spoke && s.hears(d.Witness) && d.Witness != WitnessLog {
			return d.Reason
		}
	}
	return reason.Reason{}
}
