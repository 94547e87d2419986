package report

import (
	"fmt"
	"slices"
	"strings"
)

// judge makes the verdict: attention where a night was missed or odd, or a
// check found something; otherwise not evaluated where the log has a gap;
// otherwise ok. It is never better than what could be seen.
func (p *Packet) judge() {
	t := p.Totals
	unknown := t.NightsUnknown > 0 || t.DaysUnknown > 0
	switch {
	case t.NightsMissed > 0 || t.NightsAttention > 0 || t.Findings > 0:
		p.Verdict = verdictAttention
	case unknown:
		p.Verdict = verdictNotEvaluated
	default:
		p.Verdict = verdictOK
	}
	p.Sentence = p.sentence(unknown)
	p.Reasons = p.reasons()
}

func (p *Packet) sentence(unknown bool) string {
	t := p.Totals
	ran := t.NightsOK + t.NightsAttention
	if t.Records == 0 {
		return "Nothing could be evaluated: the log holds no record of this month."
	}
	nights := fmt.Sprintf("Backups ran on %d of %s", ran, count(t.Nights, "night", "nights"))
	if ran == t.Nights {
		nights = fmt.Sprintf("Backups ran on all %s", count(t.Nights, "night", "nights"))
	}
	if t.Nights == 0 {
		nights = "No backup window lies in this month"
	}
	switch {
	case p.Verdict == verdictOK:
		return nights + ", and only approved principals touched only approved prefixes."
	case p.Verdict == verdictNotEvaluated:
		return nights + "; for the rest the log is incomplete, so nothing can be said about it."
	}
	var parts []string
	if t.NightsMissed > 0 {
		parts = append(parts, count(t.NightsMissed, "night was missed", "nights were missed"))
	}
	if n := p.otherFindings(); n > 0 {
		parts = append(parts, count(n, "further finding needs a look", "further findings need a look"))
		if t.NightsMissed == 0 {
			parts[len(parts)-1] = count(n, "finding needs a look", "findings need a look")
		}
	}
	if len(parts) == 0 {
		parts = append(parts, count(t.NightsAttention, "night needs a look", "nights need a look"))
	}
	text := nights + "; " + strings.Join(parts, ", ")
	if unknown {
		text += ", and part of the log is incomplete"
	}
	return text + "."
}

// otherFindings are those that are not the missed nights themselves.
func (p *Packet) otherFindings() int {
	n := 0
	for _, f := range p.Findings {
		if f.Check != "backup-missed" {
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
	return out
}

// maxNamed is how many dates a sentence names.
const maxNamed = 4

func (p *Packet) nightsWith(verdict string) string {
	var all []string
	reason := ""
	for _, n := range p.Nights {
		if n.Verdict == verdict {
			all = append(all, dateName(n.Date)+" ("+n.Bucket+")")
			if reason == "" {
				reason = n.Gap
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
	return fmt.Sprintf("%d %s", n, many)
}
