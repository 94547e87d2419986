package attack

import (
	"encoding/json"
	"fmt"
	"time"
)

// The request sequences of backup tools, as their sources and documentation have them.
// Each writes one night; nights ago tells how long what it prunes has been there.

// plain is a month of which nothing is to be said: two HEADs an hour, ten objects each
// night at one o'clock.
func plain() *month { return plainIn("UTC", "2026-10", "00:00", "04:00", 1, 0) }

func plainIn(zone, name, start, end string, hour, minute int) *month {
	m := newMonth(zone, name, start, end)
	for _, d := range m.span() {
		m.alive(d, 2, 0, 30)
		m.night(d, hour, minute, 10, 10*mib)
	}
	return m
}

// busy has 32 records an hour, and a log object every hour.
func busy() *month {
	m := newMonth("UTC", "2026-10", "00:00", "04:00")
	m.every = 1
	for _, d := range m.span() {
		m.alive(d, 32, 0, 30)
		m.night(d, 1, 0, 10, 10*mib)
	}
	return m
}

// office has 32 records an hour from eight to eighteen on workdays, and on quiet weekends
// only the nightly backup.
func office() *month {
	m := newMonth("UTC", "2026-10", "20:00", "06:00")
	for _, d := range m.span() {
		if d.Weekday() != time.Saturday && d.Weekday() != time.Sunday {
			m.alive(d, 32, 8, 18)
		}
		m.night(d, 22, 0, 10, 10*mib)
	}
	return m
}

// sparse has nothing but the nightly backup.
func sparse() *month {
	m := newMonth("UTC", "2026-10", "00:00", "04:00")
	for _, d := range m.span() {
		m.night(d, 1, 0, 10, 10*mib)
	}
	return m
}

// weekdays has a window, and traffic, on workdays only.
func weekdays() *month {
	m := newMonth("UTC", "2026-10", "20:00", "23:00")
	m.last = m.last.AddDate(0, 0, 2) // the Tuesday behind the month, which ends on a Saturday
	m.buckets[0].days = workdays
	for _, d := range m.span() {
		if d.Weekday() != time.Saturday && d.Weekday() != time.Sunday {
			m.alive(d, 2, 7, 24)
			m.night(d, 21, 0, 10, 10*mib)
		}
	}
	return m
}

// ten is plain with min_objects = 10.
func ten() *month {
	m := plain()
	m.buckets[0].min = 10
	return m
}

// weeklyFull writes seven times as much on Sundays.
func weeklyFull() *month {
	m := newMonth("UTC", "2026-10", "00:00", "04:00")
	m.first = m.first.AddDate(0, 0, -31)
	for _, d := range m.span() {
		m.alive(d, 2, 0, 30)
		size := 10 * mib
		if d.Weekday() == time.Sunday {
			size *= 7
		}
		m.night(d, 1, 0, 10, size)
	}
	return m
}

// pruned removes each night at half past one what was written 30 nights before.
func pruned(remove func(m *month, at time.Time, keys []string)) *month {
	m := newMonth("UTC", "2026-10", "00:00", "04:00")
	for _, d := range m.span() {
		m.alive(d, 2, 0, 30)
		m.night(d, 1, 0, 10, 10*mib)
		old := d.AddDate(0, 0, -30)
		var keys []string
		for i := range 10 {
			keys = append(keys, fmt.Sprintf("veeam/%s/%d.vbk", day(old), i))
		}
		remove(m, m.at(d, 1, 30), keys)
	}
	return m
}

func singly(m *month, at time.Time, keys []string) {
	for i, key := range keys {
		m.remove(at.Add(time.Duration(i)*time.Second), backup, key)
	}
}

func batched(m *month, at time.Time, keys []string) { m.removeMany(at, backup, keys...) }

func expired(m *month, at time.Time, keys []string) {
	for _, key := range keys {
		m.expire(at, key)
	}
}

