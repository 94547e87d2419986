package attack

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

const (
	mib = int64(1) << 20
	gib = int64(1) << 30

	account = "111122223333"
	backup  = "arn:aws:sts::111122223333:assumed-role/BackupRole/veeam"
	second  = "arn:aws:sts::111122223333:assumed-role/ArchiveRole/veeam"
	restore = "arn:aws:iam::111122223333:user/restore-operator"
	admin   = "arn:aws:iam::111122223333:user/storage-admin"
	audit   = "arn:aws:sts::111122223333:assumed-role/AuditRole/audit"
	unknown = "arn:aws:iam::111122223333:user/temp-contractor"

	agent = "APN/1.0 VeeamBackup/12"
	main  = "acme-backups"
)

// record is one record of an access log. The zero value of most fields stands for what is
// usual; size and sent are -1 where the log has none.
type record struct {
	at             time.Time
	bucket         string
	op, key        string
	size, sent     int64
	who, agent, ip string
	status         int // 0 for none
	fault          string
	query          string // of the request URI
	version, id    string
	night          string    // the date of the night whose backup this record belongs to
	delivered      time.Time // of the log object; zero for the usual one
	noLog, noTrail bool      // one of the witnesses lacks it
	raw            string    // the whole line, where it is no record
}

type bucket struct {
	name       string
	logs       string // folder of its log objects; "" for logs/NAME
	prefixes   []string
	start, end string
	days       []string
	min        int
	extra      string // more lines of its configuration
}

type principal struct{ match, name, role string }

// month is what happened in and around a month, and how the program is configured for it.
type month struct {
	zone        *time.Location
	name        string    // 2026-10
	first, last time.Time // the days of the log, as midnights in UTC
	every       int       // hours of records that one log object has
	buckets     []*bucket
	principals  []principal
	agents      []string
	tenant      string // more lines of the tenant's configuration
	checks      string // lines of [checks]
	records     []*record
	loose       []logObject // log objects beside those of the records
	reports     []file
	metrics     [][4]string // bucket, date, metric, value
	trail       *trail
	files       []file // beside all that
	others      string // the configuration of other tenants
	seq         int
}

type logObject struct {
	bucket    string
	delivered time.Time
	body      string
}

type file struct {
	name string
	body string
	at   time.Time
}

var (
	everyDay = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	workdays = everyDay[:5]
)

func date(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return d
}

func day(d time.Time) string { return d.Format(time.DateOnly) }

// newMonth is a month with one bucket of one window, its log from 30 days before the month
// to the day after it.
func newMonth(zone, name, start, end string) *month {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	first := date(name + "-01")
	return &month{zone: loc, name: name, first: first.AddDate(0, 0, -30), last: first.AddDate(0, 1, 0), every: 24,
		buckets: []*bucket{{name: main, prefixes: []string{"veeam/"}, start: start, end: end, days: everyDay, min: 1}},
		principals: []principal{
			{"arn:aws:sts::111122223333:assumed-role/BackupRole/*", "Nightly backup role", "backup"},
			{restore, "Restore operator", "restore"},
			{admin, "Storage administrator", "admin"},
			{"arn:aws:sts::111122223333:assumed-role/AuditRole/*", "Auditors", "audit"},
		},
		agents: []string{"*VeeamBackup*"}}
}

// d is day n of the month.
func (m *month) d(n int) time.Time { return date(m.name+"-01").AddDate(0, 0, n-1) }

// days are the days of the month.
func (m *month) days() (list []time.Time) {
	for d := m.d(1); d.Before(m.d(1).AddDate(0, 1, 0)); d = d.AddDate(0, 0, 1) {
		list = append(list, d)
	}
	return list
}

// span are the days of the log.
func (m *month) span() (list []time.Time) {
	for d := m.first; !d.After(m.last); d = d.AddDate(0, 0, 1) {
		list = append(list, d)
	}
	return list
}

