package oracle

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"bucketproof/internal/config"
)

// Session is a run of a backup job, as the tool reported it.
type Session struct {
	Job, ID string
	Bucket  string // "" where the report does not tell
	Start   time.Time
	State   string // succeeded, failed, running
	Bytes   int64  // -1 where the tool does not tell
	File    string
	Written time.Time // the file
}

// readReports reads two forms, which the generator makes: restic's summaries as lines of
// JSON, and a CSV whose columns the configuration names.
func (e *Evidence) readReports(t config.Tenant) error {
	location := t.BackupReports.Text
	if location == "" || e.Reports[location] != nil {
		return nil
	}
	e.Reports[location] = []Session{}
	return files(location, func(name string, body []byte) error {
		sessions := restic(body)
		if path.Ext(name) == ".csv" {
			sessions = table(body, t)
		}
		dir, err := folder(location)
		if err != nil {
			return err
		}
		info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		for _, s := range sessions {
			s.File, s.Written = name, info.ModTime()
			if dir := path.Base(path.Dir(name)); s.Bucket == "" && slices.ContainsFunc(t.Buckets,
				func(b config.Bucket) bool { return b.Name == dir }) {
				s.Bucket = dir
			}
			e.Reports[location] = append(e.Reports[location], s)
		}
		if len(sessions) == 0 {
			e.Unreadable[location] = append(e.Unreadable[location], name)
		}
		return nil
	})
}

func restic(body []byte) []Session {
	var out []Session
	for _, text := range strings.Split(string(body), "\n") {
		var m struct {
			Type   string    `json:"message_type"`
			Start  time.Time `json:"backup_start"`
			Added  int64     `json:"data_added"`
			Packed *int64    `json:"data_added_packed"`
			ID     string    `json:"snapshot_id"`
			Errors int       `json:"error_count"`
		}
		if json.Unmarshal([]byte(text), &m) != nil || m.Type != "summary" {
			continue
		}
		s := Session{ID: m.ID, Start: m.Start.UTC(), State: "succeeded", Bytes: m.Added}
		if m.Packed != nil {
			s.Bytes = *m.Packed
		}
		out = append(out, s)
	}
	return out
}

func table(body []byte, t config.Tenant) []Session {
	rows, err := csv.NewReader(strings.NewReader(string(body))).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil
	}
	columns := t.ReportColumns
	at := func(row []string, name string) string {
		if i := slices.Index(rows[0], name); i >= 0 && name != "" && i < len(row) {
			return row[i]
		}
		return ""
	}
	var out []Session
	for _, row := range rows[1:] {
		start, err := time.Parse("2006-01-02T15:04:05Z07:00", at(row, columns.Start))
		if err != nil {
			continue
		}
		s := Session{ID: at(row, columns.ID), Job: at(row, columns.Job), Bucket: at(row, columns.Bucket), Start: start.UTC(), Bytes: -1}
		if n, err := strconv.ParseInt(at(row, columns.Bytes), 10, 64); err == nil {
			s.Bytes = n
		}
		success := columns.Success
		if len(success) == 0 {
			success = []string{"Success", "Warning"}
		}
		switch status := at(row, columns.Status); {
		case slices.Contains(success, status):
			s.State = "succeeded"
		case status == "Running":
			s.State = "running"
		default:
			s.State = "failed"
		}
		out = append(out, s)
	}
	return out
}

// sessions are those of a night: they start in its window, or up to three hours before.
// One that several reports tell is one; a session without a bucket is the only bucket's.
func (b *bucketView) sessions(n *Night) []Session {
	var out []Session
	byID := map[string]int{}
	for _, s := range b.v.Reports[b.v.Tenant.BackupReports.Text] {
		if s.Bucket != b.Name && (s.Bucket != "" || len(b.v.Tenant.Buckets) > 1) {
			continue
		}
		if !(interval{n.Window.from.Add(-3 * time.Hour), n.Window.to}).has(s.Start) {
			continue
		}
		if i, told := byID[s.ID]; told && s.ID != "" {
			out[i] = s // told as done later, it replaces itself
			continue
		}
		byID[s.ID] = len(out)
		out = append(out, s)
	}
	return out
}

// allRunning: there are sessions of the night, and none told its end.
func (b *bucketView) allRunning(n *Night) bool {
	sessions := b.sessions(n)
	return len(sessions) > 0 && !slices.ContainsFunc(sessions, func(s Session) bool { return s.State != "running" })
}

