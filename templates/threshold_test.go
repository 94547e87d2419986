package templates

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what is made from the headers of SQL files into the documents")

func TestThresholds(t *testing.T) {
	for text, want := range map[string]string{
		"-- threshold: errors = 20, 1 to 99: so many\nselect":       "[{c errors 20 20 false 1 99 so many}]",
		"-- title: a\n-- threshold: big = 2MiB: so much: or more\n": "[{c big 2097152 \"2MiB\" true 0 0 so much: or more}]",
		"-- title: a\n-- note\n--\n-- threshold: errors = 20: many": `c.sql:4: threshold is "errors = 20: many"; write`,
		"-- threshold: errors = 20, 30 to 40: so many":              "c.sql:1: threshold errors is 20, out of its own bounds",
		"-- threshold: errors = 99999999999999999999, 1 to 2: many": "c.sql:1: threshold errors: ",
		"select 1 -- threshold: errors = 20, 1 to 99: so many":      "[]",
	} {
		out, err := readThresholds("c.sql", text)
		got := fmt.Sprint(out)
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%q gave %s, want %s", text, got, want)
		}
	}
	share := Threshold{Key: "errors_percent"}
	if share.Parameter() != "errors" || share.Value(5) != 0.05 {
		t.Errorf("a share is :%s, %v", share.Parameter(), share.Value(5))
	}
}

// TestConfigurationNamesThresholds: the commented configuration has the line of each threshold, in both copies.
func TestConfigurationNamesThresholds(t *testing.T) {
	var b strings.Builder
	for _, x := range Thresholds() {
		fmt.Fprintf(&b, "%-36s # %s\n", x.Key+" = "+x.Written, x.Note)
	}
	section := regexp.MustCompile(`(?m)^(\[checks\] .*\n)(?:.+\n)+`)
	for _, path := range []string{"config.toml", "../config.toml"} {
		replaceIn(t, path, func(text string) string {
			return section.ReplaceAllStringFunc(text, func(old string) string {
				heading, _, _ := strings.Cut(old, "\n")
				return heading + "\n" + b.String()
			})
		})
	}
}

// replaceIn wants a file to be as a change makes it; -update makes it so.
func replaceIn(t *testing.T, path string, change func(string) string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []byte(change(string(text)))
	switch {
	case bytes.Equal(text, want):
	case *update:
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is not as the headers of the SQL files say; run `go test ./templates -update`", path)
	}
}
