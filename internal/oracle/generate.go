package oracle

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"time"

	"bucketproof/internal/config"
)

// Zones of the made-up tenants: clocks that change by an hour or half of one, at two, at
// midnight, twice for Ramadan, or never.
var Zones = []string{"UTC", "Europe/Berlin", "America/Chicago", "Australia/Lord_Howe", "Asia/Beirut",
	"Africa/Casablanca", "Pacific/Chatham", "America/Santiago"}

// Who there is. Behind the mapped ones stand those that look like them.
const (
	backupRole = "arn:aws:sts::111122223333:assumed-role/BackupRole/"
	backupUser = "arn:aws:iam::111122223333:user/backup-2"
	monitor    = "arn:aws:iam::111122223333:user/monitor"
	adminUser  = "arn:aws:iam::111122223333:user/admin"
	auditRole  = "arn:aws:sts::111122223333:assumed-role/AuditTeam/jo"
	betaRole   = "arn:aws:sts::444455556666:assumed-role/BetaBackup/"
	stranger   = "arn:aws:iam::111122223333:user/intern"
	otherRole  = "arn:aws:sts::999988887777:assumed-role/BackupRole/veeam"
	longerRole = "arn:aws:sts::111122223333:assumed-role/BackupRoleOld/veeam"
	likeUser   = "arn:aws:iam::111122223333:user/BackupRole"
	anonymous  = "-"
	lifecycle  = "AmazonS3"
)

var strangers = []string{stranger, otherRole, longerRole, likeUser, "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}

// generator makes up one month.
type generator struct {
	*rand.Rand
	made        *Made
	zone        *time.Location
	first, last Date // of the log; the month lies within
	serial      int
	bucket      *lively
	calm        bool // nothing goes wrong
}

// lively is a bucket while its month is made up.
type lively struct {
	MadeBucket
	window  config.Window
	zone    *time.Location
	backers []backer
	keys    map[string]time.Time // objects of backups that are there, and since when
	runs    map[Date]*backupRun  // what the tools would report of each night
}

// backupRun is a session of a backup tool.
type backupRun struct {
	start, end time.Time
	bytes      int64
	failed     bool
}

// backer is a principal that backs up to a prefix.
type backer struct {
	who, prefix, agent string
	objects            int
	size               float64
	wobble             float64
	multipart, renames bool
	probes, retries    bool
	locks, catalogue   bool
	folders            bool
	prune              int // days after which it deletes; 0 for never
	batch              bool
}

// Generate makes up a month from a seed: the same seed makes the same month.
func Generate(seed uint64) *Made { return generate(seed, false) }

// GenerateCalm makes up a month in which nothing goes wrong.
func GenerateCalm(seed uint64) *Made { return generate(seed, true) }

func generate(seed uint64, calm bool) *Made {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 18)), made: &Made{Seed: seed}, calm: calm}
	zone := Zones[g.IntN(len(Zones))]
	g.zone, _ = time.LoadLocation(zone)
	g.month()
	g.tell("zone %s, month %d-%02d, log from %s", zone, g.made.Year, g.made.Month, g.first)
	buckets := g.tenants(zone)
	for _, b := range buckets {
		g.bucket = b
		g.live()
	}
	g.reports(buckets)
	g.trail()
	if !calm {
		g.damage()
		g.change()
	}
	slices.SortStableFunc(g.made.Lines, func(a, b MadeLine) int { return a.At.Compare(b.At) })
	return g.made
}

func (g *generator) tell(format string, args ...any) {
	g.made.Story = append(g.made.Story, fmt.Sprintf(format, args...))
}

func (g *generator) chance(p float64) bool { return g.Float64() < p }

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

// month chooses a month, one with a change of clocks in half of the cases, and how long
// before it the log begins.
func (g *generator) month() {
	at := time.Date(2023+g.IntN(3), time.Month(1+g.IntN(12)), 10, 0, 0, 0, 0, time.UTC)
	if _, change := at.In(g.zone).ZoneBounds(); !change.IsZero() && g.chance(0.5) {
		at = change.In(g.zone)
	}
	g.made.Year, g.made.Month = at.Year(), at.Month()
	first := Date{at.Year(), at.Month(), 1}
	g.first = first.Add(-31 - g.IntN(18))
	if g.chance(0.12) {
		g.first = first.Add(-g.IntN(12))
	}
	end := Date{at.Year(), at.Month() + 1, 1}
	g.last = dateOf(end.utc(), time.UTC).Add(1)
}

