package report

import (
	"slices"
	"time"

	"bucketproof/internal/state"
)

// withdrawal is why a finding is no longer shown on some of its days, the gravest
// reason, with those days; Reason is "" where all of it still is.
func (f Finding) withdrawal() (w state.Withdrawal, dates []string) {
	for _, reason := range []string{state.WithdrawnConfiguration, state.WithdrawnProgram, state.WithdrawnChecked} {
		for _, d := range f.Days {
			if d.Withdrawn.Reason == reason {
				w, dates = d.Withdrawn, append(dates, d.Date)
			}
		}
		if len(dates) > 0 {
			return w, dates
		}
	}
	return w, nil
}

// withdrawn tells whether nothing of a finding is shown any more.
func (f Finding) withdrawn() bool {
	return len(f.Days) > 0 && !slices.ContainsFunc(f.Days, func(d state.FindingDay) bool { return d.Withdrawn.Reason == "" })
}

// byConfiguration tells whether a change of the configuration withdrew a finding.
func (f Finding) byConfiguration() bool {
	w, _ := f.withdrawal()
	return w.Reason == state.WithdrawnConfiguration
}

// settled tells whether a finding no longer counts: nothing shows it, and it is closed.
// One that the configuration withdrew only a person closes.
func (f Finding) settled() bool { return f.withdrawn() && f.Status == state.StatusResolved }

// withdrawnText says in the finding's panel what withdrew it.
func (p *Packet) withdrawnText(f Finding) string {
	w, dates := f.withdrawal()
	switch w.Reason {
	case "":
		return ""
	case state.WithdrawnProgram:
		return p.say("finding.withdrawn-program", "days", p.dayList(dates))
	case state.WithdrawnChecked:
		return p.say("finding.withdrawn-checked", "days", p.dayList(dates))
	}
	key := "finding.withdrawn"
	if f.Status == state.StatusResolved {
		key = "finding.withdrawn-closed"
	}
	return p.say(key, "days", p.dayList(dates), "by", p.changedBy(w))
}

// changedBy is who changed the configuration and when, as far as that is known.
func (p *Packet) changedBy(w state.Withdrawal) string {
	var text string
	if !w.At.IsZero() {
		at := w.At.In(p.Range.Location)
		text = " " + p.say("withdrawn.at", "date", p.Text.LongDate(at)+at.Format(" 15:04"))
	}
	if w.By != "" {
		text += " " + p.say("withdrawn.by", "who", w.By)
	}
	return text
}

func (p *Packet) dayList(dates []string) string {
	days := make([]string, len(dates))
	for i, d := range dates {
		days[i] = p.Text.Day(d)
	}
	return p.Text.List(days, maxNamed)
}

// withdrawnReasons name what changes of the configuration have withdrawn, what waits for
// a person first.
func (p *Packet) withdrawnReasons() []string {
	var out []string
	for _, closed := range []bool{false, true} {
		var titles []string
		var last state.Withdrawal
		for _, f := range slices.Concat(p.Findings, p.Carried) {
			if w, dates := f.withdrawal(); f.byConfiguration() && (f.Status == state.StatusResolved) == closed {
				titles = append(titles, f.Title+" ("+p.dayList(dates)+")")
				if w.At.After(last.At) || last.Reason == "" {
					last = w
				}
			}
		}
		if len(titles) == 0 {
			continue
		}
		key := "reason.withdrawn"
		if closed {
			key = "reason.withdrawn-closed"
		}
		out = append(out, p.say(key, "titles", p.Text.List(titles, maxNamed), "by", p.changedBy(last)))
	}
	return out
}

// withdrawnFindings counts those of the month that the configuration withdrew, and that
// a person has closed or not.
func (p *Packet) withdrawnFindings(closed bool) int {
	n := 0
	for _, f := range p.Findings {
		if f.byConfiguration() && (f.Status == state.StatusResolved) == closed {
			n++
		}
	}
	return n
}

// Left is a bucket that the configuration had in the month and has no more: the packet
// has nothing of it.
type Left struct {
	Bucket string     `json:"bucket"`
	At     *time.Time `json:"left"` // when the configuration was changed, as far as runs have seen; nil: not known
	By     string     `json:"changed_by"`
	Days   int        `json:"days_not_evaluated"`
}

// leftReason names them.
func (p *Packet) leftReason() string {
	var names []string
	for _, l := range p.Left {
		w := state.Withdrawal{By: l.By}
		if l.At != nil {
			w.At = *l.At
		}
		name := l.Bucket
		if by := p.changedBy(w); by != "" {
			name = p.say("left.bucket", "bucket", l.Bucket, "by", by)
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return ""
	}
	return p.say("reason.left", "n", len(names), "names", p.Text.List(names, maxNamed))
}

// orNoTime is a time for a table; nil where there is none.
func orNoTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}