// at is the moment at which clocks show a time on a day: the first of two, and a skipped
// one as long after the change as the clock would be.
func (m *month) at(d time.Time, hour, minute int) time.Time {
	wall := time.Date(d.Year(), d.Month(), d.Day(), hour, minute, 0, 0, time.UTC)
	_, before := wall.Add(-24 * time.Hour).In(m.zone).Zone()
	_, after := wall.Add(24 * time.Hour).In(m.zone).Zone()
	for _, offset := range []int{max(before, after), min(before, after)} { // the first of two has the larger offset
		t := wall.Add(-time.Duration(offset) * time.Second)
		if t.In(m.zone).Format(time.DateTime) == wall.Format(time.DateTime) {
			return t
		}
	}
	return wall.Add(-time.Duration(before) * time.Second)
}

// add adds a record with what is usual filled in.
func (m *month) add(r record) *record {
	m.seq++
	or := func(s *string, usual string) {
		if *s == "" {
			*s = usual
		}
	}
	or(&r.bucket, main)
	or(&r.who, backup)
	or(&r.agent, agent)
	or(&r.ip, "203.0.113.7")
	or(&r.id, fmt.Sprintf("%016X", m.seq))
	r.at = r.at.UTC()
	m.records = append(m.records, &r)
	return &r
}

func (m *month) put(at time.Time, key string, size int64) *record {
	return m.add(record{at: at, op: "REST.PUT.OBJECT", key: key, size: size, sent: -1, status: 200})
}

func (m *month) head(at time.Time, key string) *record {
	return m.add(record{at: at, op: "REST.HEAD.OBJECT", key: key, size: 10, sent: -1, status: 200})
}

func (m *month) get(at time.Time, who, key string, size int64) *record {
	return m.add(record{at: at, op: "REST.GET.OBJECT", key: key, size: size, sent: size, status: 200, who: who})
}

func (m *month) remove(at time.Time, who, key string) *record {
	return m.add(record{at: at, op: "REST.DELETE.OBJECT", key: key, size: -1, sent: -1, status: 204, who: who})
}

// removeMany is a multi-object delete with a record for each of its keys.
func (m *month) removeMany(at time.Time, who string, keys ...string) *record {
	p := m.add(record{at: at, op: "REST.POST.MULTI_OBJECT_DELETE", key: "-", size: -1, sent: 200, status: 200,
		who: who, query: "?delete"})
	for _, key := range keys {
		m.add(record{at: at, op: "BATCH.DELETE.OBJECT", key: key, size: -1, sent: -1, status: 204, who: who, agent: "-", id: p.id})
	}
	return p
}

// expire is what a lifecycle rule removes.
func (m *month) expire(at time.Time, key string) *record {
	return m.add(record{at: at, op: "S3.EXPIRE.OBJECT", key: key, size: -1, sent: -1, who: "AmazonS3", agent: "-", ip: "-"})
}

// alive are HEADs of the backup role on a day, the given number in each hour from one to
// another.
func (m *month) alive(d time.Time, perHour, from, to int) {
	begin := m.at(d, 0, 0)
	for at := begin; at.Before(m.at(d.AddDate(0, 0, 1), 0, 0)); at = at.Add(time.Hour / time.Duration(perHour)) {
		if h := int(at.Sub(begin) / time.Hour); h >= from && h < to {
			m.head(at, "veeam/a.vbk")
		}
	}
}

// night writes the backup of a night: some objects of one size, a second apart.
func (m *month) night(d time.Time, hour, minute, objects int, size int64) {
	at := m.at(d, hour, minute)
	for i := range objects {
		m.put(at.Add(time.Duration(i)*time.Second), fmt.Sprintf("veeam/%s/%d.vbk", day(d), i), size).night = day(d)
	}
}

// of are the records of a night's backup.
func (m *month) of(d time.Time) (list []*record) {
	for _, r := range m.records {
		if r.night == day(d) {
			list = append(list, r)
		}
	}
	return list
}

// keys are those that a night's backup wrote.
func (m *month) keys(d time.Time) (list []string) {
	for _, r := range m.of(d) {
		list = append(list, r.key)
	}
	return list
}

