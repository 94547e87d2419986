// Package redact takes secrets out of text before it leaves the dataset. A
// request URI can hold a live signature, and through keys, referers and user
// agents the same text can reach any column, so every text that a query
// returns passes [Text].
package redact

import (
	"regexp"
	"strings"
)

// Mark stands in place of a secret.
const Mark = "[redacted]"

// dash and equals match the character or its percent-encoding, however often
// it was encoded.
const (
	dash   = `(?:-|_|%(?:25)*2d)?`
	equals = `(?:=|%(?:25)*3d)`
)

var (
	// parameter is the name of a query parameter that holds a secret, with its
	// equals sign: X-Amz-Signature, X-Amz-Security-Token and X-Amz-Credential
	// of Signature Version 4, Signature and AWSAccessKeyId of version 2, SSE-C
	// keys, and what else names itself a secret.
	parameter = regexp.MustCompile(`(?i)(?:signature|token|credential|aws` + dash + `access` + dash + `key` + dash + `id|customer` + dash + `key|secret|password)` + equals)
	end       = regexp.MustCompile(`(?i)&|%(?:25)*26|[\s"'<>]`)
	accessKey = regexp.MustCompile(`(?:AKIA|ASIA)[A-Z0-9]{12,124}`)
)

// Text returns s with the value of every secret parameter, and every AWS
// access key ID, replaced by [Mark].
func Text(s string) string {
	if strings.Contains(s, "AKIA") || strings.Contains(s, "ASIA") {
		s = accessKey.ReplaceAllString(s, Mark)
	}
	if !strings.ContainsAny(s, "=%") {
		return s
	}
	var b strings.Builder
	for {
		at := parameter.FindStringIndex(s)
		if at == nil {
			break
		}
		b.WriteString(s[:at[1]])
		s = s[at[1]:]
		stop := len(s)
		if e := end.FindStringIndex(s); e != nil {
			stop = e[0]
		}
		if stop > 0 {
			b.WriteString(Mark)
		}
		s = s[stop:]
	}
	if b.Len() == 0 {
		return s
	}
	return b.String() + s
}
