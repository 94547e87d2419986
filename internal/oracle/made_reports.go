package oracle

import (
	"fmt"
	"strings"
	"time"
)

// reports makes up what the backup tool of the first tenant told of each night.
func (g *generator) reports(buckets []*lively) {
	if !g.chance(0.25) {
		return
	}
	t := &g.made.Tenants[0]
	t.Reports = true
	form := pick(g, "restic", "csv")
	if form == "csv" {
		t.Settings = append(t.Settings,
			`report_columns = { id = "ID", start = "Start", end = "End", bytes = "Bytes", status = "Result", bucket = "Bucket", job = "Job" }`)
	}
	jobs := pick(g, 1, 1, 2)
	g.tell("reports as %s, %d jobs", form, jobs)
	for _, b := range buckets {
		if b.zone != g.zone || strings.HasPrefix(b.backers[0].who, betaRole) {
			continue
		}
		var rows strings.Builder
		rows.WriteString("ID,Start,End,Bytes,Result,Bucket,Job\n")
		for d := g.first; !g.last.Before(d); d = d.Add(1) {
			s := b.runs[d]
			if s == nil {
				continue
			}
			bytes, result := s.bytes, "Success"
			if s.failed {
				result = "Failed"
			}
			odd := ""
			if !g.calm && g.chance(0.02) {
				odd = pick(g, "half", "none", "unreadable", "failed", "running", "tried again", "one job")
				g.tell("%s: report of %s is %s", b.Name, d, odd)
			}
			switch odd {
			case "half":
				bytes = bytes*3 + 5e6
			case "none":
				continue
			case "failed":
				result = "Failed"
			case "running":
				result = "Running"
			}
			name := fmt.Sprintf("%s/%s.json", b.Name, d)
			body := fmt.Sprintf(`{"message_type":"summary","files_new":10,"data_added":%d,"data_added_packed":%d,`+
				`"total_files_processed":10,"total_bytes_processed":%d,`+
				`"total_duration":30.5,"snapshot_id":"%064x","backup_start":"%s","backup_end":"%s"}`+"\n",
				bytes, bytes, bytes, d.utc().Unix(), s.start.UTC().Format("2006-01-02T15:04:05.000000000Z"),
				s.end.UTC().Format("2006-01-02T15:04:05Z"))
			if odd == "unreadable" {
				body = "{\"what\": \"is this\"}\n"
			}
			if form == "restic" && (s.failed || odd == "failed" || odd == "running") {
				continue // restic tells no summary of a run that failed
			}
			if form == "restic" {
				g.made.Reports = append(g.made.Reports, MadeReport{Name: name, Body: body, At: s.end.Add(time.Minute)})
				continue
			}
			for job := range jobs {
				if odd == "one job" && job > 0 {
					continue
				}
				share := bytes / int64(jobs)
				row := func(at, end time.Time, bytes int64, result string, try int) {
					fmt.Fprintf(&rows, "%s-%s-%d-%d,%s,%s,%d,%s,%s,Job %d\n", b.Name, d, job, try, at.UTC().Format(time.RFC3339),
						end.UTC().Format(time.RFC3339), bytes, result, b.Name, job+1)
				}
				if odd == "tried again" && job == 0 {
					row(s.start, s.start.Add(20*time.Second), 0, "Failed", 1)
					row(s.start.Add(30*time.Second), s.end, share, result, 2)
					continue
				}
				row(s.start, s.end, share, result, 1)
			}
		}
		if form == "csv" {
			g.made.Reports = append(g.made.Reports, MadeReport{Name: b.Name + "/sessions.csv", Body: rows.String(),
				At: day(g.last, time.UTC).to})
		}
	}
}
