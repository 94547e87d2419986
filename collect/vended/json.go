package vended

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/valyala/fastjson"

	"bucketproof/collect/accesslog"
	"bucketproof/internal/dataset"
)

// IsJSON tells from the beginning of some content whether it is lines of JSON
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

// Next reads the next line that is not blank into rec, like
// [accesslog.Reader.Next].
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
		return line, accesslog.ErrTooLong, nil
	}
	if rejected = r.parse(bytes.TrimPrefix(line.Text, []byte("\xef\xbb\xbf")), rec); rejected != nil && !line.Terminated {
		rejected = accesslog.ErrIncomplete
	}
	return line, rejected, nil
}

func (r *JSON) parse(line []byte, rec *dataset.Record) error {
	// The parser lets some wrong JSON pass.
	if !json.Valid(line) {
		return errObject
	}
	v, err := r.parser.ParseBytes(line)
	if err != nil {
		return fmt.Errorf("%w: %w", errObject, err)
	}
	object, err := v.Object()
	if err != nil {
		return errObject
	}
	begin(rec)
	var extra []byte
	// The parser's text is its own; the record's must last.
	held := make([]byte, 0, len(line))
	object.Visit(func(key []byte, v *fastjson.Value) {
		if err != nil {
			return
		}
		var field value
		switch v.Type() {
		case fastjson.TypeNull:
		case fastjson.TypeString:
			s := v.GetStringBytes()
			from := len(held)
			held = append(held, s...)
			field = value{kind: text, text: held[from:len(held):len(held)]}
		case fastjson.TypeNumber:
			field = value{kind: number, number: v.GetFloat64()}
		case fastjson.TypeTrue:
			field = value{kind: boolean, number: 1}
		case fastjson.TypeFalse:
			field = value{kind: boolean}
		default:
			field = value{kind: other}
		}
		known, serr := set(rec, key, field)
		if err = serr; !known && field.kind != unknown {
			extra = appendField(extra, key, v.MarshalTo(nil))
		}
	})
	if err != nil {
		return err
	}
	if extra != nil {
		rec.Extra = append(extra, '}')
	}
	return complete(rec)
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
