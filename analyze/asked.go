package analyze

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/oschwald/maxminddb-golang"

	"bucketproof/analyze/engine"
)

// lazyTables are the tables that are made when a statement first names them: what
// they cost is not for those that don't.
func (v *View) lazyTables() map[string]func(context.Context) (engine.Table, error) {
	return map[string]func(context.Context) (engine.Table, error){
		"reconciled":      v.reconciled,
		"report_problems": v.reportProblems,
		"figures":         v.figures,
		"nights":          v.nights,
		"witness_states":  v.witnessStates,
		"missing_parts":   v.missingParts,
		"month_trends":    v.monthTrends,
		"changes":         v.changes,
		"addresses":       v.addresses,
		"key_forms":       v.keyForms,
		"key_patterns":    v.keyPatterns,
		"trail_proof":     v.trailProof,
		"trail_problems":  v.trailProblems,
		"trail_files":     v.trailFiles,
		"metric_days":     v.metricDays,
		"logging_found":   v.loggingFound,
	}
}

// derived are statements over the records that several others rest on, each behind
// those that it names. They are made when a statement first names them.
var derived = []string{"user_agents", "logged_days", "compared", "writes", "removals", "night_keys", "fates", "taken"}

// derive makes those that a statement names, and those that these name.
func (v *asking) derive(ctx context.Context, s *Statement) error {
	texts := make([]string, len(derived))
	need := make([]bool, len(derived))
	for i := len(derived) - 1; i >= 0; i-- {
		texts[i] = v.data.Catalog.tables[strings.ReplaceAll(derived[i], "_", "-")]
		if !v.readsItself {
			texts[i] = strings.ReplaceAll(texts[i], "every_access", "access")
		}
		if need[i] = need[i] || mentions(s.SQL, derived[i]); !need[i] {
			continue
		}
		for j := range i {
			need[j] = need[j] || mentions(texts[i], derived[j])
		}
	}
	for i, name := range derived {
		if !need[i] || v.made[name] {
			continue
		}
		if err := v.engine.Derive(ctx, engine.View{Name: name, SQL: texts[i]}); err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
		v.made[name] = true
	}
	return nil
}

// ready makes the tables that a statement asks for.
func (v *asking) ready(ctx context.Context, s *Statement) error {
	v.making.Lock()
	defer v.making.Unlock()
	if err := v.derive(ctx, s); err != nil {
		return err
	}
	for _, name := range sortedKeys(v.lazy) {
		if v.made[name] || !mentions(s.SQL, name) {
			continue
		}
		t, err := v.lazy[name](ctx)
		if err == nil {
			err = v.engine.Load(ctx, t)
		}
		if err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
		v.made[name] = true
	}
	return nil
}

var words = regexp.MustCompile(`[a-z_]+`)

// wordsOf are the words of statements, which are asked for again and again: those of the
// program and of the user's folder.
var wordsOf sync.Map // of map[string]bool, by the text

// mentions tells whether a statement may name a table.
func mentions(sql, table string) bool {
	known, ok := wordsOf.Load(sql)
	if !ok {
		set := map[string]bool{}
		for _, w := range words.FindAllString(strings.ToLower(sql), -1) {
			set[w] = true
		}
		known, _ = wordsOf.LoadOrStore(sql, set)
	}
	return known.(map[string]bool)[table]
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func addDays(date string, n int) string {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date // dates of ours are dates
	}
	return at.AddDate(0, 0, n).Format(time.DateOnly)
}

