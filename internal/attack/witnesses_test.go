package attack

import (
	"fmt"
	"strings"
	"time"
)

// witnesses are attacks on the trail and the metrics.
func witnesses() (list []attack) {
	add := func(name, says string, on func() *month, do func(*month), shows ...string) {
		list = append(list, attack{name: name, says: says, on: on, do: do, shows: shows})
	}
	edit := func(how func(m *month, files map[string]*file)) func(*month) {
		return func(m *month) { m.trail.edit = func(files map[string]*file) { how(m, files) } }
	}
	withoutDays := func(from, to int) func(*month) {
		return edit(func(m *month, files map[string]*file) {
			for key, f := range files {
				if !f.at.Before(m.d(from)) && f.at.Before(m.d(to+1)) {
					delete(files, key)
				}
			}
		})
	}
	add("trail-empty", "a trail is configured, and its place is empty", plainTrail,
		edit(func(_ *month, files map[string]*file) { clear(files) }))
	add("trail-silent-a-day", "the trail has neither files nor digests of a day", plainTrail, withoutDays(14, 14))
	add("trail-silent-ten-days", "of ten days", plainTrail, withoutDays(8, 17))
	add("trail-ends-early", "the trail ends on the twentieth", plainTrail, withoutDays(21, 40))
	add("trail-begins-late", "the trail begins on the tenth", plainTrail, func(m *month) { m.trail.first = m.d(10) })
	add("trail-files-without-digests", "nothing signs the trail's files", plainTrail, edit(func(_ *month, files map[string]*file) {
		for key := range files {
			if strings.Contains(key, "/CloudTrail-Digest/") {
				delete(files, key)
			}
		}
	}))
	data := func(on func(m *month, at time.Time) bool) func(*month) {
		return func(m *month) { m.trail.data = func(at time.Time) bool { return on(m, at) } }
	}
	add("data-events-off-a-day", "the trail recorded no data events on a day", plainTrail,
		data(func(m *month, at time.Time) bool { return day(at) != day(m.d(14)) }))
	add("data-events-off-ten-days", "for ten days", plainTrail,
		data(func(m *month, at time.Time) bool { return at.Before(m.d(8)) || !at.Before(m.d(18)) }))
	add("data-events-off-half-days", "half of each day", plainTrail,
		data(func(m *month, at time.Time) bool { return at.Before(m.d(1)) || at.Hour() < 12 }))
	add("data-events-off-always", "the trail has never recorded data events, and the configuration does not say that it does not",
		plainTrail,
		data(func(*month, time.Time) bool { return false }))
	add("data-events-off-from-the-20th", "they were switched off on the 20th for good", plainTrail,
		data(func(m *month, at time.Time) bool { return at.Before(m.d(20)) }))
	lacks := func(days ...int) func(*month) {
		return func(m *month) {
			for _, n := range days {
				m.alter(nightOf(m.d(n)), func(r *record) { r.noTrail = true })
			}
		}
	}
	add("trail-lacks-ten-writes", "the log has ten writes of a night that the proven trail does not know", plainTrail,
		lacks(21), "unrecorded-request")
	add("trail-lacks-ten-writes-first", "on the first night", plainTrail, lacks(1), "unrecorded-request")
	add("trail-lacks-one-write", "one write", plainTrail, func(m *month) {
		m.alter(func(r *record) bool { return r.night == day(m.d(21)) && strings.HasSuffix(r.key, "/4.vbk") },
			func(r *record) { r.noTrail = true })
	}, "unrecorded-request")
	add("forged-night", "the log tells of a backup of a night which the trail does not know at all, as a forged log would",
		plainTrail, func(m *month) {
			m.alter(between(m.at(m.d(21), 0, 0), m.at(m.d(21), 4, 0)), func(r *record) { r.noTrail = true })
		}, "unrecorded-request")
	add("log-lacks-deletes", "the trail has five deletes of which the log knows nothing", plainTrail, func(m *month) {
		for i, key := range m.keys(m.d(2))[:5] {
			m.remove(m.at(m.d(16), 2, i), admin, key).noLog = true
		}
	}, "unlogged-request")
	add("log-lacks-reads", "the trail has reads of which the log knows nothing", plainTrail, func(m *month) {
		for i, key := range m.keys(m.d(2))[:5] {
			m.get(m.at(m.d(16), 12, i), restore, key, 10*mib).noLog = true
		}
	}, "unlogged-request")
	add("log-lacks-a-write", "the trail has a write of which the log knows nothing", plainTrail,
		func(m *month) { m.put(m.at(m.d(31), 2, 0), "veeam/extra", mib).noLog = true }, "unlogged-request")
	disagree := func(how func(*event)) func(*month) {
		return func(m *month) {
			for _, r := range m.of(m.d(21))[:3] {
				r.noTrail = true
				e := event{at: r.at, id: r.id, source: "s3", name: "PutObject", who: r.who, bucket: main, key: r.key, data: true}
				how(&e)
				m.trail.events = append(m.trail.events, e)
			}
		}
	}
	add("trail-tells-another-principal", "log and trail name different writers of the same requests", plainTrail,
		disagree(func(e *event) { e.who = unknown }), "witnesses-disagree")
	add("trail-tells-another-key", "log and trail name different keys", plainTrail,
		disagree(func(e *event) { e.key = "payroll/2026.xlsx" }), "witnesses-disagree")
	digests := func(from, count int) func(*month) {
		return edit(func(m *month, files map[string]*file) {
			at := m.at(m.d(from), 12, 0)
			for _, key := range digestsEnding(files, at, at.Add(time.Duration(count)*time.Hour)) {
				delete(files, key)
				delete(files, key+".metadata.json")
			}
		})
	}
	add("digest-missing", "a digest was removed", plainTrail, digests(15, 1), "trail-integrity")
	add("digests-missing-two", "two neighbouring digests were removed", plainTrail, digests(15, 2), "trail-integrity")
	add("digests-missing-a-day", "the digests of a day were removed", plainTrail, digests(15, 24), "trail-integrity")
	add("digest-missing-last-day", "a digest of the last day was removed", plainTrail, digests(31, 1), "trail-integrity")
	logFile := func(how func(files map[string]*file, key string)) func(*month) {
		return edit(func(m *month, files map[string]*file) {
			for _, key := range logFilesOf(files, m.at(m.d(21), 2, 0), m.at(m.d(21), 3, 0)) {
				how(files, key)
			}
		})
	}
	add("trail-file-changed", "a log file of the trail was changed", plainTrail,
		logFile(func(files map[string]*file, key string) { files[key].body = zipped(`{"Records":[]}`) }), "trail-integrity")
	add("trail-file-removed", "a log file of the trail was removed", plainTrail,
		logFile(func(files map[string]*file, key string) { delete(files, key) }), "trail-integrity")
	add("trail-file-added", "a log file lies there that no digest names", plainTrail, edit(func(m *month, files map[string]*file) {
		key := fmt.Sprintf("AWSLogs/%s/CloudTrail/%s/2026/10/21/%s_CloudTrail_%s_20261021T1404Z_AAAAAAAAAAAAAAAA.json.gz", account,
			region, account, region)
		body := encode(map[string]any{"Records": []any{m.eventBody(event{at: m.at(m.d(21), 14, 0), source: "s3",
			name: "PutObject", who: backup, bucket: main, key: "veeam/forged", data: true},
			"FFFFFFFFFFFFFFFF", "", "203.0.113.7", agent, "ffffffff-0001")}})
		files[key] = &file{"trail/" + key, zipped(body), m.at(m.d(21), 14, 4)}
	}), "trail-integrity")
	add("digest-changed", "a digest was changed, so that its signature does not fit", plainTrail,
		edit(func(m *month, files map[string]*file) {
			at := m.at(m.d(21), 9, 0)
			for _, key := range digestsEnding(files, at, at.Add(time.Hour)) {
				files[key].body = zipped(`{"awsAccountId":"111122223333"}`)
			}
		}), "trail-integrity")
	for _, c := range []struct{ name, source, event string }{{"logging-stopped", "cloudtrail", "StopLogging"},
		{"trail-deleted", "cloudtrail", "DeleteTrail"}, {"selectors-changed", "cloudtrail", "PutEventSelectors"}} {
		add("trail-"+c.name, "somebody called "+c.event+" without a ticket", plainTrail, func(m *month) {
			m.trail.events = append(m.trail.events,
				event{at: m.at(m.d(16), 12, 0), source: c.source, name: c.event, who: admin,
					parameters: map[string]any{"name": "evidence", "trailName": "evidence"}})
		}, "logging-changed")
	}
	add("approval-of-everything", "one line of approvals covers whatever anyone does all year, StopLogging too",
		plainTrail, func(m *month) {
			m.tenant = `approved_changes = "changes.csv"`
			m.extraFile("changes.csv", "from,to,principal,ticket,target\n2026-01-01,2026-12-31,*,CHG-1,*\n")
			m.trail.events = append(m.trail.events, event{at: m.at(m.d(16), 12, 0), source: "cloudtrail",
				name: "StopLogging", who: admin, parameters: map[string]any{"name": "evidence"}})
		})
	moved := func(at func(m *month) time.Time, to location) func(*month) {
		return func(m *month) {
			to.from = at(m)
			m.trail.moves = []location{to}
		}
	}
	noon := func(m *month) time.Time { return m.at(m.d(15), 12, 0) }
	// elsewhere leaves what lies in another bucket out of the configured place.
	elsewhere := func(m *month) {
		moved(noon, location{bucket: "acme-trail-2", home: region, title: "evidence"})(m)
		edit(func(m *month, files map[string]*file) {
			for key, f := range files {
				if f.at.Before(m.at(m.d(15), 12, 3)) || strings.Contains(key, "_20261015T120000Z") {
					delete(files, key)
				}
			}
		})(m)
	}
	add("trail-came-from-elsewhere", "up to the middle of the month the trail lay in a bucket that is not configured",
		plainTrail, elsewhere)
	add("trail-moved-and-holed", "the trail was moved to another prefix, and two digests behind the move are missing",
		plainTrail, func(m *month) {
			moved(noon, location{bucket: "acme-trail", prefix: "new", home: region, title: "evidence"})(m)
			digests(16, 2)(m)
		}, "trail-integrity")
	add("trail-moved-and-last-removed", "the trail was moved to another prefix, and the last two digests before the move are missing",
		plainTrail, func(m *month) {
			moved(noon, location{bucket: "acme-trail", prefix: "new", home: region, title: "evidence"})(m)
			edit(func(m *month, files map[string]*file) {
				for _, key := range digestsEnding(files, noon(m).Add(-time.Hour), noon(m).Add(time.Hour)) {
					delete(files, key)
					delete(files, key+".metadata.json")
				}
			})(m)
		}, "trail-integrity")
	add("trail-begins-anew-with-a-gap", "another trail begins three hours behind the end of the first", plainTrail, func(m *month) {
		moved(noon, location{bucket: "acme-trail", home: region, title: "second", anew: true})(m)
		edit(func(m *month, files map[string]*file) {
			for _, key := range digestsEnding(files, noon(m).Add(-2*time.Hour), noon(m).Add(time.Hour)) {
				delete(files, key)
				delete(files, key+".metadata.json")
			}
		})(m)
	})
	metrics := func() *month { return plain().withMetrics() }
	add("metrics-not-there", "a file of metrics is configured and has no figure", metrics, func(m *month) { m.metrics = [][4]string{} })
	without := func(which func(date string) bool) func(*month) {
		return func(m *month) {
			kept := [][4]string{}
			for _, row := range m.metrics {
				if !which(row[1]) {
					kept = append(kept, row)
				}
			}
			m.metrics = kept
		}
	}
	add("metrics-lack-a-day", "the metrics lack a day", metrics, without(func(d string) bool { return d == "2026-10-14" }))
	add("metrics-lack-the-end", "the metrics end on the 20th", metrics, without(func(d string) bool { return d > "2026-10-20" }))
	more := func(date string, add int) func(*month) {
		return func(m *month) {
			for i, row := range m.metrics {
				if row[1] == date && row[2] == "AllRequests" {
					n := 0
					fmt.Sscan(row[3], &n)
					m.metrics[i][3] = fmt.Sprint(n + add)
				}
			}
		}
	}
	add("metrics-count-more", "CloudWatch counts a fifth more requests than the log holds on a day", metrics,
		more("2026-10-14", 12), "metrics-differ")
	add("metrics-count-more-first", "on the first day", metrics, more("2026-10-01", 40), "metrics-differ")
	add("metrics-count-less", "CloudWatch counts fewer requests than the log holds: some of its lines may be forged",
		metrics, more("2026-10-14", -20), "metrics-differ")
	return list
}

