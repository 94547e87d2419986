package accesslog

import "bytes"

// agentsToEnd reads the referer, the user agent and all behind it. Both are
// client text with quotes in it, so the end of the user agent is sought from
// the right: the last quote with the fields in their order behind it.
func (c *cursor) agentsToEnd(r *Record) error {
	r.Referer, r.UserAgent = nil, nil
	rest := c.line[c.at:]
	bareReferer := bytes.HasPrefix(rest, []byte("- "))
	if bareReferer && bytes.HasPrefix(rest[2:], []byte("- ")) {
		return c.readTail(r, rest[4:])
	}
	if bareReferer {
		rest = rest[2:]
	}
	if len(rest) == 0 || rest[0] != '"' {
		return errAgents
	}
	if !bareReferer {
		if ok := c.plainAgents(r, rest); ok {
			return nil
		}
	}
	between := bytes.Index(rest[1:], []byte(`" "`)) // the first one, in rest[1:]
	for end := bytes.LastIndexByte(rest, '"'); end > 0; end = bytes.LastIndexByte(rest[:end], '"') {
		if end+2 > len(rest) || rest[end+1] != ' ' {
			continue
		}
		body, tail := rest[1:end], rest[end+2:]
		if bareReferer {
			if c.readTail(r, tail) == nil {
				r.UserAgent = value(body)
				return nil
			}
			continue
		}
		if between >= 0 && between+3 <= len(body) {
			if c.readTail(r, tail) == nil {
				r.Referer, r.UserAgent = value(body[:between]), value(body[between+3:])
				return c.onlyTail(r, rest[:end])
			}
		} else if bytes.HasPrefix(tail, []byte("- ")) && c.readTail(r, tail[2:]) == nil {
			r.Referer = value(body)
			return nil
		}
	}
	return errTail
}

// onlyTail refuses a line of 18 fields, whose tail is a version ID alone, where
// an earlier quote has a whole tail behind it: what ends the user agent can't be
// told.
func (c *cursor) onlyTail(r *Record, rest []byte) error {
	if r.Fields != fieldsToVersion {
		return nil
	}
	for end := bytes.LastIndexByte(rest, '"'); end > 0; end = bytes.LastIndexByte(rest[:end], '"') {
		var other Record
		if end+2 <= len(rest) && rest[end+1] == ' ' && c.readTail(&other, c.line[c.at+end+2:]) == nil && other.Fields >= fieldsToTLS {
			return errTwoWays
		}
	}
	return nil
}

// plainAgents reads the usual case: two quoted texts without a quote in them,
// and none behind them.
func (c *cursor) plainAgents(r *Record, rest []byte) bool {
	referer := bytes.IndexByte(rest[1:], '"') + 1
	if referer < 1 || referer+3 > len(rest) || rest[referer+1] != ' ' || rest[referer+2] != '"' {
		return false
	}
	agent := bytes.IndexByte(rest[referer+3:], '"')
	end := referer + 3 + agent
	if agent < 0 || end+2 > len(rest) || rest[end+1] != ' ' || bytes.IndexByte(rest[end+1:], '"') >= 0 ||
		c.readTail(r, rest[end+2:]) != nil {
		return false
	}
	r.Referer, r.UserAgent = value(rest[1:referer]), value(rest[referer+3:end])
	return true
}

const (
	fieldsToVersion = 18
	fieldsToTLS     = 24
	knownFields     = 27
)

// readTail reads the fields from the version ID on. AWS has added fields at the
// end over the years: a line has one of them, seven, or more than seven.
func (c *cursor) readTail(r *Record, text []byte) error {
	t := cursor{line: text}
	version := t.raw()
	r.VersionID, r.HostID, r.Extra = value(version), nil, nil
	if len(version) == 0 || !isVersionID(r.VersionID) {
		return errTail
	}
	if p := c.p; p != nil && p.fields > 0 && !t.done {
		if host := t.raw(); len(host) > 0 && bytes.Equal(text[t.at:], p.tail) {
			r.HostID = value(host)
			p.recall(r, text[t.at:])
			return nil
		}
		t = cursor{line: text, at: len(version) + 1}
	}
	fields := [afterHost]*[]byte{&r.SignatureVersion, &r.CipherSuite, &r.AuthenticationType, &r.HostHeader,
		&r.TLSVersion, &r.AccessPointARN, &r.ACLRequired, &r.SourceRegion}
	if t.done {
		for _, f := range fields {
			*f = nil
		}
		r.Fields = fieldsToVersion
		return nil
	}
	host := t.raw()
	if len(host) == 0 {
		return errTail
	}
	r.HostID = value(host)
	rest := text[t.at:]
	if err := readFields(r, &fields, rest); err != nil {
		return err
	}
	if p := c.p; p != nil && r.Extra == nil && len(rest) <= maxRemembered {
		p.remember(rest, &fields, r.Fields)
	}
	return nil
}

