package accesslog

import (
	"bytes"
	"net/netip"
)

// Parse reads one line, without its newline, into r. It does not allocate. The error is the
// reason why the line can't be read; r is undefined then. To read many lines of one object
// use a [Parser].
func Parse(line []byte, r *Record) error {
	return (*Parser)(nil).Parse(line, r)
}

// Parser reads lines one after another. It remembers how the previous line began and ended:
// most lines of an object begin with the same owner and bucket and end with the same fields
// after the host ID, so these need not be split again. The zero Parser is ready to use.
type Parser struct {
	head      []byte            // owner and bucket, with the spaces behind them
	owner     int               // length of the owner
	tail      []byte            // what stood behind the host ID
	requester []byte            // with the space behind it; it holds no quote
	places    [afterHost][2]int // of its fields; an empty one is unknown
	fields    int
}

const (
	// afterHost is how many known fields stand behind the host ID.
	afterHost = 8
	// maxRemembered is how long, in bytes, a beginning or an end may be that a
	// Parser remembers.
	maxRemembered = 512
)

// Parse is like the function [Parse]. A nil Parser remembers nothing.
func (p *Parser) Parse(line []byte, r *Record) error {
	for n := len(line); n > 0 && (line[n-1] == ' ' || line[n-1] == '\r' || line[n-1] == '\n'); n-- {
		line = line[:n-1]
	}
	if len(line) == 0 {
		return errEmpty
	}
	// Every field is set on the way, so that the record needs no clearing.
	c := cursor{line: line, p: p}
	c.ownerAndBucket(r)
	var ok bool
	if r.TimeMS, ok = c.time(); !ok || line[0] == '"' || line[0] == ' ' {
		return errTime
	}
	if len(r.Bucket) == 0 {
		return errBucket
	}
	ip := c.token()
	if ip != nil && !isIP(ip) {
		return errIP
	}
	r.RemoteIP = ip
	if !c.requesterToOperation(r) {
		return errOperation
	}
	if err := c.keyToNumbers(r); err != nil {
		return err
	}
	return c.agentsToEnd(r)
}

func (c *cursor) ownerAndBucket(r *Record) {
	p := c.p
	if p != nil && len(p.head) > 0 && bytes.HasPrefix(c.line, p.head) {
		n := len(p.head)
		r.BucketOwner, r.Bucket = value(c.line[:p.owner]), value(c.line[p.owner+1:n-1])
		c.at = n
		return
	}
	owner := c.raw()
	r.BucketOwner, r.Bucket = value(owner), c.token()
	if p != nil && !c.done && c.at <= maxRemembered {
		p.head, p.owner = append(p.head[:0], c.line[:c.at]...), len(owner)
	}
}

// cursor walks over a line from the left.
type cursor struct {
	p    *Parser
	line []byte
	at   int
	done bool // a token reached the end of the line
}

// raw returns the text up to the next space and steps over it. Half of the
// fields are a lone "-", which costs no search.
func (c *cursor) raw() []byte {
	line, at := c.line, c.at
	if at+1 < len(line) && line[at+1] == ' ' && line[at] != ' ' {
		c.at = at + 2
		return line[at : at+1]
	}
	if i := bytes.IndexByte(line[at:], ' '); i >= 0 {
		c.at = at + i + 1
		return line[at : at+i]
	}
	c.at, c.done = len(line), true
	return line[at:]
}

func (c *cursor) token() []byte { return value(c.raw()) }

// value is a token, or nil where it is the "-" that stands for unknown.
func value(tok []byte) []byte {
	if len(tok) == 1 && tok[0] == '-' {
		return nil
	}
	return tok
}

const timeLength = len("[02/Jan/2006:15:04:05 +0000]")

func (c *cursor) time() (int64, bool) {
	rest := c.line[c.at:]
	if len(rest) <= timeLength || rest[timeLength] != ' ' {
		return 0, false
	}
	c.at += timeLength + 1
	return parseTime(rest[:timeLength])
}

// maxRequesterTokens bounds the search for the operation behind a requester
// that holds spaces, as a CloudFront origin access identity does.
const maxRequesterTokens = 16

