package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

const days = 31

// record is one access log record before it is written as a line.
type record struct {
	at                                time.Time
	bucket                            int
	ip, requester, id, operation, key string
	uri, agent, version, errorCode    string
	status                            int
	sent, size, total                 int64
	query                             bool // authenticated by the query string
	anonymous                         bool
}

// traffic collects the records of one tenant.
type traffic struct {
	t         *tenant
	rng       *rand.Rand
	loc       *time.Location
	records   []record
	truth     *Truth
	skip      map[string]bool // nights without a backup: bucket name and date
	spoiled   []spoiled
	changes   []change
	witnesses bool     // are made, too
	twice     []string // buckets of which one log object is delivered twice
}

// spoiled is a line that is no record, to stand beside the records of a time.
type spoiled struct {
	bucket int
	at     time.Time
	line   string
}

const hexDigits = "0123456789ABCDEF"

func (tr *traffic) hex(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = hexDigits[tr.rng.IntN(16)]
	}
	return string(b)
}

// day is the local midnight that begins day n of the month, from 1.
func (tr *traffic) day(n int) time.Time { return time.Date(2026, 10, n, 0, 0, 0, 0, tr.loc) }

// clock is a local time of a day of the month.
func (tr *traffic) clock(day, hour, minute int) time.Time {
	return time.Date(2026, 10, day, hour, minute, 0, 0, tr.loc)
}

// within is a time up to d after at, in whole seconds.
func (tr *traffic) within(at time.Time, d time.Duration) time.Time {
	return at.Add(time.Duration(tr.rng.Int64N(int64(d/time.Second))) * time.Second)
}

func (tr *traffic) add(r record) {
	if r.id == "" {
		r.id = tr.hex(16)
	}
	if r.total == 0 {
		r.total = 5 + tr.rng.Int64N(120)
	}
	tr.records = append(tr.records, r)
}

// path is a key under a folder that a backup tool would write.
func (tr *traffic) path(b, day int) string {
	bk := tr.t.buckets[b]
	folder := bk.folders[tr.rng.IntN(len(bk.folders))]
	return fmt.Sprintf("%s%s/2026-10-%02d/%s.blk", bk.prefix, folder, day, strings.ToLower(tr.hex(12)))
}

func (tr *traffic) session(day int) string {
	return fmt.Sprintf("%s/nightly-2026-10-%02d", tr.t.backupRole, day)
}

func (tr *traffic) request(at time.Time, b int, who, op, method, key, query string, status int) record {
	target := "/" + tr.t.buckets[b].name + "/" + key + query
	return record{at: at, bucket: b, ip: "192.0.2.17", requester: who, operation: op, key: key, uri: method + " " +
		target + " HTTP/1.1", status: status, agent: tr.t.agent}
}

// normal makes the traffic of a month in which all is well. It leaves room for
// the planted records and fills each bucket up to its number of records.
func (tr *traffic) normal() {
	planted := map[int]int{}
	for _, r := range tr.records {
		planted[r.bucket]++
	}
	for b, bk := range tr.t.buckets {
		before := len(tr.records)
		for day := 1; day <= days; day++ {
			tr.probes(b, day)
			tr.housekeeping(b, day)
			if !tr.skips(b, day) {
				tr.nightly(b, day)
			}
		}
		tr.restoreTests(b)
		have := len(tr.records) - before + planted[b]
		for day := 1; have < bk.records; day = day%days + 1 {
			if !tr.skips(b, day) {
				tr.part(b, day)
				have++
			}
		}
		tr.truth.Buckets[bk.name] += int64(have)
		tr.truth.Records += int64(have)
	}
}

func (tr *traffic) skips(b, day int) bool {
	return tr.skip[fmt.Sprintf("%s %d", tr.t.buckets[b].name, day)]
}

// probes are the MSP's monitor, which looks at the bucket three times an hour
// all around the clock, and so shows that logs are delivered.
func (tr *traffic) probes(b, day int) {
	end := tr.day(day + 1)
	if day == days {
		end = end.Add(8 * time.Hour) // the last night ends in the next month
	}
	for at := tr.day(day); at.Before(end); at = at.Add(20 * time.Minute) {
		r := tr.request(tr.within(at, 20*time.Minute), b, tr.t.monitor(), "REST.HEAD.BUCKET", "HEAD", "", "", 200)
		r.agent, r.key, r.ip = "EvidenceMonitor/1.0", "-", "198.51.100.8"
		tr.add(r)
	}
}

