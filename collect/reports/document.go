package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// object is an object of a JSON document: its members by name, in lower case and
// without what separates words, as different versions of a tool write backupJobId,
// BackupJobId and backup_job_id.
type object struct {
	line    int64
	members map[string]any // string, json.Number, bool, nil, []any or *object
}

const maxDepth = 32

// fold makes the names of members and columns comparable.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '_', '-', '.', '\u00a0':
			return -1
		}
		return r
	}, strings.ToLower(strings.TrimSpace(name)))
}

// has tells whether an object has one of the members.
func (o *object) has(names ...string) bool {
	return o != nil && slices.ContainsFunc(names, func(n string) bool { return o.members[n] != nil && o.members[n] != "" })
}

// text is the first of the members that is a text, a number or a truth value.
// PowerShell wraps a date or an enumeration into an object with a value.
func (o *object) text(names ...string) string {
	if o == nil {
		return ""
	}
	for _, n := range names {
		switch v := o.members[n].(type) {
		case string:
			if v != "" {
				return v
			}
		case json.Number:
			return v.String()
		case bool:
			return strconv.FormatBool(v)
		case *object:
			if v.has("value") {
				return v.text("value")
			}
		}
	}
	return ""
}

func (o *object) child(names ...string) *object {
	if o == nil {
		return nil
	}
	for _, n := range names {
		if c, ok := o.members[n].(*object); ok {
			return c
		}
	}
	return nil
}

func (o *object) list(name string) []any {
	if o == nil {
		return nil
	}
	l, _ := o.members[name].([]any)
	return l
}

// count is a number of bytes, objects or errors; Unknown where there is none.
func (o *object) count(names ...string) int64 {
	f, err := strconv.ParseFloat(o.text(names...), 64)
	if err != nil || f < 0 || f > 1<<62 {
		return Unknown
	}
	return int64(f)
}

func (o *object) float(name string) float64 {
	f, _ := strconv.ParseFloat(o.text(name), 64) // 0 for what is no number
	return f
}

// reader reads JSON token by token, so that what stands in front of a fault is not
// lost, and every object knows its line.
type reader struct {
	*json.Decoder
	text   []byte
	line   int64 // of at
	at     int64
	values int
}

func newReader(text []byte, line int64) *reader {
	r := &reader{Decoder: json.NewDecoder(bytes.NewReader(text)), text: text, line: line}
	r.UseNumber()
	return r
}

func (r *reader) here() int64 {
	to := min(r.InputOffset(), int64(len(r.text)))
	r.line += int64(bytes.Count(r.text[r.at:to], []byte("\n")))
	r.at = to
	return r.line
}

// value reads the next value. Where it fails it returns what it has read so far.
func (r *reader) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it is nested more than %d deep", maxDepth)
	}
	if r.values++; r.values > maxValues {
		return nil, fmt.Errorf("it has more than %d values; write one report a month or a day", maxValues)
	}
	token, err := r.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		o := &object{line: r.here(), members: map[string]any{}}
		for r.More() {
			name, err := r.Token()
			if err != nil {
				o.members[broken] = true
				return o, err
			}
			key, ok := name.(string)
			if !ok {
				return o, errors.New("a name of a member is missing")
			}
			v, err := r.value(depth + 1)
			if v != nil && (err == nil || !isScalar(v)) {
				o.members[fold(key)] = v
			}
			if err != nil {
				o.members[broken] = true
				return o, err
			}
		}
		_, err := r.Token()
		if err != nil {
			o.members[broken] = true
		}
		return o, err
	case json.Delim('['):
		var list []any
		for r.More() {
			v, err := r.value(depth + 1)
			if v != nil {
				list = append(list, v)
			}
			if err != nil {
				return list, err
			}
		}
		_, err := r.Token()
		return list, err
	}
	return token, nil
}

// broken marks an object that the text ends in the middle of.
const broken = "\x00broken"

func isScalar(v any) bool {
	switch v.(type) {
	case *object, []any:
		return false
	}
	return true
}

// oneObjectALine tells whether a text that begins with an object has one on each
// line, and is not one document over many lines.
func oneObjectALine(text string) bool {
	first, _, more := strings.Cut(strings.TrimSpace(text), "\n")
	return more && isObject(first) || more && !json.Valid([]byte(text)) && hasObjectLine(text) && !documents(text)
}