// twoJobs has a job for each of two prefixes.
func twoJobs() *month {
	m := newMonth("UTC", "2026-10", "00:00", "04:00")
	m.buckets[0].prefixes = []string{"veeam/", "files/"}
	for _, d := range m.span() {
		m.alive(d, 2, 0, 30)
		m.night(d, 1, 0, 10, 10*mib)
		for i := range 5 {
			m.put(m.at(d, 2, i), fmt.Sprintf("files/%s/%d.vbk", day(d), i), 8*mib).night = day(d)
		}
	}
	return m
}

// twoRoles has two backup roles, each with its part of the night.
func twoRoles() *month {
	m := newMonth("UTC", "2026-10", "00:00", "04:00")
	m.principals = append(m.principals, principal{"arn:aws:sts::111122223333:assumed-role/ArchiveRole/*", "Archive role", "backup"})
	for _, d := range m.span() {
		m.alive(d, 2, 0, 30)
		m.night(d, 1, 0, 10, 10*mib)
		for i := range 3 {
			r := m.put(m.at(d, 2, i), fmt.Sprintf("veeam/archive/%s/%d.vbk", day(d), i), 4*mib)
			r.who, r.night = second, day(d)
		}
	}
	return m
}

// twoBuckets is plain with a second bucket.
func twoBuckets() *month {
	m := plain()
	m.buckets = append(m.buckets, &bucket{name: "acme-files", prefixes: []string{"files/"}, start: "22:00",
		end: "06:00", days: everyDay, min: 2})
	for _, d := range m.span() {
		for h := range 24 {
			m.head(m.at(d, h, 10), "files/a").bucket = "acme-files"
		}
		for i := range 6 {
			r := m.put(m.at(d, 23, 5*i), fmt.Sprintf("files/%s/%d", day(d), i), 3*mib)
			r.bucket, r.night = "acme-files", "files "+day(d)
		}
	}
	return m
}

// restic locks, writes packs, index and snapshot, unlocks, and prunes on Sundays: packs of
// 28 days before go, the index is written anew.
func resticMonth() *month {
	m := newMonth("UTC", "2026-10", "00:00", "04:00")
	m.buckets[0].prefixes = []string{"restic/"}
	m.agents = []string{"MinIO*minio-go*"}
	const tool = "MinIO (linux; amd64) minio-go/v7.0.66"
	index := map[string][]string{}
	for _, d := range m.span() {
		begin := len(m.records)
		at, n := m.at(d, 1, 0), 0
		next := func() time.Time { n++; return at.Add(time.Duration(n) * time.Second) }
		id := func(kind string, i int) string { return fmt.Sprintf("restic/%s/%x%032x", kind, d.Unix(), i) }
		for h := range 24 {
			m.head(m.at(d, h, 20), "restic/config")
		}
		m.get(next(), backup, "restic/config", 155)
		m.add(record{at: next(), op: "REST.GET.BUCKET", key: "-", size: -1, sent: 500, status: 200,
			query: "?list-type=2&prefix=restic%2Flocks%2F"})
		m.put(next(), id("locks", 0), 150).night = day(d)
		for i := range 8 {
			m.put(next(), id("data/0a", i), 16*mib+int64(i)*1000).night = day(d)
		}
		m.put(next(), id("index", 1), 20_000).night = day(d)
		m.put(next(), id("snapshots", 2), 300).night = day(d)
		index[day(d)] = []string{id("index", 1)}
		m.remove(next(), backup, id("locks", 0))
		if d.Weekday() == time.Sunday {
			m.put(next(), id("locks", 3), 150)
			old := d.AddDate(0, 0, -28)
			for i := range 6 {
				m.remove(next(), backup, fmt.Sprintf("restic/data/0a/%x%032x", old.Unix(), i))
			}
			m.put(next(), id("index", 4), 60_000).night = day(d)
			for back := range 7 {
				for _, key := range index[day(d.AddDate(0, 0, -back))] {
					m.remove(next(), backup, key)
				}
			}
			m.remove(next(), backup, id("locks", 3))
		}
		for _, r := range m.records[begin:] {
			r.agent = tool
		}
	}
	return m
}

