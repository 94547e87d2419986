package analyze

import (
	"regexp"
	"slices"
	"strings"

	"bucketproof/internal/config"
)

// anotherAccount and anotherPrefix stand for what is another tenant's in the settings of a
// bucket that both use.
const (
	anotherAccount = "another client's account"
	anotherPrefix  = "another client's keys"
)

var (
	anARN     = regexp.MustCompile(`arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:[0-9]*:[^\s",;()\[\]{}]+`)
	anAccount = regexp.MustCompile(`\b[0-9]{12}\b`)
)

// hideOthers takes out of the words about a setting who other tenants are, and of a bucket that
// they share where their keys lie: a policy names all whom it lets in. That another is let in
// stays.
func (v *records) hideOthers(text, bucket string) string {
	other := func(account string) bool {
		return account != "" && !slices.Contains(v.Tenant.Accounts, account) &&
			slices.ContainsFunc(v.data.Config.Tenants, func(t config.Tenant) bool {
				return t.ID != v.Tenant.ID && slices.Contains(t.Accounts, account)
			})
	}
	text = anARN.ReplaceAllStringFunc(text, func(arn string) string {
		parts := strings.SplitN(arn, ":", 6)
		// A pattern of a policy, such as role/beta-*, is theirs where a name that fits is.
		name := strings.NewReplacer("*", "x", "?", "x").Replace(config.NormalMatch(arn))
		theirs := slices.ContainsFunc(v.sharing(bucket), func(t config.Tenant) bool {
			return parts[2] != "s3" && v.mapped.identify(name).role == "" && v.theirs[t.ID].identify(name).role != ""
		})
		if theirs || other(parts[4]) {
			return anotherClient
		}
		return arn
	})
	text = anAccount.ReplaceAllStringFunc(text, func(id string) string {
		if other(id) {
			return anotherAccount
		}
		return id
	})
	for _, t := range v.sharing(bucket) {
		for _, b := range t.Buckets {
			for _, p := range b.Prefixes {
				if b.Name == bucket && strings.Trim(p, "/") != "" {
					text = regexp.MustCompile(`(^|[\s",;()\[\]{}/])`+regexp.QuoteMeta(p)+
						`[^\s",;()\[\]{}]*`).ReplaceAllString(text, "${1}"+anotherPrefix)
				}
			}
		}
	}
	return text
}
