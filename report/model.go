package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"bucketproof/internal/tabular"
)

// Model is packet.json: all that the packet says, for programs. Its form is
// docs/packet.schema.json.
type Model struct {
	SchemaVersion int               `json:"schema_version"`
	Tenant        ManifestTenant    `json:"tenant"`
	Period        ManifestPeriod    `json:"period"`
	Language      string            `json:"language"`
	Signed        bool              `json:"signed"`
	Revision      int               `json:"revision"`
	Supersedes    *Superseded       `json:"supersedes"`
	Causes        []string          `json:"causes"`
	Changes       []Change          `json:"changes"`
	Tool          ManifestTool      `json:"tool"`
	Verdict       string            `json:"verdict"`
	Provisional   bool              `json:"provisional"`
	Sentence      string            `json:"sentence"`
	Reasons       []string          `json:"reasons"`
	Totals        Totals            `json:"totals"`
	Previous      *ModelPrevious    `json:"previous"`
	Logging       []ModelLogging    `json:"logging"`
	Completeness  Completeness      `json:"completeness"`
	Principals    []ModelPrincipal  `json:"principals"`
	Unmapped      []Unmapped        `json:"unmapped"`
	UnmappedMore  int64             `json:"unmapped_more"` // that are not among them
	Approved      []ModelBucket     `json:"approved"`
	Nights        []ModelNight      `json:"nights"`
	Trends        []ModelTrend      `json:"trends"`
	Witnesses     []ModelWitness    `json:"witnesses"`
	Days          []Day             `json:"days"`
	Hours         [7][24]int64      `json:"requests_by_weekday_and_hour"`
	Findings      []ModelFinding    `json:"findings"`
	Suppressed    []ModelSuppressed `json:"suppressed"`
	NotEvaluated  []ManifestSilence `json:"not_evaluated"`
	Unasked       []string          `json:"checks_not_configured"`
	Deliveries    []Delivery        `json:"deliveries"`
	Downloads     []Download        `json:"downloads"`
	OwnReads      []OwnReads        `json:"own_reads"`
	Actions       []Action          `json:"actions"`
	Left          []Left            `json:"left_buckets"` // that the configuration has no more
	Controls      []ModelControl    `json:"controls"`
	Tables        []ModelTable      `json:"tables"`
	Sources       ManifestSources   `json:"sources"`
	Files         []ModelListed     `json:"files"`
}

// ModelPrevious are the totals of the month before, as far as they are compared.
type ModelPrevious struct {
	Month  string                 `json:"month"`
	Totals map[string]json.Number `json:"totals"`
}

// ModelLogging is whether the log of a bucket arrives. Times are null where
// there is no log object.
type ModelLogging struct {
	Logging
	First  *time.Time `json:"first_log_object"`
	Newest *time.Time `json:"newest_log_object"`
}

// ModelPrincipal is a line of the identity mapping.
type ModelPrincipal struct {
	Match string `json:"match"`
	Name  string `json:"name"`
	Role  string `json:"role"`
}

// ModelBucket is what is approved in a bucket.
type ModelBucket struct {
	Bucket     string   `json:"bucket"`
	Prefixes   []string `json:"prefixes"`
	Start      string   `json:"window_start"`
	End        string   `json:"window_end"`
	Days       []string `json:"window_days"`
	MinObjects int64    `json:"min_objects"`
	Owner      string   `json:"owner"` // who is responsible; "" for nobody
}

// ModelNight is a backup window.
type ModelNight struct {
	Bucket  string    `json:"bucket"`
	Date    string    `json:"date"`
	Start   time.Time `json:"start"`
	End     time.Time `json:"end"`
	Verdict string    `json:"verdict"`
	Bytes   int64     `json:"bytes_written"`
	Reason  string    `json:"reason"` // why it is not evaluated
}

// ModelTrend is the median night of a bucket in the month, or in one of the six before it.
type ModelTrend struct {
	Bucket string `json:"bucket"`
	Month  string `json:"month"`
	Nights int    `json:"nights"` // evaluated ones with a backup
	Bytes  int64  `json:"median_bytes"`
}

// ModelWitness is the state of a witness on a day, or of backup reports on a night.
// Bucket is "" where it speaks of all; of one that is not configured date is "", too.
type ModelWitness struct {
	Witness string `json:"witness"`
	Bucket  string `json:"bucket"`
	Date    string `json:"date"`
	State   string `json:"state"`
	Reason  string `json:"reason"` // why it did not speak
}