// late: a session that starts behind the window speaks of the night before it, though not
// of what was written in the window.
func (b *bucketView) late(n *Night) bool {
	next := n.Window.to.Add(24 * time.Hour)
	if d := n.Date.Add(1); b.Window.Days[d.Weekday()] {
		w, _ := window(b.Window, d, b.v.Zone)
		next = w.from.Add(-3 * time.Hour)
	}
	return slices.ContainsFunc(b.v.Reports[b.v.Tenant.BackupReports.Text], func(s Session) bool {
		return (s.Bucket == b.Name || s.Bucket == "" && len(b.v.Tenant.Buckets) == 1) && (interval{n.Window.to, next}).has(s.Start)
	})
}

// reported tells what the reports say of a night: agrees, differs, failed, running or nothing.
func (b *bucketView) reported(n *Night) string {
	sessions := b.sessions(n)
	if len(sessions) == 0 {
		return ""
	}
	var bytes int64
	state := map[string]Session{} // the last of each job
	for _, s := range sessions {
		if old, ok := state[s.Job]; !ok || !s.Start.Before(old.Start) {
			state[s.Job] = s
		}
		if s.State == "succeeded" && s.Bytes > 0 {
			bytes += s.Bytes
		}
	}
	if b.jobMissing(n, state) {
		return "failed"
	}
	running := false
	for _, s := range state {
		if s.State == "failed" {
			return "failed"
		}
		if s.State == "running" && s.Written.After(n.Window.to.Add(36*time.Hour)) {
			return "failed" // never reported as finished
		}
		running = running || s.State == "running"
	}
	if running {
		return "running"
	}
	off := bytes - n.Bytes // Assumed: what was moved counts once, as the tool counts it
	if off < 0 {
		off = -off
	}
	if off > max(1<<20, int64(b.v.Tenant.ReportColumns.Tolerance*float64(bytes))) {
		return "differs"
	}
	return "agrees"
}

// jobMissing: a job tells nothing of a night that told of most nights before, and of most of
// the same weekday.
func (b *bucketView) jobMissing(n *Night, told map[string]Session) bool {
	var before []*Night // of which anything was told, the latest first
	for i := 1; i <= 28; i++ {
		if x := b.night(n.Date.Add(-i)); x != nil && len(b.sessions(x)) > 0 {
			before = append(before, x)
		}
	}
	tells := func(nights []*Night, job string) (count int) {
		for _, x := range nights {
			if slices.ContainsFunc(b.sessions(x), func(s Session) bool { return s.Job == job }) {
				count++
			}
		}
		return count
	}
	last := before[:min(len(before), 7)]
	if len(last) < 3 {
		return false
	}
	weekday := slices.DeleteFunc(slices.Clone(before), func(x *Night) bool { return x.Date.Weekday() != n.Date.Weekday() })
	for _, x := range last {
		for _, s := range b.sessions(x) {
			if _, ok := told[s.Job]; ok || 2*tells(last, s.Job) <= len(last) {
				continue
			}
			began := slices.IndexFunc(b.nights, func(x *Night) bool { return tells([]*Night{x}, s.Job) > 0 })
			if len(weekday) == 0 || 2*tells(weekday, s.Job) > len(weekday) || weekday[0].Date.Before(b.nights[began].Date) {
				return true
			}
		}
	}
	return false
}

// differs: the report of the backup tool does not agree. A night without a report is a
// finding only in the week after one, and takes nothing from the night.
func (b *bucketView) differs(n *Night) bool {
	return b.reported(n) == "differs" || b.reported(n) == "failed"
}

// unreported: no report, where one of the seven days before had one.
func (b *bucketView) unreported(n *Night) bool {
	if b.v.Tenant.BackupReports.Scheme == "" || b.reported(n) != "" || b.unreadableOf(n) {
		return false
	}
	for i := 1; i <= 7; i++ {
		if before := b.night(n.Date.Add(-i)); before != nil && b.reported(before) != "" {
			return true
		}
	}
	return false
}

// unreadableOf: a report that may be about the night, as its name tells, can't be read.
func (b *bucketView) unreadableOf(n *Night) bool {
	return slices.ContainsFunc(b.v.Unreadable[b.v.Tenant.BackupReports.Text], func(name string) bool {
		folder := path.Base(path.Dir(name))
		others := slices.ContainsFunc(b.v.Tenant.Buckets, func(o config.Bucket) bool { return o.Name == folder && o.Name != b.Name })
		date := dated.FindString(name) // of the night, or of the morning behind it
		return (date == n.Date.String() || date == n.Date.Add(1).String()) && !others
	})
}

var dated = regexp.MustCompile(`\d{4}-\d\d-\d\d`)

// unreadableReports are findings on the days that the files are about, as their names tell.
func (v *View) unreadableReports(t *tally) {
	for _, name := range v.Unreadable[v.Tenant.BackupReports.Text] {
		if at, err := time.Parse(time.DateOnly, dated.FindString(name)); err == nil && v.inMonth(dateOf(at, time.UTC)) {
			t.add("backup-report-unreadable", "", name, dateOf(at, time.UTC), -1)
		}
	}
}
