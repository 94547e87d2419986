// Package reports reads what backup tools say about their own work: AWS Backup (reports and
// listings of backup and copy jobs), Veeam (Backup & Replication, Enterprise Manager,
// PowerShell, Microsoft 365), restic, rclone, kopia, Duplicati, Borg, MSP360, a plain CSV
// of date,bucket,objects,bytes, and any CSV whose columns are named. It recognizes the
// format by the content.
//
// [Parse] takes one report and returns its sessions, a [Session] for each run of a job, and
// a [Problem] for each part that can't be read: nothing is dropped silently. It knows
// neither the tenant's buckets nor its nights; the callers decide whose a session is and
// what it means for a night.
//
// Files: encoding.go turns bytes into text, document.go reads JSON with its line numbers,
// table.go reads CSV, times.go and amounts.go read cells, and each tool has its own file.
package reports

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Tools that write reports.
const (
	AWSBackup = "aws-backup"
	Veeam     = "veeam"
	Restic    = "restic"
	Rclone    = "rclone"
	Kopia     = "kopia"
	Duplicati = "duplicati"
	Borg      = "borg"
	MSP360    = "msp360"
	Plain     = "plain"
	Table     = "table" // a CSV whose columns are configured
)

// State is how a session ended.
type State string

const (
	Succeeded State = "succeeded"
	// Warned sessions wrote a restore point that lacks something, or that the tool
	// wants a person to look at.
	Warned State = "with warnings"
	Failed State = "failed"
	// Running sessions have not told yet how they end; this also stands for those that
	// wait to begin.
	Running State = "running"
	// Unclear is a session of which the report does not say how it ended.
	Unclear State = "unknown"
)

// Unknown stands for a number that a report does not give.
const Unknown = -1

// Session is one run of a job, as its tool reports it.
type Session struct {
	Tool string
	// Job is whose runs replace each other: a later one that succeeded mends one that
	// failed. Where the tool names no job, it is made of the name of the file, and
	// Named is false.
	Job   string
	Named bool
	ID    string // what makes two tellings of a tool one session
	// Bucket is the S3 bucket that the session protects or writes to, "" where the
	// report names none; Place is a repository's address where it gives one.
	Bucket, Place string
	// Other names what the session is about where that is no backup of or to a bucket:
	// another resource, or a restore.
	Other      string
	Copy       bool      // it copies a backup that is there already
	Date       string    // YYYY-MM-DD of the night, of a plain report; else ""
	Start, End time.Time // UTC; zero where there is a Date
	// Estimated times come from the file and its neighbours, not from the report.
	Estimated bool
	State     State
	Status    string // as the tool words it
	Message   string // what the tool says beside it
	Objects   int64  // written; Unknown where the tool packs files into objects
	Bytes     int64  // written to the bucket; Unknown where the report does not say
	Line      int64  // in the report, from 1
}

// Settled tells whether the session has ended.
func (s *Session) Settled() bool { return s.State != Running }

// Problem is a part of a report that can't be read.
type Problem struct {
	Line   int64 // from 1; 0 for the whole file
	Reason string
	// At is the time that it is about, as far as the part tells; zero where it does not.
	At time.Time
	// Session is the ID of the session that can't be dated, "" for anything else: it is
	// no problem where an earlier content of the file told when it was.
	Session string
}

// Columns name the columns of a CSV that bucketproof does not know. Start is
// needed; "" is a column that the CSV does not have.
type Columns struct {
	ID, Job, Bucket, Start, End, Objects, Bytes, Status string
}

// Options say what a report does not say itself.
type Options struct {
	File     string         // its name below the place of reports
	Modified time.Time      // when the file was written
	Location *time.Location // of times without a zone; nil is UTC
	Columns  Columns
	Success  []string // statuses that mean that all went well; nil for the usual ones
	Order    string   // of day, month and year: "dmy", "mdy", "ymd" or "ydm"; "" infers it
}

// Limits that keep what one file can cost within bounds.
const (
	maxText     = 300
	maxProblems = 1000
	// MaxSessions is how many sessions a report may tell of. What stands behind them
	// is a problem.
	MaxSessions = 50_000
	maxColumns  = 1000
	maxValues   = 40 * MaxSessions // of JSON
)

// Parse reads a report. What can't be read is a problem; everything else is returned all
// the same. A report without a session and without a problem reported nothing, such as a
// listing without entries. The error is that of ctx.
func Parse(ctx context.Context, content []byte, o Options) ([]Session, []Problem, error) {
	if o.Location == nil {
		o.Location = time.UTC
	}
	p := &parser{Options: o, ctx: ctx}
	text := decode(content)
	if strings.TrimSpace(text) == "" {
		p.problem(0, "it is empty; a backup tool that reports writes something")
	} else {
		p.read(text)
	}
	sessions, problems := p.finish(text)
	return sessions, problems, ctx.Err()
}

// record is a session whose times are still text: a file has one layout of dates,
// and only all of its records tell which.
type record struct {
	Session
	start, end string
	zone       *time.Location // of times without a zone
	seconds    float64        // how long it took, where that is all the report tells
	undated    bool           // the report gives no time: estimate it
}

// parser gathers what a file tells.
type parser struct {
	Options
	ctx      context.Context
	records  []record
	left     int64 // the line of the first session that is left out; 0 for none
	problems []Problem
	more     int  // problems that are only counted
	known    bool // the form is a known one
	lines    lineRuns
}

