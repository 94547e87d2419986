package config

import (
	"fmt"
	"strings"
)

// lineIndex maps a dotted path with array indexes, such as
// tenant[0].bucket[1].window, to the line that it stands on. The TOML library
// tells positions of syntax errors only; this scan runs over text that it has
// accepted, so it needs to find keys, not to judge them.
type lineIndex map[string]int

func indexLines(text string) lineIndex {
	idx := lineIndex{}
	counts := map[string]int{} // array of tables -> number seen
	table := ""
	depth, quote := 0, ""
	for n, line := range strings.Split(text, "\n") {
		if quote == "" && depth == 0 {
			trimmed := strings.TrimSpace(line)
			switch {
			case strings.HasPrefix(trimmed, "[["):
				table = resolve(splitKey(strings.TrimPrefix(trimmed, "[[")), counts, true)
				idx.set(table, n+1)
				continue
			case strings.HasPrefix(trimmed, "["):
				table = resolve(splitKey(strings.TrimPrefix(trimmed, "[")), counts, false)
				idx.set(table, n+1)
				continue
			}
			if parts := splitKey(trimmed); len(parts) > 0 {
				path := table
				for _, p := range parts {
					path = join(path, p)
					idx.set(path, n+1)
				}
			}
		}
		depth, quote = scanValue(line, depth, quote)
	}
	return idx
}

func (idx lineIndex) set(path string, line int) {
	if _, ok := idx[path]; !ok {
		idx[path] = line
	}
}

// of returns the line of path, or of the nearest enclosing path that has one.
func (idx lineIndex) of(path string) int {
	for path != "" {
		if n, ok := idx[path]; ok {
			return n
		}
		cut := strings.LastIndexByte(path, '.')
		if cut < 0 {
			return 0
		}
		path = path[:cut]
	}
	return 0
}

// resolve turns header parts into a path with the index of the array element
// that each part stands in.
func resolve(parts []string, counts map[string]int, element bool) string {
	path := ""
	for i, p := range parts {
		path = join(path, p)
		if element && i == len(parts)-1 {
			counts[path]++
		}
		if c := counts[path]; c > 0 {
			path = fmt.Sprintf("%s[%d]", path, c-1)
		}
	}
	return path
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// splitKey reads the dotted key that s begins with, up to = or ].
func splitKey(s string) []string {
	var parts []string
	var b strings.Builder
	quote := byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			} else {
				b.WriteByte(c)
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '.':
			parts = append(parts, b.String())
			b.Reset()
		case c == '=' || c == ']':
			return append(parts, b.String())
		case c == '#':
			return nil
		case c != ' ' && c != '\t' && c != '\r':
			b.WriteByte(c)
		}
	}
	return nil
}

// scanValue follows brackets and strings over a line, to know whether the next
// line goes on inside a value. Headers never reach it.
func scanValue(line string, depth int, quote string) (int, string) {
	for i := 0; i < len(line); {
		rest := line[i:]
		if quote != "" {
			switch {
			case quote[0] == '"' && rest[0] == '\\':
				i += 2
			case strings.HasPrefix(rest, quote):
				i += len(quote)
				quote = ""
			default:
				i++
			}
			continue
		}
		switch {
		case strings.HasPrefix(rest, `"""`), strings.HasPrefix(rest, `'''`):
			quote = rest[:3]
			i += 3
		case rest[0] == '"', rest[0] == '\'':
			quote = rest[:1]
			i++
		case rest[0] == '#':
			i = len(line)
		case rest[0] == '[', rest[0] == '{':
			depth++
			i++
		case rest[0] == ']', rest[0] == '}':
			depth--
			i++
		default:
			i++
		}
	}
	if len(quote) == 1 { // a plain string never crosses a line
		quote = ""
	}
	return depth, quote
}
