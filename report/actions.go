package report

import (
	"slices"
	"strings"

	"bucketproof/analyze"
	"bucketproof/internal/state"
)

// maxBuckets is how many buckets have an action each for one check; of more there
// is one for all.
const maxBuckets = 3

// addActions lists what someone has to do next: for the open findings, one for
// all of a check in a bucket, the gravest first; then for what could not be
// known, and what the configuration lacks.
func (p *Packet) addActions(catalog *analyze.Catalog) {
	type group struct{ check, bucket string }
	open := slices.DeleteFunc(slices.Concat(p.Findings, p.Carried), func(f Finding) bool { return f.Status == state.StatusResolved })
	buckets := map[string]map[string]bool{}
	for _, f := range open {
		if buckets[f.Check] == nil {
			buckets[f.Check] = map[string]bool{}
		}
		buckets[f.Check][f.Bucket] = true
	}
	at := map[group]int{}
	for _, f := range open {
		g := group{f.Check, f.Bucket}
		if n := len(buckets[f.Check]); n > maxBuckets {
			g.bucket = ""
			f.Bucket = p.say("action.buckets", "n", n)
		}
		i, ok := at[g]
		if !ok {
			at[g] = len(p.Actions)
			p.Actions = append(p.Actions, Action{Owner: f.Owner, Due: f.Due, Severity: f.Severity, Findings: 1, Text: p.action(f, 1)})
			continue
		}
		a := &p.Actions[i]
		a.Findings++
		a.Text = p.action(f, a.Findings)
		if f.Due != "" && (a.Due == "" || f.Due < a.Due) {
			a.Due = f.Due
		}
		if a.Owner != f.Owner {
			a.Owner = "" // several; each stands with its finding
		}
		if slices.Index(state.Severities, f.Severity) > slices.Index(state.Severities, a.Severity) {
			a.Severity = f.Severity
		}
	}
	slices.SortStableFunc(p.Actions, func(a, b Action) int {
		if d := slices.Index(state.Severities, b.Severity) - slices.Index(state.Severities, a.Severity); d != 0 {
			return d
		}
		return strings.Compare(a.Due, b.Due)
	})
	for _, l := range p.Left {
		p.Actions = append(p.Actions, Action{Text: p.say("action.left", "bucket", l.Bucket)})
	}
	if p.gapDays() > 0 && !slices.ContainsFunc(p.Findings, func(f Finding) bool {
		return f.Check == "logs-missing" && f.Status != state.StatusResolved
	}) {
		p.Actions = append(p.Actions, Action{Text: p.say("action.gaps", "n", p.gapDays())})
	}
	if p.Totals.Rejected > 0 && !slices.ContainsFunc(p.Findings, func(f Finding) bool {
		return f.Check == "rejected-lines" && f.Status != state.StatusResolved
	}) {
		p.Actions = append(p.Actions, Action{Text: p.say("action.rejected", "n", p.Totals.Rejected)})
	}
	if len(p.Tenant.Principals) == 0 {
		p.Actions = append(p.Actions, Action{Text: p.say("action.principals")})
	}
	if len(p.Tenant.Accounts) == 0 {
		p.Actions = append(p.Actions, Action{Text: p.say("action.accounts")})
	}
	if p.Provisional {
		p.Actions = append(p.Actions, Action{Text: p.say("action.provisional")})
	}
}

// action is what to do about findings like this one.
func (p *Packet) action(f Finding, n int) string {
	text := p.Text.Or("check."+f.Check+".action", p.say("action.finding", "title", f.Title), "bucket", f.Bucket,
		"subject", p.subject(f.Finding))
	if n == 1 {
		return text
	}
	if several := "check." + f.Check + ".actions"; p.Text.Has(several) {
		text = p.say(several, "bucket", f.Bucket)
	} else {
		text = p.say("action.several", "title", f.Title, "bucket", f.Bucket)
		if f.Bucket == "" {
			text = p.say("action.several-anywhere", "title", f.Title)
		}
	}
	return strings.TrimSuffix(text, ".") + " " + p.say("action.count", "n", n)
}