// drop takes records away. Nothing to take is a fault of the case.
func (m *month) drop(which func(*record) bool) {
	kept := m.records[:0:0]
	for _, r := range m.records {
		if !which(r) {
			kept = append(kept, r)
		}
	}
	if len(kept) == len(m.records) {
		panic("the case takes no record away")
	}
	m.records = kept
}

// alter changes records. Nothing to change is a fault of the case.
func (m *month) alter(which func(*record) bool, how func(*record)) {
	n := 0
	for _, r := range m.records {
		if which(r) {
			how(r)
			n++
		}
	}
	if n == 0 {
		panic("the case changes no record")
	}
}

func between(from, to time.Time) func(*record) bool {
	return func(r *record) bool { return !r.at.Before(from) && r.at.Before(to) }
}

func nightOf(days ...time.Time) func(*record) bool {
	set := map[string]bool{}
	for _, d := range days {
		set[day(d)] = true
	}
	return func(r *record) bool { return set[r.night] }
}

// line is a record as S3 writes it.
func (r *record) line() string {
	if r.raw != "" {
		return r.raw
	}
	number := func(n int64) string {
		if n < 0 {
			return "-"
		}
		return fmt.Sprint(n)
	}
	dash := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	uri, quotedAgent, tls := "-", "-", "SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader "+r.bucket+".s3.eu-west-1.amazonaws.com TLSv1.2"
	switch {
	case strings.HasPrefix(r.op, "S3."):
		tls = "- - - - -"
	case strings.HasPrefix(r.op, "BATCH."):
	default:
		method := strings.Split(r.op, ".")[1]
		if method == "COPY" {
			method = "PUT"
		}
		key := r.key
		if key == "-" {
			key = ""
		}
		uri, quotedAgent = `"`+method+" /"+key+r.query+` HTTP/1.1"`, `"`+r.agent+`"`
	}
	if r.who == "-" {
		tls = "- ECDHE-RSA-AES128-GCM-SHA256 - " + r.bucket + ".s3.eu-west-1.amazonaws.com TLSv1.2"
	}
	status := "-"
	if r.status > 0 {
		status = fmt.Sprint(r.status)
	}
	const host = "rK7OTjjRFTy8Nuzlr27Ou+InFTsEf3eJsOaOkr2jw9xLBUa6d1tHwjf+xg=="
	return fmt.Sprintf(`%s %s [%s +0000] %s %s %s %s %s %s %s %s %s %s 30 10 "-" %s %s `+host+` %s - -`,
		strings.Repeat("79a5", 16), r.bucket, r.at.Format("02/Jan/2006:15:04:05"), r.ip, r.who, r.id, r.op, dash(r.key), uri,
		status, dash(r.fault), number(r.sent), number(r.size), quotedAgent, dash(r.version), tls)
}

// writeLogs writes the log objects: every m.every hours of records one, half an hour
// behind their end.
func (m *month) writeLogs(dir string) error {
	type place struct {
		bucket string
		at     int64
	}
	objects := map[place][]*record{}
	for _, r := range m.records {
		if r.noLog {
			continue
		}
		at := r.delivered
		if at.IsZero() {
			each := time.Duration(m.every) * time.Hour
			at = r.at.Truncate(each).Add(each + 30*time.Minute)
		}
		p := place{r.bucket, at.Unix()}
		objects[p] = append(objects[p], r)
	}
	loose := m.loose
	for p, list := range objects {
		sort.SliceStable(list, func(i, j int) bool { return list[i].at.Before(list[j].at) })
		var b strings.Builder
		for _, r := range list {
			b.WriteString(r.line() + "\n")
		}
		loose = append(loose, logObject{p.bucket, time.Unix(p.at, 0), b.String()})
	}
	sort.Slice(loose, func(i, j int) bool {
		a, b := loose[i], loose[j]
		if a.bucket != b.bucket {
			return a.bucket < b.bucket
		}
		if !a.delivered.Equal(b.delivered) {
			return a.delivered.Before(b.delivered)
		}
		return a.body < b.body
	})
	for i, o := range loose {
		name := fmt.Sprintf("logs/%s/%s-%016X", o.bucket, o.delivered.UTC().Format("2006-01-02-15-04-05"), i+1)
		if err := writeFile(dir, file{name, o.body, o.delivered}); err != nil {
			return err
		}
	}
	return nil
}

