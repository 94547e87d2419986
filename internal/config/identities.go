package config

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Identity is a line of a file of approved identities: who a requester is, and
// for which tenant.
type Identity struct {
	Principal
	Tenant string
	Line   int
}

var identityColumns = []string{"match", "name", "role", "tenant"}

// roles in the order in which messages name them.
var roles = []string{RoleBackup, RoleRestore, RoleAdmin, RoleAudit, RoleService}

// ReadIdentities reads a CSV of match,name,role,tenant with a head line. The
// columns may stand in any order, with others beside them. All that is wrong
// comes back at once, as an [*Error] that names path and line.
func ReadIdentities(path string, src io.Reader) ([]Identity, error) {
	e := &Error{Path: path}
	problem := func(line int, format string, args ...any) {
		e.Problems = append(e.Problems, Problem{Line: line, Text: fmt.Sprintf(format, args...)})
	}
	content, err := io.ReadAll(src)
	if err != nil {
		return nil, err
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	if !utf8.Valid(content) {
		problem(0, "is not UTF-8; save it as UTF-8")
		return nil, e
	}
	r := csv.NewReader(bytes.NewReader(content))
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = true
	head, err := r.Read()
	if err != nil {
		problem(1, "no head line; begin with %s", strings.Join(identityColumns, ","))
		return nil, e
	}
	if len(head) == 1 && strings.Contains(head[0], ";") {
		problem(1, "separated by semicolons; save it with commas")
		return nil, e
	}
	at := map[string]int{}
	for i, h := range head {
		name := strings.ToLower(strings.TrimSpace(h))
		if _, twice := at[name]; twice && slices.Contains(identityColumns, name) {
			problem(1, "the head line has the column %q twice", name)
		}
		at[name] = i
	}
	for _, c := range identityColumns {
		if _, ok := at[c]; !ok {
			problem(1, "the head line has no column %q; it needs %s", c, strings.Join(identityColumns, ","))
		}
	}
	if len(e.Problems) > 0 {
		return nil, e
	}
	var out []Identity
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var perr *csv.ParseError
		if errors.As(err, &perr) {
			problem(perr.Line, "no CSV: %s", perr.Err)
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		field := func(name string) string {
			if i := at[name]; i < len(row) {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		id := Identity{Principal: Principal{Match: field("match"), Name: field("name"),
			Role: strings.ToLower(field("role"))}, Tenant: field("tenant"), Line: line}
		for _, c := range identityColumns {
			if field(c) == "" {
				problem(line, "%s is empty", c)
			}
		}
		if id.Role != "" && !slices.Contains(roles, id.Role) {
			problem(line, "role is %q; write one of %s", id.Role, strings.Join(roles, ", "))
		}
		if text := matchProblem(id.Match); text != "" && id.Match != "" {
			problem(line, "match %s", text)
		}
		if strings.IndexFunc(id.Match+id.Name, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0 {
			problem(line, "a control character; remove it")
		}
		out = append(out, id)
	}
	if len(e.Problems) > 0 {
		return nil, e
	}
	return out, nil
}

// matchProblem says what is wrong with a pattern, "" for nothing.
func matchProblem(match string) string {
	if meet(match, "-") || strings.Trim(match, "*?") == "" {
		return fmt.Sprintf("is %q, which would approve anonymous or any requester; name an ARN, an account, a "+
			"canonical user id or svc:NAME", match)
	}
	if m := role.FindStringSubmatch(match); m != nil && strings.Trim(m[4], "*?") == "" && m[3] != "" {
		return fmt.Sprintf("is %q, which tells roles by their path; an access log does not show it, so name the roles", match)
	}
	return ""
}

// readIdentities adds the principals of the identities file to their tenants.
// The default file need not be there.
func (c *Config) readIdentities(t *table) {
	name := t.str("identities", "")
	c.IdentitiesPath = c.resolve("identities.csv")
	if name != "" {
		c.IdentitiesPath = c.resolve(name)
	}
	f, err := os.Open(c.IdentitiesPath)
	if errors.Is(err, fs.ErrNotExist) && name == "" {
		return
	}
	if err != nil {
		t.problem("identities", "can't be read: %s", err)
		return
	}
	list, err := ReadIdentities(c.IdentitiesPath, f)
	var bad *Error
	switch err = errors.Join(err, f.Close()); {
	case errors.As(err, &bad):
		for _, p := range bad.Problems {
			t.problem("identities", "%s:%d: %s", shortPath(c.Dir, bad.Path), p.Line, p.Text)
		}
	case err != nil:
		t.problem("identities", "can't be read: %s", err)
	}
	at := map[string]int{}
	for i, n := range c.Tenants {
		at[n.ID] = i
	}
	for _, id := range list {
		i, ok := at[id.Tenant]
		if !ok {
			t.problem("identities", "%s:%d: no tenant %q; the configuration has no such id",
				shortPath(c.Dir, c.IdentitiesPath), id.Line, id.Tenant)
			continue
		}
		c.Tenants[i].Principals = append(c.Tenants[i].Principals, id.Principal)
	}
}

// Ties are pairs of principals of which neither is more specific, that could
// match the same requester, and that say different things about it. Of each
// pair the first stands in front, and the pairs are in the order of their second. Patterns
// without wildcards are compared with the first that is the same.
func Ties(principals []Principal) [][2]Principal {
	type pattern struct {
		at            int
		normal, fixed string // the pattern, and its text in front of the first wildcard
	}
	var pairs [][2]int
	differ := func(i, j int) bool {
		return principals[i].Name != principals[j].Name || principals[i].Role != principals[j].Role
	}
	exact := map[string]int{}     // the first of each
	groups := map[int][]pattern{} // those with a wildcard, by how specific they are
	for i, p := range principals {
		normal := NormalMatch(p.Match)
		if at := strings.IndexAny(normal, "*?"); at >= 0 { // what has none is more specific than all that has one
			groups[specific(normal)] = append(groups[specific(normal)], pattern{i, normal, normal[:at]})
			continue
		}
		if first, ok := exact[normal]; !ok {
			exact[normal] = i
		} else if differ(first, i) {
			pairs = append(pairs, [2]int{first, i})
		}
	}
	for _, g := range groups {
		// Two can meet where the text in front of one begins with that in front of the other.
		slices.SortStableFunc(g, func(a, b pattern) int { return cmp.Compare(a.fixed, b.fixed) })
		var around []pattern
		for _, p := range g {
			for len(around) > 0 && !strings.HasPrefix(p.fixed, around[len(around)-1].fixed) {
				around = around[:len(around)-1]
			}
			for _, q := range around {
				if differ(p.at, q.at) && meet(p.normal, q.normal) {
					pairs = append(pairs, [2]int{min(p.at, q.at), max(p.at, q.at)})
				}
			}
			around = append(around, p)
		}
	}
	slices.SortFunc(pairs, func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[1], b[1]), cmp.Compare(a[0], b[0])) })
	out := make([][2]Principal, len(pairs))
	for i, p := range pairs {
		out[i] = [2]Principal{principals[p[0]], principals[p[1]]}
	}
	return out
}

// Specific ranks a pattern: of those that match, the one with the highest rank
// holds. A pattern without wildcards comes first, an account last, and between
// them the number of characters that are no wildcards decides.
func Specific(pattern string) int { return specific(NormalMatch(pattern)) }

func specific(normal string) int {
	n := len(normal) - strings.Count(normal, "*") - strings.Count(normal, "?")
	switch {
	case account.MatchString(normal):
		return 0
	case n == len(normal):
		return 1 << 20
	}
	return n
}

// meet tells whether a text matches both patterns.
func meet(p, q string) bool {
	if !strings.ContainsAny(p+q, "*?") {
		return p == q
	}
	fixed := func(s string) string {
		if i := strings.IndexAny(s, "*?"); i >= 0 {
			return s[:i]
		}
		return s
	}
	if a, b := fixed(p), fixed(q); !strings.HasPrefix(a, b) && !strings.HasPrefix(b, a) {
		return false
	}
	// reach[j] tells whether what is read of p meets the first j bytes of q.
	reach := make([]bool, len(q)+1)
	reach[0] = true
	for j := 0; j < len(q) && q[j] == '*'; j++ {
		reach[j+1] = true
	}
	for i := range len(p) {
		next := make([]bool, len(q)+1)
		next[0] = p[i] == '*' && reach[0]
		for j := range len(q) {
			switch {
			case p[i] == '*' || q[j] == '*':
				// A star takes what the other pattern has, or nothing.
				next[j+1] = p[i] == '*' && (next[j] || reach[j+1]) || q[j] == '*' && (reach[j+1] || next[j]) || reach[j]
			default:
				next[j+1] = reach[j] && (p[i] == q[j] || p[i] == '?' || q[j] == '?')
			}
		}
		reach = next
	}
	return reach[len(q)]
}

var (
	role     = regexp.MustCompile(`^(arn:[^:]*):iam::([^:]*):role/(.*/)?([^/]*)$`)
	sessions = regexp.MustCompile(`^(arn:[^:]*:sts::[^:]*:(?:assumed-role|federated-user)/[^/]+)/\*$`)
)

// NormalMatch is a pattern as it is compared: a role is what an access log shows
// of it, without its path, and all sessions of a role are the role.
func NormalMatch(pattern string) string {
	if m := role.FindStringSubmatch(pattern); m != nil {
		return m[1] + ":sts::" + m[2] + ":assumed-role/" + m[4]
	}
	if m := sessions.FindStringSubmatch(pattern); m != nil {
		return m[1]
	}
	return pattern
}
