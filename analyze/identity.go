package analyze

import (
	"fmt"
	"regexp"
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

// identify finds who a requester is. A pattern can name the requester as it is
// logged, without its session name, the ARN of the role that was assumed, or
// the account alone. Of the principals that match, the most specific holds,
// see [config.Specific].
func identify(requester string, principals []config.Principal) identity {
	id := identity{name: requester}
	if m := session.FindStringSubmatch(requester); m != nil {
		id.name = m[1] + ":sts::" + m[2] + ":" + m[3] + "/" + m[4]
		id.session = m[5]
	}
	if m := inARN.FindStringSubmatch(requester); m != nil {
		id.account = m[1]
	}
	id.principal = id.name
	best := -1
	for _, p := range principals {
		n := config.Specific(p.Match)
		if n <= best {
			continue
		}
		match := config.NormalMatch(p.Match)
		if wildcard.Match(match, requester) || wildcard.Match(match, id.name) || match == id.account && match != "" {
			best = n
			id.principal, id.role = p.Name, p.Role
			id.named = !strings.ContainsAny(match, "*?") && match != id.account
		}
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
	return fmt.Sprintf("[[tenant.principal]]\nmatch = %q\nname = \"\"       # who this is\nrole = \"\"       # backup, restore, admin, audit or service\n", matchFor(identity))
}

// isService tells whether a requester is S3 itself or another AWS service.
func isService(requester string) bool {
	return requester == "AmazonS3" || strings.HasPrefix(requester, "svc:")
}
