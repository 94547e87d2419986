package attack

import (
	"fmt"
	"strings"
	"time"
)

// harmless are changes to which nobody objects.
func harmless() (list []attack) {
	add := func(name, says string, on func() *month, do func(*month)) {
		list = append(list, attack{name: "harmless-" + name, says: says, on: on, do: do, ok: true})
	}
	add("late-log-objects", "the log of a day came two days late", plain, func(m *month) {
		m.alter(between(m.d(14), m.d(15)), func(r *record) { r.delivered = m.at(m.d(17), 3, 12) })
	})
	add("doubled-log-object", "the log of a day came twice", plain, func(m *month) {
		text := ""
		for _, r := range m.records {
			if between(m.d(14), m.d(15))(r) {
				text += r.line() + "\n"
			}
		}
		m.loose = append(m.loose, logObject{main, m.at(m.d(15), 7, 0), text})
	})
	add("many-log-objects", "a day's records came in many small objects", plain, func(m *month) {
		m.alter(between(m.d(14), m.d(15)), func(r *record) { r.delivered = r.at.Add(50 * time.Minute) })
	})
	add("restore-of-a-night", "the restore operator read a night's backup", plain, func(m *month) {
		for i, key := range m.keys(m.d(14)) {
			m.get(m.at(m.d(16), 10, i), restore, key, 10*mib)
		}
	})
	add("restore-of-one-object-on-the-first", "the restore operator read one object", plain,
		func(m *month) { m.get(m.at(m.d(1), 10, 0), restore, m.keys(m.d(1))[0], 10*mib) })
	add("admin-looks", "the administrator asked for an object and listed the prefix", plain, func(m *month) {
		m.head(m.at(m.d(16), 10, 0), "veeam/2026-10-01/0.vbk").who = admin
		m.add(record{at: m.at(m.d(16), 10, 1), op: "REST.GET.BUCKET", key: "-", size: -1, sent: 800, status: 200,
			who: admin, query: "?list-type=2&prefix=veeam%2F"})
	})
	add("auditor-lists-weekly", "the auditors list the prefix each Monday", plain, func(m *month) {
		for _, d := range m.span() {
			if d.Weekday() == time.Monday {
				m.add(record{at: m.at(d, 9, 0), op: "REST.GET.BUCKET", key: "-", size: -1, sent: 800, status: 200,
					who: audit, query: "?list-type=2&prefix=veeam%2F"})
			}
		}
	})
	for _, n := range []int{1, 20, 31} {
		add(fmt.Sprintf("later-in-the-window-day-%d", n), "the backup ran two hours later, within its window", plain, func(m *month) {
			m.alter(nightOf(m.d(n)), func(r *record) { r.at = r.at.Add(2 * time.Hour) })
		})
	}
	add("first-minute-of-the-window", "the backup began with its window", plain,
		func(m *month) { m.alter(nightOf(m.d(20)), func(r *record) { r.at = r.at.Add(-time.Hour) }) })
	add("last-minute-of-the-window", "the backup ended with its window", plain, func(m *month) {
		m.alter(nightOf(m.d(20)), func(r *record) { r.at = r.at.Add(2*time.Hour + 59*time.Minute + 50*time.Second) })
	})
	for _, c := range []struct {
		name string
		size int64
	}{{"a-fifth-less", 8 * mib}, {"two-fifths-less", 6 * mib}, {"a-third-more", 13 * mib}, {"half-more", 15 * mib}} {
		add(c.name, "the night was a little smaller or larger than others", plain,
			func(m *month) { m.alter(nightOf(m.d(20)), func(r *record) { r.size = c.size }) })
	}
	add("more-objects", "a night wrote twelve objects instead of ten", plain, func(m *month) {
		for i := range 2 {
			m.put(m.at(m.d(20), 1, 2+i), fmt.Sprintf("veeam/%s/x%d.vbk", day(m.d(20)), i), 10*mib)
		}
	})
	add("one-write-retried", "one write was answered 503 and tried again", plain, func(m *month) {
		r := m.of(m.d(20))[4]
		m.put(r.at.Add(-500*time.Millisecond), r.key, -1).refuse(503, "SlowDown")
	})
	add("one-write-retried-500", "one write was answered 500 and tried again with success", ten, func(m *month) {
		r := m.of(m.d(31))[4]
		m.put(r.at.Add(-500*time.Millisecond), r.key, -1).refuse(500, "InternalError")
	})
	add("one-probe", "the tool asked for an object that is not there", plain,
		func(m *month) { m.head(m.at(m.d(20), 1, 1), "veeam/none").refuse(404, "NoSuchKey") })
	add("probes-in-a-night", "the tool asked for twenty objects that are not there", plain, func(m *month) {
		for i := range 20 {
			m.get(m.at(m.d(20), 1, 10+i), backup, fmt.Sprintf("veeam/none/%d", i), -1).refuse(404, "NoSuchKey")
		}
	})
	add("lists-its-prefix", "the tool lists its prefix each night", plain, func(m *month) {
		for _, d := range m.span() {
			m.add(record{at: m.at(d, 1, 0), op: "REST.GET.BUCKET", key: "-", size: -1, sent: 800, status: 200,
				query: "?list-type=2&prefix=veeam%2F&max-keys=1000"})
		}
	})
	add("reads-its-index", "the tool reads its own small index each night", plain, func(m *month) {
		for _, d := range m.span() {
			m.get(m.at(d, 1, 0), backup, "veeam/index.vbm", 200_000)
		}
	})
	add("an-upload-aborted", "one upload was aborted, and the object written in another", plain, func(m *month) {
		at := m.at(m.d(20), 1, 20)
		m.add(record{at: at, op: "REST.POST.UPLOADS", key: "veeam/2026-10-20/big.vbk", size: -1, sent: 300,
			status: 200, query: "?uploads"})
		m.add(record{at: at.Add(time.Minute), op: "REST.DELETE.UPLOAD", key: "veeam/2026-10-20/big.vbk", size: -1,
			sent: -1, status: 204, query: "?uploadId=x"})
		m.upload(at.Add(2*time.Minute), "veeam/2026-10-20/big.vbk", 2, 8*mib, "")
	})
	add("an-object-in-parts", "one object was written in parts", plain,
		func(m *month) { m.upload(m.at(m.d(20), 2, 0), "veeam/2026-10-20/big.vbk", 3, 8*mib, "") })
	add("completions-without-sizes", "the log tells no size of completions, but those of the parts", multipartMonth, func(m *month) {
		m.alter(func(r *record) bool { return r.op == "REST.POST.UPLOAD" }, func(r *record) { r.size = -1 })
	})
	add("a-folder-made", "the administrator made a folder in the console, in the window", plain, func(m *month) {
		m.put(m.of(m.d(20))[0].at.Add(time.Minute), "veeam/made/", 0).who = admin
	})
	add("a-lock", "the tool wrote and removed a lock", plain, func(m *month) {
		m.put(m.at(m.d(20), 1, 0), "veeam/locks/a", 100)
		m.remove(m.at(m.d(20), 1, 40), backup, "veeam/locks/a")
	})
	add("locks-always", "the tool locks each night", plain, func(m *month) {
		for _, d := range m.span() {
			m.put(m.at(d, 1, 0), "veeam/job.lck", 100)
			m.remove(m.at(d, 1, 40), backup, "veeam/job.lck")
		}
	})
	add("a-temporary-part", "an object was written under a temporary name, copied to its own, and the temporary one removed", plain,
		func(m *month) {
			for _, d := range m.span() {
				at := m.at(d, 1, 30)
				m.put(at, "veeam/t/"+day(d)+".tmp", 9*mib)
				m.add(record{at: at.Add(2 * time.Second), op: "REST.COPY.OBJECT_GET", key: "veeam/t/" + day(d) + ".tmp",
					size: 9 * mib, sent: -1, status: 200})
				m.add(record{at: at.Add(2 * time.Second), op: "REST.COPY.OBJECT", key: "veeam/t/" + day(d) + ".vbk",
					size: 9 * mib, sent: 300, status: 200})
				m.remove(at.Add(4*time.Second), backup, "veeam/t/"+day(d)+".tmp")
			}
		})
	add("renamed", "all objects of a night were renamed", plain, func(m *month) {
		for _, r := range m.of(m.d(20)) {
			at, to := r.at.Add(10*time.Minute), strings.Replace(r.key, "veeam/", "veeam/done/", 1)
			m.add(record{at: at, op: "REST.COPY.OBJECT_GET", key: r.key, size: r.size, sent: -1, status: 200})
			m.add(record{at: at, op: "REST.COPY.OBJECT", key: to, size: r.size, sent: 300, status: 200})
			m.remove(at.Add(time.Second), backup, r.key)
		}
	})
	add("two-old-objects-pruned", "two objects of twenty nights before were removed in the window", plain, func(m *month) {
		for i, key := range m.keys(m.d(1))[:2] {
			m.remove(m.at(m.d(21), 2, i), backup, key)
		}
	})
	add("one-fresh-object-removed",
		"one object of ten was removed again by the backup role: less than half, and more than are asked for", varied, func(m *month) {
			r := m.put(m.at(m.d(21), 1, 50), "veeam/"+day(m.d(21))+"/chunk.vbk", mib/4)
			m.remove(r.at.Add(20*time.Minute), backup, r.key)
		})
	add("metadata-overwritten", "the tool overwrites its metadata each night", plain, func(m *month) {
		for _, d := range m.span() {
			m.put(m.at(d, 1, 0), "veeam/job.vbm", 100_000)
		}
	})
	add("written-twice", "one object was written twice in the night", plain, func(m *month) {
		r := m.of(m.d(20))[4]
		m.put(r.at.Add(10*time.Minute), r.key, r.size)
	})
	add("lifecycle-aborts-uploads", "a rule removed uploads that nobody completed", plain, func(m *month) {
		for n := range 5 {
			m.expire(m.at(m.d(5*n+2), 0, 30), fmt.Sprintf("veeam/left/%d.vbk", n)).op = "S3.DELETE.UPLOAD"
		}
	})
	add("lifecycle-transitions", "a rule moves objects of 30 days to a colder class", plain, func(m *month) {
		for _, d := range m.span() {
			for i := range 10 {
				m.expire(m.at(d, 0, 20), fmt.Sprintf("veeam/%s/%d.vbk", day(d.AddDate(0, 0, -30)), i)).op = "S3.TRANSITION_GDA.OBJECT"
			}
		}
	})
	add("retention-on-fresh-objects", "the tool sets retention on what it has just written", plain, func(m *month) {
		for _, d := range m.span() {
			for _, r := range m.of(d) {
				m.add(record{at: r.at.Add(5 * time.Minute), op: "REST.PUT.OBJECT_LOCK_RETENTION", key: r.key,
					size: -1, sent: -1, status: 200, query: "?retention"})
			}
		}
	})
	add("retention-extended-every-day", "the tool extends the retention of the last week each night", plain, func(m *month) {
		for _, d := range m.span() {
			for back := range 7 {
				for _, key := range m.keys(d.AddDate(0, 0, -back))[:2*min(1, len(m.keys(d.AddDate(0, 0, -back))))] {
					m.add(record{at: m.at(d, 1, 30+back), op: "REST.PUT.OBJECT_LOCK_RETENTION", key: key, size: -1,
						sent: -1, status: 200, query: "?retention"})
				}
			}
		}
	})
	add("other-sessions", "the backup role has another session name each night", plain, func(m *month) {
		m.alter(func(r *record) bool { return r.night != "" },
			func(r *record) { r.who = strings.Replace(backup, "/veeam", "/veeam-"+r.night, 1) })
	})
	add("new-version-of-the-program", "the backup program was updated", plain, func(m *month) {
		m.alter(func(r *record) bool { return !r.at.Before(m.d(15)) }, func(r *record) { r.agent = "APN/1.0 VeeamBackup/13" })
	})
	add("other-address", "the backup server got another address", plain, func(m *month) {
		m.alter(func(r *record) bool { return !r.at.Before(m.d(15)) }, func(r *record) { r.ip = "2001:db8::17" })
	})
	add("odd-keys", "keys with spaces, quotes, percent signs and letters of other scripts", plain, func(m *month) {
		for _, d := range m.span() {
			for i, key := range []string{"veeam/M%25C3%25BCller+%2522x%2522.vbk",
				"veeam/%25E6%2597%25A5%25E6%259C%25AC.vbk", "veeam/100%2525.vbk", "veeam/a%2Bb.vbk", "veeam/M%25FCller.vbk"} {
				m.put(m.at(d, 1, 20+i), strings.TrimSuffix(key, ".vbk")+day(d)+".vbk", mib)
			}
		}
	})
	add("more-fields", "S3 added fields to the lines", plain, func(m *month) {
		m.alter(func(r *record) bool { return !r.at.Before(m.d(15)) }, func(r *record) { r.raw = r.line() + " eu-west-1 something" })
	})
	add("three-hours-silent", "three hours of a day without a record, at three in the afternoon", plain, func(m *month) {
		m.drop(between(m.at(m.d(14), 15, 10), m.at(m.d(14), 17, 50)))
	})
	add("one-hour-silent-busy", "one hour of a busy bucket without a record", busy,
		func(m *month) { m.drop(between(m.at(m.d(14), 15, 0), m.at(m.d(14), 16, 0))) })
	add("a-busy-day", "a day with four times the traffic", plain, func(m *month) { m.alive(m.d(14), 8, 0, 30) })
	add("a-record-from-the-future", "a record has a date of next year: a clock was wrong", plain, func(m *month) {
		m.head(m.at(m.d(14), 12, 7), "veeam/a.vbk").at = date("2027-03-01")
		m.records[len(m.records)-1].delivered = m.at(m.d(15), 0, 30)
	})
	add("quiet-saturday", "a backup on Saturdays, too, but no other traffic at weekends", office, func(m *month) {
		m.head(m.at(m.d(17), 11, 0), "veeam/a.vbk") // somebody worked on a Saturday
	})
	add("weekdays-other-minute", "a weekday-only bucket whose backup ran an hour earlier", weekdays, func(m *month) {
		m.alter(nightOf(m.d(15)), func(r *record) { r.at = r.at.Add(-50 * time.Minute) })
	})
	add("sparse-other-hour", "the only records of a day came an hour later than usual", sparse,
		func(m *month) { m.alter(nightOf(m.d(15)), func(r *record) { r.at = r.at.Add(time.Hour) }) })
	add("duplicate-lines", "S3 logged some records twice in one object", plain, func(m *month) {
		for _, r := range m.of(m.d(20))[:4] {
			again := *r
			m.records = append(m.records, &again)
		}
	})
	add("versions-told", "the bucket has versions, and old ones are purged with theirs after 30 nights",
		func() *month { return pruned(singly) }, func(m *month) {
			m.alter(func(r *record) bool { return r.night != "" }, func(r *record) { r.version = "v" + r.id })
		})
	add("report-with-bom", "a report begins with a byte order mark", withRestic,
		func(m *month) { m.reports[4].body = "\ufeff" + m.reports[4].body })
	add("report-of-a-retry", "a job of Veeam failed, and its retry succeeded in the same night", func() *month {
		m, data := plain(), []any{}
		session := func(d time.Time, n int, begin, end, result string) {
			data = append(data, map[string]any{"sessionType": "BackupJob", "state": "Stopped",
				"id": fmt.Sprintf("%08x-0000-0000-0000-%012d", d.Unix(), n), "name": "Nightly",
				"creationTime": day(d) + begin, "endTime": day(d) + end,
				"result": map[string]any{"result": result, "message": "", "isCanceled": false}})
		}
		for _, d := range m.days() {
			if d.Day() == 12 {
				session(d, 1, "T00:40:00.0+00:00", "T00:45:00.0+00:00", "Failed")
			}
			session(d, 2, "T01:00:00.0+00:00", "T01:10:00.0+00:00", "Success")
		}
		m.report("sessions.json", encode(map[string]any{"data": data,
			"pagination": map[string]any{"total": 32, "count": 32, "skip": 0, "limit": 200}}), m.last)
		return m
	}, nil)
	add("report-tolerance", "the tool tells five percent less than the log", withRestic,
		func(m *month) { m.reports[20].body = resticReport(m.d(21), 95*mib) })
	add("report-twice", "the same report lies there twice", withRestic, func(m *month) {
		again := m.reports[20]
		again.name = "again.json"
		m.reports = append(m.reports, again)
	})
	add("aws-others-failed", "a job of AWS Backup for a machine failed, which is not the bucket's", func() *month {
		m := plain()
		for _, d := range m.days() {
			m.report(day(d)+"/job.csv", awsHead+awsJob(d, "COMPLETED", "", "S3", "arn:aws:s3:::acme-backups")+
				awsJob(d, "FAILED", "", "EC2", "arn:aws:ec2:eu-west-1:111122223333:instance/i-0bc877aee7782ba75"), d.AddDate(0, 0, 1))
		}
		return m
	}, nil)
	add("metrics-differ-little", "CloudWatch counts one request more on a day",
		func() *month { return plain().withMetrics() }, func(m *month) {
			for i, row := range m.metrics {
				if row[1] == "2026-10-14" && row[2] == "AllRequests" {
					n := 0
					fmt.Sscan(row[3], &n)
					m.metrics[i][3] = fmt.Sprint(n + 1)
				}
			}
		})
	add("trail-reads", "a restore that log and trail tell alike", plainTrail, func(m *month) {
		for i, key := range m.keys(m.d(14)) {
			m.get(m.at(m.d(16), 10, i), restore, key, 10*mib)
		}
	})
	add("trail-and-prune", "multi-object deletes, of which the trail has one event",
		func() *month { return pruned(batched).withTrail() }, nil)
	add("trail-and-lifecycle", "lifecycle, of which the trail never has anything",
		func() *month { return pruned(expired).withTrail() }, nil)
	for _, c := range []struct {
		name string
		to   location
	}{{"prefix", location{bucket: "acme-trail", prefix: "security/trails", home: region, title: "evidence"}},
		{"home-region", location{bucket: "acme-trail", home: "eu-central-1", title: "evidence", anew: true}},
		{"organization", location{bucket: "acme-trail", org: "o-abc1234567", home: region, title: "evidence"}},
		{"name", location{bucket: "acme-trail", home: region, title: "second", anew: true}}} {
		add("trail-other-"+c.name, "the trail was given another "+c.name+" at the full hour, and nothing is missing",
			plainTrail, func(m *month) {
				c.to.from = m.at(m.d(15), 12, 0)
				m.trail.moves = []location{c.to}
			})
	}
	add("trail-without-data-events", "the configuration says that the trail records no data events", plainTrail, func(m *month) {
		m.tenant = "cloudtrail_data_events = false"
		m.trail.data = func(time.Time) bool { return false }
	})
	return list
}
