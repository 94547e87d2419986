package reports

import (
	"cmp"
	"container/heap"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"time"
)

// lineRuns are the runs of a log to which restic or rclone adds a line for each
// thing that happens.
type lineRuns struct {
	restic  resticRun
	last    int // index of the record of restic's last run that ended, from 1
	rclone  []rcloneLine
	borg    State
	borgSay string
}

// resticRun is what restic has said since its last run ended.
type resticRun struct {
	line    int64 // of its first; 0 before it
	errors  int64
	message string
}

// lost notes that a line of the run can't be read: it may have been an error.
func (l *lineRuns) lost() {
	if l.restic.line > 0 {
		l.restic.errors = max(l.restic.errors, 1)
		l.restic.message = cmp.Or(l.restic.message, "a line of the report can't be read")
	}
}

// restic reads a line of restic backup --json (restic manual, page Scripting).
// Its summary ends a run. A run with errors left out what it could not read and has
// exit code 3: it is not a clean one. exit_error stands in place of a summary, or
// behind it.
func (p *parser) restic(o *object, line int64) {
	p.known = true
	run := &p.lines.restic
	kind := o.text("messagetype")
	if kind == "exit_error" && run.line == 0 && p.lines.last > 0 {
		r := &p.records[p.lines.last-1]
		if code := o.text("code"); r.State == Succeeded || code != "3" {
			r.State, r.Status, r.Message = Warned, "exit code "+code, o.text("message")
			if code != "3" {
				r.State = Failed
			}
		}
		return
	}
	if run.line == 0 {
		run.line = line
	}
	switch kind {
	case "status":
		run.errors = max(run.errors, o.count("errorcount"))
	case "error":
		run.errors++
		run.message = cmp.Or(o.child("error").text("message"), o.text("error", "message"), run.message)
	case "exit_error":
		p.resticFailed("exit code "+o.text("code"), o.text("message"), line)
	case "summary":
		if o.text("dryrun") == "true" {
			*run = resticRun{}
			return
		}
		r := record{Session: Session{Tool: Restic, ID: o.text("snapshotid"), State: Succeeded, Status: "summary",
			Objects: Unknown, Line: line,
			Bytes: o.count("dataaddedpacked", "dataadded")}, start: o.text("backupstart"), end: o.text("backupend"),
			seconds: o.float("totalduration")}
		if errors := max(run.errors, o.count("errorcount")); errors > 0 {
			r.State, r.Status, r.Message = Warned, fmt.Sprintf("%d errors", errors), run.message
		}
		if r.start == "" {
			r.undated = true
			if r.ID == "" {
				r.ID = p.after("summary")
			}
		}
		p.add(r)
		p.lines.last = len(p.records)
		*run = resticRun{}
	}
}

// after is an ID for a session that has none and no time either: that of the one in
// front of it, which stays the same when the log grows.
func (p *parser) after(what string) string {
	n := len(p.records)
	if n == 0 {
		return what + " at the beginning of " + JobOfFile(p.File)
	}
	r := &p.records[n-1]
	return what + " after " + cmp.Or(r.ID, r.start)
}

// resticFailed adds a run that ended without a summary. It tells no time.
func (p *parser) resticFailed(status, message string, line int64) {
	p.add(record{Session: Session{Tool: Restic, ID: p.after(status), State: Failed, Status: status,
		Message: cmp.Or(message, p.lines.restic.message),
		Objects: Unknown, Bytes: Unknown, Line: line}, undated: true})
	p.lines.last = len(p.records)
	p.lines.restic = resticRun{}
}

