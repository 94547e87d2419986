package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones must be there on a machine without a zone database
	"unicode"

	"github.com/BurntSushi/toml"
	"github.com/robfig/cron/v3"

	"bucketproof/internal/objects"
)

// Load reads and checks the configuration at path. What is wrong with it comes
// back as an [*Error], all at once.
func Load(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{Path: path,
			Problems: []Problem{{Text: "the file does not exist; write one with `bucketproof init`, or name it with --config"}}}
	}
	if err != nil {
		return nil, &Error{Path: path, Problems: []Problem{{Text: err.Error()}}}
	}
	return Parse(path, text)
}

// Parse checks the text of a configuration. Relative paths in it start at the
// folder of path.
func Parse(path string, text []byte) (*Config, error) {
	fail := func(p ...Problem) (*Config, error) { return nil, &Error{Path: path, Problems: p} }
	text = []byte(strings.TrimPrefix(string(text), "\ufeff")) // an editor's byte order mark
	m := map[string]any{}
	if err := toml.Unmarshal(text, &m); err != nil {
		var perr toml.ParseError
		if errors.As(err, &perr) {
			return fail(Problem{Line: perr.Position.Line, Key: perr.LastKey, Text: "not TOML: " + perr.Message})
		}
		return fail(Problem{Text: "not TOML: " + err.Error()})
	}
	if len(m) == 0 {
		return fail(Problem{Text: "the file is empty; `bucketproof init --out FILE` writes a commented one to start from"})
	}
	w := &walker{lines: indexLines(string(text))}
	c := readConfig(&table{w: w, m: m}, path)
	c.lines = w.lines
	if len(w.problems) > 0 {
		slices.SortStableFunc(w.problems, func(a, b Problem) int { return a.Line - b.Line })
		return fail(w.problems...)
	}
	return c, nil
}

func readConfig(t *table, path string) *Config {
	c := &Config{Path: path, Dir: filepath.Dir(path)}
	c.Location = readZone(t, "timezone", time.UTC)
	c.DataDir = c.resolve(t.str("data_dir", "data"))
	if dir := t.str("queries_dir", ""); dir != "" {
		c.QueriesDir = c.resolve(dir)
	}
	c.Schedule = readSchedule(t.sub("schedule"))
	c.AWS = readAccess(t.sub("aws"), objects.Access{})
	c.Evidence = c.readEvidence(t.sub("evidence"))
	c.Collect = readCollect(t.sub("collect"))
	c.Engine = readEngine(t.sub("engine"))
	c.Service = readService(t.sub("service"))
	c.Alerts = readAlerts(t.sub("alerts"))
	c.Retention = readRetention(t.sub("retention"), c.Service.CatchUpDays)
	c.Mail = readMail(t.sub("mail"))
	c.Links = c.readLinks(t.sub("links"))
	if c.Links.Page() && c.Links.Listen == c.Service.Listen && !strings.HasSuffix(c.Links.Listen, ":0") {
		t.problem("links.listen", "is %q, as service.listen; give each an address of its own", c.Links.Listen)
	}
	if len(c.Alerts.Mail) > 0 && c.Mail.SMTP == "" {
		t.problem("alerts.mail", "is set without mail.smtp; name the mail server, or remove the addresses")
	}
	c.tickets = readTickets(t.sub("tickets"), Tickets{})
	c.Report = c.readReport(t.sub("report"))
	c.Signing = c.readSigning(t.sub("signing"))
	c.Checks = readChecks(t.sub("checks"), defaultChecks())
	networks := t.list("network")
	for _, n := range networks {
		c.Networks = append(c.Networks, readNetwork(n))
	}
	geoip, _ := t.stringList("geoip")
	for _, path := range geoip {
		full := c.resolve(path)
		if _, err := os.Stat(full); err != nil {
			t.problem("geoip", "%s", err)
		}
		c.GeoIP = append(c.GeoIP, full)
	}
	tenants := t.list("tenant")
	if len(tenants) == 0 {
		t.problem("tenant", "is missing; write one [[tenant]] block for each client")
	}
	for _, tt := range tenants {
		c.Tenants = append(c.Tenants, c.readTenant(tt))
	}
	c.readIdentities(t)
	for i, n := range c.Tenants {
		c.Tenants[i].Accounts = readAccounts(tenants[i], n.Principals)
		checkTrail(tenants[i], c.Tenants[i])
	}
	checkTenants(t, c, tenants)
	c.checkReportTime(t)
	checkNetworks(c.Networks, networks, c.Tenants, tenants)
	checkSuppressions(tenants, c.Tenants)
	for _, tt := range tenants {
		tt.done()
	}
	t.done()
	return c
}

