package controlplane

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// decode reads JSON text; false where it is none, or tells nothing.
func decode(s string) (any, bool) {
	if s == "" {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil || v == nil {
		return nil, false
	}
	if m, ok := v.(map[string]any); ok && m["omitted"] == true {
		return nil, false // CloudTrail leaves out what is too large
	}
	return v, true
}

// dig is what lies at a path; of an array what lies in its first element.
func dig(v any, path ...string) any {
	for _, name := range path {
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// text is a value as text; of an array its first; "" where there is none.
func text(v any, path ...string) string {
	switch v := dig(v, path...).(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	case []any:
		if len(v) > 0 {
			return text(v[0])
		}
	}
	return ""
}

// each are the elements of what may stand once or more often.
func each(v any, path ...string) []any {
	switch v := dig(v, path...).(type) {
	case nil:
		return nil
	case string:
		if v == "" {
			return nil
		}
		return []any{v}
	case []any:
		return v
	default:
		return []any{v}
	}
}

// most is how many of a list are named.
const most = 4

// several joins names, the first ones of many.
func several(names []string, sep string) string {
	if len(names) > most {
		return strings.Join(names[:most], sep) + sep + fmt.Sprintf("and %d more", len(names)-most)
	}
	return strings.Join(names, sep)
}

func namesOf(v any) (out []string) {
	for _, x := range each(v) {
		if s := text(x); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// policyWords says what a policy document allows and denies.
func policyWords(doc any) string {
	var out []string
	for _, s := range each(doc, "Statement") {
		who := principalWords(s)
		actions := namesOf(dig(s, "Action"))
		if not := namesOf(dig(s, "NotAction")); len(not) > 0 {
			actions = append(actions, "all but "+several(not, ", "))
		}
		line := text(s, "Effect")
		if who != "" {
			line += " " + who
		}
		line += " " + several(actions, ", ")
		if dig(s, "Condition") != nil {
			line += " on conditions"
		}
		out = append(out, strings.TrimSpace(line))
	}
	if len(out) == 0 {
		return "no statement"
	}
	return several(out, "; ")
}

func principalWords(s any) string {
	p := dig(s, "Principal")
	if not := dig(s, "NotPrincipal"); not != nil {
		return "all but " + several(principals(not), ", ")
	}
	return several(principals(p), ", ")
}

func principals(v any) (out []string) {
	m, ok := v.(map[string]any)
	if !ok {
		out = namesOf(v)
	}
	for _, list := range m {
		out = append(out, namesOf(list)...)
	}
	for i, name := range out {
		if name == "*" {
			out[i] = "everyone"
		}
	}
	slices.Sort(out)
	return out
}

// documentWords is for policies that are JSON text in a parameter.
func documentWords(p any, name string) string {
	written := text(p, name)
	if plain, err := url.PathUnescape(written); err == nil && strings.HasPrefix(written, "%7B") {
		written = plain
	}
	doc, ok := decode(written)
	if !ok {
		return unknown
	}
	return policyWords(doc)
}

func documentPolicy(p any) (string, string) {
	return "set: " + documentWords(p, "policyDocument"), ""
}

func inlinePolicy(p any) (string, string) {
	return orUnknown(text(p, "policyName")) + " set: " + documentWords(p, "policyDocument"), ""
}

func attached(how string) func(any) (string, string) {
	return func(p any) (string, string) {
		return afterLast(orUnknown(text(p, "policyArn")), "/") + " " + how, ""
	}
}

func accessList(p any) (string, string) {
	if canned := text(p, "x-amz-acl"); canned != "" {
		if canned == "private" {
			return "set to private", medium
		}
		return "set to " + canned, ""
	}
	var grants []string
	for _, g := range each(p, "AccessControlPolicy", "AccessControlList", "Grant") {
		grantee := text(g, "Grantee", "URI")
		if grantee == "" {
			grantee = text(g, "Grantee", "ID")
		}
		grants = append(grants, strings.TrimSpace(text(g, "Permission")+" for "+afterLast(grantee, "/")))
	}
	for _, in := range []any{p, dig(p, "accessControlList")} {
		m, _ := in.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if permission, ok := strings.CutPrefix(name, "x-amz-grant-"); ok {
				grants = append(grants, permission+" for "+text(m[name]))
			}
		}
	}
	if len(grants) == 0 {
		return "set, to what is " + unknown, ""
	}
	return "set: " + several(grants, "; "), ""
}

func publicAccess(v any) (string, string) {
	var off []string
	for _, name := range []string{"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"} {
		if strings.ToLower(text(v, name)) != "true" {
			off = append(off, name)
		}
	}
	if len(off) == 0 {
		return "set: all four on", ""
	}
	return "set: " + strings.Join(off, ", ") + " off", high
}

func objectLock(p any) (string, string) {
	r := dig(p, "ObjectLockConfiguration", "Rule", "DefaultRetention")
	switch mode := text(r, "Mode"); {
	case r == nil || mode == "":
		return "set without default retention", ""
	case text(r, "Years") != "":
		return fmt.Sprintf("set: %s, %s years", mode, text(r, "Years")), ""
	default:
		return fmt.Sprintf("set: %s, %s days", mode, orUnknown(text(r, "Days"))), ""
	}
}

func lifecycle(p any) (string, string) {
	var out []string
	for _, r := range each(p, "LifecycleConfiguration", "Rule") {
		line := orUnknown(text(r, "ID"))
		if status := text(r, "Status"); status != "Enabled" {
			line += " (" + status + ")"
		}
		if prefix := text(r, "Filter", "Prefix") + text(r, "Prefix"); prefix != "" {
			line += " on " + prefix
		}
		for _, x := range [][3]string{{"Expiration", "Days", "expires after %s d"},
			{"Expiration", "Date", "expires on %s"}, {"NoncurrentVersionExpiration", "NoncurrentDays", "old versions expire after %s d"}} {
			if v := text(r, x[0], x[1]); v != "" {
				line += " " + fmt.Sprintf(x[2], v)
			}
		}
		out = append(out, line)
	}
	if len(out) == 0 {
		return "set without a rule", ""
	}
	return "set: " + several(out, "; "), ""
}

func encryption(p any) (string, string) {
	by := dig(p, "ServerSideEncryptionConfiguration", "Rule", "ApplyServerSideEncryptionByDefault")
	now := "set to " + orUnknown(text(by, "SSEAlgorithm"))
	if key := text(by, "KMSMasterKeyID"); key != "" {
		now += " with " + key
	}
	return now, ""
}

func accessLogging(p any) (string, string) {
	// The element logging is the flag of the request, and empty in both cases.
	on := dig(p, "BucketLoggingStatus", "LoggingEnabled")
	switch {
	case dig(p, "BucketLoggingStatus") == nil:
		return "set, to what is " + unknown, high
	case on == nil:
		return "switched off", high
	}
	return "set to " + orUnknown(text(on, "TargetBucket")) + "/" + text(on, "TargetPrefix"), ""
}

func replicated(p any) (string, string) {
	var out []string
	for _, r := range each(p, "ReplicationConfiguration", "Rule") {
		to := "to " + afterLast(orUnknown(text(r, "Destination", "Bucket")), ":")
		if account := text(r, "Destination", "Account"); account != "" {
			to += " of account " + strings.Repeat("0", max(0, 12-len(account))) + account // a number loses its zeros
		}
		if status := text(r, "Status"); status != "Enabled" {
			to += " (" + status + ")"
		}
		out = append(out, to)
	}
	if len(out) == 0 {
		return "set without a rule", high
	}
	return "set: " + several(out, "; "), ""
}

func trailSettings(p any) (string, string) {
	var out []string
	for _, x := range [][2]string{{"s3BucketName", "bucket"}, {"s3KeyPrefix", "prefix"},
		{"isMultiRegionTrail", "all Regions"}, {"includeGlobalServiceEvents", "global services"},
		{"enableLogFileValidation", "log file validation"}, {"kmsKeyId", "key"}, {"isOrganizationTrail", "organization"}} {
		if v := text(p, x[0]); v != "" {
			out = append(out, x[1]+" "+v)
		}
	}
	if len(out) == 0 {
		return "changed", ""
	}
	return "set: " + strings.Join(out, ", "), ""
}

// granted says to whom a grant gives the use of a key, and for what.
func granted(p any) (string, string) {
	return "to " + orUnknown(text(p, "granteePrincipal")) + ": " + several(namesOf(dig(p, "operations")), ", "), ""
}

// foreignGrant tells whether a grant is to another account than that of the key.
func foreignGrant(e Event, p any) bool {
	to := strings.Split(text(p, "granteePrincipal"), ":")
	if len(to) < 6 || to[4] == "" {
		return false
	}
	for _, arn := range []string{text(p, "keyId"), keyOf(e.Resources)} {
		if _, rest, ok := strings.Cut(arn, ":kms:"); ok {
			if parts := strings.SplitN(rest, ":", 3); len(parts) == 3 {
				return parts[1] != to[4]
			}
		}
	}
	return !strings.Contains(e.Requester, ":"+to[4]+":")
}

func selectors(p any) (string, string) {
	var out []string
	for _, s := range each(p, "eventSelectors") {
		line := text(s, "readWriteType") + " management events"
		if text(s, "includeManagementEvents") == "false" {
			line = "no management events"
		}
		if not := namesOf(dig(s, "excludeManagementEventSources")); len(not) > 0 {
			line += " but of " + strings.Join(not, ", ")
		}
		types := 0
		for _, r := range each(s, "dataResources") {
			if values := namesOf(dig(r, "values")); len(values) > 0 {
				types++
				line += ", data events of " + several(values, ", ")
			}
		}
		if types == 0 {
			line += ", no data events"
		}
		out = append(out, line)
	}
	for _, s := range each(p, "advancedEventSelectors") {
		var fields []string
		for _, f := range each(s, "fieldSelectors") {
			for _, op := range [][2]string{{"equals", "is"}, {"notEquals", "is not"}, {"startsWith", "begins with"},
				{"notStartsWith", "does not begin with"}, {"endsWith", "ends with"}, {"notEndsWith", "does not end with"}} {
				if values := namesOf(dig(f, op[0])); len(values) > 0 {
					fields = append(fields, orUnknown(text(f, "field"))+" "+op[1]+" "+several(values, " or "))
				}
			}
		}
		if len(fields) == 0 {
			fields = []string{"selector is " + unknown}
		}
		out = append(out, "events whose "+several(fields, " and "))
	}
	if len(out) == 0 {
		return "set, to what is " + unknown, ""
	}
	return "set: " + several(out, "; "), ""
}
