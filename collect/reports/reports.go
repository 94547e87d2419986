// Package reports reads what backup tools say about their own work: AWS Backup
// job reports (CSV and JSON), Veeam job sessions (JSON, or CSV by configured
// columns), the summaries of restic backup --json and rclone --use-json-log, and
// a plain CSV of date,bucket,objects,bytes. The form is told by content. [Parse]
// gives the sessions of one report, and what in it can't be read.
package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// Tools that write reports.
const (
	AWSBackup = "aws-backup"
	Veeam     = "veeam"
	Restic    = "restic"
	Rclone    = "rclone"
	Plain     = "plain"
)

// Unknown stands for a number that a report does not give.
const Unknown = -1

// Session is one run of a backup, as its tool tells it.
type Session struct {
	Tool       string
	ID         string    // what makes two sessions of a tool one
	Bucket     string    // "" where the report names none
	Date       string    // YYYY-MM-DD of the night, of a plain report; else ""
	Start, End time.Time // zero where there is a Date
	Objects    int64     // written; Unknown where the tool packs files into objects
	Bytes      int64     // written to the bucket; Unknown where the report does not say
	OK         bool
	Status     string // as the tool words it
	Line       int64  // in the report, from 1
}

// Columns name the columns of a CSV that bucketproof does not know. Start is
// needed; "" is a column that the CSV does not have.
type Columns struct {
	ID, Bucket, Start, End, Objects, Bytes, Status string
	Success                                        []string // statuses that mean that it went well
	Location                                       *time.Location
}

// ErrUnknown means that a report is in no form that is known.
var ErrUnknown = errors.New("no backup report of a known form; name the columns of a CSV in tenant.report_columns")

// Parse reads a report. Problems are lines that can't be read, as text with
// their number; the sessions of the others come all the same.
func Parse(content []byte, columns Columns) (sessions []Session, problems []string, err error) {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	text := bytes.TrimSpace(content)
	switch {
	case len(text) == 0:
		return nil, nil, nil
	case text[0] == '{' || text[0] == '[':
		return parseJSON(text)
	}
	return parseCSV(content, columns)
}

// number is a JSON number that may stand as a text.
type number struct {
	n     int64
	known bool
}

func (n *number) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if s == "null" || s == "" {
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 || f > 1<<62 {
		return fmt.Errorf("%s is no number of bytes or objects", b)
	}
	*n = number{int64(f), true}
	return nil
}

func (n number) value() int64 {
	if !n.known {
		return Unknown
	}
	return n.n
}

// awsJob is an item of a BACKUP_JOB_REPORT (AWS Backup developer guide, page
// "Audit Manager reports"); the same names are the columns of its CSV.
type awsJob struct {
	ID       string `json:"backupJobId"`
	Status   string `json:"jobStatus"`
	Resource string `json:"resourceArn"`
	Created  string `json:"creationDate"`
	Began    string `json:"initiationDate"`
	Ended    string `json:"completionDate"`
	Bytes    number `json:"backupSizeInBytes"`
}

func (j awsJob) session(line int64) (Session, error) {
	at := j.Created
	if j.Began != "" {
		at = j.Began
	}
	start, err := instant(at, time.UTC)
	if err != nil {
		return Session{}, fmt.Errorf("creationDate: %w", err)
	}
	s := Session{Tool: AWSBackup, ID: j.ID, Start: start, End: start, Objects: Unknown, Bytes: Unknown, OK: j.Status == "COMPLETED", Status: j.Status, Line: line}
	if j.Ended != "" {
		if s.End, err = instant(j.Ended, time.UTC); err != nil {
			return Session{}, fmt.Errorf("completionDate: %w", err)
		}
	}
	// What a vault takes in is not written to the bucket: bytes are not compared.
	if _, bucket, ok := strings.Cut(j.Resource, ":s3:::"); ok {
		s.Bucket = bucket
	}
	return s, nil
}

func parseJSON(text []byte) (sessions []Session, problems []string, err error) {
	var whole struct {
		Items   []awsJob       `json:"reportItems"`
		Results []veeamSession `json:"results"`
	}
	if json.Unmarshal(text, &whole) == nil && whole.Items != nil {
		for i, j := range whole.Items {
			s, err := j.session(int64(i + 1))
			if err != nil {
				problems = append(problems, fmt.Sprintf("item %d: %s", i+1, err))
				continue
			}
			sessions = append(sessions, s)
		}
		return sessions, problems, nil
	}
	list := whole.Results
	if list == nil && text[0] == '[' {
		if json.Unmarshal(text, &list) != nil {
			return nil, nil, ErrUnknown
		}
	}
	for i, v := range list {
		s, err := v.session(int64(i + 1))
		if err != nil {
			problems = append(problems, fmt.Sprintf("item %d: %s", i+1, err))
			continue
		}
		sessions = append(sessions, s)
	}
	if list != nil {
		return sessions, problems, nil
	}
	return parseLines(text)
}

