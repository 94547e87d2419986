package vended

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"

	"github.com/valyala/fastjson"

	"bucketproof/collect/accesslog"
	"bucketproof/internal/dataset"
)

// IsJSON tells from the beginning of some content whether it consists of lines of JSON
// objects.
func IsJSON(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	return len(head) > 0 && head[0] == '{'
}

// JSON reads a log object of JSON lines.
type JSON struct {
	lines  *accesslog.Lines
	parser fastjson.Parser
}

// NewJSON reads from src.
func NewJSON(src io.Reader) *JSON { return &JSON{lines: accesslog.NewLines(src)} }

// Next reads the next line that is not blank into rec, like [accesslog.Reader.Next]. If the
// line is rejected, rec.Bucket is the bucket that it names, or nil.
func (r *JSON) Next(rec *dataset.Record) (line accesslog.Line, rejected, err error) {
	for {
		if line, err = r.lines.Next(); err != nil {
			return line, nil, err
		}
		if len(bytes.TrimSpace(line.Text)) > 0 {
			break
		}
	}
	if line.TooLong {
		rec.Bucket = named(line.Text)
		return line, accesslog.ErrTooLong, nil
	}
	if rejected = r.parse(bytes.TrimPrefix(line.Text, []byte("\xef\xbb\xbf")), rec); rejected != nil && !line.Terminated {
		rejected = accesslog.ErrIncomplete
	}
	return line, rejected, nil
}

// bucketName finds the bucket in a line that is not whole.
var bucketName = regexp.MustCompile(`"bucket_(?:name"\s*:\s*"|arn"\s*:\s*"arn:[a-z-]+:s3:::)([a-z0-9.-]+)"`)

func named(line []byte) []byte {
	if m := bucketName.FindSubmatch(line); m != nil {
		return m[1]
	}
	return nil
}

func (r *JSON) parse(line []byte, rec *dataset.Record) error {
	// The parser lets some wrong JSON pass.
	if !json.Valid(line) {
		rec.Bucket = named(line)
		return errObject
	}
	v, err := r.parser.ParseBytes(line)
	if err != nil { // nested deeper than it goes
		rec.Bucket = named(line)
		return fmt.Errorf("%w: %w", errObject, err)
	}
	object, err := v.Object()
	if err != nil {
		rec.Bucket = nil
		return errObject
	}
	out := begin(rec)
	more := false
	// The parser's text is its own; the record's must last.
	held := make([]byte, 0, len(line))
	keep := func(s []byte) []byte {
		from := len(held)
		held = append(held, s...)
		return held[from:len(held):len(held)]
	}
	object.Visit(func(key []byte, v *fastjson.Value) {
		var field value
		switch v.Type() {
		case fastjson.TypeNull:
		case fastjson.TypeString:
			field = value{kind: text, text: keep(v.GetStringBytes())}
		case fastjson.TypeNumber:
			field = value{kind: number, text: keep(v.MarshalTo(nil))}
		case fastjson.TypeTrue:
			field = value{kind: boolean, text: []byte("true")}
		case fastjson.TypeFalse:
			field = value{kind: boolean, text: []byte("false")}
		default:
			field = value{kind: other}
		}
		known := out.set(key, field)
		more = more || !known && field.kind != unknown
	})
	if more && out.err == nil {
		if rec.Extra, err = extra(line); err != nil {
			return fmt.Errorf("%w: %w", errObject, err)
		}
	}
	return out.end()
}

// extra is the members of an object that are not of the format, as an object in
// the order of their names.
func extra(line []byte) ([]byte, error) {
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(line, &members); err != nil {
		return nil, err
	}
	var out []byte
	for _, name := range slices.Sorted(maps.Keys(members)) {
		r := begin(&dataset.Record{})
		if string(members[name]) != "null" && !r.set([]byte(name), value{}) {
			out = appendField(out, []byte(name), bytes.ToValidUTF8(members[name], []byte("\ufffd")))
		}
	}
	return append(out, '}'), nil
}

// appendField adds a member to a JSON object that lacks its end.
func appendField(object, key, value []byte) []byte {
	sep := byte(',')
	if object == nil {
		sep = '{'
	}
	name, err := json.Marshal(string(key))
	if err != nil {
		name = []byte(`""`) // a string has no error
	}
	return append(append(append(append(object, sep), name...), ':'), value...)
}