var week = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// tenants makes up the configuration.
func (g *generator) tenants(zone string) []*lively {
	t := MadeTenant{ID: "alpha", Zone: zone, Accounts: `["111122223333"]`, Agents: `["*Backup*", "monitor/*", "aws-cli/*"]`}
	t.Principals = []string{
		`match = "arn:aws:sts::111122223333:assumed-role/BackupRole/*", name = "Backup", role = "backup"`,
		`match = "arn:aws:iam::111122223333:user/backup-?", name = "Second backup", role = "backup"`,
		`match = "` + monitor + `", name = "Monitor", role = "service"`,
		`match = "` + adminUser + `", name = "Admin", role = "admin"`,
		`match = "arn:aws:iam::111122223333:role/ops/Audit*", name = "Audit", role = "audit"`,
	}
	switch n := g.IntN(40); {
	case g.calm:
	case n == 0:
		t.Principals = nil
		g.tell("no mapping")
	case n == 1:
		t.Principals = t.Principals[2:]
		g.tell("nobody in the mapping backs up")
	case n < 6:
		t.Principals = append(t.Principals, `match = "111122223333", name = "Our account", role = "admin"`)
		g.tell("the account is mapped")
	}
	for i, p := range t.Principals {
		t.Principals[i] = strings.ReplaceAll(p, `", `, "\"\n  ")
	}
	if g.chance(0.15) {
		t.Settings = append(t.Settings, `checks = { large_download = "50MB", delete_spike = 20 }`)
	}
	if g.calm {
		return g.lived(t, zone)
	}
	if g.chance(0.2) {
		t.Settings = append(t.Settings, `networks = ["Office"]`)
	}
	if g.chance(0.15) {
		t.Settings = append(t.Settings, `sensitive_keys = ["*catalogue*", "finance/?.xls", "*100%*"]`)
	}
	if g.chance(0.2) {
		t.Settings = append(t.Settings, pick(g, `business_hours = { start = "07:00", end = "19:00" }`,
			`business_hours = { start = "07:00", end = "19:00" }`,
			`business_hours = { start = "20:00", end = "17:30", days = ["mon", "tue", "sun"] }`))
	}
	return g.lived(t, zone)
}

// lived makes up the buckets of a tenant, one of which another tenant may share.
func (g *generator) lived(t MadeTenant, zone string) []*lively {
	var out []*lively
	for i := range pick(g, 1, 1, 1, 2, 2, 3) {
		prefixes := []string{"veeam/", "sql/", "restic/"}
		if g.chance(0.2) { // names that the log encodes
			prefixes = []string{"a+b/", "Büro 100%/", "x%20y/"}
		}
		b := g.madeBucket(fmt.Sprintf("alpha-backups-%d", i+1), prefixes)
		t.Buckets = append(t.Buckets, b.MadeBucket)
		out = append(out, b)
		if len(g.made.Lines) > 4000 {
			break
		}
	}
	g.made.Tenants = []MadeTenant{t}
	if g.chance(0.2) {
		g.tell("a second tenant shares %s", t.Buckets[0].Name)
		shared := t.Buckets[0]
		shared.Prefixes = []string{pick(g, "beta/", "beta/", "a b/")}
		other := MadeTenant{ID: "beta", Zone: pick(g, zone, pick(g, Zones...)), Accounts: `["444455556666"]`,
			Agents: t.Agents, Buckets: []MadeBucket{shared},
			Principals: []string{"match = \"arn:aws:sts::444455556666:assumed-role/BetaBackup/*\"\n  name = \"Beta backup\"\n  role = \"backup\""}}
		g.made.Tenants = append(g.made.Tenants, other)
		b := &lively{MadeBucket: shared, window: out[0].window, keys: map[string]time.Time{}, runs: map[Date]*backupRun{}}
		b.zone, _ = time.LoadLocation(other.Zone)
		b.backers = []backer{g.backer(betaRole+"nightly", shared.Prefixes[0])}
		out = append(out, b)
	}
	return out
}

func clock(s string) config.Clock {
	var h, m int
	if _, err := fmt.Sscanf(s, "%d:%d", &h, &m); err != nil {
		panic(err)
	}
	return config.Clock(60*h + m)
}

func (g *generator) madeBucket(name string, prefixes []string) *lively {
	b := MadeBucket{Name: name, MinObjects: 1 + g.IntN(3), KeepDays: pick(g, 1, 1, 1, 2, 3, 5), Days: week}
	g.Shuffle(len(prefixes), func(i, j int) { prefixes[i], prefixes[j] = prefixes[j], prefixes[i] })
	b.Prefixes = prefixes[:1+g.IntN(2)]
	w := pick(g, [2]string{"01:00", "04:00"}, [2]string{"22:00", "06:00"}, [2]string{"00:00", "00:00"},
		[2]string{"02:00", "03:00"}, [2]string{"02:30", "02:30"},
		[2]string{"23:30", "01:15"}, [2]string{"12:00", "14:00"}, [2]string{"00:00", "04:00"})
	b.Start, b.End = w[0], w[1]
	switch g.IntN(8) {
	case 0, 1:
		b.Days = week[1:6]
	case 2:
		b.Days = []string{"tue", "fri"}
	}
	out := &lively{MadeBucket: b, zone: g.zone, keys: map[string]time.Time{}, runs: map[Date]*backupRun{}}
	out.window = config.Window{Start: clock(b.Start), End: clock(b.End)}
	for i, name := range week {
		out.window.Days[i] = slices.Contains(b.Days, name)
	}
	for i, p := range b.Prefixes {
		who := backupRole + "veeam"
		if i > 0 && g.chance(0.5) {
			who = backupUser
		}
		out.backers = append(out.backers, g.backer(who, p))
	}
	return out
}