// reported are attacks on what backup tools tell.
func reported() (list []attack) {
	add := func(name, says string, on func() *month, do func(*month), shows ...string) {
		list = append(list, attack{name: name, says: says, on: on, do: do, shows: shows})
	}
	body := func(n int, with string) func(*month) {
		return func(m *month) { m.reports[n-1].body = with }
	}
	add("reports-none", "reports are configured, and there is none", withRestic, func(m *month) { m.reports = []file{} })
	add("reports-end", "reports end on the 20th", withRestic, func(m *month) { m.reports = m.reports[:20] })
	for _, n := range []int{1, 21, 31} {
		// A night without a report is a finding of the check where there was one in the week before.
		add(fmt.Sprintf("report-missing-day-%d", n), "there is no report of a night", withRestic,
			func(m *month) { m.reports = append(m.reports[:n-1:n-1], m.reports[n:]...) }, "backup-report-mismatch", "witness-silent")
		add(fmt.Sprintf("report-unreadable-day-%d", n), "the report of a night can't be read", withRestic,
			body(n, "{\"what\": \"is this\"}\n"))
	}
	add("report-empty", "the report of a night is empty", withRestic, body(21, ""))
	add("report-cut-off", "the report of a night ends in the middle", withRestic,
		func(m *month) { m.reports[20].body = m.reports[20].body[:60] })
	add("reports-unreadable", "no report can be read", withRestic, func(m *month) {
		for i := range m.reports {
			m.reports[i].body = "\x00\x01\x02 not a report"
		}
	})
	add("report-tells-more", "the tool wrote twice what the log has", withRestic,
		func(m *month) { m.reports[20].body = resticReport(m.d(21), 200*mib) }, "backup-report-mismatch")
	add("report-tells-less", "the tool wrote half of what the log has", withRestic,
		func(m *month) { m.reports[20].body = resticReport(m.d(21), 50*mib) }, "backup-report-mismatch")
	add("report-restic-errors", "restic could not read files", withRestic, func(m *month) {
		m.reports[8].body = `{"message_type":"error","error":{"message":"permission denied"},"during":"archival","item":"/srv/db"}` +
			"\n" + m.reports[8].body
	})
	add("report-restic-exit", "restic ended with an error", withRestic,
		body(9, `{"message_type":"exit_error","code":1,"message":"Fatal: unable to open repository"}`+"\n"))
	rclone := func(m *month) string {
		var b strings.Builder
		for _, d := range m.days() {
			b.WriteString(rcloneReport(d, 100*mib, 0))
		}
		return b.String()
	}
	withLog := func() *month { m := plain(); m.report("rclone.log", rclone(m), m.last); return m }
	add("report-rclone-errors", "one run of rclone in an appended log had errors", withLog, func(m *month) {
		m.reports[0].body = strings.Replace(m.reports[0].body, rcloneReport(m.d(12), 100*mib, 0), rcloneReport(m.d(12), 100*mib, 3), 1)
	}, "backup-report-mismatch")
	add("report-rclone-critical", "a run of rclone ended before it had figures", withLog, func(m *month) {
		m.reports[0].body = strings.Replace(m.reports[0].body, rcloneReport(m.d(12), 100*mib, 0),
			`{"level":"critical","msg":"Failed to create file system","source":"cmd/cmd.go:88",`+
				`"time":"2026-10-12T01:00:02.0+00:00"}`+"\n", 1)
	})
	aws := func(status, message string) func() *month {
		return func() *month {
			m := plain()
			for _, d := range m.days() {
				s, w := "COMPLETED", ""
				if d.Day() == 10 {
					s, w = status, message
				}
				m.report(day(d)+"/job.csv", awsHead+awsJob(d, s, w, "S3", "arn:aws:s3:::acme-backups"), d.AddDate(0, 0, 1))
			}
			return m
		}
	}
	for _, c := range []struct{ status, message string }{{"FAILED", ""}, {"ABORTED", ""}, {"EXPIRED", ""},
		{"PARTIAL", ""}, {"RUNNING", ""}, {"COMPLETED", `"Completed with issues: 3 objects were not backed up"`}} {
		name := "report-aws-" + strings.ToLower(c.status)
		add(name, "AWS Backup's last word on a night is "+c.status+" "+c.message, aws(c.status, c.message), nil)
	}
	add("report-aws-only-others", "AWS Backup tells of other resources only, for a whole month", func() *month {
		m := plain()
		for _, d := range m.days() {
			m.report(day(d)+"/job.csv", awsHead+awsJob(d, "COMPLETED", "", "EC2",
				"arn:aws:ec2:eu-west-1:111122223333:instance/i-0bc877aee7782ba75"), d.AddDate(0, 0, 1))
		}
		return m
	}, nil)
	add("report-aws-other-bucket", "AWS Backup tells of another bucket only", func() *month {
		m := plain()
		for _, d := range m.days() {
			m.report(day(d)+"/job.csv", awsHead+awsJob(d, "COMPLETED", "", "S3", "arn:aws:s3:::acme-backups-old"), d.AddDate(0, 0, 1))
		}
		return m
	}, nil)
	table := func(row func(d time.Time) string) func() *month {
		return func() *month {
			m := plain()
			m.tenant = csvColumns
			text := csvHead
			for _, d := range m.days() {
				text += row(d)
			}
			m.report("veeam.csv", text, m.last)
			return m
		}
	}
	iso := "2006-01-02 15:04"
	job := func(d time.Time, n int, name, result string, bytes int64) string {
		if d.Day() == n {
			return csvRow(d, iso, name, result, bytes)
		}
		return csvRow(d, iso, name, "Success", bytes)
	}
	add("report-one-of-two-jobs-failed", "one of two jobs of a night failed", table(func(d time.Time) string {
		return csvRow(d, iso, "A", "Success", 100*mib) + job(d, 10, "B", "Failed", 0)
	}), nil)
	add("report-csv-failed", "the job of a night failed",
		table(func(d time.Time) string { return job(d, 10, "A", "Failed", 100*mib) }), nil, "backup-report-mismatch")
	add("report-csv-no-result", "the result of a night is empty",
		table(func(d time.Time) string { return job(d, 10, "A", "", 100*mib) }), nil)
	add("report-csv-impossible-date", "a row has a date that does not exist", table(func(d time.Time) string {
		if d.Day() == 10 {
			return "A,2026-13-10 01:00,2026-13-10 01:10,104857600,Success\n"
		}
		return csvRow(d, iso, "A", "Success", 100*mib)
	}), nil)
	add("report-and-log-both-missing", "neither the log nor the report has a backup of the night", withRestic, func(m *month) {
		m.drop(nightOf(m.d(21)))
		m.reports = append(m.reports[:20:20], m.reports[21:]...)
	}, "backup-missed")
	add("report-without-backup", "the tool reports a backup that the log does not have", withRestic,
		func(m *month) { m.drop(nightOf(m.d(21))) }, "backup-missed", "backup-report-mismatch")
	return list
}
