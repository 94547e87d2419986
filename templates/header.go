package templates

import "strings"

// Header is what the comment at the beginning of a SQL file declares: its lines
// `-- key: value`, in their order. What else the comment says is for readers of the SQL.
type Header []Declaration

// Declaration is one line of a header.
type Declaration struct {
	Key, Value string
	Line       int // in the file, from 1
}

// ReadHeader splits a SQL file into its header and the SQL behind it, which begins at a
// line of the file, counted from 1.
func ReadHeader(text string) (h Header, sql string, first int) {
	lines := strings.Split(strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n"), "\n")
	n := 0
	for ; n < len(lines) && strings.HasPrefix(lines[n], "--"); n++ {
		key, value, ok := strings.Cut(strings.TrimSpace(strings.TrimPrefix(lines[n], "--")), ": ")
		if ok {
			h = append(h, Declaration{key, strings.TrimSpace(value), n + 1})
		}
	}
	return h, strings.TrimRight(strings.TrimSpace(strings.Join(lines[n:], "\n")), "; \n"), n + 1
}
