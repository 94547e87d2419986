package templates

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	messages, phrases := map[string]string{}, map[string]string{}
	header, _, _ := ReadHeader("-- title: A\n-- action: Do it: now.\n-- head a_b: H\n-- de title: B\n-- de column a_b: C\n-- de phrase: \"x {1}\" = \"y {1}\"\nselect 1")
	for _, language := range Languages {
		for _, d := range header {
			if err := d.words(language, "check.c.", messages, phrases); err != nil {
				t.Fatal(err)
			}
		}
	}
	const want = "map[check.c.action:Do it: now. check.c.column.a_b:C check.c.head.a_b:H check.c.title:B] map[x {1}:y {1}]"
	got := fmt.Sprint(messages, phrases)
	if got != want {
		t.Errorf("the words are %s, want %s", got, want)
	}
	for _, bad := range []string{`"x {1}" = "other"`, `x = y`} {
		if err := (Declaration{Key: "de phrase", Value: bad}).words("de", "", messages, phrases); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// TestHeaders: what a header declares is known, so that no misspelt line is silently left out.
func TestHeaders(t *testing.T) {
	known := map[string]*regexp.Regexp{
		"checks": regexp.MustCompile(`^(title|question|sentence|draft|actions?|phrase|witness|empty|needs|` +
			`severity|severities|flags|requires|scope|selects|ends|subject|threshold)$`),
		"queries": regexp.MustCompile(`^(title|question|column \w+|head \w+|phrase|witness|empty|rows|` +
			`packet|section|widths|printed rows|monospaced|translated)$`),
	}
	for kind, files := range map[string]fs.FS{"checks": Checks, "queries": Queries} {
		names, err := fs.Glob(files, kind+"/*.sql")
		if err != nil || len(names) == 0 {
			t.Fatal(kind, err)
		}
		for _, name := range names {
			text, err := fs.ReadFile(files, name)
			if err != nil {
				t.Fatal(err)
			}
			header, sql, _ := ReadHeader(string(text))
			declared, _, _ := strings.Cut(string(text), "\n--\n") // what follows is for readers of the SQL
			seen := map[string]bool{}
			for _, d := range header {
				if d.Line > strings.Count(declared, "\n")+1 {
					break
				}
				key := d.Key
				if language, rest, ok := strings.Cut(key, " "); ok && slices.Contains(Languages, language) {
					key = rest
				}
				if !known[kind].MatchString(key) {
					t.Errorf("templates/%s:%d: the header has %q, which nothing reads", name, d.Line, d.Key)
				}
				if seen[d.Key] && key != "phrase" && key != "threshold" {
					t.Errorf("templates/%s:%d: the header has %q twice", name, d.Line, d.Key)
				}
				seen[d.Key] = true
			}
			if strings.HasPrefix(sql, "--") || !queryFile.MatchString(path.Base(name)) {
				t.Errorf("templates/%s: its SQL begins with %.20q", name, sql)
			}
		}
	}
}

var queryFile = regexp.MustCompile(`^[a-z][a-z0-9-]*\.sql$`)