// agentPatterns are the patterns of expected user agents, for LIKE with \ to escape. Their ?
// is one character there.
func (v *Slice) agentPatterns() engine.Table {
	t := engine.Table{Name: "agent_patterns", Columns: columns("form", engine.Text)}
	escape := strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`, "*", "%", "?", "_")
	for _, p := range v.Tenant.UserAgents {
		t.Rows = append(t.Rows, []any{escape.Replace(p)})
	}
	return t
}

// addresses are those of the slice, with the networks of the configuration and,
// where MaxMind files are configured, country and network.
func (v *asking) addresses(ctx context.Context) (t engine.Table, err error) {
	t = engine.Table{Name: "addresses",
		Columns: columns("address", engine.Text, "canonical", engine.Text, "network", engine.Text, "approved",
			engine.Bool, "country", engine.Text, "as_number", engine.Text, "as_name", engine.Text)}
	var files []*maxminddb.Reader
	defer func() {
		for _, f := range files {
			err = errors.Join(err, f.Close())
		}
	}()
	for _, path := range v.data.Config.GeoIP {
		f, err := maxminddb.Open(path)
		if err != nil {
			return t, fmt.Errorf("geoip file %s: %w", path, err)
		}
		files = append(files, f)
	}
	type row struct {
		RemoteIP string `column:"remote_ip"`
	}
	err = eachPart(ctx, v.engine, v.data.Catalog, "addresses", func(part []row) error {
		t.Rows = t.Rows[:0]
		for _, r := range part {
			row, err := v.address(files, r.RemoteIP)
			if err != nil {
				return err
			}
			t.Rows = append(t.Rows, row)
		}
		return v.engine.Load(ctx, t)
	})
	t.Rows = nil // they are in
	return t, err
}

// address is the row of an address.
func (v *asking) address(files []*maxminddb.Reader, text string) ([]any, error) {
	at, err := netip.ParseAddr(text)
	if err != nil {
		return []any{text, text, nil, nil, nil, nil, nil}, nil // no address, and nothing is known of it
	}
	at = at.Unmap()
	var network, approved any
	name, ok := v.network(at)
	if ok {
		network = name
	}
	if len(v.Tenant.Networks) > 0 {
		approved = ok && slices.Contains(v.Tenant.Networks, name)
	}
	country, number, as, err := locate(files, at)
	return []any{text, at.String(), network, approved, orNull(country), orNull(number), orNull(as)}, err
}

// network is the name of the narrowest configured network with an address. Of
// two that are as narrow, one that the tenant approves holds.
func (v *Slice) network(at netip.Addr) (name string, ok bool) {
	bits := -1
	for _, n := range v.data.Config.Networks {
		for _, p := range n.Prefixes {
			better := p.Bits() > bits || p.Bits() == bits && slices.Contains(v.Tenant.Networks, n.Name)
			if p.Contains(at) && better {
				name, bits, ok = n.Name, p.Bits(), true
			}
		}
	}
	return name, ok
}

// place is what MaxMind's City, Country and ASN files say, each a part.
type place struct {
	Country struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	Number uint   `maxminddb:"autonomous_system_number"`
	Name   string `maxminddb:"autonomous_system_organization"`
}

// locate finds country, number and name of the network, "" for what no file knows.
func locate(files []*maxminddb.Reader, at netip.Addr) (country, number, name string, err error) {
	for _, f := range files {
		var p place
		if at.Is6() && f.Metadata.IPVersion == 4 {
			continue
		}
		if err := f.Lookup(at.AsSlice(), &p); err != nil {
			return "", "", "", fmt.Errorf("geoip: look up %s: %w", at, err)
		}
		if p.Country.Code != "" {
			country = p.Country.Code
		}
		if p.Number != 0 {
			number = "AS" + strconv.FormatUint(uint64(p.Number), 10)
		}
		if p.Name != "" {
			name = p.Name
		}
	}
	return country, number, name, nil
}

// keyForms are the ways in which the key that is asked for may stand in a log.
func (v *asking) keyForms(context.Context) (engine.Table, error) {
	t := engine.Table{Name: "key_forms", Columns: columns("form", engine.Text)}
	for _, e := range encodings(v.Key) {
		t.Rows = append(t.Rows, []any{e})
	}
	return t, nil
}

// keyPatterns are the sensitive keys, as patterns of LIKE with \ to escape, in
// the ways in which they may stand in a log.
func (v *asking) keyPatterns(context.Context) (engine.Table, error) {
	t := engine.Table{Name: "key_patterns", Columns: columns("pattern", engine.Text, "form", engine.Text)}
	for _, p := range v.Tenant.SensitiveKeys {
		for _, f := range likeForms(p) {
			t.Rows = append(t.Rows, []any{p, f})
		}
	}
	return t, nil
}

// likeForms are the encodings of a pattern of * and ?, for LIKE.
func likeForms(pattern string) []string {
	// The wildcards stand aside while the text between them is encoded.
	const star, one = "\x01", "\x02"
	aside := strings.NewReplacer("*", star, "?", one).Replace(pattern)
	var out []string
	for _, e := range encodings(aside) {
		for _, n := range []string{"%2501", "%01"} {
			e = strings.ReplaceAll(e, n, star)
		}
		for _, n := range []string{"%2502", "%02"} {
			e = strings.ReplaceAll(e, n, one)
		}
		e = strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`, star, "%", one, "_").Replace(e)
		out = append(out, e)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