func (g *generator) backer(who, prefix string) backer {
	b := backer{who: who, prefix: prefix, agent: "APN/1.0 MyBackup/12", objects: 3 + g.IntN(5),
		size: float64(1+g.IntN(20)) * 1e6, wobble: pick(g, 0, 0.05, 0.3),
		multipart: g.chance(0.25), renames: g.chance(0.15), probes: g.chance(0.3), retries: g.chance(0.15),
		locks: g.chance(0.3), catalogue: g.chance(0.3),
		folders: g.chance(0.3), prune: pick(g, 0, 0, 7, 14, 30), batch: g.chance(0.5)}
	if g.calm { // a night of three times as much is not calm
		b.wobble = min(b.wobble, 0.05)
	}
	return b
}

// request is a line of the log while it is made up.
type request struct {
	at                    time.Time
	who, op, key, agent   string
	status                string
	code                  string
	sent, size            string
	id, query, kind, vers string
	ip, tls               string
}

// log adds a line. It lies in the log object of its hours until damage moves it.
func (g *generator) log(r request) {
	b := g.bucket
	g.serial++
	or := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	id := or(r.id, fmt.Sprintf("%08X%08X", g.made.Seed&0xffffffff, g.serial))
	uri, agent, ip := "-", "-", "-"
	if !strings.HasPrefix(r.op, "S3.") && !strings.HasPrefix(r.op, "BATCH.") {
		method := strings.Split(r.op, ".")[1]
		if method == "COPY" {
			method = "PUT"
		}
		uri = fmt.Sprintf(`"%s /%s%s HTTP/1.1"`, method, strings.Trim(logged(r.key, false), "-"), r.query)
		agent, ip = fmt.Sprintf("%q", or(r.agent, "aws-cli/2.15")), or(r.ip, "203.0.113.7")
	}
	status := or(r.status, "200")
	tail := `rK7OTjjRFTy8Nuzlr27Ou+InFTsEf3eJsOaOkr2jw9xLBUa6d1tHwjf+xg== ` +
		or(r.tls, `SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader x.s3.eu-west-1.amazonaws.com TLSv1.2 - -`)
	if uri == "-" {
		tail = `rK7OTjjRFTy8Nuzlr27Ou+InFTsEf3eJsOaOkr2jw9xLBUa6d1tHwjf+xg== - - - - - - -`
	}
	referer := `"-"`
	if uri == "-" {
		referer = "-"
	}
	text := fmt.Sprintf(`%s %s [%s] %s %s %s %s %s %s %s %s %s %s %s %s %s %s %s %s`, strings.Repeat("79a5", 16),
		b.Name, r.at.UTC().Format("02/Jan/2006:15:04:05 +0000"), ip,
		r.who, id, r.op, or(logged(r.key, uri != "-" && g.serial%3 > 0), "-"), uri, status, or(r.code, "-"), or(r.sent, "-"), or(r.size, "-"), "30", "10",
		referer, agent, or(r.vers, "-"), tail)
	hours := r.at.UTC().Truncate(6 * time.Hour)
	delivered := hours.Add(6*time.Hour + 20*time.Minute)
	g.made.Lines = append(g.made.Lines, MadeLine{Bucket: b.Name, Object: objectName(delivered, b.Name), At: r.at,
		Who: r.who, Kind: or(r.kind, "traffic"), Text: text})
}

// logged is a key as a log has it: encoded once, or twice.
func logged(key string, twice bool) string {
	escape := func(s string) string {
		parts := strings.Split(s, "/")
		for i := range parts {
			parts[i] = strings.ReplaceAll(url.QueryEscape(parts[i]), "+", "%20")
		}
		return strings.Join(parts, "/")
	}
	if key = escape(key); twice {
		key = escape(key)
	}
	return key
}

// objectName is a name as S3 gives it: the time of delivery and something unique.
func objectName(at time.Time, of string) string {
	sum := uint64(14695981039346656037)
	for _, c := range []byte(of) {
		sum = (sum ^ uint64(c)) * 1099511628211
	}
	return fmt.Sprintf("%s-%016X", at.UTC().Format("2006-01-02-15-04-05"), sum)
}

