package report

import (
	"fmt"
	"slices"
	"strings"

	"bucketproof/internal/state"
)

// judge makes the verdict: attention where a night was missed or odd, or a
// check found something; otherwise not evaluated where the log has a gap;
// otherwise ok. It is never better than what could be seen.
func (p *Packet) judge() {
	t := p.Totals
	unknown := t.NightsUnknown > 0 || t.DaysUnknown > 0
	switch {
	case t.NightsMissed > 0 || t.NightsAttention > 0 || p.trouble() > 0:
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
		return "Nothing could be evaluated: the log holds no record of this month."
	}
	parts := []string{p.nightsSentence()}
	if t.NightsMissed > 0 {
		parts = append(parts, count(t.NightsMissed, "night was missed", "nights were missed"))
	}
	switch n := p.otherFindings(); {
	case n > 0 && t.NightsMissed > 0:
		parts = append(parts, count(n, "further finding needs a look", "further findings need a look"))
	case n > 0:
		parts = append(parts, count(n, "finding needs a look", "findings need a look"))
	case t.NightsMissed == 0 && t.NightsAttention > 0:
		parts = append(parts, count(t.NightsAttention, "night needs a look", "nights need a look"))
	}
	if n := p.closedFindings(); n > 0 {
		parts = append(parts, count(n, "finding is closed", "findings are closed"))
	}
	if unknown && t.NightsUnknown == 0 {
		parts = append(parts, "on "+count(p.gapDays(), "day the log is incomplete", "days the log is incomplete")+" and nothing can be said about it")
	}
	if p.Verdict == verdictOK {
		return parts[0] + ", and " + p.boundarySentence()
	}
	return strings.Join(parts, "; ") + "."
}

func (p *Packet) nightsSentence() string {
	t := p.Totals
	ran, evaluated := t.NightsOK+t.NightsAttention, t.Nights-t.NightsUnknown
	unevaluated := "; " + count(t.NightsUnknown, "night could not be evaluated", "nights could not be evaluated")
	switch {
	case t.Nights == 0:
		return "No backup window lies in this month"
	case evaluated == 0:
		return "No night could be evaluated, because the log is incomplete"
	case t.NightsUnknown > 0 && ran == evaluated:
		return "Backups ran on " + all(evaluated, "evaluated night", "evaluated nights") + unevaluated
	case t.NightsUnknown > 0:
		return fmt.Sprintf("Backups ran on %s of %s", integer(int64(ran)), count(evaluated, "evaluated night", "evaluated nights")) + unevaluated
	case ran == t.Nights:
		return "Backups ran on " + all(t.Nights, "night", "nights")
	}
	return fmt.Sprintf("Backups ran on %s of %s", integer(int64(ran)), count(t.Nights, "night", "nights"))
}

func all(n int, one, many string) string {
	if n == 1 {
		return "the only " + one
	}
	return "all " + count(n, one, many)
}

// boundarySentence claims no more than the checks of a packet that is ok have
// seen: it has no finding, so what they looked at is clean.
func (p *Packet) boundarySentence() string {
	if len(p.Tenant.Principals) == 0 {
		return "only approved prefixes were touched; by whom was not checked, because no principal is configured."
	}
	return "only approved principals touched only approved prefixes."
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
// missing: what can't be known is not evaluated.
func (p *Packet) trouble() int {
	n := 0
	for _, f := range p.Findings {
		if f.Check != "logs-missing" {
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
		if f.Check != "backup-missed" && f.Check != "logs-missing" && f.Status != state.StatusResolved {
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
	if gaps := p.gaps(); gaps != "" {
		out = append(out, gaps)
	}
	if silent := p.notConfigured(); silent != "" {
		out = append(out, silent)
	}
	return out
}

// notConfigured names the checks that could look at no day of the month for
// want of configuration.
func (p *Packet) notConfigured() string {
	var checks []string
	for _, n := range p.NotEvaluated {
		if strings.HasSuffix(n.Reason, "is configured") || strings.HasSuffix(n.Reason, "is not configured") {
			if text := n.Check + " (" + n.Reason + ")"; !slices.Contains(checks, text) {
				checks = append(checks, text)
			}
		}
	}
	if len(checks) == 0 {
		return ""
	}
	return "Not checked: " + strings.Join(checks, ", ") + "."
}

// maxNamed is how many dates a sentence names.
const maxNamed = 4

func (p *Packet) nightsWith(verdict string) string {
	var all []string
	reason := ""
	for _, n := range p.Nights {
		if n.Verdict == verdict {
			all = append(all, dateName(n.Date)+" ("+n.Bucket+")")
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
	text := strings.ToUpper(verdict[:1]) + verdict[1:] + ": " + enumerate(all)
	if reason != "" {
		text += ", " + reason
	}
	return text + "."
}

func (p *Packet) gaps() string {
	var dates []string
	for _, d := range p.Coverage {
		if d.Gap != "" && !slices.Contains(dates, dateName(d.Date)) {
			dates = append(dates, dateName(d.Date))
		}
	}
	if len(dates) == 0 {
		return ""
	}
	return "Log incomplete: " + enumerate(dates) + "."
}

func enumerate(list []string) string {
	if len(list) > maxNamed {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:maxNamed], ", "), len(list)-maxNamed)
	}
	return strings.Join(list, ", ")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return integer(int64(n)) + " " + many
}
