package report

import (
	"cmp"
	"slices"

	"bucketproof/analyze"
	"bucketproof/report/draw"
)

// Completeness is by how much witnesses that do not know of each other agree. What is
// nil is not measurable: it is not configured, or there was nothing to measure.
type Completeness struct {
	Trail   *TrailShare  `json:"access_log_and_cloudtrail"`
	Digests *Proof       `json:"cloudtrail_digests"`
	Metrics *MetricShare `json:"access_log_and_cloudwatch"`
}

// TrailShare is what access log and CloudTrail have of the same requests, on days on
// which the trail has data events of a bucket.
type TrailShare struct {
	InBoth      int64 `json:"in_both"`
	Disagreeing int64 `json:"disagreeing"` // of those in both
	OnlyLog     int64 `json:"only_in_access_log"`
	OnlyTrail   int64 `json:"only_in_cloudtrail"`
	Known       int64 `json:"in_one_for_a_known_reason"` // beside the others
	Days        int   `json:"bucket_days"`
	Of          int   `json:"of_bucket_days"`
}

// All is what both could have.
func (s *TrailShare) All() int64 { return s.InBoth + s.OnlyLog + s.OnlyTrail }

// Proof is how much of the month the digests of CloudTrail prove.
type Proof struct {
	Digests       int64 `json:"digests"`
	DigestsValid  int64 `json:"digests_valid"`
	LogFiles      int64 `json:"log_files"`
	LogFilesValid int64 `json:"log_files_valid"`
	Whole         int64 `json:"seconds"` // of the days that were looked at, once for each trail
	Proven        int64 `json:"seconds_proven"`
	Problems      int64 `json:"problems"`
}

// MetricShare is what CloudWatch counted and the access log holds, on days for which
// CloudWatch has figures.
type MetricShare struct {
	Requests int64 `json:"requests_in_access_log"`
	Counted  int64 `json:"requests_counted_by_cloudwatch"`
	Days     int   `json:"bucket_days"`
	Of       int   `json:"of_bucket_days"`
	// The sums of each day's lower and higher figure, so that days do not make up for
	// each other.
	Less, More int64 `json:"-"`
}

// addCompleteness sums up what the witnesses tell.
func (p *Packet) addCompleteness() error {
	for _, q := range []struct {
		name string
		add  func(p *Packet) error
	}{{"log-and-trail", (*Packet).addTrailShare}, {"trail-integrity", (*Packet).addProof}, {"log-and-metrics", (*Packet).addMetricShare}} {
		if p.table(q.name) == nil {
			continue // the configuration does not ask for it
		}
		if err := q.add(p); err != nil {
			return err
		}
	}
	return nil
}

func (p *Packet) addTrailShare() error {
	rows, err := rowsOfQuery[struct {
		InBoth      int64    `column:"in_both"`
		Disagreeing int64    `column:"disagreeing"`
		OnlyLog     int64    `column:"only_log"`
		OnlyTrail   int64    `column:"only_trail"`
		Known       int64    `column:"known"`
		Share       *float64 `column:"share_percent"` // nil where it is not measurable on that day
	}](p, "log-and-trail")
	share := &TrailShare{Of: p.Totals.BucketDays}
	for _, r := range rows {
		if r.Share == nil {
			continue
		}
		share.Days++
		share.InBoth += r.InBoth
		share.Disagreeing += r.Disagreeing
		share.OnlyLog += r.OnlyLog
		share.OnlyTrail += r.OnlyTrail
		share.Known += r.Known
	}
	if share.Days > 0 {
		p.Completeness.Trail = share
	}
	return err
}

func (p *Packet) addProof() error {
	rows, err := rowsOfQuery[struct {
		Trail         string `column:"trail"` // "" for days on which nothing was looked at
		Digests       int64  `column:"digests"`
		DigestsValid  int64  `column:"digests_valid"`
		LogFiles      int64  `column:"log_files"`
		LogFilesValid int64  `column:"log_files_valid"`
		Whole         int64  `column:"whole_s"`
		Proven        int64  `column:"proven_s"`
		Problems      int64  `column:"problems"`
	}](p, "trail-integrity")
	proof := &Proof{}
	for _, r := range rows {
		if r.Trail == "" && r.Problems == 0 {
			continue
		}
		proof.Digests += r.Digests
		proof.DigestsValid += r.DigestsValid
		proof.LogFiles += r.LogFiles
		proof.LogFilesValid += r.LogFilesValid
		proof.Whole += r.Whole
		proof.Proven += r.Proven
		proof.Problems += r.Problems
	}
	if proof.Whole > 0 {
		p.Completeness.Digests = proof
	}
	return err
}

func (p *Packet) addMetricShare() error {
	rows, err := rowsOfQuery[struct {
		Requests int64  `column:"requests"`
		Counted  *int64 `column:"counted"` // nil where CloudWatch has no figure
		Verdict  string `column:"verdict"`
	}](p, "log-and-metrics")
	share := &MetricShare{Of: p.Totals.BucketDays}
	for _, r := range rows {
		p.metricsDiffer = p.metricsDiffer || r.Verdict == verdictAttention
		if r.Counted == nil {
			continue
		}
		share.Days++
		share.Requests += r.Requests
		share.Counted += *r.Counted
		share.Less += min(r.Requests, *r.Counted)
		share.More += max(r.Requests, *r.Counted)
	}
	if share.Days > 0 {
		p.Completeness.Metrics = share
	}
	return err
}

