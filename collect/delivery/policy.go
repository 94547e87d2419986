package delivery

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"bucketproof/internal/wildcard"
)

// policy is a bucket policy, as far as it tells who may write.
type policy struct {
	Statement many[statement]
}

type statement struct {
	Sid                     string
	Effect                  string
	Principal, NotPrincipal principals
	Action, NotAction       many[string]
	Resource, NotResource   many[string]
	Condition               map[string]map[string]many[scalar]
}

// many is one value or a list of them, as IAM's JSON allows.
type many[T any] []T

func (m *many[T]) UnmarshalJSON(b []byte) error {
	var list []T
	if err := json.Unmarshal(b, &list); err == nil {
		*m = list
		return nil
	}
	var one T
	err := json.Unmarshal(b, &one)
	*m = []T{one}
	return err
}

// scalar is text, a number or a boolean, which IAM takes for the text of it.
type scalar string

func (v *scalar) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] != '"' {
		*v = scalar(b)
		return nil
	}
	return json.Unmarshal(b, (*string)(v))
}

// principals are "*", or lists by kind: AWS, Service, Federated, CanonicalUser.
type principals map[string]many[string]

func (p *principals) UnmarshalJSON(b []byte) error {
	var all string
	if json.Unmarshal(b, &all) == nil {
		*p = principals{"AWS": {all}}
		return nil
	}
	return json.Unmarshal(b, (*map[string]many[string])(p))
}

// loggingService writes access logs (S3 user guide, page
// enable-server-access-logging).
const loggingService = "logging.s3.amazonaws.com"

func readPolicy(text string) (policy, error) {
	var p policy
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return p, fmt.Errorf("the bucket policy can't be read: %w", err)
	}
	return p, nil
}

// source is a bucket whose logs are to be delivered.
type source struct {
	Bucket    string
	Account   string // "" where it is not known
	Partition string // aws, aws-cn, aws-us-gov
	Target    string
	Prefix    string
}

func (s source) arn(resource string) string { return "arn:" + s.Partition + ":s3:::" + resource }

// admits tells whether the policy lets the logging service write the logs of a source:
// some statement allows it, and none denies it. Why says what stands in the way.
func (p policy) admits(s source) (ok bool, why string) {
	why = "no statement allows " + loggingService + " to put objects below " + s.arn(s.Target+"/"+s.Prefix)
	for _, st := range p.Statement {
		if !st.writes() || !st.reaches(s.arn(s.Target+"/"+s.Prefix+"2026-01-01-00-00-00-0123456789ABCDEF")) ||
			!st.names("Service", loggingService) {
			continue
		}
		fits, key := st.conditionsFit(s)
		switch {
		case st.Effect == "Deny" && fits:
			return false, "the statement " + st.name() + " denies it"
		case st.Effect == "Allow" && fits:
			ok = true
		case st.Effect == "Allow" && !ok:
			why = "the statement " + st.name() + " allows it for another source (" + key + ")"
		}
	}
	return ok, why
}

// others are the statements that let somebody else than the logging service write to
// the target or delete there.
func (p policy) others(s source) (out []string) {
	for _, st := range p.Statement {
		if st.Effect != "Allow" || !st.writes() && !st.deletes() {
			continue
		}
		who := []string{}
		for kind, list := range st.Principal {
			for _, name := range list {
				if kind != "Service" || name != loggingService {
					who = append(who, name)
				}
			}
		}
		if len(st.NotPrincipal) > 0 {
			who = append(who, "everybody with exceptions")
		}
		slices.Sort(who)
		if len(who) > 0 {
			out = append(out, fmt.Sprintf("%s for %s", st.name(), strings.Join(who, ", ")))
		}
	}
	return out
}

func (st statement) name() string {
	if st.Sid == "" {
		return "without Sid"
	}
	return st.Sid
}

func (st statement) writes() bool { return st.acts("s3:PutObject") }

func (st statement) deletes() bool {
	return st.acts("s3:DeleteObject") || st.acts("s3:DeleteObjectVersion")
}

func (st statement) acts(action string) bool {
	if len(st.NotAction) > 0 {
		return !matchesAny(st.NotAction, action, true)
	}
	return matchesAny(st.Action, action, true)
}

func (st statement) reaches(arn string) bool {
	if len(st.NotResource) > 0 {
		return !matchesAny(st.NotResource, arn, false)
	}
	return matchesAny(st.Resource, arn, false)
}

// names tells whether the statement is about a principal. "*" is about everybody,
// services too.
func (st statement) names(kind, name string) bool {
	if len(st.NotPrincipal) > 0 {
		return !slices.Contains(st.NotPrincipal[kind], name)
	}
	return slices.Contains(st.Principal[kind], name) || slices.Contains(st.Principal["AWS"], "*") || slices.Contains(st.Principal["*"], "*")
}

// conditionsFit tells whether the conditions hold for the requests of the logging
// service about a source, and otherwise which one does not.
func (st statement) conditionsFit(s source) (bool, string) {
	for operator, keys := range st.Condition {
		for key, want := range keys {
			texts := make([]string, len(want))
			for i, v := range want {
				texts[i] = string(v)
			}
			if !conditionFits(operator, strings.ToLower(key), texts, s) {
				return false, key
			}
		}
	}
	return true, ""
}

func conditionFits(operator, key string, want []string, s source) bool {
	op := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(operator, "ForAnyValue:"), "ForAllValues:"), "IfExists")
	value := ""
	switch key {
	case "aws:sourcearn":
		value = s.arn(s.Bucket)
	case "aws:sourceaccount":
		if value = s.Account; value == "" { // not known: it is taken to fit
			return true
		}
	case "aws:securetransport":
		value = "true"
	default: // not sent, or not known: only a negated operator or IfExists holds without it
		return strings.HasSuffix(operator, "IfExists") || strings.Contains(op, "Not") || op == "Null" &&
			slices.Equal(want, []string{"true"})
	}
	// Operators on strings compare letter by letter, those on ARNs and Like with * and ? (IAM
	// user guide, condition operators).
	switch op {
	case "StringEquals", "Bool":
		return slices.Contains(want, value)
	case "StringEqualsIgnoreCase":
		return slices.ContainsFunc(want, func(w string) bool { return strings.EqualFold(w, value) })
	case "StringNotEquals":
		return !slices.Contains(want, value)
	case "StringNotEqualsIgnoreCase":
		return !slices.ContainsFunc(want, func(w string) bool { return strings.EqualFold(w, value) })
	case "StringLike", "ArnEquals", "ArnLike":
		return matchesAny(want, value, false)
	case "StringNotLike", "ArnNotEquals", "ArnNotLike":
		return !matchesAny(want, value, false)
	}
	return false
}

// matchesAny tells whether a value is one of patterns with * and ?.
func matchesAny(patterns []string, value string, fold bool) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if fold {
			return wildcard.Match(strings.ToLower(p), strings.ToLower(value))
		}
		return wildcard.Match(p, value)
	})
}
