package report

import (
	"slices"
	"strings"

	"bucketproof/analyze"
	"bucketproof/internal/reason"
	"bucketproof/internal/state"
)

// judge makes the verdict: attention where a night was missed or odd, or a
// check found something; otherwise not evaluated where the log has a gap, a
// configured witness did not speak, or nobody said who may do what; otherwise ok. It
// is never better than what could be seen.
func (p *Packet) judge() {
	t := p.Totals
	unknown := t.NightsUnknown > 0 || t.DaysUnknown > 0 || len(p.silentWitnesses()) > 0 || len(p.Left) > 0 || len(p.Tenant.Principals) == 0
	switch {
	case t.NightsMissed > 0 || t.NightsAttention > 0 || p.trouble() > 0 || p.carriedTrouble() > 0:
		p.Verdict = verdictAttention
	case unknown:
		p.Verdict = verdictNotEvaluated
	default:
		p.Verdict = verdictOK
	}
	p.Sentence = p.sentence(unknown)
	p.Reasons = p.reasons()
}

// sentence says the verdict in words. It counts over the nights that could be
// evaluated and always names the rest.
func (p *Packet) sentence(unknown bool) string {
	t := p.Totals
	if t.Records == 0 {
		return p.say("verdict.nothing")
	}
	parts := []string{p.nightsSentence()}
	if t.NightsMissed > 0 {
		parts = append(parts, p.say("verdict.missed", "n", t.NightsMissed))
	}
	switch n := p.otherFindings(); {
	case n > 0 && t.NightsMissed > 0:
		parts = append(parts, p.say("verdict.further", "n", n))
	case n > 0:
		parts = append(parts, p.say("verdict.open", "n", n))
	}
	if t.NightsAttention > 0 {
		parts = append(parts, p.say("verdict.odd", "n", t.NightsAttention))
	}
	if n := p.closedFindings(); n > 0 {
		parts = append(parts, p.say("verdict.closed", "n", n))
	}
	if n := len(p.Carried); n > 0 {
		parts = append(parts, p.say("verdict.carried", "n", n))
	}
	if n := p.gapDays(); n > 0 && t.NightsUnknown == 0 {
		parts = append(parts, p.say("verdict.incomplete", "n", n))
	}
	if silent := p.silentWitnesses(); len(silent) > 0 {
		parts = append(parts, p.say("verdict.witness", "n", len(silent), "names", p.witnessNames(silent)))
	}
	if len(p.Tenant.Principals) == 0 {
		parts = append(parts, p.say("verdict.unmapped"))
	}
	if n := len(p.Left); n > 0 {
		parts = append(parts, p.say("verdict.left", "n", n))
	}
	if n := p.withdrawnFindings(false); n > 0 {
		parts = append(parts, p.say("verdict.withdrawn", "n", n))
	}
	if n := p.withdrawnFindings(true); n > 0 && p.Verdict == verdictOK {
		return parts[0] + p.say("verdict.withdrawn-closed", "n", n)
	}
	if p.Verdict == verdictOK {
		return parts[0] + p.boundarySentence()
	}
	return strings.Join(parts, "; ") + "."
}

func (p *Packet) nightsSentence() string {
	t := p.Totals
	ran, evaluated := t.NightsOK+t.NightsAttention, t.Nights-t.NightsUnknown
	key := "nights.some"
	if ran == evaluated {
		key = "nights.all"
	}
	switch {
	case t.Nights == 0:
		return p.say("nights.none")
	case evaluated == 0:
		return p.say("nights.dark")
	case t.NightsUnknown > 0:
		key += "-evaluated"
	}
	if len(p.Tenant.Buckets) > 1 && evaluated > 0 {
		key += "-windows"
	}
	return p.say(key, "ran", ran, "n", evaluated, "unknown", t.NightsUnknown, "buckets", len(p.Tenant.Buckets), "nights", p.nightDates())
}

// nightDates are the dates of the month on which a window is due.
func (p *Packet) nightDates() int {
	dates := map[string]bool{}
	for _, n := range p.Nights {
		dates[n.Date] = true
	}
	return len(dates)
}

// silentWitness is a witness beside the access log with the days on which it did not
// speak.
type silentWitness struct {
	name  string
	why   reason.Reason // none where it has several
	dates []string
}

// silentWitnesses are those that are configured and did not speak on a day or of a
// night. Gaps of the access log are counted by themselves.
func (p *Packet) silentWitnesses() []silentWitness {
	var out []silentWitness
	for _, name := range analyze.AllWitnesses {
		w := silentWitness{name: name}
		for _, d := range p.Witnesses {
			if d.Witness != name || name == analyze.WitnessLog || d.State == analyze.Spoke || d.State == analyze.NotConfigured {
				continue
			}
			if !slices.Contains(w.dates, d.Date) {
				w.dates = append(w.dates, d.Date)
			}
			switch {
			case len(w.dates) == 1:
				w.why = d.Reason
			case w.why != d.Reason:
				w.why = reason.Reason{}
			}
		}
		if len(w.dates) > 0 {
			out = append(out, w)
		}
	}
	return out
}

func (p *Packet) witnessNames(list []silentWitness) string {
	names := make([]string, len(list))
	for i, w := range list {
		names[i] = p.say("witness." + verdictKey(w.name))
	}
	return p.Text.List(names, maxNamed)
}

// silence names the witnesses that did not speak, with the days and the reason.
func (p *Packet) silence() string {
	var out []string
	for _, w := range p.silentWitnesses() {
		days := make([]string, len(w.dates))
		for i, date := range w.dates {
			days[i] = p.Text.Day(date)
		}
		text := p.say("reason.silent", "name", p.say("witness."+verdictKey(w.name)), "n", len(days), "days", p.Text.List(days, maxNamed))
		if !w.why.None() {
			text += " (" + p.Text.Reason(w.why) + ")"
		}
		out = append(out, text)
	}
	if len(out) == 0 {
		return ""
	}
	return p.say("reason.witnesses", "list", strings.Join(out, "; "))
}

