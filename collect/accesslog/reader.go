package accesslog

import (
	"bytes"
	"io"
	"regexp"
	"strings"
)

// Reader reads the records of one log object. It distinguishes a last line that was cut off
// from one that only lacks its newline.
type Reader struct {
	lines  *Lines
	parser Parser
	fields int    // most fields seen in a line
	last   []byte // the line of the record before
}

// NewReader reads from src.
func NewReader(src io.Reader) *Reader { return &Reader{lines: NewLines(src)} }

// ReadBytes reads from content that is in memory, without copying it: lines and
// records point into it and are valid as long as it is.
func ReadBytes(content []byte) *Reader {
	return &Reader{lines: &Lines{buf: content, end: len(content), eof: true}}
}

// Next reads the next line that is not blank into rec. If the line can't be read, rejected
// is the reason and rec is undefined. The error is io.EOF after the last line, or that of
// the source. What line and rec point to does not change afterwards.
func (r *Reader) Next(rec *Record) (line Line, rejected, err error) {
	for {
		if line, err = r.lines.Next(); err != nil {
			return line, nil, err
		}
		if len(bytes.TrimSpace(line.Text)) > 0 {
			break
		}
	}
	if line.TooLong {
		return line, ErrTooLong, nil
	}
	if line.Number == 1 {
		line.Text = bytes.TrimPrefix(line.Text, []byte("\xef\xbb\xbf")) // what an editor puts in front
	}
	rejected = r.parser.Parse(line.Text, rec)
	if !line.Terminated && (rejected != nil && r.fields > 0 || rejected == nil && r.cutOff(line.Text, rec)) {
		return line, ErrIncomplete, nil
	}
	if rejected == nil {
		r.fields = max(r.fields, rec.Fields)
		r.last = line.Text
	}
	return line, rejected, nil
}

// cutOff tells whether a readable last line lacks fields that the lines before
// it have, or the end of its last field.
func (r *Reader) cutOff(text []byte, rec *Record) bool {
	last := lastField(text)
	if r.fields == 0 {
		return !wholeField(rec.Fields, string(last))
	}
	before := lastField(r.last)
	return rec.Fields < r.fields || len(last) < len(before) && bytes.HasPrefix(before, last) && string(last) != "-"
}

var (
	wholeTLS    = regexp.MustCompile(`(?i)^tlsv1\.[0-9]$`)
	wholeRegion = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)
)

// wholeField tells whether the last field of the only line of an object can be
// the whole of it. A version ID does not show it.
func wholeField(fields int, last string) bool {
	switch {
	case fields == fieldsToVersion:
		return false
	case last == "-" || fields > knownFields:
		return true
	case fields == fieldsToTLS:
		return wholeTLS.MatchString(last)
	case fields == knownFields-2:
		return strings.Contains(last, ":accesspoint")
	case fields == knownFields-1:
		return last == "Yes"
	}
	return wholeRegion.MatchString(last)
}

func lastField(text []byte) []byte {
	text = bytes.TrimRight(text, " \r")
	return text[bytes.LastIndexByte(text, ' ')+1:]
}