// live makes up the traffic of a bucket: what is there every day, its backups, and what
// happens to them.
func (g *generator) live() {
	b := g.bucket
	profile := pick(g, "monitor", "monitor", "office", "backups", "busy", "poisson")
	beta := strings.HasPrefix(b.backers[0].who, betaRole)
	if beta {
		profile = "backups"
	}
	who := monitor
	g.tell("bucket %s: %s, window %s-%s on %s, prefixes %v, at least %d", b.Name, profile, b.Start, b.End,
		strings.Join(b.Days, " "), b.Prefixes, b.MinObjects)
	for d := g.first; !g.last.Before(d); d = d.Add(1) {
		today := day(d, b.zone)
		weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
		head := func(at time.Time) {
			g.log(request{at: at, who: who, op: "REST.HEAD.OBJECT", key: b.Prefixes[0] + "probe", sent: "300",
				size: "10", agent: "monitor/1"})
		}
		switch profile {
		case "monitor":
			for at := today.from; at.Before(today.to); at = at.Add(time.Hour) {
				head(at.Add(5 * time.Minute))
			}
		case "busy":
			for at := today.from; at.Before(today.to); at = at.Add(30 * time.Minute) {
				head(at.Add(time.Duration(g.IntN(1200)) * time.Second))
			}
		case "poisson":
			for at := today.from; ; {
				at = at.Add(time.Duration(-math.Log(1-g.Float64())*3600) * time.Second)
				if !at.Before(today.to) {
					break
				}
				head(at.Truncate(time.Second))
			}
		case "office":
			if weekend {
				break
			}
			for h := 8; h < 18; h++ {
				at, _ := instant(d.Y, d.M, d.D, h*60+g.IntN(60), b.zone)
				g.log(request{at: at, who: adminUser, op: "REST.GET.OBJECT", key: b.Prefixes[0] + "catalogue",
					sent: "1200", size: "1200", status: "200"})
			}
		}
	}
	g.backups(g.incidents(beta))
}

// incidents chooses what goes wrong, and on which days.
func (g *generator) incidents(beta bool) map[Date][]string {
	out := map[Date][]string{}
	kinds := []string{"missed", "failed", "some fail", "removed", "removed by admin", "removed by stranger",
		"expired early", "emptied", "zero", "uncompleted", "late",
		"huge", "tiny", "200 with an error", "outside prefix", "stranger reads", "stranger writes", "refused burst",
		"refused few", "anonymous", "anonymous refused", "many deletes",
		"admin deletes", "deletes outside", "unlogged multi-delete", "retention", "hold by admin", "overwritten",
		"overwritten by admin", "large put", "large read", "copied away",
		"odd agent", "one backer missing", "list outside", "self copy", "service reads", "lookalike", "lock only", "moved",
		"removed later", "other network", "weak transport", "sensitive", "reads at night", "folder made", "asks of the bucket"}
	if beta {
		kinds = kinds[:8]
	}
	n := pick(g, 0, 0, 1, 1, 2, 3, 4)
	if g.calm {
		n = 0
	}
	for range n {
		kind := pick(g, kinds...)
		d := Date{g.made.Year, g.made.Month, 1}.Add(g.IntN(28))
		days := pick(g, 1, 1, 1, 2, 5)
		for i := range days {
			out[d.Add(i)] = append(out[d.Add(i)], kind)
		}
		g.tell("%s: %s on %s for %d", g.bucket.Name, kind, d, days)
	}
	return out
}

// backups makes up every night, with what happens on its day.
func (g *generator) backups(incidents map[Date][]string) {
	b := g.bucket
	weekly := g.chance(0.2)
	for d := g.first; !g.last.Before(d); d = d.Add(1) {
		kinds := incidents[d]
		w, due := window(b.window, d, b.zone)
		if due {
			for i, k := range b.backers {
				if slices.Contains(kinds, "one backer missing") && i == len(b.backers)-1 && i > 0 || slices.Contains(kinds, "missed") {
					continue
				}
				factor := 1.0
				if weekly && d.Weekday() == time.Saturday {
					factor = 6
				}
				g.night(d, w, k, kinds, factor)
			}
		}
		for _, kind := range kinds {
			g.incident(d, w, due, kind)
		}
	}
}

