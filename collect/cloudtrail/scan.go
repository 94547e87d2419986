package cloudtrail

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// errShort means that the bytes end before the value does.
var errShort = errors.New("the JSON ends in the middle")

// deepest is how deep values may lie in each other. CloudTrail's own go to some ten.
const deepest = 200

// scanner reads JSON (RFC 8259) in memory, strictly, without allocating.
type scanner struct {
	b       []byte
	i       int
	depth   int
	scratch []byte // strings with escapes, resolved; it is not moved while they are used
}

func (s *scanner) fault(what string) error {
	if s.i >= len(s.b) {
		return errShort
	}
	return fmt.Errorf("byte %q where %s is due", s.b[s.i], what)
}

// space passes white space by, and returns the byte behind it; 0 at the end.
func (s *scanner) space() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return c
		}
	}
	return 0
}

// plain tells which bytes of a string stand for themselves.
var plain = func() (t [256]bool) {
	for c := 0x20; c < 256; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// raw reads a string and returns what stands between its quotes, as written.
func (s *scanner) raw() (text []byte, escaped bool, err error) {
	if s.i >= len(s.b) || s.b[s.i] != '"' {
		return nil, false, s.fault("a string")
	}
	b, i := s.b, s.i+1
	begin := i
	for {
		for i < len(b) && plain[b[i]] {
			i++
		}
		if i >= len(b) {
			s.i = i
			return nil, false, errShort
		}
		switch b[i] {
		case '"':
			s.i = i + 1
			return b[begin:i], escaped, nil
		case '\\':
			escaped = true
			if i+1 >= len(b) {
				s.i = len(b)
				return nil, false, errShort
			}
			switch b[i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				i += 2
			case 'u':
				for n := 2; n < 6; n++ {
					if i+n >= len(b) {
						s.i = len(b)
						return nil, false, errShort
					}
					if hexOf(b[i+n]) < 0 {
						s.i = i + n
						return nil, false, s.fault("a hexadecimal digit")
					}
				}
				i += 6
			default:
				s.i = i + 1
				return nil, false, s.fault("an escape")
			}
		default: // a control byte
			s.i = i
			return nil, false, s.fault("a byte of a string")
		}
	}
}

func hexOf(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// text reads a string.
func (s *scanner) text() ([]byte, error) {
	raw, escaped, err := s.raw()
	if err != nil || !escaped {
		return raw, err
	}
	return s.resolve(raw), nil
}

// resolve resolves the escapes of a string that raw has read.
func (s *scanner) resolve(raw []byte) []byte {
	begin := len(s.scratch)
	out := s.scratch
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			n := bytes.IndexByte(raw[i:], '\\')
			if n < 0 {
				n = len(raw) - i
			}
			out = append(out, raw[i:i+n]...)
			i += n
			continue
		}
		switch c := raw[i+1]; c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r := unit(raw[i:])
			i += 4
			if utf16.IsSurrogate(r) {
				if pair := utf16.DecodeRune(r, unit(raw[i+2:])); pair != utf8.RuneError {
					r = pair
					i += 6
				}
			}
			out = utf8.AppendRune(out, r) // half a pair becomes U+FFFD
		default:
			out = append(out, c)
		}
		i += 2
	}
	s.scratch = out
	return out[begin:len(out):len(out)]
}

// unit is the UTF-16 unit of an escape \uXXXX at the beginning of b; -1 for none.
func unit(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range b[2:6] {
		r = r<<4 | rune(hexOf(c))
	}
	return r
}

// skip passes a value by, whatever it is, and returns it as written.
func (s *scanner) skip() ([]byte, error) {
	c := s.space()
	begin := s.i
	var err error
	switch {
	case c == '"':
		_, _, err = s.raw()
	case c == '{':
		err = s.object(func([]byte) error {
			_, err := s.skip()
			return err
		})
	case c == '[':
		err = s.array(func() error {
			_, err := s.skip()
			return err
		})
	case c == '-' || '0' <= c && c <= '9':
		err = s.number()
	default:
		err = s.word()
	}
	return s.b[begin:s.i], err
}

// object reads an object: each has read the value of its key.
func (s *scanner) object(each func(key []byte) error) error {
	if s.space() != '{' {
		return s.fault("an object")
	}
	if s.depth++; s.depth > deepest {
		return fmt.Errorf("more than %d values lie in each other", deepest)
	}
	s.i++
	if s.space() == '}' {
		s.i++
		s.depth--
		return nil
	}
	for {
		s.space()
		key, err := s.text()
		if err != nil {
			return err
		}
		if s.space() != ':' {
			return s.fault("a colon")
		}
		s.i++
		if err := each(key); err != nil {
			return err
		}
		switch s.space() {
		case ',':
			s.i++
		case '}':
			s.i++
			s.depth--
			return nil
		default:
			return s.fault("a comma or the end of an object")
		}
	}
}

// array reads an array: each has read an element.
func (s *scanner) array(each func() error) error {
	if s.space() != '[' {
		return s.fault("an array")
	}
	if s.depth++; s.depth > deepest {
		return fmt.Errorf("more than %d values lie in each other", deepest)
	}
	s.i++
	if s.space() == ']' {
		s.i++
		s.depth--
		return nil
	}
	for {
		if err := each(); err != nil {
			return err
		}
		switch s.space() {
		case ',':
			s.i++
		case ']':
			s.i++
			s.depth--
			return nil
		default:
			return s.fault("a comma or the end of an array")
		}
	}
}

func (s *scanner) number() error {
	digits := func() error {
		begin := s.i
		for s.i < len(s.b) && '0' <= s.b[s.i] && s.b[s.i] <= '9' {
			s.i++
		}
		if s.i == begin {
			return s.fault("a digit")
		}
		return nil
	}
	at := func(cs ...byte) bool {
		if s.i < len(s.b) && bytes.IndexByte(cs, s.b[s.i]) >= 0 {
			s.i++
			return true
		}
		return false
	}
	at('-')
	if !at('0') {
		if err := digits(); err != nil {
			return err
		}
	}
	if at('.') {
		if err := digits(); err != nil {
			return err
		}
	}
	if at('e', 'E') {
		at('+', '-')
		if err := digits(); err != nil {
			return err
		}
	}
	if s.i >= len(s.b) { // a digit may follow
		return errShort
	}
	return nil
}

func (s *scanner) word() error {
	for _, w := range [...]string{"true", "false", "null"} {
		rest := s.b[s.i:]
		if len(rest) < len(w) && len(rest) > 0 && string(rest) == w[:len(rest)] {
			s.i = len(s.b)
			return errShort
		}
		if len(rest) >= len(w) && string(rest[:len(w)]) == w {
			s.i += len(w)
			return nil
		}
	}
	return s.fault("a value")
}
