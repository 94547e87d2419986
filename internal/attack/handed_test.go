package attack

import (
	"fmt"
	"testing"
	"time"
)

// TestHanded are months made to order from public bug reports, which once were judged
// wrongly.
func TestHanded(t *testing.T) {
	type handed struct {
		name   string
		on     func() *month
		run    func(*world)
		ok     bool
		either bool // its verdict is not what the case is about
		agree  []int
		differ []int
	}
	var whole []int
	for n := range 31 {
		whole = append(whole, n+1)
	}
	// nightly is plain with what told makes of each day of October.
	nightly := func(tenant string, told func(m *month, d time.Time)) func() *month {
		return func() *month {
			m := plain()
			m.tenant = tenant
			for _, d := range m.days() {
				told(m, d)
			}
			return m
		}
	}
	// once is plain with one file, whose body told adds to.
	once := func(name, tenant, head string, told func(d time.Time) string) func() *month {
		return func() *month {
			m, body := plain(), head
			m.tenant = tenant
			for _, d := range m.days() {
				body += told(d)
			}
			m.report(name, body, m.last)
			return m
		}
	}
	const s3, s3ARN = "S3", "arn:aws:s3:::acme-backups"
	cases := []handed{
		{name: "clean", on: plain, ok: true},
		{name: "reports of a form that nobody knows",
			on: nightly("", func(m *month, d time.Time) { m.report(day(d)+".json", "{\"what\": \"is this\"}\n", d) })},
		{name: "restic without times", either: true, agree: whole, on: nightly("", func(m *month, d time.Time) {
			m.report(day(d)+".json", encode(map[string]any{"message_type": "summary", "files_new": 10,
				"data_added": 100 * mib, "total_files_processed": 10,
				"total_bytes_processed": 100 * mib, "total_duration": 30.5,
				"snapshot_id": fmt.Sprintf("%064x", d.Unix())})+"\n", d.Add(-4*time.Minute))
		})},
		{name: "UTF-16 with a byte order mark and CRLF", ok: true, agree: []int{5}, on: nightly("", func(m *month, d time.Time) {
			m.report(day(d)+".json", utf16le("\ufeff"+resticReport(d, 100*mib)[:len(resticReport(d, 100*mib))-1]+"\r\n"), d)
		})},
		{name: "Veeam's REST API, one night failed", agree: []int{5}, differ: []int{9}, on: func() *month {
			m, data := plain(), []any{}
			for _, d := range m.days() {
				result := "Success"
				if d.Day() == 9 {
					result = "Failed"
				}
				data = append(data, map[string]any{"sessionType": "BackupJob", "state": "Stopped",
					"id": fmt.Sprintf("%08x-0000-0000-0000-000000000000", d.Unix()), "name": "job",
					"creationTime": day(d) + "T01:00:00.0+00:00", "endTime": day(d) + "T01:10:00.0+00:00",
					"result": map[string]any{"result": result, "message": "", "isCanceled": false}})
			}
			m.report("sessions.json", encode(map[string]any{"data": data,
				"pagination": map[string]any{"total": 31, "count": 31, "skip": 0, "limit": 200}}), m.last)
			return m
		}},
		{name: "an appended log, one night failed", agree: without(whole, 12), differ: []int{12},
			on: once("rclone.log", "", "", func(d time.Time) string {
				if d.Day() == 12 {
					return rcloneReport(d, 100*mib, 7)
				}
				return rcloneReport(d, 100*mib, 0)
			})},
		{name: "a file written anew each night", either: true, agree: whole[:6], on: func() *month {
			m := plain()
			m.report("restic.json", resticReport(m.d(1), 100*mib), m.d(1))
			return m
		}, run: func(w *world) {
			for n := range 6 {
				d := w.m.d(n + 1)
				w.m.reports = []file{{"restic.json", resticReport(d, 100*mib), d.Add(65 * time.Minute)}}
				w.rewrite()
				w.run("collect")
				w.run("check", "--from", day(d), "--to", day(d))
			}
			w.judge()
		}},
		{name: "restic could not read files", agree: []int{5}, differ: []int{10}, on: nightly("", func(m *month, d time.Time) {
			body := resticReport(d, 100*mib)
			if d.Day() == 10 {
				body = `{"message_type":"status","percent_done":0.9,"error_count":2}` + "\n" + body
			}
			m.report(day(d)+".json", body, d)
		})},
		{name: "AWS Backup tells of other resources, too", agree: []int{5}, differ: []int{10},
			on: once("aws.csv", "", awsHead, func(d time.Time) string {
				status := "COMPLETED"
				if d.Day() == 10 {
					status = "FAILED"
				}
				return awsJob(d, status, "", s3, s3ARN) +
					awsJob(d, "COMPLETED", "", "EC2", "arn:aws:ec2:eu-west-1:111122223333:instance/i-0bc877aee7782ba75")
			})},
		{name: "completed with issues, and running", agree: []int{5, 12}, differ: []int{10}, on: func() *month {
			m := once("2026/10/31/job.csv", "", awsHead, func(d time.Time) string {
				switch d.Day() {
				case 10:
					return awsJob(d, "COMPLETED", `"Completed with issues: 3 objects were not backed up"`, s3, s3ARN)
				case 12:
					return awsJob(d, "RUNNING", "", s3, s3ARN)
				}
				return awsJob(d, "COMPLETED", "", s3, s3ARN)
			})()
			m.report("2026/11/01/job.csv", awsHead+awsJob(m.d(12), "COMPLETED", "", s3, s3ARN), m.last)
			return m
		}},
		{name: "one of two jobs failed", agree: []int{5}, differ: []int{10},
			on: once("veeam.csv", csvColumns, csvHead, func(d time.Time) string {
				result := "Success"
				if d.Day() == 10 {
					result = "Failed"
				}
				return csvRow(d, "2006-01-02 15:04", "A", "Success", 100*mib) + csvRow(d, "2006-01-02 15:04", "B", result, 0)
			})},
		{name: "the day first", either: true, agree: whole, on: once("veeam.csv", csvColumns, csvHead, func(d time.Time) string {
			return csvRow(d, "02/01/2006 15:04", "A", "Success", 100*mib)
		})},
		{name: "no backup in the skipped hour", on: func() *month {
			m := plainIn("Europe/Berlin", "2026-03", "02:00", "03:00", 2, 0)
			m.drop(nightOf(m.d(29)))
			return m
		}, run: func(w *world) {
			w.judge()
			rows := w.rows("backup-windows")
			if row := rows["2026-03-29"]; len(rows) != 31 || row == nil || row["verdict"] == "ok" {
				t.Errorf("%d nights, that of the change is %v", len(rows), row["verdict"])
			}
		}},
		{name: "deleted again by the backup role", on: func() *month {
			m := plain()
			for i, key := range m.keys(m.d(21)) {
				m.remove(m.at(m.d(21), 3, 0).Add(time.Duration(i)*time.Second), backup, key)
			}
			return m
		}},
		{name: "three percent less each night", on: func() *month { return trend(0.97, 68) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := place(t, c.on())
			if c.run != nil {
				c.run(w)
			} else {
				w.judge()
			}
			if !c.either && (w.Verdict == "ok") != c.ok {
				t.Errorf("verdict %s: ok is %v\n%s", w.Verdict, c.ok, w.story())
			}
			if c.agree == nil && c.differ == nil {
				return
			}
			rows := w.rows("backup-reports")
			var disagree, agree []int
			verdict := func(n int) any { return rows[day(w.m.d(n))]["verdict"] }
			for _, n := range c.agree {
				if verdict(n) != "agrees" {
					disagree = append(disagree, n)
				}
			}
			for _, n := range c.differ {
				if v := verdict(n); v == nil || v == "agrees" {
					agree = append(agree, n)
				}
			}
			if disagree != nil {
				t.Errorf("the reports of nights %v do not agree, that of %d is %v", disagree, disagree[0], verdict(disagree[0]))
			}
			if agree != nil {
				t.Errorf("the reports of nights %v agree, or say nothing", agree)
			}
		})
	}
}

// without is a list without one of its numbers.
func without(list []int, n int) (rest []int) {
	for i, x := range list {
		if asked == "" && i%5 != 0 {
			continue
		}
		if x != n {
			rest = append(rest, x)
		}
	}
	return rest
}

// utf16le is text as PowerShell's > writes it.
func utf16le(text string) string {
	var b []byte
	for _, r := range text { // all below U+10000
		b = append(b, byte(r), byte(r>>8))
	}
	return string(b)
}
