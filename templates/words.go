package templates

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// Words are what the headers of queries and checks say in a language, beside what is in
// its file of text: messages by their keys, such as check.delete-spike.title, and phrases
// by their English.
//
// A header says them in lines such as
//
//	-- action: Confirm that the deletes in {bucket} were planned.
//	-- de title: Ungewöhnlich viele Löschungen
//	-- de column date: in der Zeitzone des Kunden
//	-- de phrase: "far less than usual" = "weit weniger als üblich"
//
// English is that without the name of a language. Its title, question, sentence and the
// like come with the statement, so that only actions and heads of columns are messages.
func Words(language string) (messages, phrases map[string]string, err error) {
	messages, phrases = map[string]string{}, map[string]string{}
	for kind, files := range map[string]fs.FS{"check": Checks, "query": Queries} {
		names, err := fs.Glob(files, "*/*.sql")
		if err != nil {
			return nil, nil, err
		}
		for _, name := range names {
			text, err := fs.ReadFile(files, name)
			if err != nil {
				return nil, nil, err
			}
			header, _, _ := ReadHeader(string(text))
			of := kind + "." + strings.TrimSuffix(path.Base(name), ".sql") + "."
			for _, d := range header {
				if err := d.words(language, of, messages, phrases); err != nil {
					return nil, nil, fmt.Errorf("templates/%s:%d: %w", name, d.Line, err)
				}
			}
		}
	}
	return messages, phrases, nil
}

// onlyWords are the keys of English that no statement reads.
var onlyWords = regexp.MustCompile(`^(actions?|head \w+)$`)

var phrase = regexp.MustCompile(`^"([^"]+)" = "([^"]+)"$`)

// words adds what the line says in a language. Of is the beginning of the keys of messages.
func (d Declaration) words(language, of string, messages, phrases map[string]string) error {
	key, ok := strings.CutPrefix(d.Key, language+" ")
	switch {
	case language == Languages[0] && onlyWords.MatchString(d.Key):
		key = d.Key
	case !ok:
		return nil
	}
	if key != "phrase" {
		messages[of+strings.ReplaceAll(key, " ", ".")] = d.Value
		return nil
	}
	m := phrase.FindStringSubmatch(d.Value)
	if m == nil {
		return fmt.Errorf("%s is %s; write \"the English\" = \"the words of %s\"", d.Key, d.Value, language)
	}
	if other, ok := phrases[m[1]]; ok && other != m[2] {
		return fmt.Errorf("%s %q is %q, and %q elsewhere", d.Key, m[1], m[2], other)
	}
	phrases[m[1]] = m[2]
	return nil
}
