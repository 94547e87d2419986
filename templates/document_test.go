package templates

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentOfChecks: docs/CHECKS.md has a line of each check, as its header says.
func TestDocumentOfChecks(t *testing.T) {
	files, err := Checks.ReadDir("checks")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range files {
		text, err := Checks.ReadFile("checks/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		header, sql, _ := ReadHeader(string(text))
		said := map[string]string{}
		for _, d := range header {
			said[d.Key] = d.Value
		}
		if said["flags"] == "" {
			t.Errorf("templates/checks/%s: the header has no flags; write `-- flags: what a finding is about`", f.Name())
		}
		var needs []string
		for _, x := range Thresholds() {
			if regexp.MustCompile(`:` + x.Parameter() + `\b`).MatchString(sql) {
				needs = append(needs, "checks."+x.Key)
			}
		}
		if need := cmp.Or(said["requires"], requirement(said["needs"])); need != "" {
			needs = append(needs, need)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", strings.TrimSuffix(f.Name(), ".sql"),
			cmp.Or(said["severities"], said["severity"]), said["flags"],
			keyNames.ReplaceAllString(strings.Join(needs, ", "), "`$0`"))
	}
	table := regexp.MustCompile(`(?m)^(\| check \| severity .*\n\|[-|]+\n)(?:\|.*\n)+`)
	replaceIn(t, "../docs/CHECKS.md", func(text string) string {
		return table.ReplaceAllStringFunc(text, func(old string) string {
			return strings.Join(strings.SplitAfterN(old, "\n", 3)[:2], "") + b.String()
		})
	})
}

// keyNames are the names of keys of the configuration in a text.
var keyNames = regexp.MustCompile(`\b(?:checks|tenant|bucket)\.[a-z_]+`)

// requirement says what a check needs where its header does not say it in other words.
func requirement(needs string) string {
	switch needs {
	case "", "history":
		return needs
	case "principals":
		return "tenant.principal"
	case "logs in s3":
		return "logs in S3"
	case "user_agents or history":
		return "tenant.user_agents, or history"
	}
	return "tenant." + needs
}
