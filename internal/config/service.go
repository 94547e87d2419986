package config

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"bucketproof/internal/objects"
)

// Service is how the background service behaves.
type Service struct {
	CatchUpDays int    // how far back what was missed is made up for
	Listen      string // host:port for health and metrics, on a loopback address; "" for none
	LogFormat   string // text or json
}

// Alerts say who hears of trouble with the service itself.
type Alerts struct {
	Mail         []string // addresses
	WebhookEnv   string   // the variable that holds the URL; "" for none
	SecretEnv    string   // the variable that holds the key of the webhook's HMAC
	PingEnv      string   // the variable that holds the URL of a dead-man's switch
	Failures     int      // of a job for a tenant in a row
	SilenceHours int      // without a log object for a bucket
}

// Retention says what is forgotten, in days. 0 keeps it for ever.
type Retention struct{ RunsDays, DatasetDays int }

// Links are how a packet is reached from a mail.
type Links struct {
	Kind         string         // auto, presigned or page
	AWS          objects.Access // who signs presigned links
	PublicURL    string         // of the download page, without a / at its end; "" for none
	Listen       string         // host:port of the download page
	Certificate  string         // PEM file for TLS, resolved against Dir; "" where a proxy does TLS
	Key          string         // PEM file
	Proxies      []netip.Prefix // whose X-Forwarded-For is believed
	MaxDownloads int            // files for each link, each counted once a day
}

// Page tells whether the service offers the download page.
func (l Links) Page() bool { return l.PublicURL != "" }

func readService(t *table) Service {
	s := Service{
		CatchUpDays: int(t.integer("catch_up_days", 35, 1, 366)),
		Listen:      t.str("listen", "127.0.0.1:9464"),
		LogFormat:   t.oneOf("log_format", "text", "text", "json"),
	}
	if s.Listen != "" {
		host, ok := checkListen(t, "listen", s.Listen)
		if ip, err := netip.ParseAddr(host); ok && host != "localhost" && (err != nil || !ip.IsLoopback()) {
			t.problem("listen", "is %q; health and metrics stay on the machine, write a loopback address like \"127.0.0.1:9464\"", s.Listen)
		}
	}
	t.done()
	return s
}

func checkListen(t *table, key, address string) (host string, ok bool) {
	host, port, err := net.SplitHostPort(address)
	if n, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil || n == 0 && port != "0" {
		t.problem(key, "is %q; write an address and a port like \"127.0.0.1:9464\"", address)
		return "", false
	}
	return host, true
}

func readAlerts(t *table) Alerts {
	a := Alerts{
		WebhookEnv:   readEnvName(t, "webhook_env"),
		SecretEnv:    readEnvName(t, "secret_env"),
		PingEnv:      readEnvName(t, "ping_env"),
		Failures:     int(t.integer("failures", 3, 1, 100)),
		SilenceHours: int(t.integer("silence_hours", 48, 1, 24*60)),
	}
	a.Mail, _ = t.stringList("mail")
	for _, address := range a.Mail {
		checkAddress(t, "mail", address)
	}
	if a.WebhookEnv != "" && a.SecretEnv == "" {
		t.problem("secret_env", "is missing; name the variable that holds the key with which the webhook's messages are signed")
	}
	t.done()
	return a
}

// readEnvName reads the name of an environment variable. The text may be a
// secret that stands in the wrong place, so it is not repeated.
func readEnvName(t *table, key string) string {
	name := t.str(key, "")
	if name != "" && !isEnvName(name) {
		t.problem(key, "is no name of an environment variable; write the name, not the secret")
		return ""
	}
	return name
}

