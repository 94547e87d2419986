package pdffile

import (
	"bytes"
	"regexp"
	"strconv"
	"unicode/utf16"
)

// value is an object: dict, array, ref, name, text, int64, float64, bool or nil.
type (
	dict  map[string]any
	array []any
	ref   int
	name  string
	text  []byte
)

// String is UTF-16 with its mark, or bytes as they are.
func (t text) String() string {
	if !bytes.HasPrefix(t, []byte{0xFE, 0xFF}) {
		return string(t)
	}
	var units []uint16
	for i := 2; i+1 < len(t); i += 2 {
		units = append(units, uint16(t[i])<<8|uint16(t[i+1]))
	}
	return string(utf16.Decode(units))
}

// parser reads objects from the beginning of b.
type parser struct{ b []byte }

func (p *parser) space() {
	for len(p.b) > 0 {
		switch p.b[0] {
		case ' ', '\t', '\r', '\n', '\f', 0:
			p.b = p.b[1:]
		case '%':
			end := bytes.IndexAny(p.b, "\r\n")
			if end < 0 {
				end = len(p.b)
			}
			p.b = p.b[end:]
		default:
			return
		}
	}
}

func (p *parser) word(w string) bool {
	p.space()
	if !bytes.HasPrefix(p.b, []byte(w)) {
		return false
	}
	p.b = p.b[len(w):]
	return true
}

var number = regexp.MustCompile(`^[+-]?[0-9]*\.?[0-9]*`)

func (p *parser) integer() (int64, bool) {
	p.space()
	n := 0
	for n < len(p.b) && n < 20 && p.b[n] >= '0' && p.b[n] <= '9' {
		n++
	}
	v, err := strconv.ParseInt(string(p.b[:n]), 10, 64)
	if err != nil {
		return 0, false
	}
	p.b = p.b[n:]
	return v, true
}

func (p *parser) value(depth int) (any, error) {
	p.space()
	if depth > maxDepth {
		return nil, malformed("its objects are nested too deeply")
	}
	if len(p.b) == 0 {
		return nil, malformed("it ends inside an object")
	}
	switch {
	case bytes.HasPrefix(p.b, []byte("<<")):
		p.b = p.b[2:]
		d := dict{}
		for !p.word(">>") {
			key, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			k, ok := key.(name)
			if !ok {
				return nil, malformed("a dictionary has a key that is no name")
			}
			if _, twice := d[string(k)]; twice {
				return nil, malformed("a dictionary has the key %s twice", k)
			}
			if d[string(k)], err = p.value(depth + 1); err != nil {
				return nil, err
			}
		}
		return d, nil
	case p.b[0] == '[':
		p.b = p.b[1:]
		var a array
		for !p.word("]") {
			v, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			a = append(a, v)
		}
		return a, nil
	case p.b[0] == '/':
		n := 1
		for n < len(p.b) && !bytes.ContainsRune([]byte(" \t\r\n\f\x00/<>[]()%{}"), rune(p.b[n])) {
			n++
		}
		v := name(p.b[1:n])
		p.b = p.b[n:]
		return v, nil
	case p.b[0] == '(':
		return p.literal()
	case p.b[0] == '<':
		return p.hex()
	case p.word("true"):
		return true, nil
	case p.word("false"):
		return false, nil
	case p.word("null"):
		return nil, nil
	}
	return p.number()
}

// number reads a number or, where two whole ones and an R stand there, a
// reference.
func (p *parser) number() (any, error) {
	m := number.Find(p.b[:min(len(p.b), 64)])
	if len(m) == 0 {
		return nil, malformed("%q is no object", p.b[:min(len(p.b), 16)])
	}
	if v, err := strconv.ParseInt(string(m), 10, 64); err == nil {
		p.b = p.b[len(m):]
		ahead := &parser{b: p.b}
		if _, ok := ahead.integer(); ok && v >= 0 && v < maxObjects && ahead.word("R") {
			p.b = ahead.b
			return ref(v), nil
		}
		return v, nil
	}
	v, err := strconv.ParseFloat(string(m), 64)
	if err != nil {
		return nil, malformed("%q is no number", m)
	}
	p.b = p.b[len(m):]
	return v, nil
}

func (p *parser) literal() (any, error) {
	var out text
	depth := 0
	for i := 0; i < len(p.b); i++ {
		switch c := p.b[i]; c {
		case '(':
			if depth++; depth > 1 {
				out = append(out, c)
			}
		case ')':
			if depth--; depth == 0 {
				p.b = p.b[i+1:]
				return out, nil
			}
			out = append(out, c)
		case '\\':
			i++
			if i >= len(p.b) {
				return nil, malformed("it ends inside a text")
			}
			switch e := p.b[i]; e {
			case 'n':
				out = append(out, '\n')
			case 'r':
				out = append(out, '\r')
			case 't':
				out = append(out, '\t')
			case '(', ')', '\\':
				out = append(out, e)
			default:
				n := 0
				for n < 3 && i+n < len(p.b) && p.b[i+n] >= '0' && p.b[i+n] <= '7' {
					n++
				}
				if n > 0 {
					v, _ := strconv.ParseUint(string(p.b[i:i+n]), 8, 16) // three octal digits are a number
					out = append(out, byte(v))
					i += n - 1
				} else {
					out = append(out, e)
				}
			}
		default:
			out = append(out, c)
		}
	}
	return nil, malformed("a text is not closed")
}

func (p *parser) hex() (any, error) {
	end := bytes.IndexByte(p.b, '>')
	if end < 0 {
		return nil, malformed("a text is not closed")
	}
	var digits []byte
	for _, c := range p.b[1:end] {
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			digits = append(digits, c)
		}
	}
	if len(digits)%2 == 1 {
		digits = append(digits, '0')
	}
	out := make(text, len(digits)/2)
	for i := range out {
		v, err := strconv.ParseUint(string(digits[2*i:2*i+2]), 16, 8)
		if err != nil {
			return nil, malformed("a text has digits that are not hexadecimal")
		}
		out[i] = byte(v)
	}
	p.b = p.b[end+1:]
	return out, nil
}