// nightly is the backup of one night: objects, a multipart upload, looks at
// what is there, and the retention that deletes what is too old.
func (tr *traffic) nightly(b, day int) {
	start := tr.clock(day, 22, 15)
	weekend := start.Weekday() == time.Saturday || start.Weekday() == time.Sunday
	puts := 150 + tr.rng.IntN(40)
	if weekend {
		puts /= 2
	}
	who := tr.session(day)
	for range puts {
		at := tr.within(start, 5*time.Hour)
		key := tr.path(b, day)
		if tr.rng.IntN(12) == 0 {
			r := tr.request(at.Add(-time.Second), b, who, "REST.HEAD.OBJECT", "HEAD", key, "", 404)
			r.errorCode, r.sent = "NoSuchKey", 312
			tr.add(r)
		}
		r := tr.request(at, b, who, "REST.PUT.OBJECT", "PUT", key, "", 200)
		r.size = 1<<20 + tr.rng.Int64N(63<<20)
		tr.add(r)
	}
	for range 6 {
		r := tr.request(tr.within(start, 5*time.Hour), b, who, "REST.GET.BUCKET", "GET", "", "?list-type=2&prefix="+
			strings.ReplaceAll(tr.t.buckets[b].prefix, "/", "%2F"), 200)
		r.key, r.sent = "-", 4000+tr.rng.Int64N(9000)
		tr.add(r)
	}
	tr.multipart(b, day, who, start)
	tr.retention(b, who, tr.within(start.Add(5*time.Hour), time.Hour), 8+tr.rng.IntN(6))
}

// part is one part of a large upload, with which buckets are filled up.
func (tr *traffic) part(b, day int) {
	at := tr.within(tr.clock(day, 22, 20), 5*time.Hour)
	r := tr.request(at, b, tr.session(day), "REST.PUT.PART", "PUT", tr.path(b, day),
		fmt.Sprintf("?partNumber=%d&uploadId=%s", 1+tr.rng.IntN(90), tr.hex(24)), 200)
	r.size = 8 << 20
	tr.add(r)
}

func (tr *traffic) multipart(b, day int, who string, start time.Time) {
	key, upload := tr.path(b, day), tr.hex(24)
	at := tr.within(start, 4*time.Hour)
	tr.add(tr.request(at, b, who, "REST.POST.UPLOADS", "POST", key, "?uploads", 200))
	const parts = 12
	for n := range parts {
		r := tr.request(at.Add(time.Duration(n+1)*20*time.Second), b, who, "REST.PUT.PART", "PUT", key,
			fmt.Sprintf("?partNumber=%d&uploadId=%s", n+1, upload), 200)
		r.size = 64 << 20
		tr.add(r)
	}
	r := tr.request(at.Add(10*time.Minute), b, who, "REST.POST.UPLOAD", "POST", key, "?uploadId="+upload, 200)
	r.size, r.sent = parts*64<<20, 420
	tr.add(r)
}

// retention is one multi-object delete: the request and a record for each key,
// which share its request ID.
func (tr *traffic) retention(b int, who string, at time.Time, keys int) {
	r := tr.request(at, b, who, "REST.POST.MULTI_OBJECT_DELETE", "POST", "", "?delete", 200)
	r.key, r.id, r.sent = "-", tr.hex(16), int64(keys*90)
	tr.add(r)
	for range keys {
		tr.add(record{at: at, bucket: b, ip: r.ip, requester: who, id: r.id, operation: "BATCH.DELETE.OBJECT",
			key: tr.path(b, 1+tr.rng.IntN(28)), status: 204, size: 1<<20 + tr.rng.Int64N(63<<20), version: tr.hex(32), total: -1})
	}
}

// housekeeping is what S3 itself does by lifecycle rules.
func (tr *traffic) housekeeping(b, day int) {
	for range 5 + tr.rng.IntN(4) {
		tr.add(record{at: tr.within(tr.clock(day, 1, 0), time.Hour), bucket: b, requester: "AmazonS3", operation: "S3.EXPIRE.OBJECT",
			key: tr.path(b, 1+tr.rng.IntN(28)), size: 1<<20 + tr.rng.Int64N(63<<20), version: tr.hex(32), total: -1})
	}
}

// restoreTests reads some objects back every week, by day.
func (tr *traffic) restoreTests(b int) {
	for day := 6; day <= days; day += 7 {
		for range 10 {
			r := tr.request(tr.within(tr.clock(day, 10, 0), 40*time.Minute), b, tr.t.restoreUser, "REST.GET.OBJECT",
				"GET", tr.path(b, day-1), "", 200)
			r.size = 1<<20 + tr.rng.Int64N(63<<20)
			r.sent, r.agent, r.ip = r.size, "aws-cli/2.17.0 Python/3.11.8", "203.0.113.40"
			tr.add(r)
		}
	}
}