// write writes all that is there for the program to read.
func (m *month) write(dir string) error {
	for _, b := range m.buckets { // a place that stays empty is there, too
		if err := os.MkdirAll(filepath.Join(dir, "logs", b.name), 0o755); err != nil {
			return err
		}
	}
	if err := m.writeLogs(dir); err != nil {
		return err
	}
	for _, f := range m.reports {
		if err := writeFile(dir, file{"reports/" + f.name, f.body, f.at}); err != nil {
			return err
		}
	}
	if m.trail != nil {
		if err := m.writeTrail(dir); err != nil {
			return err
		}
	}
	if m.metrics != nil {
		text := "bucket,date,metric,value\n"
		for _, row := range m.metrics {
			text += strings.Join(row[:], ",") + "\n"
		}
		if err := writeFile(dir, file{"metrics.csv", text, time.Time{}}); err != nil {
			return err
		}
	}
	for _, f := range m.files {
		if err := writeFile(dir, f); err != nil {
			return err
		}
	}
	return m.writeConfig(dir)
}

// extraFile is a file beside the configuration.
func (m *month) extraFile(name, body string) {
	m.files = append(m.files, file{name, body, time.Time{}})
}

// writeConfig writes config.toml. Paths in it start at its folder.
func (m *month) writeConfig(dir string) error {
	var b strings.Builder
	quote := func(list []string) string {
		quoted := make([]string, len(list))
		for i, s := range list {
			quoted[i] = fmt.Sprintf("%q", s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	fmt.Fprintf(&b, "timezone = %q\ndata_dir = \"data\"\n[evidence]\nurl = \"file:evidence\"\nlock_mode = \"\"\n", m.zone)
	if m.checks != "" {
		fmt.Fprintf(&b, "[checks]\n%s\n", m.checks)
	}
	fmt.Fprintf(&b, "[[tenant]]\nid = \"acme\"\nname = \"Acme Dental\"\naccounts = [%q]\nuser_agents = %s\n", account, quote(m.agents))
	if m.reports != nil {
		b.WriteString("backup_reports = \"file:reports\"\n")
	}
	if m.trail != nil {
		b.WriteString("cloudtrail = \"file:trail\"\ncloudtrail_keys = \"keys.json\"\n")
	}
	if m.metrics != nil {
		b.WriteString("metrics_file = \"metrics.csv\"\n")
	}
	b.WriteString(m.tenant + "\n")
	for _, k := range m.buckets {
		fmt.Fprintf(&b, "  [[tenant.bucket]]\n  name = %q\n  logs = \"file:%s\"\n  prefixes = %s\n"+
			"  window = { start = %q, end = %q, days = %s }\n  min_objects = %d\n  %s\n",
			k.name, cmp.Or(k.logs, "logs/"+k.name), quote(k.prefixes), k.start, k.end, quote(k.days), k.min, k.extra)
	}
	for _, p := range m.principals {
		fmt.Fprintf(&b, "  [[tenant.principal]]\n  match = %q\n  name = %q\n  role = %q\n", p.match, p.name, p.role)
	}
	b.WriteString(m.others)
	return writeFile(dir, file{"config.toml", b.String(), time.Time{}})
}

// writeFile writes a file below a folder, with the time at which it was delivered.
func writeFile(dir string, f file) error {
	path := filepath.Join(dir, filepath.FromSlash(f.name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(f.body), 0o644); err != nil {
		return err
	}
	if f.at.IsZero() {
		return nil
	}
	return os.Chtimes(path, f.at, f.at)
}