// plainLine reads a line that is no JSON: restic before 0.17 writes why it gave up
// as text.
func (p *parser) plainLine(line string, n int64) {
	lower := strings.ToLower(line)
	switch {
	case strings.HasPrefix(lower, "fatal:"):
		p.resticFailed("Fatal", line, n)
	case strings.HasPrefix(lower, "warning: at least one source file could not be read"):
		if p.lines.restic.line == 0 && p.lines.last > 0 {
			r := &p.records[p.lines.last-1]
			if r.State == Succeeded {
				r.State, r.Status, r.Message = Warned, "exit code 3", line
			}
			return
		}
		p.lines.restic.line = cmp.Or(p.lines.restic.line, n)
		p.lines.restic.errors, p.lines.restic.message = max(1, p.lines.restic.errors), line
	default:
		p.problem(n, "no JSON: %s", line)
	}
}

// rcloneLine is a line of rclone --use-json-log.
type rcloneLine struct {
	text   string // its time, as written
	at     time.Time
	failed bool // it tells of an error
	say    string
	line   int64
	stats  *object // nil where it has none
	began  time.Time
}

// rcloneRun is a run of rclone. Its statistics add up, so the last ones hold.
type rcloneRun struct {
	first       string // the time of its first line, as written: its ID
	began, last time.Time
	told        time.Time // of its last statistics; zero without
	failed      time.Time // of its last error
	stats       *object
	message     string
	line        int64 // the last
}

const (
	// sameStart is how far the start of a run may be off by its statistics.
	sameStart = 5 * time.Second
	// afterwords is how long after its statistics a run still writes lines.
	afterwords = time.Minute
	// silentRun is a pause that ends a run without statistics.
	silentRun = 2 * time.Hour
)

func (p *parser) rclone(o *object, line int64) {
	p.known = true
	at, err := parseTime(o.text("time"), "ymd", p.Location)
	if err != nil {
		p.problem(line, "time: %s", err)
		return
	}
	l := rcloneLine{text: o.text("time"), at: at, say: o.text("msg"), line: line, stats: o.child("stats"), began: at}
	switch strings.ToLower(o.text("level")) {
	case "error", "critical", "alert", "emergency", "fatal":
		l.failed = true
	}
	if s := l.stats.float("elapsedtime"); s > 0 && s < math.MaxInt32 {
		l.began = at.Add(-time.Duration(s * float64(time.Second)))
	}
	p.lines.rclone = append(p.lines.rclone, l)
}

// endRclone divides the lines of rclone into runs: each adds to the same file
// (--log-file), and begins where the elapsed time of its statistics says. Lines that
// no statistics are about are runs of their own.
func (p *parser) endRclone() {
	lines := p.lines.rclone
	p.lines.rclone = nil
	var runs []*rcloneRun
	owner := make([]*rcloneRun, len(lines))
	var run *rcloneRun
	for i, l := range lines {
		if l.stats == nil {
			continue
		}
		if run == nil || !run.continues(l) {
			if len(runs) >= MaxSessions {
				p.leaveOut(l.line)
				lines = lines[:i]
				break
			}
			run = &rcloneRun{began: l.began}
			runs = append(runs, run)
		}
		run.told, run.stats, owner[i] = l.at, l.stats, run
	}
	findOwners(lines, runs, owner)
	var rest *rcloneRun
	for i, l := range lines {
		if owner[i] != nil {
			rest = nil
			continue
		}
		if rest == nil || l.at.Sub(rest.last) > silentRun {
			rest = &rcloneRun{began: l.at}
			runs = append(runs, rest)
		}
		rest.last, owner[i] = l.at, rest
	}
	for i, l := range lines {
		r := owner[i]
		r.first = cmp.Or(r.first, l.text)
		r.last, r.line = l.at, l.line
		if l.failed {
			r.failed, r.message = l.at, l.say
		}
	}
	slices.SortStableFunc(runs, func(a, b *rcloneRun) int { return a.began.Compare(b.began) })
	for _, r := range runs {
		p.add(r.record(JobOfFile(p.File)))
	}
}