// night is one run of a backup tool.
func (g *generator) night(d Date, w interval, k backer, kinds []string, factor float64) {
	b := g.bucket
	at := w.from.Add(time.Duration(60+g.IntN(300)) * time.Second)
	room := w.to.Sub(at)
	step := func() { at = at.Add(time.Duration(1+g.IntN(max(1, min(20, int(room.Seconds())/400)))) * time.Second) }
	is := func(kind string) bool { return slices.Contains(kinds, kind) }
	if is("late") {
		at = w.to.Add(10 * time.Minute)
	}
	if is("huge") {
		factor *= 9
	}
	if is("tiny") {
		factor *= 0.01
	}
	send := func(r request) {
		step()
		r.at, r.who, r.agent = at, k.who, k.agent
		if r.kind == "" {
			r.kind = "backup"
		}
		g.log(r)
	}
	if k.locks {
		send(request{op: "REST.PUT.OBJECT", key: k.prefix + "locks/" + d.String(), size: "150", kind: "lock"})
	}
	if is("lock only") {
		return
	}
	session := b.runs[d]
	if session == nil {
		session = &backupRun{start: at}
		b.runs[d] = session
	}
	defer func() { session.end = at }()
	objects := k.objects
	var keys []string
	for i := range objects {
		key := fmt.Sprintf("%s%s-%02d.vbk", k.prefix, d, i)
		if k.folders {
			key = fmt.Sprintf("%shost-%d/%s.vbk", k.prefix, i%2, d)
			if i > 1 {
				key = fmt.Sprintf("%shost-%d/%s-%d.vbk", k.prefix, i%2, d, i)
			}
		}
		bytes := int64(k.size * factor * (1 + k.wobble*(2*g.Float64()-1)))
		if is("zero") {
			bytes = 0
		}
		size := number(bytes)
		if k.probes {
			send(request{op: "REST.HEAD.OBJECT", key: key, status: "404", code: "NoSuchKey", kind: "probe"})
		}
		if is("failed") || is("some fail") && i == 0 {
			send(request{op: "REST.PUT.OBJECT", key: key, status: "503", code: "SlowDown", size: size, kind: "failure"})
			continue
		}
		if is("200 with an error") {
			send(request{op: "REST.COPY.OBJECT", key: key, status: "200", code: "InternalError", size: size, kind: "failure"})
			continue
		}
		if k.retries && !g.calm && g.chance(0.02) {
			send(request{op: "REST.PUT.OBJECT", key: key, status: "500", code: "InternalError", size: size, kind: "retry"})
		}
		switch {
		case k.multipart:
			upload := fmt.Sprintf("?uploadId=up%d", g.serial)
			send(request{op: "REST.POST.UPLOADS", key: key, query: "?uploads", kind: "multipart"})
			for part := range 2 {
				send(request{op: "REST.PUT.PART", key: key, query: upload + fmt.Sprintf("&partNumber=%d", part+1),
					size: number(bytes / 2), kind: "multipart"})
			}
			if is("uncompleted") {
				continue
			}
			r := request{op: "REST.POST.UPLOAD", key: key, query: upload, kind: "multipart"}
			if g.chance(0.5) {
				r.size = number(bytes / 2 * 2)
			}
			send(r)
		case is("uncompleted"):
			continue
		case k.renames:
			send(request{op: "REST.PUT.OBJECT", key: key + ".new", size: size})
			send(request{op: "REST.COPY.OBJECT_GET", key: key + ".new", size: size, kind: "rename"})
			send(request{op: "REST.COPY.OBJECT", key: key, size: size, kind: "rename"})
			send(request{op: "REST.DELETE.OBJECT", key: key + ".new", status: "204", kind: "rename"})
		default:
			send(request{op: "REST.PUT.OBJECT", key: key, size: size})
		}
		if is("self copy") {
			send(request{op: "REST.COPY.OBJECT_GET", key: key, size: size, kind: "self copy"})
			send(request{op: "REST.COPY.OBJECT", key: key, size: size, kind: "self copy"})
		}
		keys = append(keys, key)
		b.keys[key] = at
		if session.bytes += bytes; k.multipart {
			session.bytes -= bytes % 2
		}
	}
	session.failed = session.failed || len(keys) == 0
	if k.catalogue {
		send(request{op: "REST.PUT.OBJECT", key: k.prefix + "catalogue.vbm", size: "40000", kind: "catalogue"})
		session.bytes += 40000
	}
	if k.prune > 0 {
		g.prune(k, send, &at)
	}
	if k.locks {
		send(request{op: "REST.DELETE.OBJECT", key: k.prefix + "locks/" + d.String(), status: "204", kind: "lock"})
	}
	switch {
	case is("removed"):
		g.remove(k.who, keys, at.Add(5*time.Minute), "removed")
	case is("removed by admin"):
		g.remove(adminUser, keys, at.Add(90*time.Minute), "removed")
	case is("removed by stranger"):
		g.remove(stranger, keys[:min(2, len(keys))], at.Add(3*time.Hour), "removed")
	case is("removed later"):
		g.remove(pick(g, adminUser, k.who), keys, at.Add(50*time.Hour), "removed")
	case is("expired early"):
		for i, key := range keys {
			g.log(request{at: at.Add(8*time.Hour + time.Duration(i)*time.Second), who: lifecycle,
				op: "S3.EXPIRE.OBJECT", key: key, status: "-", kind: "lifecycle"})
		}
	case is("emptied"):
		for i, key := range keys {
			g.log(request{at: at.Add(time.Hour + time.Duration(i)*time.Second), who: k.who, op: "REST.PUT.OBJECT",
				key: key, size: "0", agent: k.agent, kind: "emptied"})
		}
	case is("moved"):
		for i, key := range keys {
			t := at.Add(time.Hour + time.Duration(4*i)*time.Second)
			g.log(request{at: t, who: adminUser, op: "REST.COPY.OBJECT_GET", key: key, kind: "moved"})
			g.log(request{at: t.Add(time.Second), who: adminUser, op: "REST.COPY.OBJECT",
				key: k.prefix + "old/" + key[len(k.prefix):], kind: "moved"})
			g.log(request{at: t.Add(2 * time.Second), who: adminUser, op: "REST.DELETE.OBJECT", key: key,
				status: "204", kind: "moved"})
		}
	}
}