// veeamSession is a job session of Veeam's REST APIs and PowerShell.
type veeamSession struct {
	ID         string `json:"id"`
	Start      string `json:"creationTime"`
	End        string `json:"endTime"`
	Status     string `json:"status"`
	Result     string `json:"result"`
	Statistics struct {
		Bytes number `json:"transferredDataBytes"`
	} `json:"statistics"`
}

func (v veeamSession) session(line int64) (Session, error) {
	start, err := instant(v.Start, time.UTC)
	if err != nil {
		return Session{}, fmt.Errorf("creationTime: %w", err)
	}
	status := v.Status
	if v.Result != "" {
		status = v.Result
	}
	s := Session{Tool: Veeam, ID: v.ID, Start: start, End: start, Objects: Unknown, Bytes: v.Statistics.Bytes.value(), Status: status, OK: went(status, veeamSuccess), Line: line}
	if v.End != "" {
		if s.End, err = instant(v.End, time.UTC); err != nil {
			return Session{}, fmt.Errorf("endTime: %w", err)
		}
	}
	return s, nil
}

var veeamSuccess = []string{"success", "warning"}

func went(status string, success []string) bool {
	return slices.ContainsFunc(success, func(s string) bool { return strings.EqualFold(s, status) })
}

// parseLines reads what restic and rclone write, one object a line. The lines of
// rclone are one session, whose last figures hold: they add up.
func parseLines(text []byte) (sessions []Session, problems []string, err error) {
	var copied *Session
	known := false
	line := int64(0)
	for raw := range bytes.Lines(text) {
		line++
		raw = bytes.TrimSpace(raw)
		if len(raw) == 0 {
			continue
		}
		var l struct {
			Type    string `json:"message_type"`
			DryRun  bool   `json:"dry_run"`
			Start   string `json:"backup_start"`
			End     string `json:"backup_end"`
			ID      string `json:"snapshot_id"`
			Added   number `json:"data_added"`
			Packed  number `json:"data_added_packed"`
			Time    string `json:"time"`
			Level   string `json:"level"`
			Message string `json:"msg"`
			Stats   *struct {
				Bytes  number `json:"bytes"`
				Errors number `json:"errors"`
				Fatal  bool   `json:"fatalError"`
			} `json:"stats"`
		}
		if err := json.Unmarshal(raw, &l); err != nil {
			problems = append(problems, fmt.Sprintf("line %d: no JSON", line))
			continue
		}
		switch {
		case l.Type != "":
			known = true
			if l.Type != "summary" || l.DryRun {
				continue
			}
			start, err := instant(l.Start, time.UTC)
			if err != nil {
				problems = append(problems, fmt.Sprintf("line %d: backup_start: %s", line, err))
				continue
			}
			s := Session{Tool: Restic, ID: l.ID, Start: start, End: start, Objects: Unknown, Bytes: l.Added.value(), OK: true, Status: "summary", Line: line}
			if l.Packed.known {
				s.Bytes = l.Packed.n
			}
			if end, err := instant(l.End, time.UTC); err == nil {
				s.End = end
			}
			if s.ID == "" {
				s.ID = l.Start
			}
			sessions = append(sessions, s)
		case l.Time != "" && (l.Level != "" || l.Stats != nil):
			known = true
			at, err := instant(l.Time, time.UTC)
			if err != nil {
				problems = append(problems, fmt.Sprintf("line %d: time: %s", line, err))
				continue
			}
			if copied == nil {
				copied = &Session{Tool: Rclone, ID: l.Time, Start: at, Objects: Unknown, Bytes: Unknown, OK: true, Status: "finished"}
			}
			copied.End, copied.Line = at, line
			if l.Stats != nil {
				copied.Bytes = l.Stats.Bytes.value()
				copied.OK = !l.Stats.Fatal && l.Stats.Errors.n == 0
				if !copied.OK {
					copied.Status = fmt.Sprintf("%d errors", l.Stats.Errors.n)
				}
			}
		}
	}
	if copied != nil {
		sessions = append(sessions, *copied)
	}
	if !known {
		return nil, problems, ErrUnknown
	}
	return sessions, problems, nil
}