// documents tells whether a text is JSON documents behind each other.
func documents(text string) bool {
	r := newReader([]byte(text), 1)
	for {
		if _, err := r.value(0); errors.Is(err, io.EOF) {
			return true
		} else if err != nil {
			return false
		}
	}
}

func isObject(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, "{") && json.Valid([]byte(line))
}

// hasObjectLine tells whether most of the lines that begin like an object are one.
func hasObjectLine(text string) bool {
	whole, cut := 0, 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case isObject(line):
			whole++
		case strings.HasPrefix(line, "{"):
			cut++
		}
	}
	return whole > cut
}

// readDocument reads one JSON document, or several behind each other.
func (p *parser) readDocument(text string) {
	r := newReader([]byte(text), 1)
	for !p.stop() {
		v, err := r.value(0)
		if errors.Is(err, io.EOF) && v == nil {
			return
		}
		p.walk(v, nil)
		if err == nil {
			continue
		}
		line := r.here()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			p.problem(int64(strings.Count(text, "\n")+1), "it ends in the middle of its JSON; was it written to the end?")
		default:
			p.problem(line, "no JSON from here on: %s", err)
		}
		return
	}
}

// walk finds the sessions in a document, wherever they stand in it, and tells
// whether there are any. Around is the object around it.
func (p *parser) walk(v any, around *object) (found bool) {
	switch v := v.(type) {
	case []any:
		if len(v) == 0 && around != nil && isListing(around) {
			p.known = true
		}
		var others []int64 // lines of items that are no sessions
		for _, item := range v {
			if p.stop() {
				break
			}
			if p.walk(item, around) {
				found = true
			} else if o, ok := item.(*object); ok && !o.has(broken) {
				others = append(others, o.line)
			}
		}
		for _, line := range others {
			if found {
				p.problem(line, "an item of the list lacks what the others have: its ID, start or status")
			}
		}
	case *object:
		if v.has(broken) && !holdsMore(v) {
			return false // the end of the text says it
		}
		if p.recognize(v) {
			return true
		}
		for _, name := range sortedNames(v) {
			if !isScalar(v.members[name]) && p.walk(v.members[name], v) {
				found = true
			}
		}
	}
	return found
}

func sortedNames(o *object) []string {
	names := make([]string, 0, len(o.members))
	for n := range o.members {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func holdsMore(o *object) bool {
	for _, v := range o.members {
		if !isScalar(v) {
			return true
		}
	}
	return false
}

// isListing tells whether an object is what a tool answers with, so that an empty
// list in it means that there was nothing to tell.
func isListing(o *object) bool {
	return o.has("reportitems", "backupjobs", "copyjobs", "pagination", "backupjobsessions") || o.has("repository") && o.has("archives")
}

// recognize adds the session that an object is, and tells whether it is one.
func (p *parser) recognize(o *object) bool {
	for _, form := range []func(*parser, *object) bool{(*parser).aws, (*parser).duplicati, (*parser).kopia,
		(*parser).borg, (*parser).msp360, (*parser).veeam} {
		if form(p, o) {
			p.known = true
			return true
		}
	}
	switch {
	case o.has("messagetype"):
		p.restic(o, o.line)
	case o.has("time") && o.has("level", "stats"):
		p.rclone(o, o.line)
	default:
		return false
	}
	p.endLines()
	return true
}

// readLines reads a log with one JSON object a line.
func (p *parser) readLines(text string) {
	n := int64(0)
	for line := range strings.Lines(text) {
		if n++; p.stop() {
			break
		}
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if !strings.HasPrefix(line, "{") {
			p.plainLine(line, n)
			continue
		}
		v, err := newReader([]byte(line), n).value(0)
		o, ok := v.(*object)
		if err != nil || !ok {
			p.problem(n, "no JSON; was the line written to its end?")
			p.lines.lost()
			continue
		}
		switch {
		case o.has("messagetype"):
			p.restic(o, n)
		case o.has("time") && o.has("level", "stats"):
			p.rclone(o, n)
		case o.text("type") == "log_message" && o.has("levelname"):
			p.borgLog(o)
		case p.recognize(o):
		default:
			p.walkKnown(o, n)
		}
	}
	p.endLines()
}

// walkKnown looks for sessions deeper in a line, and notes a line that has none.
func (p *parser) walkKnown(o *object, line int64) {
	known := p.known
	p.known = false
	if !p.walk(o, nil) && !p.known {
		p.problem(line, "%s", unknownForm)
	}
	p.known = p.known || known
}