// completeness says how complete the records are, by witnesses that do not know of each
// other.
func (d *pages) completeness(s section) error {
	p := d.p
	d.begin(s, 40)
	none := func(key string) draw.Cell { return draw.Cell{Text: p.say("completeness." + key), Mark: draw.Unknown} }
	mark := func(ok bool) draw.Mark {
		if ok {
			return draw.OK
		}
		return draw.Attention
	}
	t, c := p.Totals, p.Completeness
	rows := [][]draw.Cell{{{Text: p.say("completeness.log")},
		{Text: p.Text.Percent(int64(t.BucketDays-t.DaysUnknown), int64(t.BucketDays)), Mark: mark(t.DaysUnknown == 0)},
		{Text: p.say("completeness.log-says", "n", t.BucketDays-t.DaysUnknown, "all", t.BucketDays)}}}
	trail := []draw.Cell{{Text: p.say("completeness.trail")}, none("none"), {Text: p.say("completeness.trail-none")}}
	switch x := c.Trail; {
	case x != nil:
		trail[1] = draw.Cell{Text: p.Text.Percent(x.InBoth, x.All()), Mark: mark(x.OnlyLog+x.OnlyTrail+x.Disagreeing == 0)}
		trail[2].Text = p.say("completeness.trail-says", "both", x.InBoth, "all", x.All(), "log", x.OnlyLog, "trail",
			x.OnlyTrail, "disagreeing", x.Disagreeing, "known", x.Known, "days", x.Days, "of", x.Of)
	case p.Tenant.CloudTrail.Scheme != "":
		trail[2].Text = p.say("completeness.trail-dark")
	}
	digests := []draw.Cell{{Text: p.say("completeness.digests")}, none("none"), {Text: p.say("completeness.digests-none")}}
	switch x := c.Digests; {
	case x != nil:
		digests[1] = draw.Cell{Text: p.Text.Percent(x.Proven, x.Whole), Mark: mark(x.Problems == 0 && x.Proven == x.Whole)}
		digests[2].Text = p.say("completeness.digests-says", "valid", x.DigestsValid, "digests", x.Digests, "sound",
			x.LogFilesValid, "files", x.LogFiles, "problems", x.Problems)
	case p.Tenant.CloudTrail.Scheme != "":
		digests[2].Text = p.say("completeness.digests-dark")
	}
	metrics := []draw.Cell{{Text: p.say("completeness.metrics")}, none("none"), {Text: p.say("completeness.metrics-none")}}
	switch x := c.Metrics; {
	case x != nil:
		metrics[1] = draw.Cell{Text: p.Text.Percent(x.Less, x.More), Mark: mark(!p.metricsDiffer)}
		metrics[2].Text = p.say("completeness.metrics-says", "log", x.Requests, "counted", x.Counted, "days", x.Days, "of", x.Of)
	case p.Tenant.HasMetrics():
		metrics[2].Text = p.say("completeness.metrics-dark")
	}
	d.Draw(d.NewTable(draw.Column{Head: p.say("head.witness"), Width: 50},
		draw.Column{Head: p.say("head.figure"), Width: 26}, draw.Column{Head: p.say("head.says"), Width: 106}),
		append(rows, trail, digests, metrics))
	d.Note(p.say("completeness.note"))
	d.Space(2)
	return d.placed(s)
}

// placed prints the queries that have their place in a section.
func (d *pages) placed(s section) error {
	var here []*analyze.Statement
	for _, t := range d.p.Tables {
		if place := t.Statement.Place; place.Section == s.id && !place.ByCode {
			here = append(here, t.Statement)
		}
	}
	slices.SortStableFunc(here, func(a, b *analyze.Statement) int { return cmp.Compare(a.Place.Number, b.Place.Number) })
	for _, q := range here {
		if err := d.query(q.Name); err != nil {
			return err
		}
	}
	return nil
}

// dual shows access log and trail side by side.
func (d *pages) dual(s section) error {
	p := d.p
	d.begin(s, 30)
	if p.Tenant.CloudTrail.Scheme == "" {
		d.Text(p.say("completeness.trail-none"))
		return nil
	}
	d.Text(p.say("dual.note"))
	d.Space(2)
	return d.placed(s)
}

// configuration lists who changed what.
func (d *pages) configuration(s section) error {
	p := d.p
	d.begin(s, 30)
	if p.Tenant.CloudTrail.Scheme == "" {
		d.Text(p.say("configuration.none"))
		return nil
	}
	approved := p.say("configuration.no-file")
	if p.Tenant.ApprovedChanges != "" {
		approved = p.say("configuration.file")
	}
	d.Text(p.say("configuration.note") + " " + approved)
	d.Space(2)
	return d.placed(s)
}
