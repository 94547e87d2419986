package analyze

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"bucketproof/internal/config"
	"bucketproof/internal/wildcard"
)

// Anonymous stands for a requester without credentials.
const Anonymous = "-"

// identity is who a requester is: an assumed role is one identity, whatever
// its session name.
type identity struct {
	name      string // the requester without a session name
	session   string // "" where there is none
	principal string // the name in the mapping, or the identity where none matches
	account   string // 12 digits, or ""
	role      string // of the mapping, "" where none matches
	named     bool   // the mapping names it, and not by a wildcard that others match too
}

var (
	session = regexp.MustCompile(`^(arn:aws[a-z-]*):sts::([0-9]{12}):(assumed-role|federated-user)/([^/]+)/(.*)$`)
	inARN   = regexp.MustCompile(`^arn:aws[a-z-]*:[a-z0-9-]+::([0-9]{12}):`)
)

// mapping finds which principal of a configuration a requester is. There can be very many of
// both, so that it looks only at patterns that begin as the requester does.
type mapping struct {
	principals []config.Principal
	matches    []string         // of the principals, as they are compared
	exact      map[string]int   // patterns without wildcard, the first of each
	under      map[string][]int // patterns with one, by the text in front of it
	lengths    []int            // of these texts
}

func newMapping(principals []config.Principal) *mapping {
	m := &mapping{principals: principals, exact: map[string]int{}, under: map[string][]int{}}
	for i, p := range principals {
		match := config.NormalMatch(p.Match)
		m.matches = append(m.matches, match)
		at := strings.IndexAny(match, "*?")
		if _, twice := m.exact[match]; at < 0 && !twice {
			m.exact[match] = i
		}
		if at >= 0 {
			m.under[match[:at]] = append(m.under[match[:at]], i)
		}
	}
	for text := range m.under {
		m.lengths = append(m.lengths, len(text))
	}
	slices.Sort(m.lengths)
	m.lengths = slices.Compact(m.lengths)
	return m
}

// identify finds who a requester is. A pattern can name the requester as it is
// logged, without its session name, the ARN of the role that was assumed, or
// the account alone. Of the principals that match, the most specific holds,
// see [config.Specific], and of those that are as specific the first.
func (m *mapping) identify(requester string) identity {
	id := identity{name: requester}
	if s := session.FindStringSubmatch(requester); s != nil {
		id.name = s[1] + ":sts::" + s[2] + ":" + s[3] + "/" + s[4]
		id.session = s[5]
	}
	if s := inARN.FindStringSubmatch(requester); s != nil {
		id.account = s[1]
	}
	id.principal = id.name
	found, best := -1, -1
	try := func(i int) {
		n := config.Specific(m.principals[i].Match)
		if n > best || n == best && i < found {
			found, best = i, n
		}
	}
	for _, text := range []string{requester, id.name, id.account} {
		if i, ok := m.exact[text]; ok && text != "" {
			try(i)
		}
	}
	for _, n := range m.lengths {
		if n > len(requester) {
			break
		}
		// What begins as the identity does begins as the requester does.
		for _, i := range m.under[requester[:n]] {
			if wildcard.Match(m.matches[i], requester) || wildcard.Match(m.matches[i], id.name) {
				try(i)
			}
		}
	}
	if found >= 0 {
		p, match := m.principals[found], m.matches[found]
		id.principal, id.role = p.Name, p.Role
		id.named = !strings.ContainsAny(match, "*?") && match != id.account
	}
	return id
}

// matchFor is a pattern that maps an identity, whatever its session.
func matchFor(name string) string {
	if sessioned.MatchString(name) {
		return name + "/*"
	}
	return name
}

var sessioned = regexp.MustCompile(`^arn:aws[a-z-]*:sts::[0-9]{12}:(assumed-role|federated-user)/[^/]+$`)

// ConfigLines is a block for config.toml that maps an identity; its name and
// role are for a person to fill in.
func ConfigLines(identity string) string {
	return fmt.Sprintf("[[tenant.principal]]\nmatch = %q\nname = \"\"       # who this is\nrole = \"\"       # "+
		"backup, restore, admin, audit or service\n", matchFor(identity))
}

// isService tells whether a requester is S3 itself or another AWS service.
func isService(requester string) bool {
	return requester == "AmazonS3" || strings.HasPrefix(requester, "svc:")
}
