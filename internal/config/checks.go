package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"bucketproof/templates"
)

// Checks are the thresholds of the checks, which [templates.Thresholds] declares, by their
// keys: numbers, percents, and bytes of sizes. A day is compared with the same bucket's 28
// days before it, by their median and their median absolute deviation; what is named here
// it must reach besides.
type Checks map[string]int64

// defaultChecks are the thresholds where the configuration names none.
func defaultChecks() Checks {
	c := Checks{}
	for _, t := range templates.Thresholds() {
		c[t.Key] = t.Default
	}
	return c
}

func readChecks(t *table, from Checks) Checks {
	c := Checks{}
	for _, x := range templates.Thresholds() {
		if x.Size {
			c[x.Key] = readSize(t, x.Key, from[x.Key])
		} else {
			c[x.Key] = t.integer(x.Key, from[x.Key], x.Least, x.Most)
		}
	}
	t.done()
	return c
}

// Parameters are the values with which statements are asked, by the names of parameters.
func (c Checks) Parameters() map[string]any {
	out := map[string]any{}
	for _, t := range templates.Thresholds() {
		out[t.Parameter()] = t.Value(c[t.Key])
	}
	return out
}

// MarshalJSON writes the thresholds as an object of their parameters, DeleteSpike for
// delete_spike, in the order of [templates.Thresholds]. The fingerprint of a configuration
// is of these bytes, so they are the same for the same thresholds.
func (c Checks) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for _, t := range templates.Thresholds() {
		value, err := json.Marshal(t.Value(c[t.Key]))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, ",%q:%s", noted(t), value)
	}
	return append(append([]byte{'{'}, bytes.TrimPrefix(b.Bytes(), []byte{','})...), '}'), nil
}

// UnmarshalJSON reads what MarshalJSON wrote; what is not in it stays as it is.
func (c *Checks) UnmarshalJSON(body []byte) error {
	values := map[string]json.Number{}
	if err := json.Unmarshal(body, &values); err != nil {
		return err
	}
	if *c == nil {
		*c = Checks{}
	}
	for _, t := range templates.Thresholds() {
		v, ok := values[noted(t)]
		if !ok {
			continue
		}
		n, err := v.Int64()
		if _, share := t.Value(0).(float64); share {
			var f float64
			f, err = v.Float64()
			n = int64(math.Round(f * 100))
		}
		if err != nil {
			return fmt.Errorf("threshold %s: %w", t.Key, err)
		}
		(*c)[t.Key] = n
	}
	return nil
}

// noted is the name of a threshold in a noted configuration.
func noted(t templates.Threshold) string {
	var b strings.Builder
	for _, word := range strings.Split(t.Parameter(), "_") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
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
