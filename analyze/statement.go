package analyze

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"bucketproof/templates"
)

// Statement is a saved query or a check: its header and its SQL.
//
// A header is the comment lines at the beginning of the file, `-- key: value`, which
// [templates.ReadHeader] reads. Every statement has a title and the question that it answers;
// `column NAME` explains a column. A check has a severity, a scope, what it needs beside the
// log, and the sentence of its findings; it can select records (selected.go) and declare a
// [templates.Threshold]. A saved query can have a [Place] in the packet. All of them have
// their words in each language there ([templates.Words]).
type Statement struct {
	Name     string
	Title    string
	Question string
	Notes    map[string]string // by column
	Severity string            // of a check
	Scope    string            // of a check: the name of one of [scopes]
	Needs    string            // of a check: accounts, user_agents, history or ""
	Draft    string            // of a check: a narrative for a person to finish
	Ends     bool              // of a check: a day without trouble resolves its finding
	Worded   bool              // of a check: its subjects are words of its own, not names from the log
	Sentence string            // of a check, with {count} and {count:one|many}
	Witness  []string          // those that must have spoken for no row to mean clean
	Empty    string            // what no row means then
	Bounded  bool              // the configuration and the days bound its rows, whatever the log holds
	Own      bool              // of the user's folder
	Place    Place             // of a saved query, in the packet
	SQL      string            // as written, with :name parameters
	sql      string            // with ? in place of the parameters
	params   []string          // their names, in the order of the ?
	header   templates.Header  // what the file declares
	records  []string          // of a check that selects records: the columns that they have besides; nil of another
}

// parameters are the names that a statement can use: these, and the thresholds.
var parameters = func() []string {
	names := []string{"from", "to", "bucket", "tenant", "large_put", "key"}
	for _, t := range templates.Thresholds() {
		names = append(names, t.Parameter())
	}
	return names
}()

// parseStatement reads a SQL file. Where is its place for error messages.
func parseStatement(where, name, text string, check bool) (*Statement, error) {
	s := &Statement{Name: name, Notes: map[string]string{}}
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("%s: it is not UTF-8; save it as UTF-8", where)
	}
	header, sql, first := templates.ReadHeader(text)
	s.header = header
	for _, d := range header {
		key, value := d.Key, d.Value
		switch column, isColumn := strings.CutPrefix(key, "column "); {
		case isColumn:
			s.Notes[column] = value
		case key == "title":
			s.Title = value
		case key == "question":
			s.Question = value
		case key == "severity":
			s.Severity = value
		case key == "selects" && check:
			var err error
			if s.records, err = readSelects(value); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", where, d.Line, err)
			}
		case key == "scope":
			s.Scope = value
		case key == "needs":
			s.Needs = value
		case key == "draft":
			s.Draft = value
		case key == "rows":
			if s.Bounded = value == "bounded"; !s.Bounded {
				return nil, fmt.Errorf("%s: rows is %q; write bounded, or leave the line out", where, value)
			}
		case key == "ends":
			s.Ends = value == "yes"
		case key == "subject":
			s.Worded = value == "words"
		case key == "sentence":
			s.Sentence = value
		case key == "empty":
			s.Empty = value
		case key == "witness":
			s.Witness = strings.Split(value, ", ")
		}
	}
	s.SQL = sql
	switch {
	case s.Title == "":
		return nil, fmt.Errorf("%s: the header has no title; begin the file with `-- title: …`", where)
	case s.Question == "":
		return nil, fmt.Errorf("%s: the header has no question; write `-- question: …`", where)
	case s.SQL == "":
		return nil, fmt.Errorf("%s: there is no SQL behind the header", where)
	case check && !slices.Contains([]string{"low", "medium", "high"}, s.Severity):
		return nil, fmt.Errorf("%s: severity is %q; write low, medium or high", where, s.Severity)
	case check && !slices.Contains(scopeNames(), s.Scope):
		return nil, fmt.Errorf("%s: scope is %q; write one of %s", where, s.Scope, strings.Join(scopeNames(), ", "))
	}
	for _, w := range s.Witness {
		if !slices.Contains(AllWitnesses, w) && w != "none" {
			return nil, fmt.Errorf("%s: there is no witness %q; write some of %s, or none", where, w, strings.Join(AllWitnesses, ", "))
		}
	}
	if at, err := s.bind(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", where, first+strings.Count(s.SQL[:at], "\n"), err)
	}
	switch word := strings.ToLower(identifier(strings.ToLower(strings.TrimLeft(s.sql, " \t\n(")))); word {
	case "select", "with":
	default:
		return nil, fmt.Errorf("%s:%d: it begins with %q; a saved query is one SELECT, or WITH … SELECT", where, first, word)
	}
	if s.records != nil {
		if err := s.gather(); err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
	}
	return s, nil
}

