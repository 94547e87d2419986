package config

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
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
	r := csv.NewReader(src)
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
		at[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))] = i
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
		id := Identity{Principal: Principal{Match: field("match"), Name: field("name"), Role: strings.ToLower(field("role"))}, Tenant: field("tenant"), Line: line}
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
	if match == "-" || strings.Trim(match, "*?") == "" {
		return fmt.Sprintf("is %q, which would approve anonymous or any requester; name an ARN, an account, a canonical user id or svc:NAME", match)
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
	for _, id := range list {
		i := slices.IndexFunc(c.Tenants, func(n Tenant) bool { return n.ID == id.Tenant })
		if i < 0 {
			t.problem("identities", "%s:%d: no tenant %q; the configuration has no such id", shortPath(c.Dir, c.IdentitiesPath), id.Line, id.Tenant)
			continue
		}
		c.Tenants[i].Principals = append(c.Tenants[i].Principals, id.Principal)
	}
}

// Ties are pairs of principals of which neither is more specific, that could
// match the same requester, and that say different things about it.
func Ties(principals []Principal) [][2]Principal {
	var out [][2]Principal
	for i, p := range principals {
		for _, q := range principals[:i] {
			if (p.Name != q.Name || p.Role != q.Role) && Specific(p.Match) == Specific(q.Match) && meet(p.Match, q.Match) {
				out = append(out, [2]Principal{q, p})
			}
		}
	}
	return out
}

// Specific is how many characters of a pattern are no wildcards. Of the
// patterns that match, the one with the most holds.
func Specific(pattern string) int {
	pattern = NormalMatch(pattern)
	return len(pattern) - strings.Count(pattern, "*") - strings.Count(pattern, "?")
}

// meet tells whether a text matches both patterns.
func meet(p, q string) bool {
	p, q = NormalMatch(p), NormalMatch(q)
	if p == q || !strings.ContainsAny(p+q, "*?") {
		return p == q
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

var rolePath = regexp.MustCompile(`^(arn:[^:]*:iam::[^:]*:role/)(?:.*/)?([^/]+)$`)

// NormalMatch is a pattern as it is compared: of the ARN of a role, the path
// goes, because an access log has none (it shows the role's session).
func NormalMatch(pattern string) string {
	if m := rolePath.FindStringSubmatch(pattern); m != nil {
		return m[1] + m[2]
	}
	return pattern
}
