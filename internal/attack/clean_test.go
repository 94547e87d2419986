package attack

import (
	"fmt"
	"math"
	"time"
)

// trend has a log of some days up to the end of October, each night smaller or larger than
// the one before by a factor.
func trend(factor float64, days int) *month {
	m := newMonth("UTC", "2026-10", "00:00", "04:00")
	m.first = m.last.AddDate(0, 0, -days)
	for i, d := range m.span() {
		m.alive(d, 2, 0, 30)
		size := float64(gib) * math.Pow(factor, float64(i))
		if factor > 1 {
			size /= 64
		}
		m.night(d, 1, 0, 20, int64(size))
	}
	return m
}

// varied are sizes that differ by up to thirty percent, without a pattern.
func varied() *month {
	m := newMonth("UTC", "2026-10", "00:00", "04:00")
	for i, d := range m.span() {
		m.alive(d, 2, 0, 30)
		m.night(d, 1, (i*17)%40, 10, 10*mib*int64(70+(i*i*37+i*11)%61)/100)
	}
	return m
}

// withRestic gives each night a report of restic.
func withRestic() *month {
	m := plain()
	for _, d := range m.days() {
		m.report(day(d)+".json", resticReport(d, 100*mib), d)
	}
	return m
}

// withMetrics gives each day what CloudWatch counts.
func (m *month) withMetrics() *month {
	for _, d := range m.days() {
		requests, failed := 0, 0
		for _, r := range m.records {
			if between(m.at(d, 0, 0), m.at(d.AddDate(0, 0, 1), 0, 0))(r) && r.status > 0 && r.op[:5] == "REST." {
				requests++
				if r.status >= 400 && r.status < 500 {
					failed++
				}
			}
		}
		for _, v := range [][2]string{{"AllRequests", fmt.Sprint(requests)}, {"4xxErrors", fmt.Sprint(failed)},
			{"5xxErrors", "0"}, {"BytesDownloaded", "0"},
			{"NumberOfObjects", fmt.Sprint(40_000 + 10*d.Day())}, {"BucketSizeBytes", fmt.Sprint(400*gib + 100*mib*int64(d.Day()))}} {
			m.metrics = append(m.metrics, [4]string{main, day(d), v[0], v[1]})
		}
	}
	return m
}

func plainTrail() *month { return plain().withTrail() }

// everyWitness has a trail, reports and metrics.
func everyWitness() *month { return withRestic().withTrail().withMetrics() }

