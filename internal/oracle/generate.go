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
			Principals: []string{"match = \"arn:aws:sts::444455556666:assumed-role/BetaBackup/*\"\n  name = \"Beta " +
				"backup\"\n  role = \"backup\""}}
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
		r.who, id, r.op, or(logged(r.key, uri != "-" && g.serial%3 > 0), "-"), uri, status, or(r.code, "-"),
		or(r.sent, "-"), or(r.size, "-"), "30", "10",
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
