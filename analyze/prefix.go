package analyze

import (
	"slices"
	"strings"
)

// encodings returns the forms in which keys under an approved prefix can stand
// in the log: as it is, URL-encoded once and twice, with a space as %20 or +.
// A slash is never encoded. Comparing a key with these forms, and not a decoded
// key with the prefix, can't take %2F in the name of an object for a slash.
func encodings(prefix string) []string {
	once := encode(prefix, "%20")
	forms := []string{prefix, once, encode(prefix, "+"), encode(once, "%20"), encode(encode(prefix, "+"), "%20")}
	for _, f := range forms {
		forms = append(forms, lowerHex(f))
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

// lowerHex writes the hex digits of an encoded text in lower case, as some
// clients do.
func lowerHex(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(s[i+1:i+3]))
		}
	}
	return string(b)
}

func encode(s, space string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-_.~/", c) >= 0, c == '*':
			b.WriteByte(c)
		case c == ' ':
			b.WriteString(space)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}