// ModelFinding is a finding of the month.
type ModelFinding struct {
	ID         string       `json:"id"`
	Check      string       `json:"check"`
	Title      string       `json:"title"`
	Severity   string       `json:"severity"`
	Bucket     string       `json:"bucket"`
	Subject    string       `json:"subject"`
	Status     string       `json:"status"`
	Count      int64        `json:"count"`
	First      time.Time    `json:"first_seen"`
	Last       time.Time    `json:"last_seen"`
	Dates      []string     `json:"dates"`
	Since      string       `json:"since"`        // the first day ever
	Carried    bool         `json:"carried_over"` // of an earlier month; the dates are of it
	Owner      string       `json:"owner"`
	Due        string       `json:"due"`
	Sentence   string       `json:"sentence"`
	Draft      string       `json:"draft"`
	Cause      string       `json:"cause"`
	Resolution string       `json:"resolution"`
	Who        []string     `json:"who"`
	Usual      string       `json:"usual"`
	Samples    []string     `json:"samples"`
	Events     []ModelEvent `json:"events"`
	// Withdrawn is why no check shows it any more on the WithdrawnDates: configuration,
	// program or checked; "" where it is shown. By and at tell of the configuration.
	Withdrawn      string     `json:"withdrawn"`
	WithdrawnBy    string     `json:"withdrawn_by"`
	WithdrawnAt    *time.Time `json:"withdrawn_at"`
	WithdrawnDates []string   `json:"withdrawn_dates"`
	Unchecked      []string   `json:"unchecked_dates"` // at which its check has not looked since what it lacked came in
}

// ModelEvent is a line of a finding's history.
type ModelEvent struct {
	At    *time.Time `json:"at"` // null for what bucketproof did itself
	Actor string     `json:"actor"`
	Kind  string     `json:"kind"`
	Text  string     `json:"text"`
}

// ModelSuppressed is what the configuration kept from becoming a finding.
type ModelSuppressed struct {
	Check   string `json:"check"`
	Bucket  string `json:"bucket"`
	Subject string `json:"subject"`
	Count   int64  `json:"count"`
	Reason  string `json:"reason"`
	Until   string `json:"until"`
}

// ModelControl is a control with the sections that support it.
type ModelControl struct {
	Framework string   `json:"framework"`
	ID        string   `json:"id"`
	About     string   `json:"about"`
	Sections  []string `json:"sections"`
	Supports  string   `json:"supports"`
	Limits    string   `json:"does_not_prove"`
	Source    string   `json:"wording_checked_against"`
}

// ModelTable is the answer of a saved query. A row has a value for each column:
// text, a number, true or false, a time in UTC, or null.
type ModelTable struct {
	ManifestQuery
	Columns []string `json:"columns"`
	Data    [][]any  `json:"data"`
}

// ModelListed is a file beside packet.json that is attached to the PDF.
type ModelListed struct {
	Path     string `json:"path"`
	Attached string `json:"attached_as"`
	Size     int    `json:"size"`
	SHA256   string `json:"sha256"`
}

