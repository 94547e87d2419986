package config

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Checks are the thresholds of the checks. A day is compared with the same
// bucket's 28 days before it, by their median and their median absolute
// deviation; what is named here it must reach besides.
type Checks struct {
	Deviations        int64   // median absolute deviations beyond the median
	DeleteSpike       int64   // objects deleted in a day
	ErrorRate         float64 // share of failed requests in a day, from 0 to 1
	Errors            int64   // failed requests in a day
	LargeDownload     int64   // bytes to one principal in a day
	BackupVolume      int64   // bytes by which a night differs
	AccessDeniedBurst int64   // refused requests of one principal within an hour
	MetricsDiffer     float64 // share by which CloudWatch and log may differ, from 0 to 1
}

// DefaultChecks are the thresholds where the configuration names none.
var DefaultChecks = Checks{Deviations: 8, DeleteSpike: 50, ErrorRate: 0.05, Errors: 20, LargeDownload: 10 << 30,
	BackupVolume: 1 << 20, AccessDeniedBurst: 10, MetricsDiffer: 0.05}

func readChecks(t *table, from Checks) Checks {
	c := Checks{
		Deviations:        t.integer("deviations", from.Deviations, 1, 1000),
		DeleteSpike:       t.integer("delete_spike", from.DeleteSpike, 1, 1<<40),
		ErrorRate:         float64(t.integer("error_rate_percent", int64(math.Round(from.ErrorRate*100)), 1, 100)) / 100,
		Errors:            t.integer("errors", from.Errors, 1, 1<<40),
		LargeDownload:     readSize(t, "large_download", from.LargeDownload),
		BackupVolume:      readSize(t, "backup_volume", from.BackupVolume),
		AccessDeniedBurst: t.integer("access_denied_burst", from.AccessDeniedBurst, 2, 1<<40),
		MetricsDiffer:     float64(t.integer("metrics_differ_percent", int64(math.Round(from.MetricsDiffer*100)), 0, 100)) / 100,
	}
	t.done()
	return c
}

// Network is a named part of the internet.
type Network struct {
	Name     string
	Prefixes []netip.Prefix
}

func readNetwork(t *table) Network {
	n := Network{Name: t.required("name", "Office Berlin")}
	list, ok := t.stringList("cidr")
	if ok && len(list) == 0 || !ok && t.m["cidr"] == nil {
		t.problem("cidr", "is missing; write the address ranges, [\"198.51.100.0/24\"]")
	}
	for i, s := range list {
		p, err := netip.ParsePrefix(s)
		if addr, aerr := netip.ParseAddr(s); err != nil && aerr == nil {
			p, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			t.problem("cidr", "entry %d is %q; write an address range like \"198.51.100.0/24\" or \"2001:db8::/32\"", i+1, s)
			continue
		}
		n.Prefixes = append(n.Prefixes, p.Masked())
	}
	t.done()
	return n
}

// checkNetworks reports names that stand twice, and names in tenants that no
// network has.
func checkNetworks(networks []Network, tables []*table, tenants []Tenant, tenantTables []*table) {
	var names []string
	for i, n := range networks {
		if slices.Contains(names, n.Name) {
			tables[i].problem("name", "%q is taken by another network; put its ranges into one block", n.Name)
		}
		names = append(names, n.Name)
	}
	for i, t := range tenants {
		for j, name := range t.Networks {
			if !slices.Contains(names, name) {
				known := "; write a [[network]] block for it"
				if len(names) > 0 {
					known = "; known are " + quoteList(names)
				}
				tenantTables[i].problem("networks", "entry %d is %q, which no [[network]] has%s", j+1, name, known)
			}
		}
	}
}

// Suppression keeps a check from opening findings about a subject, until a day.
type Suppression struct {
	Check   string // its name
	Bucket  string // "" for every bucket of the tenant
	Subject string // wildcards
	Reason  string
	Until   string // YYYY-MM-DD, the last day on which it holds, in the tenant's zone
}

func readSuppression(t *table) Suppression {
	s := Suppression{
		Check:   t.required("check", "off-window-write"),
		Bucket:  t.str("bucket", ""),
		Subject: t.required("subject", "arn:aws:iam::111122223333:user/migration"),
		Reason:  t.required("reason", "Migration to the new bucket, ticket 4711"),
		Until:   t.required("until", "2026-12-31"),
	}
	if _, err := time.Parse(time.DateOnly, s.Until); err != nil && s.Until != "" {
		t.problem("until", "is %q; write the last day on which it holds as YYYY-MM-DD, in quotes", s.Until)
	}
	t.done()
	return s
}

// readPatterns reads a list of wildcard patterns.
func readPatterns(t *table, key string) []string {
	list, _ := t.stringList(key)
	for i, p := range list {
		if strings.Trim(p, "*?") == "" {
			t.problem(key, "entry %d is %q, which is no pattern; write one like \"*password*\"", i+1, p)
		}
	}
	return list
}

// checkSuppressions reports those that name a bucket the tenant does not have.
func checkSuppressions(tables []*table, tenants []Tenant) {
	for i, n := range tenants {
		for j, t := range tables[i].list("suppression") {
			b := n.Suppressions[j].Bucket
			if b != "" && !slices.ContainsFunc(n.Buckets, func(o Bucket) bool { return o.Name == b }) {
				t.problem("bucket", "%q is no bucket of tenant %s", b, n.ID)
			}
		}
	}
}

// Names checks the names of checks and queries that the configuration uses
// against those that there are. What is unknown comes back as an [*Error].
func (c *Config) Names(checks, queries []string) error {
	e := &Error{Path: c.Path}
	for i, t := range c.Tenants {
		for j, s := range t.Suppressions {
			if !slices.Contains(checks, s.Check) {
				e.Problems = append(e.Problems,
					Problem{Line: c.line(fmt.Sprintf("tenant[%d].suppression[%d].check", i, j)),
						Key:  "tenant.suppression.check",
						Text: fmt.Sprintf("%q is no check; known are %s", s.Check, strings.Join(checks, ", "))})
			}
		}
		e.Problems = append(e.Problems, c.checkOwners(i, checks)...)
		for _, q := range t.PacketQueries {
			if !slices.Contains(queries, q) {
				e.Problems = append(e.Problems,
					Problem{Line: c.line(fmt.Sprintf("tenant[%d].packet_queries", i)), Key: "tenant.packet_queries",
						Text: fmt.Sprintf("%q is no saved query that can stand in a packet; known are %s", q, strings.Join(queries, ", "))})
			}
		}
	}
	if len(e.Problems) > 0 {
		return e
	}
	return nil
}

func (c *Config) line(path string) int { return c.lines.of(path) }
