package oracle

import (
	"regexp"
	"slices"
	"strings"

	"bucketproof/internal/config"
)

// Who is a requester by the mapping of a tenant.
type Who struct {
	Requester string // an assumed role without its session; "" is anonymous
	Account   string // of the ARN
	Name      string // in the mapping; "" where nothing matches
	Role      string
	Backup    bool // a backup principal
	Mapped    bool
	Wildcard  bool // admitted by a pattern with a wildcard alone
}

// Label is the name in the mapping, or the requester where none matches.
func (w Who) Label() string {
	switch {
	case w.Mapped:
		return w.Name
	case w.Requester == "":
		return "-"
	}
	return w.Requester
}

// Service: what S3 or another AWS service does.
func (w Who) Service() bool {
	return w.Requester == "AmazonS3" || strings.HasPrefix(w.Requester, "svc:")
}

var (
	session = regexp.MustCompile(`^(arn:[^:]*:sts::[^:]*:assumed-role/[^/]+)/.*$`)
	arn     = regexp.MustCompile(`^arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):`)
	digits  = regexp.MustCompile(`^[0-9]{12}$`)
)

func withoutSession(requester string) string { return session.ReplaceAllString(requester, "$1") }

func accountOf(requester string) string {
	if m := arn.FindStringSubmatch(requester); m != nil {
		return m[1]
	}
	return ""
}

// resolve finds a requester in the mapping: of the patterns that match, the most
// specific one.
func resolve(t config.Tenant, requester string) Who {
	w := Who{Requester: withoutSession(requester), Account: accountOf(requester)}
	if requester == "another account in the shared bucket" {
		w.Account = "another account"
	}
	best := -1
	for _, p := range t.Principals {
		pattern := config.NormalMatch(p.Match)
		fits := wild(pattern, w.Requester) || wild(pattern, requester) || digits.MatchString(pattern) && pattern == w.Account
		if rank := config.Specific(p.Match); fits && requester != "" && rank > best {
			best = rank
			w.Name, w.Role, w.Mapped = p.Name, p.Role, true
			w.Wildcard = strings.ContainsAny(pattern, "*?") || digits.MatchString(pattern)
		}
	}
	w.Backup = w.Role == config.RoleBackup
	if len(t.Principals) == 0 {
		w.Backup = requester != "" && !w.Service() // everyone with credentials
	}
	return w
}

// hasBackup: somebody can be a backup principal.
func hasBackup(t config.Tenant) bool {
	return len(t.Principals) == 0 || slices.ContainsFunc(t.Principals,
		func(p config.Principal) bool { return p.Role == config.RoleBackup })
}

// wild matches * and ? wildcards.
func wild(pattern, s string) bool {
	if pattern == "" {
		return s == ""
	}
	switch pattern[0] {
	case '*':
		for i := 0; i <= len(s); i++ {
			if wild(pattern[1:], s[i:]) {
				return true
			}
		}
		return false
	case '?':
		return s != "" && wild(pattern[1:], s[1:])
	}
	return s != "" && s[0] == pattern[0] && wild(pattern[1:], s[1:])
}