func (c *cursor) requesterToOperation(r *Record) bool {
	start := c.at
	p := c.p
	for n := range maxRequesterTokens {
		if n == 0 && p != nil && len(p.requester) > 0 && bytes.HasPrefix(c.line[c.at:], p.requester) {
			c.at += len(p.requester)
		} else if bytes.IndexByte(c.raw(), '"') >= 0 {
			return false
		} else if n == 0 && p != nil && !c.done && c.at-start <= maxRemembered {
			p.requester = append(p.requester[:0], c.line[start:c.at]...)
		}
		end := c.at - 1
		mark := *c
		id, op := c.raw(), c.raw()
		if c.done {
			return false
		}
		if isOperation(op) || n == 0 && string(op) == "-" {
			r.Requester, r.RequestID, r.Operation = value(c.line[start:end]), value(id), value(op)
			return end > start && c.line[start] != ' ' && c.line[end-1] != ' ' && len(id) > 0
		}
		*c = mark
	}
	return false
}

// isOperation tells REST.PUT.OBJECT, S3.TRANSITION_SIA.OBJECT, SOAP.GetObject
// and the like from any other word.
func isOperation(tok []byte) bool {
	dots := 0
	for i, b := range tok {
		switch {
		case b >= 'A' && b <= 'Z', b >= '0' && b <= '9' && i > 0:
		case b == '.' && i > 0 && i < len(tok)-1:
			dots++
		case dots > 0 && (b == '_' || b >= 'a' && b <= 'z'):
		default:
			return false
		}
	}
	return dots > 0
}

// maxKeyEnds bounds how many quotes are tried as the beginning of the URI, so
// that a line made to be slow costs no more than its length times this.
const maxKeyEnds = 32

// keyToNumbers reads the key, the URI and the six fields behind it. A key is
// URL-encoded and so has no space; where one stands in it all the same, the
// first quote that opens a readable request line ends the key.
func (c *cursor) keyToNumbers(r *Record) error {
	start, reason, plain := c.at, errShort, -1
	for first, tries := true, 0; ; first = false {
		c.raw()
		if c.done || tries > maxKeyEnds {
			if plain < 0 {
				return reason
			}
			if plain-1 == start {
				return errKey
			}
			c.at, c.done = plain, false // a URI that begins with no method
			r.Key = value(c.line[start : plain-1])
			return c.uriToNumbers(r)
		}
		key := c.line[start : c.at-1]
		rest := c.line[c.at:]
		mark := *c
		err := errURI
		switch {
		case rest[0] == '-' && len(rest) > 1 && rest[1] == ' ':
			c.at += 2
			err = c.bare(r)
		case bytes.HasPrefix(rest, []byte(`"-" `)):
			c.at += 4
			err = c.bare(r)
		case rest[0] == '"' && opensRequest(rest[1:]):
			tries++
			err = c.uriToNumbers(r)
		}
		if err == nil && (len(key) == 0 || key[0] == ' ' || key[len(key)-1] == ' ') {
			err = errKey
		}
		if err == nil {
			if !first && plain >= 0 {
				other, scratch := cursor{p: c.p, line: c.line, at: plain}, Record{}
				if err := other.uriToNumbers(&scratch); err == errTwoWays || err == nil && other.at != c.at {
					return errTwoWays
				}
			}
			r.Key = value(key)
			return nil
		}
		if err == errTwoWays || err == errKey || first && (err == errStatus || err == errNumber) && rest[0] == '"' {
			return err
		}
		if first {
			reason = err
			if rest[0] == '"' {
				plain = mark.at
			}
		}
		*c = mark
	}
}

// bare reads the numbers behind a URI that is not known.
func (c *cursor) bare(r *Record) error {
	var n numbers
	err := c.numbers(&n)
	n.into(r)
	r.RequestURI = nil
	return err
}

// numbers are the fields between the URI and the referer.
type numbers struct {
	errorCode         []byte
	sent, size        int64
	status            int32
	total, turnAround int32
}

func (n *numbers) into(r *Record) {
	r.HTTPStatus, r.ErrorCode, r.BytesSent, r.ObjectSize, r.TotalTimeMS, r.TurnAroundTimeMS = n.status, n.errorCode,
		n.sent, n.size, n.total, n.turnAround
}