// model makes packet.json. It names the files that were made before it.
func (p *Packet) model(files []File) ([]byte, error) {
	head, err := p.manifest(nil)
	if err != nil {
		return nil, err
	}
	m := Model{
		SchemaVersion: SchemaVersion, Tenant: head.Tenant, Period: head.Period, Language: p.Text.Name,
		Signed: p.Signed, Revision: head.Revision, Supersedes: head.Supersedes,
		Causes: head.Causes, Changes: head.Changes, Tool: head.Tool, Verdict: p.Verdict, Provisional: p.Provisional,
		Sentence: p.Sentence, Reasons: orEmpty(p.Reasons),
		Totals: p.Totals, Completeness: p.Completeness, Unmapped: orEmpty(p.Unmapped), UnmappedMore: p.UnmappedMore,
		Days: orEmpty(p.Days), Hours: p.Hours, NotEvaluated: head.NotEvaluated, Unasked: orEmpty(p.Unasked),
		Deliveries: orEmpty(p.Deliveries), Downloads: orEmpty(p.Downloads), Left: orEmpty(p.Left),
		OwnReads: orEmpty(p.OwnReads), Actions: orEmpty(p.Actions), Sources: head.Sources,
		Logging: []ModelLogging{}, Principals: []ModelPrincipal{}, Nights: []ModelNight{}, Trends: []ModelTrend{},
		Witnesses: []ModelWitness{}, Findings: []ModelFinding{}, Suppressed: []ModelSuppressed{},
	}
	if p.Previous != nil {
		totals, err := totalsByName(p.Previous.Totals)
		if err != nil {
			return nil, err
		}
		for _, people := range []string{"findings_open", "findings_resolved", "findings_carried_over", "findings_overdue", "rejected"} {
			delete(totals, people)
		}
		m.Previous = &ModelPrevious{Month: p.Previous.Month, Totals: totals}
	}
	for _, l := range p.Logging {
		m.Logging = append(m.Logging, ModelLogging{l, orNil(l.First), orNil(l.Newest)})
	}
	for _, x := range p.Tenant.Principals {
		m.Principals = append(m.Principals, ModelPrincipal(x))
	}
	for _, b := range p.Tenant.Buckets {
		m.Approved = append(m.Approved,
			ModelBucket{Bucket: b.Name, Prefixes: b.Prefixes, Start: b.Window.Start.String(),
				End: b.Window.End.String(), Days: dayNames(b.Window.Days), MinObjects: b.MinObjects,
				Owner: p.Tenant.BucketOwner(b.Name)})
	}
	for _, b := range p.Tenant.Buckets {
		for _, t := range p.Trends[b.Name] {
			m.Trends = append(m.Trends, ModelTrend{b.Name, t.Month, t.Nights, int64(t.Bytes)})
		}
	}
	for _, w := range p.Witnesses {
		m.Witnesses = append(m.Witnesses, ModelWitness{w.Witness, w.Bucket, w.Date, w.State, w.Reason.String()})
	}
	for _, n := range p.Nights {
		m.Nights = append(m.Nights, ModelNight{Bucket: n.Bucket, Date: n.Date, Start: n.Start.UTC(), End: n.End.UTC(),
			Verdict: n.Verdict, Bytes: n.Bytes, Reason: n.Gap.String()})
	}
	for i, f := range slices.Concat(p.Findings, p.Carried) {
		out := f.model()
		out.Carried = i >= len(p.Findings)
		m.Findings = append(m.Findings, out)
	}
	for _, s := range p.Suppressed {
		m.Suppressed = append(m.Suppressed,
			ModelSuppressed{Check: s.Check, Bucket: s.Bucket, Subject: s.Subject, Count: s.Count, Reason: s.Reason, Until: s.Until})
	}
	mapping, err := controls()
	if err != nil {
		return nil, err
	}
	for _, c := range mapping {
		w := c.Words[p.Text.Name]
		m.Controls = append(m.Controls,
			ModelControl{Framework: c.Framework, ID: c.ID, About: w.About, Sections: c.Sections, Supports: w.Supports,
				Limits: w.Limits, Source: c.Source})
	}
	for i, q := range p.queryList() {
		t := p.Tables[i]
		rows := make([][]any, len(t.Rows))
		for j, row := range t.Rows {
			rows[j] = make([]any, len(row))
			for k, v := range row {
				rows[j][k] = tabular.JSONValue(v)
			}
		}
		m.Tables = append(m.Tables, ModelTable{ManifestQuery: q, Columns: t.Columns, Data: rows})
	}
	for _, f := range files {
		m.Files = append(m.Files, ModelListed{Path: f.Path, Attached: attachedName(f.Path), Size: len(f.Body), SHA256: f.SHA256})
	}
	return encode(m)
}

func (f Finding) model() ModelFinding {
	m := ModelFinding{ID: f.ID, Check: f.Check, Title: f.Title, Severity: f.Severity, Bucket: f.Bucket,
		Subject: f.Subject, Status: f.Status, Count: f.Count,
		First: f.First.UTC(), Last: f.Last.UTC(), Owner: f.Owner, Due: f.Due, Sentence: f.Sentence, Draft: f.Draft,
		Cause: f.Cause, Resolution: f.Resolution,
		Since: f.Since, Who: orEmpty(f.who()), Usual: f.usual().String(), Samples: orEmpty(f.samples()),
		Dates: []string{}, Events: []ModelEvent{}}
	w, dates := f.withdrawal()
	m.Withdrawn, m.WithdrawnBy, m.WithdrawnAt, m.WithdrawnDates = w.Reason, w.By, orNil(w.At), orEmpty(dates)
	m.Unchecked = orEmpty(f.Unchecked)
	for _, d := range f.Days {
		m.Dates = append(m.Dates, d.Date)
	}
	for _, e := range f.Events {
		at := orNil(e.At)
		if e.Actor == "" {
			at = nil // when a check happened to run is no part of what it found
		}
		m.Events = append(m.Events, ModelEvent{At: at, Actor: e.Actor, Kind: e.Kind, Text: e.Text})
	}
	return m
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func dayNames(days [7]bool) []string {
	var out []string
	for i, name := range []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} {
		if days[i] {
			out = append(out, name)
		}
	}
	return out
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