// recall sets the fields behind the host ID from text that is like the last one.
func (p *Parser) recall(r *Record, text []byte) {
	at := &p.places
	r.SignatureVersion, r.CipherSuite, r.AuthenticationType, r.HostHeader = cut(text, at[0]), cut(text, at[1]),
		cut(text, at[2]), cut(text, at[3])
	r.TLSVersion, r.AccessPointARN, r.ACLRequired, r.SourceRegion = cut(text, at[4]), cut(text, at[5]), cut(text, at[6]), cut(text, at[7])
	r.Fields = p.fields
}

// cut is the part of text at a place, nil for an empty one.
func cut(text []byte, at [2]int) []byte {
	if at[1] == at[0] {
		return nil
	}
	return text[at[0]:at[1]]
}

// readFields reads the fields behind the host ID.
func readFields(r *Record, fields *[afterHost]*[]byte, text []byte) error {
	c := cursor{line: text}
	n := 0
	for ; n < len(fields) && !c.done; n++ {
		tok := c.raw()
		if len(tok) == 0 {
			return errTail
		}
		*fields[n] = value(tok)
	}
	r.Fields = fieldsToVersion + 1 + n
	for _, f := range fields[n:] {
		*f = nil
	}
	if r.Fields < fieldsToTLS || !startsWith(r.SignatureVersion, "sig") || !startsWith(r.TLSVersion, "tls") &&
		!startsWith(r.TLSVersion, "ssl") {
		return errTail
	}
	if !c.done {
		r.Extra = text[c.at:]
		r.Fields += bytes.Count(r.Extra, []byte{' '}) + 1
		if holdsTime(r.Extra) {
			return errTwoRecords
		}
		return nil
	}
	// The last field stands at the end of the line, where a damaged object
	// leaves NULs and the like.
	for _, b := range *fields[n-1] {
		if b <= ' ' || b == '"' || b >= 0x7f {
			return errTail
		}
	}
	return nil
}

// remember keeps where the fields behind the host ID stand.
func (p *Parser) remember(rest []byte, fields *[afterHost]*[]byte, n int) {
	p.tail, p.fields = append(p.tail[:0], rest...), n
	at := 0
	for i, f := range fields {
		p.places[i] = [2]int{}
		if at < len(rest) && *f != nil {
			p.places[i] = [2]int{at, at + len(*f)}
		}
		at += max(1, len(*f)) + 1 // a "-" is one byte
	}
}

// holdsTime tells whether text behind the known fields holds the time of
// another record.
func holdsTime(text []byte) bool {
	for i := bytes.IndexByte(text, '['); i >= 0 && i+timeLength <= len(text); {
		if _, ok := parseTime(text[i : i+timeLength]); ok {
			return true
		}
		next := bytes.IndexByte(text[i+1:], '[')
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}

// isVersionID tells whether tok can be a version ID, which has the letters of
// Base64 or of a URL, and no = at its end as host IDs have; nil can.
func isVersionID(tok []byte) bool {
	for _, b := range tok {
		if !versionLetters[b] {
			return false
		}
	}
	return true
}

var versionLetters = func() (letters [256]bool) {
	for _, b := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_.~%") {
		letters[b] = true
	}
	return letters
}()

// startsWith compares without case; nil, the unknown, always holds.
func startsWith(tok []byte, lower string) bool {
	if tok == nil {
		return true
	}
	return len(tok) > len(lower) && bytes.EqualFold(tok[:len(lower)], []byte(lower))
}