func parseCSV(content []byte, columns Columns) (sessions []Session, problems []string, err error) {
	r := csv.NewReader(bytes.NewReader(content))
	r.FieldsPerRecord = -1
	r.LazyQuotes = true
	if first, _, _ := bytes.Cut(content, []byte("\n")); bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		r.Comma = ';'
	}
	head, err := r.Read()
	if err != nil {
		return nil, nil, ErrUnknown
	}
	at := map[string]int{}
	for i, h := range head {
		at[strings.ToLower(strings.TrimSpace(h))] = i
	}
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { _, ok := at[strings.ToLower(n)]; return !ok })
	}
	var read func(field func(string) string) (Session, error)
	switch {
	case has("backupJobId", "jobStatus"):
		read = func(field func(string) string) (Session, error) {
			j := awsJob{ID: field("backupJobId"), Status: field("jobStatus"), Resource: field("resourceArn"), Created: field("creationDate"), Began: field("initiationDate"), Ended: field("completionDate")}
			return j.session(0)
		}
	case columns.Start != "" && has(columns.Start):
		read = columns.session
	case has("date", "bytes"):
		read = plain
	default:
		return nil, nil, ErrUnknown
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return sessions, problems, nil
		}
		var perr *csv.ParseError
		if errors.As(err, &perr) {
			problems = append(problems, fmt.Sprintf("line %d: %s", perr.Line, perr.Err))
			continue
		}
		if err != nil {
			return sessions, problems, err
		}
		line, _ := r.FieldPos(0)
		s, err := read(func(name string) string {
			if i, ok := at[strings.ToLower(name)]; ok && name != "" && i < len(row) {
				return strings.TrimSpace(row[i])
			}
			return ""
		})
		if err != nil {
			problems = append(problems, fmt.Sprintf("line %d: %s", line, err))
			continue
		}
		s.Line = int64(line)
		sessions = append(sessions, s)
	}
}

// session reads a row by the configured columns.
func (c Columns) session(field func(string) string) (Session, error) {
	loc := c.Location
	if loc == nil {
		loc = time.UTC
	}
	start, err := instant(field(c.Start), loc)
	if err != nil {
		return Session{}, fmt.Errorf("%s: %w", c.Start, err)
	}
	s := Session{Tool: Veeam, ID: field(c.ID), Bucket: field(c.Bucket), Start: start, End: start, Status: field(c.Status)}
	if c.End != "" && field(c.End) != "" {
		if s.End, err = instant(field(c.End), loc); err != nil {
			return Session{}, fmt.Errorf("%s: %w", c.End, err)
		}
	}
	if s.Objects, err = amount(field(c.Objects)); err != nil {
		return Session{}, fmt.Errorf("%s: %w", c.Objects, err)
	}
	if s.Bytes, err = amount(field(c.Bytes)); err != nil {
		return Session{}, fmt.Errorf("%s: %w", c.Bytes, err)
	}
	success := c.Success
	if len(success) == 0 {
		success = veeamSuccess
	}
	s.OK = c.Status == "" || went(s.Status, success)
	if s.ID == "" {
		s.ID = s.Bucket + " " + field(c.Start)
	}
	return s, nil
}

// plain reads a row of date,bucket,objects,bytes.
func plain(field func(string) string) (Session, error) {
	date := field("date")
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return Session{}, fmt.Errorf("date is %q; write YYYY-MM-DD, the day on which the night begins", date)
	}
	s := Session{Tool: Plain, ID: date + " " + field("bucket"), Bucket: field("bucket"), Date: date, OK: true, Status: "reported"}
	var err error
	if s.Objects, err = amount(field("objects")); err != nil {
		return Session{}, fmt.Errorf("objects: %w", err)
	}
	if s.Bytes, err = amount(field("bytes")); err != nil {
		return Session{}, fmt.Errorf("bytes: %w", err)
	}
	return s, nil
}

// amount is a whole number, or a size like "12.5 GB".
func amount(text string) (int64, error) {
	if text == "" {
		return Unknown, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 {
		return n, nil
	}
	if n, err := humanize.ParseBytes(text); err == nil && n < 1<<62 {
		return int64(n), nil
	}
	return 0, fmt.Errorf("%q is no number", text)
}

// layouts of times; those without a zone are of the zone that is given.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04", "2006-01-02T15:04:05Z0700", "1/2/2006 3:04:05 PM", "1/2/2006 15:04", "02.01.2006 15:04:05"}

func instant(text string, loc *time.Location) (time.Time, error) {
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, text, loc); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; write one like 2026-10-01T22:00:00Z", text)
}