// prune deletes what is older than the retention.
func (g *generator) prune(k backer, send func(request), at *time.Time) {
	var old []string
	for key, since := range g.bucket.keys {
		if strings.HasPrefix(key, k.prefix) && at.Sub(since) > time.Duration(k.prune)*24*time.Hour {
			old = append(old, key)
		}
	}
	slices.Sort(old)
	for _, key := range old {
		delete(g.bucket.keys, key)
	}
	if k.batch && len(old) > 0 {
		g.remove(k.who, old, at.Add(time.Second), "prune")
		return
	}
	for _, key := range old {
		send(request{op: "REST.DELETE.OBJECT", key: key, status: "204", kind: "prune"})
	}
}

// remove deletes keys by one multi-object delete.
func (g *generator) remove(who string, keys []string, at time.Time, kind string) {
	g.serial++
	id := fmt.Sprintf("%08XBA%06X", g.made.Seed&0xffffffff, g.serial)
	g.log(request{at: at, who: who, op: "REST.POST.MULTI_OBJECT_DELETE", id: id, query: "?delete", kind: kind,
		agent: "APN/1.0 MyBackup/12"})
	for _, key := range keys {
		g.log(request{at: at, who: who, op: "BATCH.DELETE.OBJECT", key: key, status: "204", id: id, kind: kind})
	}
}