// rclone mirrors: it overwrites files that changed, writes new ones, and renames by
// copying and deleting.
func rcloneMonth() *month {
	m := newMonth("UTC", "2026-10", "00:00", "04:00")
	m.buckets[0].prefixes = []string{"mirror/"}
	m.agents = []string{"rclone/*"}
	for i, d := range m.span() {
		begin := len(m.records)
		at, n := m.at(d, 1, 0), 0
		next := func() time.Time { n++; return at.Add(time.Duration(n) * time.Second) }
		for h := range 24 {
			m.head(m.at(d, h, 20), "mirror/index.db")
		}
		m.add(record{at: next(), op: "REST.GET.BUCKET", key: "-", size: -1, sent: 5000, status: 200,
			query: "?delimiter=&list-type=2&max-keys=1000&prefix=mirror%2F"})
		for k := range 6 { // the same documents are worked on every day
			m.put(next(), fmt.Sprintf("mirror/office/doc-%02d.docx", k), 2*mib+int64(i)*2000).night = day(d)
		}
		for k := range 4 {
			m.put(next(), fmt.Sprintf("mirror/scans/%s-%d.pdf", day(d), k), 5*mib).night = day(d)
		}
		from, to := fmt.Sprintf("mirror/scans/%s-0.pdf", day(d.AddDate(0, 0, -1))),
			fmt.Sprintf("mirror/filed/%s.pdf", day(d.AddDate(0, 0, -1)))
		if i > 0 { // yesterday's first scan was filed
			m.add(record{at: next(), op: "REST.COPY.OBJECT_GET", key: from, size: 5 * mib, sent: -1, status: 200})
			m.add(record{at: next(), op: "REST.COPY.OBJECT", key: to, size: 5 * mib, sent: 300, status: 200})
			m.remove(next(), backup, from)
		}
		for _, r := range m.records[begin:] {
			r.agent = "rclone/v1.65.0"
		}
	}
	return m
}

// veeam writes blocks, overwrites its metadata, sets retention on what is fresh, and
// removes the blocks of 21 nights before by multi-object deletes.
func veeamMonth() *month {
	m := newMonth("UTC", "2026-10", "20:00", "06:00")
	block := func(d time.Time, i int) string {
		return fmt.Sprintf("veeam/Archive/3f8a/blocks/%x/%04d.%08x.blk", d.Unix(), i, i*7919)
	}
	for _, d := range m.span() {
		m.alive(d, 2, 0, 30)
		at, n := m.at(d, 22, 15), 0
		next := func() time.Time { n++; return at.Add(time.Duration(n) * time.Second) }
		for i := range 12 {
			m.put(next(), block(d, i), mib*4+int64(i)).night = day(d)
			m.add(record{at: next(), op: "REST.PUT.OBJECT_LOCK_RETENTION", key: block(d, i), size: -1, sent: -1,
				status: 200, query: "?retention"})
		}
		m.put(next(), "veeam/Archive/3f8a/job.vbm", 200_000).night = day(d)
		m.put(next(), fmt.Sprintf("veeam/Archive/3f8a/ckp-%s.vbk", day(d)), 80_000).night = day(d)
		var old []string
		for i := range 12 {
			old = append(old, block(d.AddDate(0, 0, -21), i))
		}
		m.removeMany(next(), backup, old...)
	}
	return m
}