// boundarySentence claims no more than the checks of a packet that is ok have
// seen: it has no finding, so what they looked at is clean.
func (p *Packet) boundarySentence() string {
	if n := len(p.Suppressed); n > 0 {
		return p.say("verdict.suppressed", "n", n)
	}
	return p.say("verdict.boundary")
}

// gapDays are the dates on which the log of some bucket is incomplete.
func (p *Packet) gapDays() int {
	dates := map[string]bool{}
	for _, d := range p.Coverage {
		if !d.Gap.None() {
			dates[d.Date] = true
		}
	}
	return len(dates)
}

// dark tells whether a check finds that a witness is missing: what can't be known is
// not evaluated.
func dark(check string) bool { return check == "logs-missing" || check == "witness-silent" }

// trouble counts the findings but those that say that a witness is missing. What nothing
// shows any more counts while it is open.
func (p *Packet) trouble() int {
	n := 0
	for _, f := range p.Findings {
		if !f.settled() && (!dark(f.Check) || f.byConfiguration()) {
			n++
		}
	}
	return n
}

// otherFindings are those that are not closed and not the missed nights
// themselves.
func (p *Packet) otherFindings() int {
	n := 0
	for _, f := range p.Findings {
		if f.Check != "backup-missed" && !dark(f.Check) && f.Status != state.StatusResolved && !f.byConfiguration() {
			n++
		}
	}
	return n
}

// carriedTrouble counts the findings of earlier months but those that say that a
// witness was missing then.
func (p *Packet) carriedTrouble() int {
	n := 0
	for _, f := range p.Carried {
		if !dark(f.Check) {
			n++
		}
	}
	return n
}

func (p *Packet) closedFindings() int {
	n := 0
	for _, f := range p.Findings {
		if f.Status == state.StatusResolved {
			n++
		}
	}
	return n
}

// reasons name what the verdict rests on, the gravest first.
func (p *Packet) reasons() []string {
	var out []string
	for _, v := range []string{verdictMissed, verdictAttention, verdictNotEvaluated} {
		if s := p.nightsWith(v); s != "" {
			out = append(out, s)
		}
	}
	if left := p.leftReason(); left != "" {
		out = append(out, left)
	}
	out = append(out, p.withdrawnReasons()...)
	if grave := p.grave(); grave != "" {
		out = append(out, grave)
	}
	if gaps := p.gaps(); gaps != "" {
		out = append(out, gaps)
	}
	if silence := p.silence(); silence != "" {
		out = append(out, silence)
	}
	if silent := p.notConfigured(); silent != "" {
		out = append(out, silent)
	}
	if p.Provisional {
		out = append(out, p.say("reason.provisional"))
		if len(p.Unread) > 0 {
			out = append(out, p.say("reason.unread", "n", len(p.Unread), "names", p.Text.List(p.Unread, 2)))
		}
	}
	return out
}

// notConfigured names the checks that could look at no day of the month for
// want of configuration.
func (p *Packet) notConfigured() string {
	var checks []string
	for _, n := range p.NotEvaluated {
		if n.Reason.Cause() == reason.NotConfigured {
			if text := p.check(n.Check) + " (" + p.Text.Reason(n.Reason) + ")"; !slices.Contains(checks, text) {
				checks = append(checks, text)
			}
		}
	}
	if len(checks) == 0 {
		return ""
	}
	return p.say("reason.unchecked", "checks", strings.Join(checks, ", "))
}

// grave names the open findings of severity high, but the missed nights
// themselves.
func (p *Packet) grave() string {
	var titles []string
	for _, f := range slices.Concat(p.Findings, p.Carried) {
		if f.Severity == "high" && f.Status != state.StatusResolved && f.Check != "backup-missed" && !dark(f.Check) &&
			!f.byConfiguration() {
			if text := f.Title + " (" + p.seen(f) + ")"; !slices.Contains(titles, text) {
				titles = append(titles, text)
			}
		}
	}
	if len(titles) == 0 {
		return ""
	}
	return p.say("reason.grave", "titles", p.Text.List(titles, maxNamed))
}

// maxNamed is how many dates or names a sentence names.
const maxNamed = 4

func (p *Packet) nightsWith(verdict string) string {
	var all []string
	var why reason.Reason
	for _, n := range p.Nights {
		if n.Verdict == verdict {
			all = append(all, p.Text.Day(n.Date)+" ("+n.Bucket+")")
			if len(all) == 1 {
				why = n.Gap
			} else if why != n.Gap {
				why = reason.Reason{} // they have several
			}
		}
	}
	if len(all) == 0 {
		return ""
	}
	text := p.say("verdict.label."+verdictKey(verdict)) + ": " + p.Text.List(all, maxNamed)
	if !why.None() {
		text += ", " + p.Text.Reason(why)
	}
	return text + "."
}

// verdictKey is a verdict as a part of a message's key.
func verdictKey(verdict string) string { return strings.ToLower(strings.ReplaceAll(verdict, " ", "-")) }

func (p *Packet) gaps() string {
	var dates []string
	for _, d := range p.Coverage {
		if !d.Gap.None() && !slices.Contains(dates, p.Text.Day(d.Date)) {
			dates = append(dates, p.Text.Day(d.Date))
		}
	}
	if len(dates) == 0 {
		return ""
	}
	return p.say("reason.gaps", "days", p.Text.List(dates, maxNamed))
}