// hears tells whether a witness must have spoken for the statement to mean anything.
func (s *Statement) hears(witness string) bool { return slices.Contains(s.Witness, witness) }

// bind puts ? in place of :name, outside of strings and comments. An error comes
// with its place in the SQL.
func (s *Statement) bind() (at int, err error) {
	var b strings.Builder
	text := s.SQL
	for i := 0; i < len(text); {
		rest := text[i:]
		switch c := text[i]; {
		case c == '\'' || c == '"':
			end := strings.IndexByte(rest[1:], c)
			if end < 0 {
				return i, fmt.Errorf("a %c is not closed", c)
			}
			b.WriteString(rest[:end+2])
			i += end + 2
		case strings.HasPrefix(rest, "--"):
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				end = len(rest)
			}
			i += end
		case strings.HasPrefix(rest, "::"):
			b.WriteString("::")
			i += 2
		case c == '?':
			return i, fmt.Errorf("a ? stands for nothing here; write a parameter by its name, :from")
		case c == ';':
			return i, fmt.Errorf("it holds more than one statement; leave the ; out")
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest, "*/")
			if end < 0 {
				return i, fmt.Errorf("a /* is not closed")
			}
			b.WriteByte(' ')
			i += end + 2
		case strings.HasPrefix(rest, "$$"):
			end := strings.Index(rest[2:], "$$")
			if end < 0 {
				return i, fmt.Errorf("a $$ is not closed")
			}
			b.WriteString(rest[:end+4])
			i += end + 4
		case c == ':' && (identifier(rest[1:]) == "" || rest[1] >= '0' && rest[1] <= '9'): // of a slice, or a pair
			b.WriteByte(c)
			i++
		case c == ':':
			name := identifier(rest[1:])
			if !slices.Contains(parameters, name) {
				return i, fmt.Errorf("unknown parameter :%s; known are :%s", name, strings.Join(parameters, ", :"))
			}
			b.WriteByte('?')
			s.params = append(s.params, name)
			i += 1 + len(name)
		default:
			b.WriteByte(c)
			i++
		}
	}
	s.sql = b.String()
	return 0, nil
}

// Final is the SQL with the values of its parameters written out, for a person
// to read and to run elsewhere. What bucketproof runs has them bound.
func (v *asking) Final(s *Statement, bucket string) string {
	values := v.values(bucket)
	var b strings.Builder
	n := 0
	quote := byte(0)
	for i := 0; i < len(s.sql); i++ {
		c := s.sql[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
			b.WriteByte(c)
		case c == '\'' || c == '"':
			quote = c
			b.WriteByte(c)
		case strings.HasPrefix(s.sql[i:], "$$"): // closed, as parseStatement has seen
			end := i + 2 + strings.Index(s.sql[i+2:], "$$") + 2
			b.WriteString(s.sql[i:end])
			i = end - 1
		case c == '?':
			b.WriteString(literal(values[s.params[n]]))
			n++
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// literal is a value as SQL.
func literal(v any) string {
	switch v := v.(type) {
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case time.Time:
		return "TIMESTAMP '" + v.UTC().Format("2006-01-02 15:04:05.000") + " UTC'"
	}
	return fmt.Sprint(v)
}

// Asks tells whether a statement has a parameter.
func (s *Statement) Asks(parameter string) bool { return slices.Contains(s.params, parameter) }

func identifier(s string) string {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return s[:i]
		}
	}
	return s
}

// arguments are the values of the parameters, in their places.
func (s *Statement) arguments(values map[string]any) []any {
	args := make([]any, len(s.params))
	for i, name := range s.params {
		args[i] = values[name]
	}
	return args
}