// duplicati writes dblock, dindex and dlist, and compacts on Saturdays: three volumes of
// four weeks before become one.
func duplicatiMonth() *month {
	m := newMonth("UTC", "2026-10", "00:00", "04:00")
	m.buckets[0].prefixes = []string{"duplicati/"}
	m.agents = []string{"*Duplicati*", "aws-sdk-dotnet*"}
	for _, d := range m.span() {
		begin := len(m.records)
		at, n := m.at(d, 2, 0), 0
		next := func() time.Time { n++; return at.Add(time.Duration(n) * time.Second) }
		for h := range 24 {
			m.head(m.at(d, h, 20), "duplicati/a.dlist.zip.aes")
		}
		m.add(record{at: next(), op: "REST.GET.BUCKET", key: "-", size: -1, sent: 5000, status: 200, query: "?prefix=duplicati%2F"})
		for i := range 4 {
			m.put(next(), fmt.Sprintf("duplicati/duplicati-b%x%04x.dblock.zip.aes", d.Unix(), i), 50*mib).night = day(d)
			m.put(next(), fmt.Sprintf("duplicati/duplicati-i%x%04x.dindex.zip.aes", d.Unix(), i), 40_000).night = day(d)
		}
		m.put(next(), fmt.Sprintf("duplicati/duplicati-%s.dlist.zip.aes", d.Format("20060102T020000Z")), 300_000).night = day(d)
		if d.Weekday() == time.Saturday {
			old := d.AddDate(0, 0, -28)
			for i := range 3 {
				m.get(next(), backup, fmt.Sprintf("duplicati/duplicati-b%x%04x.dblock.zip.aes", old.Unix(), i), 50*mib)
			}
			m.put(next(), fmt.Sprintf("duplicati/duplicati-b%xc.dblock.zip.aes", d.Unix()), 45*mib).night = day(d)
			m.put(next(), fmt.Sprintf("duplicati/duplicati-i%xc.dindex.zip.aes", d.Unix()), 40_000).night = day(d)
			for i := range 3 {
				m.remove(next(), backup, fmt.Sprintf("duplicati/duplicati-b%x%04x.dblock.zip.aes", old.Unix(), i))
				m.remove(next(), backup, fmt.Sprintf("duplicati/duplicati-i%x%04x.dindex.zip.aes", old.Unix(), i))
			}
		}
		for _, r := range m.records[begin:] {
			r.agent = "aws-sdk-dotnet-coreclr/3.7 Duplicati/2.0.8"
		}
	}
	return m
}

// kopia writes packs (p, q), index blobs (x, n), sessions and logs, and maintains itself:
// session blobs and index blobs of the day before are folded into one and removed.
func kopiaMonth() *month {
	m := newMonth("UTC", "2026-10", "00:00", "04:00")
	m.buckets[0].prefixes = []string{"kopia/"}
	m.agents = []string{"kopia*", "MinIO*"}
	for _, d := range m.span() {
		begin := len(m.records)
		at, n := m.at(d, 1, 30), 0
		next := func() time.Time { n++; return at.Add(time.Duration(n) * time.Second) }
		blob := func(kind string, d time.Time, i int) string { return fmt.Sprintf("kopia/%s%x%024x", kind, d.Unix(), i) }
		for h := range 24 {
			m.get(m.at(d, h, 20), backup, "kopia/kopia.repository", 1200)
		}
		m.put(next(), blob("s", d, 0), 200).night = day(d)
		for i := range 6 {
			m.put(next(), blob("p", d, i), 20*mib).night = day(d)
		}
		for i := range 2 {
			m.put(next(), blob("q", d, i), 3*mib).night = day(d)
		}
		for i := range 4 {
			m.put(next(), blob("xn0_", d, i), 9000).night = day(d)
		}
		m.put(next(), blob("_log_", d, 0), 4000).night = day(d)
		m.remove(next(), backup, blob("s", d, 0))
		m.put(next(), "kopia/kopia.maintenance", 1700).night = day(d)
		before := d.AddDate(0, 0, -2)
		m.put(next(), blob("xs0_", d, 9), 30_000).night = day(d)
		for i := range 4 {
			m.remove(next(), backup, blob("xn0_", before, i))
		}
		for i := range 6 { // a snapshot of four weeks before is forgotten, its packs go
			m.remove(next(), backup, blob("p", d.AddDate(0, 0, -28), i))
		}
		for _, r := range m.records[begin:] {
			r.agent = "MinIO (linux; amd64) minio-go/v7.0.66 kopia/0.17"
		}
	}
	return m
}

