package analyze

import (
	"regexp"
	"strings"

	"bucketproof/internal/config"
)

// Anonymous stands for a requester without credentials.
const Anonymous = "-"

// identity is who a requester is: an assumed role is one identity, whatever
// its session name.
type identity struct {
	name      string // the requester without a session name
	principal string // the name in the mapping, or the identity where none matches
	account   string // 12 digits, or ""
	role      string // of the mapping, "" where none matches
}

var (
	session = regexp.MustCompile(`^(arn:aws[a-z-]*:sts::[0-9]{12}:(?:assumed-role|federated-user)/[^/]+)/.*$`)
	inARN   = regexp.MustCompile(`^arn:aws[a-z-]*:[a-z0-9-]+::([0-9]{12}):`)
)

// identify finds who a requester is. Of the principals that match, the most
// specific holds: the one with the most characters that are no wildcard.
func identify(requester string, principals []config.Principal) identity {
	id := identity{name: requester}
	if m := session.FindStringSubmatch(requester); m != nil {
		id.name = m[1]
	}
	if m := inARN.FindStringSubmatch(requester); m != nil {
		id.account = m[1]
	}
	id.principal = id.name
	best := -1
	for _, p := range principals {
		if n := specific(p.Match); n > best && (wildcard(p.Match, requester) || wildcard(p.Match, id.name)) {
			best = n
			id.principal, id.role = p.Name, p.Role
		}
	}
	return id
}

// isService tells whether a requester is S3 itself or another AWS service.
func isService(requester string) bool {
	return requester == "AmazonS3" || strings.HasPrefix(requester, "svc:")
}

func specific(pattern string) int {
	return len(pattern) - strings.Count(pattern, "*") - strings.Count(pattern, "?")
}

// wildcard matches s against a pattern in which * stands for any text and ?
// for one byte. It takes at most len(pattern)*len(s) steps.
func wildcard(pattern, s string) bool {
	p, i := 0, 0
	star, mark := -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