// incident is something that happens beside the backups.
func (g *generator) incident(d Date, w interval, due bool, kind string) {
	b := g.bucket
	p := b.Prefixes[0]
	noon, _ := instant(d.Y, d.M, d.D, 11*60+g.IntN(200), b.zone)
	if due && g.chance(0.3) {
		noon = w.from.Add(20 * time.Minute)
	}
	there := make([]string, 0, len(b.keys))
	for key, since := range b.keys {
		if since.Before(noon) {
			there = append(there, key)
		}
	}
	slices.Sort(there)
	times := func(n int, step time.Duration, r request) {
		for i := range n {
			x := r
			x.at, x.kind = noon.Add(time.Duration(i)*step), kind
			x.key = strings.ReplaceAll(r.key, "#", number(i))
			g.log(x)
		}
	}
	who := pick(g, strangers...)
	switch kind {
	case "outside prefix":
		times(3, time.Minute, request{who: pick(g, backupRole+"veeam", who), op: "REST.PUT.OBJECT",
			key: "finance/#.xls", size: "5000", agent: "MyBackup"})
	case "stranger reads":
		times(4, time.Minute, request{who: who, op: "REST.GET.OBJECT", key: p + "x#", sent: "700", size: "700"})
	case "lookalike":
		times(2, time.Minute, request{who: pick(g, otherRole, longerRole, likeUser), op: "REST.PUT.OBJECT",
			key: p + d.String() + "/look#", size: "7000000"})
	case "stranger writes":
		times(2, time.Minute, request{who: who, op: "REST.PUT.OBJECT", key: p + d.String() + "/s#", size: "7000"})
	case "refused burst":
		times(14, time.Minute, request{who: pick(g, who, adminUser), op: "REST.GET.OBJECT", key: p + "x",
			status: "403", code: "AccessDenied", sent: "243"})
	case "refused few":
		times(4, 5*time.Minute, request{who: who, op: "REST.GET.OBJECT", key: p + "x#", status: "403",
			code: "AccessDenied", sent: "243"})
	case "anonymous":
		times(2, time.Minute, request{who: anonymous, op: "REST.GET.OBJECT", key: p + "x#", sent: "100"})
	case "anonymous refused":
		times(3, time.Minute, request{who: anonymous, op: "REST.GET.OBJECT", key: p + "x#", status: "403", code: "AccessDenied"})
	case "many deletes":
		n := min(len(there), 20+g.IntN(60))
		g.remove(pick(g, backupRole+"veeam", adminUser, stranger), there[:n], noon, kind)
		for _, key := range there[:n] {
			delete(b.keys, key)
		}
	case "admin deletes":
		if len(there) > 0 {
			g.log(request{at: noon, who: adminUser, op: "REST.DELETE.OBJECT", key: there[0], status: "204", kind: kind})
			delete(b.keys, there[0])
		}
	case "deletes outside":
		if len(there) > 1 {
			g.log(request{at: noon, who: backupRole + "veeam", op: "REST.DELETE.OBJECT", key: there[1], status: "204", kind: kind})
			delete(b.keys, there[1])
		}
	case "unlogged multi-delete":
		g.remove(pick(g, backupRole+"veeam", adminUser), nil, noon, kind)
	case "retention":
		times(3, time.Minute, request{who: backupRole + "veeam", op: "REST.PUT.OBJECT_LOCK_RETENTION", key: p + "x#",
			query: "?retention"})
	case "hold by admin":
		times(1, time.Minute, request{who: adminUser, op: "REST.PUT.OBJECT_LOCK_LEGALHOLD", key: p + "x#", query: "?legal-hold"})
	case "overwritten", "overwritten by admin":
		by := backupRole + "veeam"
		if kind == "overwritten by admin" {
			by = adminUser
		}
		for i, key := range there[:min(len(there), 4)] {
			g.log(request{at: noon.Add(time.Duration(i) * time.Minute), who: by, op: "REST.PUT.OBJECT", key: key,
				size: "777", kind: kind})
		}
	case "large put":
		times(1, time.Minute, request{who: pick(g, adminUser, backupRole+"veeam", who), op: "REST.PUT.OBJECT",
			key: p + d.String() + "/big#", size: "2147483648"})
	case "large read":
		times(20, time.Minute, request{who: pick(g, adminUser, auditRole), op: "REST.GET.OBJECT", key: p + "x#",
			sent: "700000000", size: "700000000"})
	case "copied away":
		times(20, time.Minute, request{who: pick(g, adminUser, backupRole+"veeam"), op: "REST.COPY.OBJECT_GET",
			key: p + "x#", size: "700000000"})
	case "odd agent":
		times(3, time.Minute, request{who: adminUser, op: "REST.GET.OBJECT", key: p + "x#", sent: "10", agent: "curl/8.1 [test]"})
	case "list outside":
		times(2, time.Minute, request{who: adminUser, op: "REST.GET.BUCKET", query: "?list-type=2&prefix=finance%2F", sent: "900"})
	case "other network":
		times(3, time.Minute, request{who: pick(g, backupRole+"veeam", adminUser, stranger, "svc:cloudfront.amazonaws.com"),
			op: "REST.GET.OBJECT", key: p + "x#", sent: "10", ip: pick(g, "198.51.100.9", "2001:db8::7")})
		times(2, 2*time.Minute, request{who: stranger, op: "REST.GET.OBJECT", key: p + "x#", status: "403",
			code: "AccessDenied", ip: "198.51.100.10"})
	case "weak transport":
		times(2, time.Minute, request{who: adminUser, op: "REST.GET.OBJECT", key: p + "x#", sent: "10", tls: pick(g,
			"SigV4 ECDHE-RSA-AES128-SHA AuthHeader x.s3.eu-west-1.amazonaws.com TLSv1.1 - -",
			"SigV2 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader x.s3.eu-west-1.amazonaws.com TLSv1.2 - -",
			"SigV4 - AuthHeader x.s3.eu-west-1.amazonaws.com - - -", "SigV4 - AuthHeader - - - -",
			"SigV4 TLS_AES_128_GCM_SHA256 AuthHeader x.s3.eu-west-1.amazonaws.com TLSv1.3 - -")})
	case "asks of the bucket":
		who := pick(g, stranger, likeUser, otherRole, anonymous, strangers[len(strangers)-1])
		times(2, time.Minute, request{who: who, op: "REST.GET.BUCKET", query: "?list-type=2", sent: "900"})
		times(1, time.Minute, request{who: who, op: "REST.GET.BUCKETPOLICY", query: "?policy", status: "403", code: "AccessDenied"})
		times(1, time.Minute, request{who: who, op: "REST.GET.OBJECT", key: "nowhere/x", sent: "900"})
	case "folder made":
		times(1, time.Minute, request{who: pick(g, adminUser, stranger, backupRole+"veeam"), op: "REST.PUT.OBJECT", key: p + "made/", size: "0"})
	case "sensitive":
		times(2, time.Minute, request{who: pick(g, adminUser, stranger, auditRole), op: pick(g, "REST.GET.OBJECT", "REST.HEAD.OBJECT"),
			key: pick(g, p+"catalogue", "finance/x.xls", p+"catalogue.vbm"), sent: "10"})
	case "reads at night":
		noon, _ = instant(d.Y, d.M, d.D, 23*60+g.IntN(59), b.zone)
		times(3, 30*time.Second, request{who: pick(g, adminUser, auditRole, backupRole+"veeam", stranger), op: "REST.GET.OBJECT",
			key: p + "x#", sent: "10", status: pick(g, "200", "206", "304")})
	case "service reads":
		times(3, time.Minute, request{who: "svc:cloudfront.amazonaws.com", op: "REST.GET.OBJECT", key: p + "x#", sent: "900"})
	}
}

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

