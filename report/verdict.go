package report

import (
	"slices"
	"strings"

	"bucketproof/internal/state"
)

// judge makes the verdict: attention where a night was missed or odd, or a
// check found something; otherwise not evaluated where the log has a gap;
// otherwise ok. It is never better than what could be seen.
func (p *Packet) judge() {
	t := p.Totals
	unknown := t.NightsUnknown > 0 || t.DaysUnknown > 0 || len(p.Left) > 0
	switch {
	case t.NightsMissed > 0 || t.NightsAttention > 0 || p.trouble() > 0 || len(p.Carried) > 0:
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
	case t.NightsMissed == 0 && t.NightsAttention > 0:
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
	return p.say(key, "ran", ran, "n", evaluated, "unknown", t.NightsUnknown)
}

// boundarySentence claims no more than the checks of a packet that is ok have
// seen: it has no finding, so what they looked at is clean.
func (p *Packet) boundarySentence() string {
	if n := len(p.Suppressed); n > 0 {
		return p.say("verdict.suppressed", "n", n)
	}
	if len(p.Tenant.Principals) == 0 {
		return p.say("verdict.boundary-unchecked")
	}
	return p.say("verdict.boundary")
}

// gapDays are the dates on which the log of some bucket is incomplete.
func (p *Packet) gapDays() int {
	dates := map[string]bool{}
	for _, d := range p.Coverage {
		if d.Gap != "" {
			dates[d.Date] = true
		}
	}
	return len(dates)
}

// trouble counts the findings but those that say that the log itself is
// missing: what can't be known is not evaluated. What nothing shows any more counts
// while it is open.
func (p *Packet) trouble() int {
	n := 0
	for _, f := range p.Findings {
		if !f.settled() && (f.Check != "logs-missing" || f.byConfiguration()) {
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
		if f.Check != "backup-missed" && f.Check != "logs-missing" && f.Status != state.StatusResolved && !f.byConfiguration() {
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
		if strings.HasSuffix(n.Reason, "is configured") || strings.HasSuffix(n.Reason, "is not configured") {
			if text := p.check(n.Check) + " (" + p.Text.Phrase(n.Reason) + ")"; !slices.Contains(checks, text) {
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
		if f.Severity == "high" && f.Status != state.StatusResolved && f.Check != "backup-missed" && f.Check != "logs-missing" && !f.byConfiguration() {
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
	reason := ""
	for _, n := range p.Nights {
		if n.Verdict == verdict {
			all = append(all, p.Text.Day(n.Date)+" ("+n.Bucket+")")
			if len(all) == 1 {
				reason = n.Gap
			} else if reason != n.Gap {
				reason = "" // they have several
			}
		}
	}
	if len(all) == 0 {
		return ""
	}
	text := p.say("verdict.label."+verdictKey(verdict)) + ": " + p.Text.List(all, maxNamed)
	if reason != "" {
		text += ", " + p.Text.Phrase(reason)
	}
	return text + "."
}

// verdictKey is a verdict as a part of a message's key.
func verdictKey(verdict string) string { return strings.ReplaceAll(verdict, " ", "-") }

func (p *Packet) gaps() string {
	var dates []string
	for _, d := range p.Coverage {
		if d.Gap != "" && !slices.Contains(dates, p.Text.Day(d.Date)) {
			dates = append(dates, p.Text.Day(d.Date))
		}
	}
	if len(dates) == 0 {
		return ""
	}
	return p.say("reason.gaps", "days", p.Text.List(dates, maxNamed))
}
