package report

import (
	"slices"
	"strings"
	"time"

	"bucketproof/analyze"
	"bucketproof/internal/reason"
	"bucketproof/internal/redact"
	"bucketproof/internal/state"
	"bucketproof/internal/tabular"
)

// finding adds the words to a finding. Check is nil for one of a check that is
// no more.
func (p *Packet) finding(f state.Finding, check *analyze.Statement) Finding {
	// What people wrote can hold a secret that they pasted; all else has passed
	// package analyze, which redacts what it returns.
	f.Cause, f.Resolution = redact.Text(f.Cause), redact.Text(f.Resolution)
	f.Events = slices.Clone(f.Events)
	for i, e := range f.Events {
		f.Events[i].Text = redact.Text(e.Text)
	}
	out := Finding{Finding: f, Title: f.Check}
	if check == nil {
		return out
	}
	key := "check." + f.Check + "."
	out.Title = p.Text.Or(key+"title", check.Title)
	out.Sentence = p.Text.Or(key+"sentence", check.Sentence, "count", f.Count, "days", p.say("days.on", "n", len(f.Days)))
	if f.Cause == "" && f.Status != state.StatusResolved && check.Draft != "" {
		out.Draft = p.Text.Or(key+"draft", check.Draft, "count", f.Count, "bucket", f.Bucket, "subject", p.subject(f), "span", p.span(f))
	}
	if f.Subject == analyze.OtherSubjects {
		out.Sentence += " " + p.say("finding.several")
	}
	return out
}

// subject is that of a finding for people. Where it is words and not a name, it
// is in the packet's language.
func (p *Packet) subject(f state.Finding) string {
	if f.Subject == analyze.OtherSubjects {
		return p.say("finding.several-subjects")
	}
	if p.worded[f.Check] {
		return p.Text.Phrase(f.Subject)
	}
	return f.Subject
}

// span is from when to when a finding was seen, as part of a sentence.
func (p *Packet) span(f state.Finding) string {
	first, last := f.First.In(p.Range.Location), f.Last.In(p.Range.Location)
	if len(f.Days) > 1 {
		return p.say("span.days", "n", len(f.Days), "first", p.Text.LongDate(first), "last", p.Text.LongDate(last))
	}
	zone := func(t time.Time) string { return p.Text.LongDate(t) + t.Format(" 15:04 MST") }
	return p.say("span.times", "first", zone(first), "last", zone(last))
}

// overdue tells whether a finding was due in the month, or before, and is open.
func (p *Packet) overdue(f Finding) bool {
	_, last := p.dates()
	return f.Status != state.StatusResolved && f.Due != "" && f.Due <= last
}

// dueText is dueName as part of a sentence about what is open.
func (p *Packet) dueText(due string) string {
	if _, last := p.dates(); due <= last {
		return p.say("first.overdue", "date", p.Text.Day(due))
	}
	return p.say("first.due", "date", p.Text.Day(due))
}

// dueName is the day on which a finding is due, and whether that has passed by
// the end of the month.
func (p *Packet) dueName(due string, open bool) string {
	_, last := p.dates()
	switch {
	case due == "":
		return "–"
	case open && due <= last:
		return p.say("finding.overdue", "date", p.Text.Day(due))
	}
	return p.Text.Day(due)
}

// since is the first day on which a finding was seen, with its year.
func (p *Packet) since(f Finding) string {
	at, err := time.Parse(time.DateOnly, f.Since)
	if err != nil {
		return f.Since
	}
	return p.Text.LongDate(at)
}

// seen is on which days of the month a finding was seen.
func (p *Packet) seen(f Finding) string {
	first, last := f.Days[0].Date, f.Days[len(f.Days)-1].Date
	if first == last {
		return p.Text.Day(first)
	}
	return p.Text.Day(first) + " – " + p.Text.Day(last)
}

// history is what people did with a finding, and when it closed or came back.
func (p *Packet) history(f Finding) string {
	var parts []string
	for _, e := range f.Events {
		if e.Actor == "" && e.Kind == "opened" || e.Kind == "noted" {
			continue
		}
		if e.Actor == "" { // by its days, not by when a check happened to run
			parts = append(parts, p.say("event.itself."+e.Kind)+" ("+p.Text.Phrase(e.Text)+")")
			continue
		}
		parts = append(parts, p.say("event."+e.Kind, "date", p.Text.LongDate(e.At.In(p.Range.Location)), "to",
			e.Text)+" "+p.say("event.by", "who", e.Actor))
	}
	return strings.Join(parts, ", ")
}

// maxSamples is how many sample records findings.csv names for a finding.
const maxSamples = 20

func (f Finding) samples() []string {
	var all []string
	for _, d := range f.Days {
		all = append(all, d.Samples...)
	}
	return all[:min(len(all), maxSamples)]
}

// who are the principals of all days, each once.
func (f Finding) who() []string {
	var all []string
	for _, d := range f.Days {
		all = append(all, d.Who...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// usual is what was to be expected on the last day; none where nothing is compared.
func (f Finding) usual() reason.Reason {
	if len(f.Days) == 0 {
		return reason.Reason{}
	}
	return f.Days[len(f.Days)-1].Expected
}

func (p *Packet) findingsTable() tabular.Table {
	t := tabular.Table{Columns: []string{"id", "check", "severity", "tenant", "bucket", "subject", "status", "count",
		"first_seen", "last_seen", "owner", "due", "sentence", "draft", "cause", "resolution", "who", "usual",
		"samples", "since", "carried_over",
		"withdrawn", "withdrawn_by", "withdrawn_at"}}
	for i, f := range slices.Concat(p.Findings, p.Carried) {
		w, _ := f.withdrawal()
		t.Rows = append(t.Rows, []any{f.ID, f.Check, f.Severity, f.Tenant, f.Bucket, f.Subject, f.Status, f.Count,
			f.First, f.Last, f.Owner, f.Due, f.Sentence, f.Draft, f.Cause, f.Resolution, strings.Join(f.who(), ", "),
			p.Text.Reason(f.usual()), f.samples(), f.Since, i >= len(p.Findings),
			w.Reason, w.By, orNoTime(w.At)})
	}
	return t
}