// cleanMonths must all be ok.
func cleanMonths() []attack {
	clean := func(name, says string, on func() *month) attack {
		return attack{name: "clean-" + name, says: says, on: on, ok: true}
	}
	with := func(on func() *month, do func(*month)) func() *month {
		return func() *month { m := on(); do(m); return m }
	}
	return []attack{
		clean("plain", "ten objects every night and two HEADs an hour", plain),
		clean("berlin-march", "a window in the hour that clocks skip, whose backup runs at the moment of the change",
			func() *month { return plainIn("Europe/Berlin", "2026-03", "02:00", "03:00", 2, 0) }),
		clean("berlin-october", "a window over midnight, and an hour that comes twice",
			func() *month { return plainIn("Europe/Berlin", "2026-10", "22:00", "06:00", 23, 30) }),
		clean("chicago-november", "a window in the hour that comes twice",
			func() *month { return plainIn("America/Chicago", "2025-11", "01:00", "03:00", 1, 15) }),
		clean("chicago-march", "a window over midnight and the skipped hour",
			func() *month { return plainIn("America/Chicago", "2026-03", "22:00", "06:00", 22, 5) }),
		clean("lord-howe-october", "clocks that skip half an hour",
			func() *month { return plainIn("Australia/Lord_Howe", "2026-10", "01:30", "03:30", 2, 40) }),
		clean("beirut-march", "a day without its midnight",
			func() *month { return plainIn("Asia/Beirut", "2026-03", "23:00", "02:00", 23, 20) }),
		clean("beirut-march-midnight", "a window of half an hour that the change skips",
			func() *month { return plainIn("Asia/Beirut", "2026-03", "00:00", "00:30", 0, 0) }),
		clean("cairo-october", "a day whose last hour comes twice",
			func() *month { return plainIn("Africa/Cairo", "2026-10", "22:00", "02:00", 22, 30) }),
		clean("tokyo", "a zone without changes, far from UTC",
			func() *month { return plainIn("Asia/Tokyo", "2026-10", "00:00", "04:00", 1, 0) }),
		clean("whole-day-window", "a window of 24 hours",
			func() *month { return plainIn("Europe/Berlin", "2026-10", "12:00", "12:00", 20, 0) }),
		clean("february", "a month of 28 days", func() *month { return plainIn("UTC", "2026-02", "00:00", "04:00", 1, 0) }),
		clean("weekdays", "a bucket without weekends, as its window says", weekdays),
		clean("office", "an office whose weekends are quiet", office),
		clean("sparse", "nothing but the nightly backup", sparse),
		clean("busy", "32 records an hour", busy),
		clean("ten", "ten objects, as many as are asked for", ten),
		clean("varied", "sizes that vary by thirty percent, at other minutes each night", varied),
		clean("weekly-full", "a full backup of seven times the size on Sundays", weeklyFull),
		clean("pruned-batch", "what is 30 nights old is removed by a multi-object delete", func() *month { return pruned(batched) }),
		clean("pruned-singly", "what is 30 nights old is removed, key by key", func() *month { return pruned(singly) }),
		clean("pruned-lifecycle", "a lifecycle rule removes what is 30 days old", func() *month { return pruned(expired) }),
		clean("restic", "locks, packs, index and a weekly prune", resticMonth),
		clean("rclone", "a mirror that overwrites, and files what was scanned", rcloneMonth),
		clean("veeam", "blocks with retention, metadata that is overwritten, old blocks removed", veeamMonth),
		clean("duplicati", "volumes, and a compaction on Saturdays", duplicatiMonth),
		clean("kopia", "packs and indexes, with maintenance", kopiaMonth),
		clean("multipart", "objects in parts", multipartMonth),
		clean("retried", "one write in ten is answered 503 and tried again", with(plain, func(m *month) {
			for _, d := range m.span() {
				r := m.of(d)[3]
				m.put(r.at.Add(-time.Second/2), r.key, -1).refuse(503, "SlowDown")
			}
		})),
		clean("probes", "the tool asks before each write whether the object is there", with(plain, func(m *month) {
			for _, d := range m.span() {
				for _, r := range m.of(d) {
					m.head(r.at.Add(-time.Second/2), r.key).refuse(404, "NoSuchKey")
				}
			}
		})),
		clean("restore-tests", "a restore of a night is tried every Wednesday", with(plain, func(m *month) {
			for _, d := range m.span() {
				if d.Weekday() == time.Wednesday {
					for i, key := range m.keys(d) {
						m.get(m.at(d, 10, i), restore, key, 10*mib)
					}
				}
			}
		})),
		clean("two-jobs", "two jobs in two prefixes", twoJobs),
		clean("two-roles", "two backup roles", twoRoles),
		clean("two-buckets", "two buckets with windows of their own", twoBuckets),
		clean("late-and-doubled", "a log object of each week comes a day late, and one comes twice", with(plain, func(m *month) {
			m.every = 6
			for n := range 4 {
				from := m.at(m.d(7*n+3), 6, 0)
				m.alter(between(from, from.Add(6*time.Hour)), func(r *record) { r.delivered = from.Add(40 * time.Hour) })
				from = m.at(m.d(7*n+5), 12, 0)
				var again string
				for _, r := range m.records {
					if between(from, from.Add(6*time.Hour))(r) {
						again += r.line() + "\n"
					}
				}
				m.loose = append(m.loose, logObject{main, from.Add(9 * time.Hour), again})
			}
		})),
		clean("keep-two-nights", "each night the backup of two nights before is removed", with(plain, func(m *month) {
			for _, d := range m.span() {
				m.removeMany(m.at(d, 1, 30), backup, m.keys(d.AddDate(0, 0, -2))...)
			}
		})),
		clean("trail", "a trail that agrees with the log", plainTrail),
		clean("trail-chicago", "a trail over a change of clocks",
			func() *month { return plainIn("America/Chicago", "2025-11", "22:00", "06:00", 23, 0).withTrail() }),
		clean("reports-restic", "restic tells what the log tells", withRestic),
		clean("reports-appended", "rclone's one log of the month", with(plain, func(m *month) {
			body := ""
			for _, d := range m.days() {
				body += rcloneReport(d, 100*mib, 0)
			}
			m.report("rclone.log", body, m.last)
		})),
		clean("reports-aws", "the report of AWS Backup", with(plain, func(m *month) {
			for _, d := range m.days() {
				m.report(day(d)+"/job.csv", awsHead+awsJob(d, "COMPLETED", "", "S3", "arn:aws:s3:::acme-backups"), d.AddDate(0, 0, 1))
			}
		})),
		clean("reports-csv", "a CSV of a tool that nobody knows", with(plain, func(m *month) {
			m.tenant = csvColumns
			body := csvHead
			for _, d := range m.days() {
				body += csvRow(d, "2006-01-02 15:04", "A", "Success", 100*mib)
			}
			m.report("veeam.csv", body, m.last)
		})),
		clean("metrics", "metrics that agree with the log", func() *month { return plain().withMetrics() }),
		clean("every-witness", "trail, reports and metrics that all agree", everyWitness),
		clean("approved-change", "a change of the bucket's policy under a ticket", with(plainTrail, func(m *month) {
			m.tenant = `approved_changes = "changes.csv"`
			m.configure(m.at(m.d(12), 14, 0), admin, "REST.PUT.BUCKETPOLICY", "?policy", "PutBucketPolicy")
			m.extraFile("changes.csv",
				"from,to,principal,ticket,target\n2026-10-12,2026-10-12,Storage administrator,CHG-1042,acme-backups\n")
		})),
	}
}

// refuse makes a record that of a request that failed.
func (r *record) refuse(status int, fault string) *record {
	r.status, r.fault, r.size, r.night = status, fault, -1, ""
	return r
}

// configure is a change of how the bucket is set up, in the log and in the trail.
func (m *month) configure(at time.Time, who, op, query, name string) *record {
	r := m.add(record{at: at, op: op, key: "-", size: -1, sent: -1, status: 200, who: who,
		agent: "aws-cli/2.17.0 VeeamBackup", query: query})
	if m.trail != nil {
		m.trail.events = append(m.trail.events, event{at: at, id: r.id, source: "s3", name: name, who: who, bucket: main})
	}
	return r
}