func (c *Config) resolve(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.Dir, path)
}

func (c *Config) readURL(t *table, key, example string) objects.URL {
	text := t.required(key, example)
	if text == "" {
		return objects.URL{}
	}
	return c.parseURL(t, key, text)
}

// readURLs reads one place or a list of them.
func (c *Config) readURLs(t *table, key string) (out []objects.URL) {
	list, isList := []string{}, false
	if _, isList = t.m[key].([]any); isList {
		list, _ = t.stringList(key)
	} else if text := t.str(key, ""); text != "" {
		list = []string{text}
	}
	for i, text := range list {
		if text == "" || slices.Contains(list[:i], text) {
			t.problem(key, "entry %d is empty or stands twice; remove it", i+1)
			continue
		}
		out = append(out, c.parseURL(t, key, text))
	}
	return out
}

func (c *Config) parseURL(t *table, key, text string) objects.URL {
	u, err := objects.ParseURL(text)
	if err != nil {
		t.problem(key, "%s", err)
	}
	if u.Scheme == "cloudwatch" {
		if key != "logs" {
			t.problem(key, "is %q; a log group can be the place of a bucket's logs alone, write s3://… or file:…", text)
		}
		u.Path = filepath.Join(c.DataDir, "log-groups", url.QueryEscape(u.Group))
	}
	return u.Resolve(c.Dir)
}

func readSchedule(t *table) Schedule {
	s := Schedule{
		Collect: readCron(t, "collect", "20 * * * *"),
		Check:   readCron(t, "check", "30 6 * * *"),
		Report:  readCron(t, "report", "0 7 3 * *"),
	}
	t.done()
	return s
}

