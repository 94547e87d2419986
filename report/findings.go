package report

import (
	"slices"
	"strings"
	"time"

	"bucketproof/analyze"
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

// wordSubjects are the checks whose subjects are words of theirs; those of the
// others are names from the log, which nothing translates.
var wordSubjects = []string{"anonymous-access", "backup-missed", "backup-report-mismatch", "backup-volume", "bucket-configuration-changed", "delete-spike",
	"error-rate", "insecure-transport", "logs-missing", "rejected-lines"}

// subject is that of a finding for people. Where it is words and not a name, it
// is in the packet's language.
func (p *Packet) subject(f state.Finding) string {
	if f.Subject == analyze.OtherSubjects {
		return p.say("finding.several-subjects")
	}
	if slices.Contains(wordSubjects, f.Check) {
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
		text := p.say("event."+e.Kind, "date", p.Text.LongDate(e.At.In(p.Range.Location)), "to", e.Text)
		if e.Actor != "" {
			text += " " + p.say("event.by", "who", e.Actor)
		}
		parts = append(parts, text)
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

// usual is what was to be expected on the last day; "" where nothing is compared.
func (f Finding) usual() string {
	if len(f.Days) == 0 {
		return ""
	}
	return f.Days[len(f.Days)-1].Expected
}

func (p *Packet) findingsTable() tabular.Table {
	t := tabular.Table{Columns: []string{"id", "check", "severity", "tenant", "bucket", "subject", "status", "count", "first_seen", "last_seen", "owner", "due", "sentence", "draft", "cause", "resolution", "who", "usual", "samples"}}
	for _, f := range p.Findings {
		t.Rows = append(t.Rows, []any{f.ID, f.Check, f.Severity, f.Tenant, f.Bucket, f.Subject, f.Status, f.Count, f.First, f.Last, f.Owner, f.Due, f.Sentence, f.Draft, f.Cause, f.Resolution, strings.Join(f.who(), ", "), p.Text.Phrase(f.usual()), f.samples()})
	}
	return t
}
