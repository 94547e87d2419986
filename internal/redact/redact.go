// Package redact takes secrets out of text before it leaves the dataset. A request URI can
// hold a live signature, and through keys, referers and user agents the same text can reach
// any column, so every text that a query returns passes through [Text].
package redact

import (
	"regexp"
	"strings"
)

// Mark replaces a secret.
const Mark = "[redacted]"

const (
	// dash is what can join the words of a name, percent-encoded however often.
	dash = `(?:-|_|%(?:25)*2d)?`
	// assign stands between a name and its value in a query string, in JSON, in
	// a header or on a command line, encoded or not. What it may hold beside
	// the sign itself are the quotes and brackets around it.
	assign = `(?:["'\\\]\[\s]|%(?:25)*(?:22|27|5b|5d|20))*(?:=|:|%(?:25)*3[ad]|\\u003[ad])(?:["'\\\[<{(\s]|%(?:25)*(?:22|27|3c|20|5b))*`
)

var (
	// parameter is the name of a secret with its sign: X-Amz-Signature,
	// X-Amz-Security-Token and X-Amz-Credential of Signature Version 4,
	// Signature and AWSAccessKeyId of version 2, SSE-C keys, and what else
	// names itself a secret.
	parameter = regexp.MustCompile(`(?i)(?:signature|token|credential|aws` + dash + `access` + dash + `key` + dash +
		`id|customer` + dash + `key|secret(?:` + dash + `access)?(?:` + dash + `key)?|password)` + assign)
	accessKey = regexp.MustCompile(`(?:AKIA|ASIA)[A-Z0-9]{12,124}`)
)

// ends are the characters behind a value. An encoded & is not among them: it
// can be part of the value, and then its rest would stay.
const ends = "& \t\r\n\"'<>"

// Text returns s with the value of every secret parameter, and every AWS
// access key ID, replaced by [Mark].
func Text(s string) string {
	if strings.ContainsAny(s, `=:%\`) {
		s = parameters(s)
	}
	if strings.Contains(s, "AKIA") || strings.Contains(s, "ASIA") {
		s = accessKey.ReplaceAllString(s, Mark)
	}
	return s
}

// parameters redacts the values of the secret parameters.
func parameters(s string) string {
	var b strings.Builder
	for {
		at := parameter.FindStringIndex(s)
		if at == nil {
			break
		}
		b.WriteString(s[:at[1]])
		s = s[at[1]:]
		stop := strings.IndexAny(s, ends)
		if stop < 0 {
			stop = len(s)
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
