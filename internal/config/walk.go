package config

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// walker collects the problems of one file.
type walker struct {
	lines    lineIndex
	problems []Problem
}

// table is a TOML table that is read key by key; what is left unread at
// [table.done] is unknown.
type table struct {
	w    *walker
	path string
	m    map[string]any
	seen []string
}

func (t *table) problem(key, format string, args ...any) {
	path := join(t.path, key)
	if key == "" {
		path = t.path
	}
	t.w.problems = append(t.w.problems, Problem{Line: t.w.lines.of(path), Key: shown(path), Text: fmt.Sprintf(format, args...)})
}

// shown is a path without its array indexes: the line tells which one.
func shown(path string) string {
	var b strings.Builder
	depth := 0
	for _, r := range path {
		switch {
		case r == '[':
			depth++
		case r == ']':
			depth--
		case depth == 0:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// get marks key as known and returns its value.
func (t *table) get(key string) (any, bool) {
	t.seen = append(t.seen, key)
	v, ok := t.m[key]
	return v, ok
}

func (t *table) str(key, def string) string {
	v, ok := t.get(key)
	if !ok {
		return def
	}
	s, ok := v.(string)
	if !ok {
		t.problem(key, "is %s; write a string in quotes", kindOf(v))
		return def
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		t.problem(key, "holds a control character at position %d; remove it", i+1)
		return def
	}
	return s
}

// required is a string that must be there and not be empty.
func (t *table) required(key, example string) string {
	s := t.str(key, "")
	v, ok := t.m[key]
	if _, isString := v.(string); !ok {
		t.problem(key, "is missing; write %s = %q", key, example)
	} else if isString && strings.TrimSpace(s) == "" {
		t.problem(key, "is empty; write for example %q", example)
	}
	return s
}

func (t *table) integer(key string, def, min, max int64) int64 {
	v, ok := t.get(key)
	if !ok {
		return def
	}
	n, ok := v.(int64)
	if !ok {
		t.problem(key, "is %s; write a whole number without quotes", kindOf(v))
		return def
	}
	if n < min || n > max {
		t.problem(key, "is %d; write a number from %d to %d", n, min, max)
		return def
	}
	return n
}

func (t *table) boolean(key string, def bool) bool {
	v, ok := t.get(key)
	if !ok {
		return def
	}
	b, ok := v.(bool)
	if !ok {
		t.problem(key, "is %s; write true or false without quotes", kindOf(v))
		return def
	}
	return b
}

func (t *table) stringList(key string) ([]string, bool) {
	v, ok := t.get(key)
	if !ok {
		return nil, false
	}
	list, ok := v.([]any)
	if !ok {
		t.problem(key, "is %s; write a list of strings, [\"…\"]", kindOf(v))
		return nil, false
	}
	out := make([]string, 0, len(list))
	for i, e := range list {
		s, ok := e.(string)
		if !ok {
			t.problem(key, "entry %d is %s; write a string in quotes", i+1, kindOf(e))
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// oneOf is a string out of a closed set.
func (t *table) oneOf(key, def string, allowed ...string) string {
	s := t.str(key, def)
	if !slices.Contains(allowed, s) {
		named := make([]string, len(allowed))
		for i, a := range allowed {
			named[i] = fmt.Sprintf("%q", a)
		}
		t.problem(key, "is %q; write one of %s", s, strings.Join(named, ", "))
		return def
	}
	return s
}

// sub is the table under key; an empty one where there is none.
func (t *table) sub(key string) *table {
	child := &table{w: t.w, path: join(t.path, key), m: map[string]any{}}
	v, ok := t.get(key)
	if !ok {
		return child
	}
	if m, ok := v.(map[string]any); ok {
		child.m = m
	} else {
		t.problem(key, "is %s; write a table, [%s] or { … }", kindOf(v), shown(child.path))
	}
	return child
}

// list is the array of tables under key.
func (t *table) list(key string) []*table {
	v, ok := t.get(key)
	if !ok {
		return nil
	}
	var maps []map[string]any
	switch v := v.(type) {
	case []map[string]any:
		maps = v
	case []any:
		for i, e := range v {
			m, ok := e.(map[string]any)
			if !ok {
				t.problem(key, "entry %d is %s; write [[%s]] blocks", i+1, kindOf(e), shown(join(t.path, key)))
				return nil
			}
			maps = append(maps, m)
		}
	default:
		t.problem(key, "is %s; write [[%s]] blocks", kindOf(v), shown(join(t.path, key)))
		return nil
	}
	out := make([]*table, len(maps))
	for i, m := range maps {
		out[i] = &table{w: t.w, path: fmt.Sprintf("%s[%d]", join(t.path, key), i), m: m}
	}
	return out
}

// done reports the keys that nobody asked for.
func (t *table) done() {
	var unknown []string
	for key := range t.m {
		if !slices.Contains(t.seen, key) {
			unknown = append(unknown, key)
		}
	}
	sort.Strings(unknown)
	for _, key := range unknown {
		if near := nearest(key, t.seen); near != "" {
			t.problem(key, "is not a key here; did you mean %q?", near)
		} else {
			known := slices.Clone(t.seen)
			sort.Strings(known)
			t.problem(key, "is not a key here; known are %s", strings.Join(slices.Compact(known), ", "))
		}
	}
}

func kindOf(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("the string %q", v)
	case int64:
		return fmt.Sprintf("the number %d", v)
	case float64:
		return fmt.Sprintf("the number %g", v)
	case bool:
		return fmt.Sprintf("the boolean %t", v)
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	case []map[string]any:
		return "a list of tables"
	default:
		return "a date or time"
	}
}

// nearest returns the known key within two edits of key, or "".
func nearest(key string, known []string) string {
	best, bestAt := "", 3
	for _, k := range known {
		if d := distance(key, k); d < bestAt && d < len(k) {
			best, bestAt = k, d
		}
	}
	return best
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