var roleARN = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$`)

func readAccess(t *table, from objects.Access) objects.Access {
	a := objects.Access{
		Region:     t.str("region", from.Region),
		Endpoint:   t.str("endpoint", from.Endpoint),
		Profile:    t.str("profile", from.Profile),
		RoleARN:    t.str("role_arn", from.RoleARN),
		ExternalID: t.str("external_id", from.ExternalID),
	}
	if a.Endpoint != "" && !isHTTP(a.Endpoint) {
		t.problem("endpoint", "is %q; write a URL like https://s3.example.com, without credentials", a.Endpoint)
	}
	if a.RoleARN != "" && !roleARN.MatchString(a.RoleARN) {
		t.problem("role_arn", "is %q; write arn:aws:iam::ACCOUNT:role/NAME", a.RoleARN)
	}
	if a.ExternalID != "" && a.RoleARN == "" {
		t.problem("external_id", "is set without role_arn; name the role that it belongs to")
	}
	t.done()
	return a
}

func (c *Config) readEvidence(t *table) Evidence {
	e := Evidence{
		URL:      c.readURL(t, "url", "s3://msp-evidence/packets"),
		LockMode: t.oneOf("lock_mode", "GOVERNANCE", "GOVERNANCE", "COMPLIANCE", ""),
		LockDays: int(t.integer("lock_days", 400, 1, 36500)),
		KMSKey:   t.str("kms_key", ""),
	}
	if e.URL.Scheme != "" {
		e.URL = e.URL.Folder()
	}
	t.done()
	return e
}

// checkReportTime wants the month to be over for every tenant when its packet is
// made: it may end half a day later there.
func (c *Config) checkReportTime(t *table) {
	s, err := cron.ParseStandard(c.Schedule.Report)
	if err != nil {
		return // it is reported already
	}
	for _, n := range c.Tenants {
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, c.Location).Add(-time.Second)
		for range 24 {
			if at = s.Next(at.In(c.Location)); at.IsZero() {
				break
			}
			if here, there := at.In(c.Location), at.In(n.Location); here.Month() != there.Month() {
				t.problem("schedule.report", "is %q: on %s the month is another one for %s, in %s; write a time from the 2nd on",
					c.Schedule.Report, here.Format("2 January 2006, 15:04"), n.ID, n.Location)
				return
			}
		}
	}
}

func readCollect(t *table) Collect {
	c := Collect{LateDays: int(t.integer("late_days", 3, 1, 90)),
		MemoryLimit: readSize(t, "memory_limit", 256_000_000), MinFree: readSize(t, "min_free", 1<<30)}
	if c.MemoryLimit < 128_000_000 {
		t.problem("memory_limit", "is less than 128MB, which collecting does not run in; write \"256MB\" or more")
	}
	t.done()
	return c
}

func readEngine(t *table) Engine {
	e := Engine{Kind: t.oneOf("kind", "duckdb", "duckdb", "trino", "athena"), MemoryLimit: readSize(t, "memory_limit", 2_000_000_000)}
	if e.Kind != "duckdb" {
		t.problem("kind", "is %q, which this version has no engine for; write \"duckdb\"", e.Kind)
	}
	if e.MemoryLimit < 100_000_000 {
		t.problem("memory_limit", "is less than 100MB; no query runs in that, write \"500MB\" or more")
	}
	t.done()
	return e
}

var tenantID = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (c *Config) readTenant(t *table) Tenant {
	n := Tenant{ID: t.required("id", "acme"), Name: t.required("name", "Acme Dental")}
	if n.ID != "" && !tenantID.MatchString(n.ID) {
		t.problem("id", "is %q; write up to 63 lower-case letters, digits and -, with a letter or digit at both ends", n.ID)
	}
	n.Owner, n.Owners = strings.TrimSpace(t.str("owner", "")), readOwners(t.sub("owners"))
	n.Location = readZone(t, "timezone", c.Location)
	n.Language, n.Paper = readLanguage(t, c.Report.Language), readPaper(t, c.Report.Paper)
	n.UserAgents, _ = t.stringList("user_agents")
	if slices.Contains(n.UserAgents, "") {
		t.problem("user_agents", "holds an empty pattern; remove it, or write \"-\" to expect requests without a user agent")
	}
	_, n.HasHours = t.m["business_hours"]
	n.BusinessHours = readWindow(t.sub("business_hours"),
		Window{Start: 8 * 60, End: 18 * 60, Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}})
	n.LargePut = readSize(t, "large_put", 1<<30)
	n.AWS = readAccess(t.sub("aws"), c.AWS)
	if places := c.readURLs(t, "cloudtrail"); len(places) > 0 {
		n.CloudTrail, n.CloudTrailBefore = places[0], places[1:]
	}
	n.DataEvents = t.boolean("cloudtrail_data_events", true)
	for key, to := range map[string]*string{"approved_changes": &n.ApprovedChanges,
		"cloudtrail_keys": &n.CloudTrailKeys, "metrics_file": &n.MetricsFile} {
		if s := t.str(key, ""); s != "" {
			*to = c.resolve(s)
		}
	}
	if n.CloudWatch = t.boolean("cloudwatch", false); n.CloudWatch && n.MetricsFile != "" {
		t.problem("metrics_file", "is set, and cloudwatch too; remove one of them")
	}
	if t.str("backup_reports", "") != "" {
		n.BackupReports = c.readURL(t, "backup_reports", "s3://acme-logs/backup-reports/")
	}
	n.ReportColumns = readReportColumns(t.sub("report_columns"))
	buckets := t.list("bucket")
	if len(buckets) == 0 {
		t.problem("bucket", "is missing; write a [[tenant.bucket]] block for each bucket that holds backups")
	}
	for _, b := range buckets {
		n.Buckets = append(n.Buckets, c.readBucket(b))
	}
	for _, p := range t.list("principal") {
		n.Principals = append(n.Principals, readPrincipal(p))
	}
	for _, p := range t.list("contact") {
		n.Contacts = append(n.Contacts, readContact(p))
	}
	n.Tickets = readTickets(t.sub("tickets"), c.tickets)
	checkTickets(t, n.Tickets)
	n.Networks, _ = t.stringList("networks")
	n.SensitiveKeys = readPatterns(t, "sensitive_keys")
	n.PacketQueries, _ = t.stringList("packet_queries")
	n.Checks = readChecks(t.sub("checks"), c.Checks)
	for _, s := range t.list("suppression") {
		n.Suppressions = append(n.Suppressions, readSuppression(s))
	}
	return n
}

func readReportColumns(t *table) ReportColumns {
	r := ReportColumns{ID: t.str("id", ""), Job: t.str("job", ""), Bucket: t.str("bucket", ""),
		Start: t.str("start", ""), End: t.str("end", ""),
		Objects: t.str("objects", ""), Bytes: t.str("bytes", ""), Status: t.str("status", ""),
		Tolerance: float64(t.integer("tolerance_percent", 10, 0, 1000)) / 100}
	r.Success, _ = t.stringList("success")
	if layout := t.str("layout", ""); layout != "" {
		if r.Order = dateOrder(layout); r.Order == "" {
			t.problem("layout",
				"is %q; write the order of the date, such as \"DD/MM/YYYY HH:mm\" or \"MM/DD/YYYY\", or \"day "+
					"first\", \"month first\" or \"year first\"", layout)
		}
	}
	if r.Start == "" && (r.ID != "" || r.Job != "" || r.Bucket != "" || r.End != "" || r.Objects != "" || r.Bytes != "" || r.Status != "") {
		t.problem("start", "is missing; name the column with the time at which a session starts")
	}
	t.done()
	return r
}

// dateOrder is the order of day, month and year that a layout names, as letters;
// "" where it names none. What follows the date is read in any form.
func dateOrder(layout string) string {
	switch strings.ToLower(layout) {
	case "day first":
		return "dmy"
	case "month first":
		return "mdy"
	case "year first", "iso":
		return "ymd"
	}
	order := ""
	date, _, _ := strings.Cut(strings.Replace(layout, "T", " ", 1), " ")
	for _, r := range date {
		if r = unicode.ToLower(r); strings.ContainsRune("dmy", r) && !strings.HasSuffix(order, string(r)) {
			order += string(r)
		} else if unicode.IsLetter(r) && !strings.HasSuffix(order, string(r)) {
			return ""
		}
	}
	if slices.Contains([]string{"dmy", "mdy", "ymd", "ydm"}, order) {
		return order
	}
	return ""
}

func (c *Config) readBucket(t *table) Bucket {
	b := Bucket{Name: t.required("name", "acme-backups")}
	if problem := objects.BucketNameProblem(b.Name); b.Name != "" && problem != "" {
		t.problem("name", "%q %s", b.Name, problem)
	}
	b.Logs = c.readURL(t, "logs", "s3://acme-logs/acme-backups/")
	prefixes, ok := t.stringList("prefixes")
	if ok && len(prefixes) == 0 || !ok && t.m["prefixes"] == nil {
		t.problem("prefixes", "is missing; write the approved prefixes, [\"veeam/\"], or [\"\"] for the whole bucket")
	}
	for i, p := range prefixes {
		if strings.HasPrefix(p, "/") {
			t.problem("prefixes", "entry %d is %q; an S3 key has no / at its start, write %q", i+1, p, strings.TrimLeft(p, "/"))
		}
		if slices.Contains(prefixes[:i], p) {
			t.problem("prefixes", "holds %q twice; remove one", p)
		}
	}
	b.Prefixes = prefixes
	b.Window = readWindow(t.sub("window"), Window{Start: 22 * 60, End: 6 * 60, Days: [7]bool{true, true, true, true, true, true, true}})
	b.MinObjects = t.integer("min_objects", 1, 1, 1<<40)
	b.KeepDays = int(t.integer("keep_days", 1, 1, 3650))
	b.Owner = strings.TrimSpace(t.str("owner", ""))
	b.MetricsFilter = t.str("metrics_filter", "EntireBucket")
	t.done()
	return b
}

func readPrincipal(t *table) Principal {
	p := Principal{
		Match: t.required("match", "arn:aws:sts::111122223333:assumed-role/BackupRole/*"),
		Name:  t.required("name", "Nightly backup role"),
		Role:  t.oneOf("role", RoleService, RoleBackup, RoleRestore, RoleAdmin, RoleAudit, RoleService),
	}
	if _, ok := t.m["role"]; !ok {
		t.problem("role", "is missing; write one of backup, restore, admin, audit, service")
	}
	if text := matchProblem(p.Match); text != "" && p.Match != "" {
		t.problem("match", "%s", text)
	}
	t.done()
	return p
}

func readContact(t *table) Contact {
	c := Contact{
		Name:  t.required("name", "Dana Reyes"),
		Email: t.required("email", "dana@acme.example"),
		Role:  t.oneOf("role", "auditor", contactRoles...),
	}
	if c.Email != "" {
		checkAddress(t, "email", c.Email)
	}
	t.done()
	return c
}

var (
	account      = regexp.MustCompile(`^[0-9]{12}$`)
	accountInARN = regexp.MustCompile(`^arn:aws[a-z-]*:(?:iam|sts)::([0-9]{12}):`)
)

// readAccounts reads the tenant's own accounts, by default those that the
// matches of its principals name.
func readAccounts(t *table, principals []Principal) []string {
	accounts, ok := t.stringList("accounts")
	if !ok {
		for _, p := range principals {
			if account.MatchString(p.Match) && !slices.Contains(accounts, p.Match) {
				accounts = append(accounts, p.Match)
			}
			if m := accountInARN.FindStringSubmatch(p.Match); m != nil && !slices.Contains(accounts, m[1]) {
				accounts = append(accounts, m[1])
			}
		}
	}
	for i, a := range accounts {
		if !account.MatchString(a) {
			t.problem("accounts", "entry %d is %q; an AWS account is 12 digits in quotes", i+1, a)
		}
	}
	return accounts
}

func isHTTP(s string) bool {
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(s, "http://")
	}
	return ok && rest != "" && !strings.ContainsAny(rest, "@ ?#")
}

func quoteList(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(out, ", ")
}

// checkTrail reports a trail of which no event could be told to be the tenant's, and one
// that lies where access logs do.
func checkTrail(t *table, n Tenant) {
	if n.CloudTrail.Scheme == "" {
		return
	}
	if len(n.Accounts) == 0 {
		t.problem("cloudtrail", "is set and accounts is not, so no event could be told to be the tenant's; name the tenant's accounts")
	}
	for _, b := range n.Buckets {
		if slices.ContainsFunc(n.Trails(), func(u objects.URL) bool { return u.Text == b.Logs.Text }) {
			t.problem("cloudtrail",
				"is also where the access logs of %s are; name the folder of the trail alone, such as s3://bucket/AWSLogs/111122223333/",
				b.Name)
		}
	}
}