// multipart writes its objects in parts.
func multipartMonth() *month {
	m := newMonth("UTC", "2026-10", "00:00", "04:00")
	for _, d := range m.span() {
		m.alive(d, 2, 0, 30)
		for i := range 4 {
			m.upload(m.at(d, 1, 5*i), fmt.Sprintf("veeam/%s/%d.vbk", day(d), i), 3, 25*mib, day(d))
		}
	}
	return m
}

// upload is a multipart upload; the last record is its completion.
func (m *month) upload(at time.Time, key string, parts int, size int64, night string) *record {
	id := fmt.Sprintf("uploadId=U%X", m.seq)
	m.add(record{at: at, op: "REST.POST.UPLOADS", key: key, size: -1, sent: 400, status: 200, query: "?uploads", night: night})
	for p := range parts {
		m.add(record{at: at.Add(time.Duration(p+1) * time.Second), op: "REST.PUT.PART", key: key, size: size, sent: -1, status: 200,
			query: fmt.Sprintf("?partNumber=%d&%s", p+1, id), night: night})
	}
	return m.add(record{at: at.Add(time.Duration(parts+1) * time.Second), op: "REST.POST.UPLOAD", key: key,
		size: size * int64(parts), sent: 400, status: 200,
		query: "?" + id, night: night})
}

// resticReport is what `restic backup --json` prints at its end.
func resticReport(d time.Time, bytes int64) string {
	s := map[string]any{"message_type": "summary", "files_new": 10, "data_added": bytes, "data_added_packed": bytes,
		"total_files_processed": 10,
		"total_bytes_processed": bytes, "total_duration": 30.5, "snapshot_id": fmt.Sprintf("%064x", d.Unix()),
		"backup_start": day(d) + "T01:00:00.123456789Z", "backup_end": day(d) + "T01:00:30Z"}
	return encode(s) + "\n"
}

// rcloneReport is the last line that rclone logs of a run.
func rcloneReport(d time.Time, bytes int64, errors int) string {
	return encode(map[string]any{"level": "notice", "msg": "Transferred", "source": "accounting/stats.go:526",
		"time": day(d) + "T01:00:30.0+00:00",
		"stats": map[string]any{"bytes": bytes, "checks": 0, "errors": errors, "fatalError": false, "transfers": 10,
			"elapsedTime": 30.0}}) + "\n"
}

const awsHead = "reportTimePeriodStart,reportTimePeriodEnd,accountId,region,backupJobId,jobStatus,statusMessage,resourceType,resourceArn," +
	"backupPlanArn,backupRuleId,creationDate,completionDate,expectedCompletionDate,recoveryPointArn," +
	"jobRunTime,backupSizeInBytes,backupVaultName,backupVaultArn,iamRoleArn\n"

// awsJob is a line of AWS Backup's report of backup jobs.
func awsJob(d time.Time, status, message, kind, arn string) string {
	return fmt.Sprintf("%sT00:00:00Z,%sT00:00:00Z,111122223333,eu-west-1,%s-%s,%s,%s,%s,%s,"+
		"arn:aws:backup:eu-west-1:111122223333:backup-plan:x,r,%sT01:00:00.123Z,%sT01:20:00Z,,arn:x,0:20:00,%d,v,arn:v,arn:r\n",
		day(d), day(d.AddDate(0, 0, 1)), kind, day(d), status, message, kind, arn, day(d), day(d), 100*mib)
}

const (
	csvColumns = `report_columns = { start = "Start Time", end = "End Time", id = "Session Id", bytes = "Transferred", status = "Result" }`
	csvHead    = "Session Id,Start Time,End Time,Transferred,Result\n"
)

// csvRow is a line of a CSV with these columns.
func csvRow(d time.Time, layout, job, result string, bytes int64) string {
	at := d.Add(time.Hour)
	return fmt.Sprintf("%s%d,%s,%s,%d,%s\n", job, d.Unix(), at.Format(layout), at.Add(10*time.Minute).Format(layout), bytes, result)
}

func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// report adds a report, delivered five minutes after one o'clock on a day.
func (m *month) report(name, body string, d time.Time) {
	m.reports = append(m.reports, file{name, body, d.Add(65 * time.Minute)})
}