// opensRequest tells whether text begins with a method.
func opensRequest(text []byte) bool {
	for i, b := range text {
		if b == ' ' {
			return i > 0
		}
		if b < 'A' || b > 'Z' {
			return false
		}
	}
	return false
}

// uriToNumbers reads a quoted URI: up to the first quote with the numbers and
// the referer behind it. A request line ends with its protocol, and no client
// can put a space into the target before it; where the first such quote is not
// behind a protocol and a later one is, one of the two is the client's own
// text, and the line can't be read.
func (c *cursor) uriToNumbers(r *Record) error {
	rest := c.line[c.at:]
	reason, found := errURI, -1
	behind := *c
	for from := 1; from < len(rest); {
		i := bytes.Index(rest[from:], []byte(`" `))
		if i < 0 {
			break
		}
		end := from + i
		from = end + 1
		protocol := endsInProtocol(rest[1:end])
		if found >= 0 && !protocol {
			continue
		}
		var try numbers
		at := cursor{p: c.p, line: c.line, at: c.at + end + 2}
		err := at.numbers(&try)
		if err != nil || c.line[at.at] != '"' && c.line[at.at] != '-' {
			if err != nil && protocol && found < 0 {
				return err
			}
			continue
		}
		if found >= 0 {
			return errTwoWays
		}
		found, behind = end, at
		try.into(r)
		if protocol {
			break
		}
	}
	if found < 0 {
		return reason
	}
	*c = behind
	r.RequestURI = value(rest[1:found])
	return nil
}

// endsInProtocol tells whether a URI ends in " HTTP/1.1" or the like.
func endsInProtocol(uri []byte) bool {
	n := len(uri)
	return n > 9 && string(uri[n-9:n-3]) == " HTTP/" && isDigit(uri[n-3]) && uri[n-2] == '.' && isDigit(uri[n-1])
}

// numbers reads the six fields from the status to the turn-around time.
func (c *cursor) numbers(r *numbers) error {
	status, ok := c.number(599)
	if !ok || status >= 0 && status < 100 {
		return errStatus
	}
	r.status = int32(status)
	r.errorCode = c.token()
	var n [4]int64
	for i := range n {
		limit := int64(1<<63 - 1)
		if i > 1 {
			limit = 1<<31 - 1
		}
		if n[i], ok = c.number(limit); !ok {
			return errNumber
		}
	}
	if c.at == len(c.line) {
		return errAgents
	}
	r.sent, r.size, r.total, r.turnAround = n[0], n[1], int32(n[2]), int32(n[3])
	return nil
}

// number reads a decimal number up to limit, or [None] for "-", and steps over
// the space behind it.
func (c *cursor) number(limit int64) (int64, bool) {
	const digits = 19 // of the largest int64
	line, at := c.line, c.at
	if at+1 < len(line) && line[at] == '-' && line[at+1] == ' ' {
		c.at = at + 2
		return None, true
	}
	var n uint64
	for i := at; i < len(line) && i <= at+digits; i++ {
		b := line[i]
		if b == ' ' {
			c.at = i + 1
			return int64(n), i > at && n <= uint64(limit)
		}
		if !isDigit(b) {
			return 0, false
		}
		n = n*10 + uint64(b-'0')
	}
	return 0, false
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// isIP tells whether tok is an IPv4 or IPv6 address.
func isIP(tok []byte) bool {
	part, digits, dots := 0, 0, 0
	for _, b := range tok {
		switch {
		case isDigit(b):
			part = part*10 + int(b-'0')
			if digits++; digits > 3 || part > 255 {
				return isIPv6(tok)
			}
		case b == '.' && digits > 0:
			part, digits = 0, 0
			dots++
		default:
			return isIPv6(tok)
		}
	}
	return dots == 3 && digits > 0
}

func isIPv6(tok []byte) bool {
	const longest = 45 // with an IPv4 address at the end
	if len(tok) > longest || bytes.IndexByte(tok, ':') < 0 {
		return false
	}
	at, err := netip.ParseAddr(string(tok))
	return err == nil && at.Zone() == ""
}