func isEnvName(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// leastDatasetDays is what the packet of the last month, the comparison with the
// one before and what is usual look at, with time for catching up.
const leastDatasetDays = 180

func readRetention(t *table, catchUp int) Retention {
	r := Retention{RunsDays: int(t.integer("runs_days", 400, 0, 36500)), DatasetDays: int(t.integer("dataset_days", 0, 0, 36500))}
	if r.RunsDays > 0 && r.RunsDays <= catchUp {
		t.problem("runs_days",
			"is %d, and service.catch_up_days %d: what was done must be remembered for longer than it is made up for; write %d or more",
			r.RunsDays, catchUp, catchUp+1)
	}
	if r.DatasetDays > 0 && r.DatasetDays < leastDatasetDays {
		t.problem("dataset_days",
			"is %d; packets, their comparison and the checks look back up to %d days, write that or more, or 0 to keep records for ever",
			r.DatasetDays, leastDatasetDays)
	}
	t.done()
	return r
}

func (c *Config) readLinks(t *table) Links {
	l := Links{
		Kind:         t.oneOf("kind", "auto", "auto", "presigned", "page"),
		AWS:          readAccess(t.sub("aws"), c.AWS),
		PublicURL:    strings.TrimSuffix(t.str("public_url", ""), "/"),
		Listen:       t.str("listen", "127.0.0.1:8480"),
		MaxDownloads: int(t.integer("max_downloads", 50, 1, 100000)),
	}
	checkListen(t, "listen", l.Listen)
	if l.PublicURL != "" {
		c.checkPublicURL(t, l.PublicURL)
	} else if l.Kind == "page" {
		t.problem("public_url",
			"is missing; write the address under which contacts reach the download page, \"https://evidence.msp.example\"")
	}
	for key, to := range map[string]*string{"certificate": &l.Certificate, "key": &l.Key} {
		if path := t.str(key, ""); path != "" {
			*to = c.resolve(path)
		}
	}
	for _, f := range []struct{ key, path string }{{"certificate", l.Certificate}, {"key", l.Key}} {
		if f.path == "" {
			continue
		}
		if _, err := os.Stat(f.path); err != nil {
			t.problem(f.key, "%s", err)
		}
	}
	if l.Certificate != "" && l.Key != "" {
		if _, err := tls.LoadX509KeyPair(l.Certificate, l.Key); err != nil {
			t.problem("certificate", "and key can't be used (%s); name a PEM file each, that belong together", err)
		}
	}
	if (l.Certificate == "") != (l.Key == "") {
		t.problem("certificate", "and key belong together; name both, or neither where a proxy does TLS")
	}
	proxies, _ := t.stringList("proxies")
	for _, text := range proxies {
		p, err := netip.ParsePrefix(text)
		if a, aerr := netip.ParseAddr(text); err != nil && aerr == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			t.problem("proxies", "holds %q, which is no address or network; write one like \"127.0.0.1\" or \"10.0.0.0/8\"", text)
			continue
		}
		l.Proxies = append(l.Proxies, p.Masked())
	}
	t.done()
	return l
}

func (c *Config) checkPublicURL(t *table, text string) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		t.problem("public_url", "is %q; write an address like \"https://evidence.msp.example\"", text)
		return
	}
	if ip, err := netip.ParseAddr(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback()) {
		t.problem("public_url", "is %q; a link that opens evidence goes by https", text)
	}
}

func orText(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// contactRoles are the roles of contacts.
var contactRoles = []string{"auditor", "account_manager", "technician"}

// readRoles reads which contacts get mail, by default all.
func readRoles(t *table) []string {
	roles, ok := t.stringList("roles")
	if !ok {
		return contactRoles
	}
	if len(roles) == 0 {
		t.problem("roles", "is empty, so nobody would get a packet; write %s, or set mail.smtp = \"\" to send none",
			quoteList(contactRoles))
	}
	for _, r := range roles {
		if !slices.Contains(contactRoles, r) {
			t.problem("roles", "holds %q; write %s", r, quoteList(contactRoles))
		}
	}
	return roles
}

// Secret reads a secret from the environment variable that a key of the
// configuration names; "" where it names none. The error names both.
func Secret(key, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	v, ok := os.LookupEnv(name)
	if !ok || v == "" {
		return "", fmt.Errorf("%s names the environment variable %s, which is not set; set it where bucketproof runs", key, name)
	}
	return v, nil
}
