// Package reason says why a day, a night, a check or a witness could not be judged. A
// [Reason] is a code with arguments: code decides by [Reason.Cause] and by codes, a
// packet prints it in its language, and the state keeps it as JSON. The functions of
// this package that return a Reason are the only ones that make them.
//
// The English words of a code are the message why.CODE of templates/text/en.toml;
// [Reason.String] fills them, and package report/language has those of every language.
package reason

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Reason is why something could not be judged. The zero value is no reason. Reasons
// compare with ==; of a time the minute counts, as in the words.
type Reason struct {
	Code Code
	Args [maxArgs]Arg // those that the code has, in their order
}

// maxArgs is how many arguments a reason can have.
const maxArgs = 3

// Arg is an argument, which stands in the place {name} of the words.
type Arg struct {
	Name  string
	Value any // an int64; a string, which nothing translates; or a Minute
}

// Minute is a date and the time of its clock, in the tenant's zone: 2006-01-02T15:04.
type Minute string

const minuteLayout = "2006-01-02T15:04"

// minute is what the clocks of t's zone show.
func minute(t time.Time) Minute { return Minute(t.Format(minuteLayout)) }

// Clock is the minute as a time whose zone means nothing.
func (m Minute) Clock() (time.Time, error) { return time.Parse(minuteLayout, string(m)) }

// String is such as 2 Jan 2006 15:04.
func (m Minute) String() string {
	at, err := m.Clock()
	if err != nil {
		return string(m)
	}
	return at.Format("2 Jan 2006 15:04")
}

// None tells whether there is no reason.
func (r Reason) None() bool { return r.Code == "" }

// Text is the text of a sentence; ok is false for any other reason.
func (r Reason) Text() (text string, ok bool) {
	if r.Code != codeSentence {
		return "", false
	}
	text, ok = r.Args[0].Value.(string)
	return text, ok
}

// String is the reason in English, as the command line, CSV files and tables have it; ""
// for none.
func (r Reason) String() string {
	if r.None() {
		return ""
	}
	if text, ok := r.Text(); ok {
		return text
	}
	words, ok := english()[string(r.Code)]
	if !ok {
		return fmt.Sprint(string(r.Code), r.Args)
	}
	var pairs []string
	for _, a := range r.Args {
		if a.Name != "" {
			pairs = append(pairs, "{"+a.Name+"}", inEnglish(a.Value))
		}
	}
	return strings.NewReplacer(pairs...).Replace(words)
}

func inEnglish(value any) string {
	if n, ok := value.(int64); ok {
		return strconv.FormatInt(n, 10)
	}
	return fmt.Sprint(value)
}

// stored is how the state keeps a reason.
type stored struct {
	Code Code           `json:"code"`
	Args map[string]any `json:"args,omitempty"`
}

// storedMinute keeps a Minute apart from a name.
type storedMinute struct {
	Minute Minute `json:"minute"`
}

// mark is how a stored reason begins. A text that begins otherwise is a sentence.
const mark = `{"code":`

// Value is the reason as the state keeps it: "" for none, else JSON. A sentence stays as
// it is, unless it looks like JSON of a reason.
func (r Reason) Value() (driver.Value, error) {
	if r.None() {
		return "", nil
	}
	if text, ok := r.Text(); ok && !strings.HasPrefix(text, mark) {
		return text, nil
	}
	s := stored{Code: r.Code, Args: map[string]any{}}
	for _, a := range r.Args {
		if m, ok := a.Value.(Minute); ok {
			s.Args[a.Name] = storedMinute{m}
		} else if a.Name != "" {
			s.Args[a.Name] = a.Value
		}
	}
	body, err := json.Marshal(s)
	return string(body), err
}

// Scan reads what Value or an earlier version of the program has written, which wrote
// sentences. What is no reason of this version is a sentence, too: nothing that is
// stored can keep a state from being read.
func (r *Reason) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		*r = Reason{}
	case string:
		*r = parse(v)
	case []byte:
		*r = parse(string(v))
	default:
		return fmt.Errorf("read a reason: it is stored as %T, and not as text", value)
	}
	return nil
}

func parse(text string) Reason {
	if !strings.HasPrefix(text, mark) {
		return Sentence(text)
	}
	r, err := decode([]byte(text))
	if err != nil {
		return Sentence(text)
	}
	return r
}

var errUnknown = errors.New("no reason of this version")

// decode takes exactly what Value writes: a code, and the arguments that it has, of
// their types.
func decode(body []byte) (Reason, error) {
	var s struct {
		Code Code                       `json:"code"`
		Args map[string]json.RawMessage `json:"args"`
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return Reason{}, err
	}
	def, ok := definitions[s.Code]
	if !ok || len(s.Args) != len(def.params) {
		return Reason{}, errUnknown
	}
	r := Reason{Code: s.Code}
	for i, p := range def.params {
		value, err := p.decode(s.Args[p.name])
		if err != nil {
			return Reason{}, err
		}
		r.Args[i] = Arg{p.name, value}
	}
	return r, nil
}

// param is an argument that the words of a code have.
type param struct {
	name string
	kind kind
}

// kind is of what type an argument is.
type kind int

const (
	number kind = iota
	name        // a name or a text of others
	clock
)

func (p param) decode(body json.RawMessage) (any, error) {
	switch p.kind {
	case number:
		n, err := strconv.ParseInt(string(body), 10, 64)
		return n, err
	case clock:
		var m storedMinute
		err := json.Unmarshal(body, &m)
		if err == nil {
			_, err = m.Minute.Clock()
		}
		return m.Minute, err
	}
	if !bytes.HasPrefix(body, []byte(`"`)) {
		return nil, errUnknown
	}
	var s string
	err := json.Unmarshal(body, &s)
	return s, err
}