// findOwners gives each line that has no run the first one in whose time it lies. It
// goes through lines and runs by time, so that both can be many.
func findOwners(lines []rcloneLine, runs, owner []*rcloneRun) {
	var open []int
	for i := range lines {
		if owner[i] == nil {
			open = append(open, i)
		}
	}
	slices.SortStableFunc(open, func(a, b int) int { return lines[a].at.Compare(lines[b].at) })
	begin := make([]int, len(runs))
	for i := range begin {
		begin[i] = i
	}
	slices.SortStableFunc(begin, func(a, b int) int { return runs[a].began.Compare(runs[b].began) })
	begun := &places{} // of the runs that have begun
	for _, i := range open {
		at := lines[i].at
		for len(begin) > 0 && !at.Before(runs[begin[0]].began.Add(-sameStart)) {
			heap.Push(begun, begin[0])
			begin = begin[1:]
		}
		for begun.Len() > 0 && at.After(runs[begun.IntSlice[0]].told.Add(afterwords)) {
			heap.Pop(begun)
		}
		if begun.Len() > 0 {
			owner[i] = runs[begun.IntSlice[0]]
		}
	}
}

// places is a heap of them, the first on top.
type places struct{ sort.IntSlice }

func (p *places) Push(x any) { p.IntSlice = append(p.IntSlice, x.(int)) }

func (p *places) Pop() any {
	last := p.Len() - 1
	x := p.IntSlice[last]
	p.IntSlice = p.IntSlice[:last]
	return x
}

// continues tells whether statistics are of the run: they begin with it and have not
// fallen.
func (r *rcloneRun) continues(l rcloneLine) bool {
	for _, counter := range []string{"bytes", "transfers", "checks"} {
		if l.stats.count(counter) < r.stats.count(counter) {
			return false
		}
	}
	if !l.stats.has("elapsedtime") {
		return l.at.Sub(r.told) < silentRun
	}
	return l.began.Sub(r.began).Abs() <= sameStart
}

func (r *rcloneRun) record(job string) record {
	s := Session{Tool: Rclone, ID: r.first + " " + job, Objects: Unknown, Bytes: r.stats.count("bytes"),
		State: Succeeded, Status: "finished", Line: r.line}
	switch errors := r.stats.count("errors"); {
	case errors > 0 || r.stats.text("fatalerror") == "true":
		s.State, s.Status, s.Message = Failed, fmt.Sprintf("%d errors", max(0, errors)), r.message
	case r.failed.After(r.told):
		s.State, s.Status, s.Message = Failed, "error", r.message
	case r.told.IsZero():
		s.State, s.Status = Running, "no statistics"
	}
	return record{Session: s, start: r.began.Format(time.RFC3339Nano), end: r.last.Format(time.RFC3339Nano)}
}

// borgLog reads a line of borg --log-json, which stands in front of the archive
// that it is about.
func (p *parser) borgLog(o *object) {
	p.known = true
	switch o.text("levelname") {
	case "ERROR", "CRITICAL":
		p.lines.borg, p.lines.borgSay = Failed, o.text("message")
	case "WARNING":
		if p.lines.borg == "" {
			p.lines.borg, p.lines.borgSay = Warned, o.text("message")
		}
	}
}

// endLines ends the runs that are open where the text ends.
func (p *parser) endLines() {
	p.endRclone()
	if run := p.lines.restic; run.line > 0 {
		state, status := Running, "no summary"
		if run.errors > 0 {
			status = fmt.Sprintf("no summary, %d errors", run.errors)
		}
		p.add(record{Session: Session{Tool: Restic, ID: p.after("no summary"), State: state, Status: status,
			Message: run.message, Objects: Unknown, Bytes: Unknown,
			Line: run.line}, undated: true})
	}
	p.lines.restic = resticRun{}
	if p.lines.borg == Failed {
		p.add(record{Session: Session{Tool: Borg, ID: p.after("borg failed"), State: Failed, Status: "error",
			Message: p.lines.borgSay, Objects: Unknown, Bytes: Unknown}, undated: true})
	}
	p.lines.borg = ""
}