// change chooses log objects that somebody changes after they were collected.
func (g *generator) change() {
	if !g.chance(0.15) {
		return
	}
	for range pick(g, 1, 1, 2) {
		if l := g.made.Lines[g.IntN(len(g.made.Lines))]; !l.Packed && l.Text != "" {
			g.tell("the log object %s/%s is changed after it was collected", l.Bucket, l.Object)
			g.made.Changed = append(g.made.Changed, "logs/"+l.Bucket+"/"+l.Object)
		}
	}
}

// damage takes log objects away, breaks them, delivers them late or twice.
func (g *generator) damage() {
	for range pick(g, 0, 0, 1, 1, 2) {
		b := g.made.Tenants[0].Buckets[g.IntN(len(g.made.Tenants[0].Buckets))].Name
		d := Date{g.made.Year, g.made.Month, 1}.Add(g.IntN(28) - 5)
		from := day(d, g.zone).from.Add(time.Duration(g.IntN(24)) * time.Hour)
		length := time.Duration(pick(g, 3, 6, 9, 14, 20, 30, 60, 24*7)) * time.Hour
		kind := pick(g, "gap", "gap", "thinned", "every second hour", "late", "twice", "broken lines", "empty object",
			"packed", "future", "truncated")
		g.tell("%s: %s from %s for %s", b, kind, from.Format(time.RFC3339), length)
		in := func(l MadeLine) bool { return l.Bucket == b && (interval{from, from.Add(length)}).has(l.At) }
		drop := func(lost func(MadeLine) bool) {
			g.made.Lines = slices.DeleteFunc(g.made.Lines, func(l MadeLine) bool { return in(l) && lost(l) })
		}
		switch kind {
		case "gap":
			drop(func(MadeLine) bool { return true })
		case "thinned":
			drop(func(MadeLine) bool { return g.chance(0.9) })
		case "every second hour":
			drop(func(l MadeLine) bool { return l.At.Hour()%2 == 0 })
		case "late":
			for i, l := range g.made.Lines {
				if in(l) {
					g.made.Lines[i].Object = objectName(l.At.Truncate(24*time.Hour).Add(50*time.Hour), b+"late")
				}
			}
		case "twice":
			var again []MadeLine
			for _, l := range g.made.Lines {
				if in(l) {
					l.Object = objectName(l.At.Truncate(24*time.Hour).Add(30*time.Hour), b+"twice")
					again = append(again, l)
				}
			}
			g.made.Lines = append(g.made.Lines, again...)
		case "packed":
			for i, l := range g.made.Lines {
				if in(l) {
					g.made.Lines[i].Object = objectName(l.At.Truncate(24*time.Hour).Add(30*time.Hour), b+"packed")
					g.made.Lines[i].Packed = true
				}
			}
		case "broken lines", "truncated":
			n := 0
			for i, l := range g.made.Lines {
				if in(l) && n < 6 && g.chance(0.2) {
					n++
					g.made.Lines[i].Text = l.Text[:20+g.IntN(80)]
					if kind == "broken lines" {
						g.made.Lines[i].Text = "\x01\x02 " + g.made.Lines[i].Text[10:]
					}
					g.made.Lines[i].Kind = "broken"
				}
			}
		case "empty object":
			g.made.Lines = append(g.made.Lines, MadeLine{Bucket: b, Object: objectName(from.Add(time.Second), b+"empty"), At: from,
				Kind: "empty", Raw: true})
		case "future":
			at := from.Add(20 * time.Hour)
			g.bucket = &lively{MadeBucket: MadeBucket{Name: b}}
			g.log(request{at: at, who: monitor, op: "REST.HEAD.OBJECT", key: "veeam/x", kind: "future", agent: "monitor/1"})
			g.made.Lines[len(g.made.Lines)-1].Object = objectName(from, b+"future")
		}
	}
}