func (p *parser) problem(line int64, format string, args ...any) {
	p.lose(line, time.Time{}, format, args...)
}

// lose notes a problem that is about a time.
func (p *parser) lose(line int64, at time.Time, format string, args ...any) {
	if len(p.problems) >= maxProblems {
		p.more++
		return
	}
	p.problems = append(p.problems, Problem{Line: line, Reason: short(fmt.Sprintf(format, args...)), At: at})
}

// undatable notes a session that can't be dated.
func (p *parser) undatable(s *Session, reason string) {
	n := len(p.problems)
	if p.problem(s.Line, "%s", reason); len(p.problems) > n {
		p.problems[n].Session = s.ID
	}
}

// leaveOut notes that the session of a line, and what stands behind it, is too much.
func (p *parser) leaveOut(line int64) {
	if p.left == 0 {
		p.left = max(line, 1)
	}
}

// stop tells that reading must end.
func (p *parser) stop() bool {
	return p.left > 0 && len(p.records) >= MaxSessions || p.ctx.Err() != nil
}

func (p *parser) add(r record) {
	p.known = true
	if len(p.records) >= MaxSessions {
		p.leaveOut(r.Line)
		return
	}
	if r.zone == nil {
		r.zone = p.Location
	}
	p.records = append(p.records, r)
}

// read tells the form by the content.
func (p *parser) read(text string) {
	switch first := strings.TrimLeft(text, " \t\r\n"); {
	case first[0] == '[', first[0] == '{' && !oneObjectALine(text):
		p.readDocument(text)
	case first[0] == '{', hasObjectLine(text), strings.Contains("\n"+text, "\nFatal: "):
		p.readLines(text)
	default:
		p.readTable(text)
	}
	if !p.known && len(p.problems) == 0 {
		p.problem(0, "%s", unknownForm)
	}
}

const unknownForm = "no backup report of a known form; name the columns of a CSV in tenant.report_columns"

// finish dates the records and gives each session a job and an ID.
func (p *parser) finish(text string) ([]Session, []Problem) {
	order, refused := p.order()
	var out []Session
	seen := map[string]int{}
	for i := range p.records {
		r := &p.records[i]
		r.Status, r.Message = short(r.Status), short(r.Message)
		if r.Job = short(r.Job); r.Job == "" {
			r.Job = JobOfFile(p.File)
		} else {
			r.Named = true
		}
		if r.Other != "" || !p.date(r, order, refused) {
			continue
		}
		if r.ID == "" {
			id := strings.Join([]string{r.Bucket, cmp.Or(r.Date, r.start), r.Job}, " ")
			if n := seen[id]; n > 0 {
				r.ID = fmt.Sprintf("%s %d", id, n+1)
			} else {
				r.ID = id
			}
			seen[id]++
		}
		out = append(out, r.Session)
	}
	p.estimate(out)
	out = slices.DeleteFunc(out, func(s Session) bool { return s.Date == "" && s.Start.IsZero() })
	p.locate(text, out)
	if p.more > 0 {
		last := p.problems[len(p.problems)-1]
		p.problems = append(p.problems, Problem{Line: last.Line, Reason: fmt.Sprintf("and %d problems more", p.more)})
	}
	if p.left > 0 {
		whole := Problem{Line: p.left, Reason: fmt.Sprintf(
			"it tells of more than %d sessions, and is read up to here; write one report a month or a day", MaxSessions)}
		p.problems = append(p.problems, p.byDay(behind(text, p.left), whole)...)
	}
	return out, p.problems
}

// short is a text on one line and not longer than a cell may be.
func short(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\ufffd")), " ")
	if r := []rune(s); len(r) > maxText {
		return string(r[:maxText]) + "…"
	}
	return s
}

var (
	dateInName = regexp.MustCompile(`(?:19|20)\d\d[-_./]?\d\d[-_./]?\d\d|\d\d[-_.]\d\d[-_.](?:19|20)\d\d`)
	timeInName = regexp.MustCompile(`\*[T_\-. ]?\d\d[-_.:h]?\d\d(?:[-_.:m]?\d\d)?s?(?:Z|[+-]\d{2}[-_:]?\d{2})?`)
	longNumber = regexp.MustCompile(`\d{9,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\b[0-9a-f]{16,}\b`)
	rotation   = regexp.MustCompile(`(\.(?:log|txt|csv|jsonl?|ndjson))(?:[-.]\*)?(?:\.\d{1,3})?(?:\.(?:gz|zst|old))?$`)
	starred    = regexp.MustCompile(`(\w)[-_. ]?\*+`)
)

// JobOfFile is the job that the name of a report stands for, if its content names none: the
// name without dates, times, numbers that count up with them, and rotation suffixes.
// backup2.log and backup3.log stay two jobs.
func JobOfFile(name string) string {
	for _, part := range []*regexp.Regexp{dateInName, timeInName, longNumber} {
		name = part.ReplaceAllString(name, "*")
	}
	return starred.ReplaceAllString(rotation.ReplaceAllString(name, "$1"), "$1")
}

// DateInName is the date in the name of a report, as YYYY-MM-DD, or "".
func DateInName(name string) string {
	for _, m := range slices.Backward(dateInName.FindAllString(name, -1)) {
		for _, layout := range []string{"2006-01-02", "20060102", "02-01-2006"} {
			t, err := time.Parse(layout, strings.NewReplacer("_", "-", ".", "-", "/", "-").Replace(m))
			if err == nil {
				return t.Format(time.DateOnly)
			}
		}
	}
	return ""
}
