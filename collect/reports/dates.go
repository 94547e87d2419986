package reports

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// behind is a text from a line on.
func behind(text string, line int64) string {
	for ; line > 1; line-- {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}

// order is the order of day, month and year in the file; refused says why it can't
// be told.
func (p *parser) order() (order, refused string) {
	if p.Order != "" {
		return p.Order, ""
	}
	var times []string
	for i := range p.records {
		times = append(times, p.records[i].start, p.records[i].end)
	}
	return inferOrder(times)
}

// date sets the times of a record, or notes why it has none.
func (p *parser) date(r *record, order, refused string) bool {
	if r.Date != "" || r.undated {
		return true
	}
	start, err := parseTime(r.start, order, r.zone)
	if err == nil && refused != "" && needsOrder(r.start) {
		err = fmt.Errorf("%q: %s", r.start, refused)
	}
	if err != nil {
		p.lose(r.Line, p.guess(r.start, r.zone), "start: %s", err)
		return false
	}
	r.Start, r.End = start, start
	if r.end != "" {
		end, err := parseTime(r.end, order, r.zone)
		if err != nil {
			p.lose(r.Line, start, "end: %s", err)
			return false
		}
		if end.After(start) { // tools write a date long ago for "not yet"
			r.End = end
		}
	}
	return true
}

// guess is the time that a text means which can't be read for certain: the reading
// that lies closest before the file was written.
func (p *parser) guess(text string, zone *time.Location) (best time.Time) {
	for _, order := range []string{"dmy", "mdy", "ymd"} {
		at, err := parseDay(text, order, zone)
		if err != nil || !p.Modified.IsZero() && at.After(p.Modified.Add(48*time.Hour)) {
			continue
		}
		if best.IsZero() || at.After(best) {
			best = at
		}
	}
	return best
}

// estimate dates sessions of which the report gives no time. The last one ended
// when the file was written; others lie between their neighbours.
func (p *parser) estimate(list []Session) {
	type place struct {
		id   string
		line int64
	}
	took := map[place]time.Duration{}
	for i := range p.records {
		r := &p.records[i]
		took[place{r.ID, r.Line}] = time.Duration(r.seconds * float64(time.Second))
	}
	for i := range list {
		s := &list[i]
		if s.Date != "" || !s.Start.IsZero() {
			continue
		}
		s.Estimated = true
		if name := DateInName(p.File); name != "" && i+1 == len(list) && !nearDate(p.Modified, name) {
			p.undatable(s, "it tells no time, and the file was written long after the date in its name; copy reports with their times")
			continue
		}
		var before, behind time.Time
		if i > 0 {
			before = list[i-1].End
		}
		if i+1 < len(list) {
			behind = list[i+1].Start
		}
		switch {
		case i+1 == len(list) && !p.Modified.IsZero():
			s.End = p.Modified.UTC()
			s.Start = s.End.Add(-took[place{s.ID, s.Line}])
		case s.State != Succeeded && !before.IsZero() && !behind.IsZero():
			// A run that left no time is of the night behind the one before, or of that in
			// which it was tried again.
			s.Start = behind
			if behind.Sub(before) > 30*time.Hour {
				s.Start = before.Add(24 * time.Hour)
			}
			s.End = s.Start
		case s.State != Succeeded && !behind.IsZero():
			s.Start, s.End = behind, behind
		default:
			p.undatable(s, "it tells no time, and only the last session of a file is dated by the file; write one file a session")
		}
	}
}

// nearDate tells whether a file was written about when its name says.
func nearDate(at time.Time, date string) bool {
	day, err := time.Parse(time.DateOnly, date)
	return err == nil && at.Sub(day).Abs() < 72*time.Hour
}

var isoDate = regexp.MustCompile(`\b(20\d\d-[01]\d-[0-3]\d)(?:[T ]([0-2]\d:[0-5]\d))?`)

// locate dates the problems that tell no time themselves: by what is written in
// their line, or by the last session in front of it.
func (p *parser) locate(text string, list []Session) {
	lines := p.linesOfProblems(text)
	for i := range p.problems {
		q := &p.problems[i]
		if !q.At.IsZero() || q.Line == 0 {
			continue
		}
		if all := isoDate.FindAllString(lines[q.Line], 100); len(all) > 0 {
			if at, err := parseDay(all[len(all)-1], "ymd", p.Location); err == nil {
				q.At = at
			}
		}
		for j := range list {
			s := &list[j]
			if q.At.IsZero() && s.Line <= q.Line && s.Date == "" && (q.At.IsZero() || s.Start.After(q.At)) {
				q.At = s.Start
			}
		}
	}
	p.spread(text)
}

// linesOfProblems are the lines of a text that problems are about, by number.
func (p *parser) linesOfProblems(text string) map[int64]string {
	lines := map[int64]string{}
	for _, q := range p.problems {
		if q.Line > 0 {
			lines[q.Line] = ""
		}
	}
	n := int64(0)
	for line := range strings.Lines(text) {
		if n++; len(lines) == 0 {
			break
		}
		if _, ok := lines[n]; ok {
			lines[n] = line
		}
	}
	return lines
}

// spread says of a file that can't be read at all which days it is about, where its
// text has dates: a problem for each.
func (p *parser) spread(text string) {
	if len(p.problems) != 1 || p.problems[0].Line != 0 {
		return
	}
	p.problems = p.byDay(text, p.problems[0])
}

// byDay is a problem for each day that a text is about, as far as it has dates: at
// least the whole problem itself.
func (p *parser) byDay(text string, whole Problem) []Problem {
	seen := map[string]bool{}
	var out []Problem
	for _, m := range isoDate.FindAllStringSubmatch(text, 10000) {
		at, err := parseDay(strings.TrimSpace(m[1]+" "+m[2]), "ymd", p.Location)
		if err != nil || seen[m[1]] || !p.Modified.IsZero() && at.After(p.Modified.Add(48*time.Hour)) {
			continue
		}
		seen[m[1]] = true
		q := whole
		q.At = at
		out = append(out, q)
	}
	if len(out) == 0 || len(out) > maxProblems {
		return []Problem{whole}
	}
	return out
}
