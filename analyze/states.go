package analyze

import (
	"context"
	"fmt"
	"time"

	"bucketproof/analyze/engine"
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
	Reason                string // why it did not speak; "" where it did
}

// WitnessDays are the states of all witnesses on the days of the range. A witness that
// is not configured has one row, without bucket and date.
func (v *View) WitnessDays(ctx context.Context) ([]WitnessDay, error) {
	if v.witnessDays != nil {
		return v.witnessDays, nil
	}
	var out []WitnessDay
	add := func(witness, bucket, date, state, reason string) {
		if state == Spoke {
			reason = ""
		}
		out = append(out, WitnessDay{witness, bucket, date, state, reason})
	}
	missing := func(witness string) { add(witness, "", "", NotConfigured, "") }
	// settled is the state of what could not be read on a day: it may still come.
	settled := func(reason string, listed time.Time, d Day) string {
		switch {
		case reason == "":
			return Spoke
		case waits(listed, d) != "":
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
			reason := ""
			switch {
			case !ok, m.Failure != "":
				reason = v.metricGap(d)
			case !counted && v.covered[d.Bucket].records(d.Start, d.End) > 0: // without a request there is no data point
				reason = noPoint
			}
			add(WitnessMetrics, d.Bucket, d.Date, settled(reason, v.listed[d.Bucket], d.Day), reason)
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
	v.witnessDays = out
	return out, nil
}

// setupDays are the looks at how logging is set up. They speak from the first one on.
func (v *View) setupDays(ctx context.Context, add func(witness, bucket, date, state, reason string), missing func(string)) error {
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
			reason, state := v.setupGap(d), Spoke
			if reason != "" {
				state = Unread
			}
			add(WitnessSetup, d.Bucket, d.Date, state, reason)
		}
	}
	if !configured {
		missing(WitnessSetup)
	}
	return nil
}

// trailDays are the trail, its data events, and its digests.
func (v *View) trailDays(ctx context.Context, add func(witness, bucket, date, state, reason string), missing func(string),
	settled func(string, time.Time, Day) string) error {
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
			reason := v.trailGaps[d.Date]
			if n := asked[[2]string{d.Bucket, d.Date}]; reason == "" && n.logged > 0 && n.events == 0 {
				reason = fmt.Sprintf("no data event of the bucket, though the log has %d requests that wrote or deleted objects", n.logged)
			}
			add(WitnessData, d.Bucket, d.Date, settled(reason, v.trailListed, d.Day), reason)
		}
	}
	for _, d := range days {
		reason := v.proofGap(d.Date)
		add(WitnessDigests, "", d.Date, settled(reason, v.trailListed, d), reason)
	}
	return nil
}

// dataDay is how many requests that changed objects the log has of a bucket and day,
// and how many data events the trail.
type dataDay struct{ logged, events int64 }

func (v *asking) dataDays(ctx context.Context) (map[[2]string]dataDay, error) {
	result, err := v.ask(ctx, "data-days")
	if err != nil {
		return nil, fmt.Errorf("days of data events: %w", err)
	}
	out := map[[2]string]dataDay{}
	for _, row := range result.Rows {
		bucket, ok := row[0].(string)
		date, ok1 := row[1].(string)
		logged, ok2 := row[2].(int64)
		events, ok3 := row[3].(int64)
		if !ok || !ok1 || !ok2 || !ok3 {
			return nil, fmt.Errorf("days of data events: unexpected row %v", row)
		}
		out[[2]string{bucket, date}] = dataDay{logged, events}
	}
	return out, nil
}

// Reasons why backup reports did not speak of a night.
const (
	noReport     = "no report of the night"
	stillRunning = "only sessions that have not told their end"
)

// reportDays are what backup tools reported of the nights of the range.
func (v *View) reportDays(ctx context.Context, add func(witness, bucket, date, state, reason string)) error {
	nights, err := v.ReportedNights(ctx)
	if err != nil {
		return err
	}
	for _, n := range v.Nights {
		state, reason := Spoke, ""
		switch told := nights[[2]string{n.Bucket, n.Date}]; {
		case len(told.Unreadable) > 0:
			state, reason = Unread, redact.Text(told.Unreadable[0])
		case told.Verdict == reportRunning && told.Sessions == 0:
			state, reason = NotDue, stillRunning
		case told.Sessions == 0 && told.Running > 0:
			state, reason = Unread, stillRunning
		case told.Sessions == 0:
			state, reason = Unread, noReport
		}
		add(WitnessReports, n.Bucket, n.Date, state, reason)
	}
	return nil
}

// witnessStates is the table of them.
func (v *View) witnessStates(ctx context.Context) (engine.Table, error) {
	t := engine.Table{Name: "witness_states",
		Columns: columns("witness", engine.Text, "bucket", engine.Text, "date", engine.Text, "state", engine.Text, "reason", engine.Text)}
	days, err := v.WitnessDays(ctx)
	for _, d := range days {
		t.Rows = append(t.Rows, []any{d.Witness, d.Bucket, d.Date, d.State, d.Reason})
	}
	return t, err
}

// silentWitness says why one of the witnesses that a statement names could not speak
// about a day of a bucket, or "".
func (v *View) silentWitness(s *Statement, bucket, date string) string {
	for _, d := range v.witnessDays {
		if d.Date == date && (d.Bucket == bucket || d.Bucket == "") && d.State != Spoke && s.hears(d.Witness) && d.Witness != WitnessLog {
			return d.Reason
		}
	}
	return ""
}
