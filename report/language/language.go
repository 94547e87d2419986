// Package language has the words of a packet. [Load] reads the file of a
// language from package templates; [Text.Say] fills one of its messages,
// [Text.Reason] says why something could not be judged, [Text.Phrase] translates
// what SQL and the state say in English, and the rest writes numbers, dates and
// sizes as the language does.
//
// A message has {name} in the place of a value, and {name:one|other} in the
// place of a word that goes with a number.
package language

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"bucketproof/internal/reason"
	"bucketproof/templates"
)

// Text is one language.
type Text struct {
	Name     string // as in the configuration
	tag      language.Tag
	printer  *message.Printer
	messages map[string]string
	exact    map[string]string // phrases without a place for anything
	phrases  []phrase          // the others, those with more fixed text first
}

// phrase is what SQL or the state says with something in it that varies.
type phrase struct {
	english *regexp.Regexp
	names   []string // of the places {1}, {2}, in their order
	here    string
	fixed   int // how much of it does not vary
}

// Load reads a language of [templates.Languages].
func Load(name string) (*Text, error) {
	file := "text/" + name + ".toml"
	body, err := templates.Text.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("language %q: %w", name, err)
	}
	var tree map[string]any
	if err := toml.Unmarshal(body, &tree); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	tag, err := language.Parse(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	t := &Text{Name: name, tag: tag, printer: message.NewPrinter(tag), messages: map[string]string{}, exact: map[string]string{}}
	phrases, _ := tree["phrase"].(map[string]any)
	delete(tree, "phrase")
	if err := flatten(t.messages, "", tree); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for english, here := range phrases {
		text, ok := here.(string)
		if !ok {
			return nil, fmt.Errorf("%s: phrase %q is no text", file, english)
		}
		t.addPhrase(english, text)
	}
	messages, said, err := templates.Words(name)
	if err != nil {
		return nil, err
	}
	maps.Copy(t.messages, messages)
	for english, here := range said {
		t.addPhrase(english, here)
	}
	slices.SortFunc(t.phrases, func(a, b phrase) int {
		if d := b.fixed - a.fixed; d != 0 {
			return d
		}
		return strings.Compare(a.here, b.here)
	})
	return t, nil
}

func flatten(into map[string]string, prefix string, tree map[string]any) error {
	for key, value := range tree {
		switch v := value.(type) {
		case string:
			into[prefix+key] = v
		case map[string]any:
			if err := flatten(into, prefix+key+".", v); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s%s is no text", prefix, key)
		}
	}
	return nil
}

var place = regexp.MustCompile(`\{[0-9]\}`)

func (t *Text) addPhrase(english, here string) {
	places := place.FindAllString(english, -1)
	if len(places) == 0 {
		t.exact[english] = here
		return
	}
	pattern, rest := "^", english
	for _, p := range places {
		before, after, _ := strings.Cut(rest, p)
		pattern += regexp.QuoteMeta(before) + `(.+?)`
		rest = after
	}
	pattern += regexp.QuoteMeta(rest) + "$"
	t.phrases = append(t.phrases, phrase{english: regexp.MustCompile(pattern), names: places, here: here,
		fixed: len(english) - 3*len(places)})
}

// Say fills the message key; pairs are names and values. Values are text, whole
// numbers, which are grouped, or what fmt makes of them. A key that the
// language lacks comes back in brackets.
func (t *Text) Say(key string, pairs ...any) string {
	m, ok := t.messages[key]
	if !ok {
		return "[" + key + "]"
	}
	return t.fill(m, pairs)
}

// Has tells whether the language has the message.
func (t *Text) Has(key string) bool { _, ok := t.messages[key]; return ok }

// Keys are those of all messages, sorted.
func (t *Text) Keys() []string {
	keys := make([]string, 0, len(t.messages))
	for k := range t.messages {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Or is Say, or the other text where the language lacks the message.
func (t *Text) Or(key, other string, pairs ...any) string {
	m, ok := t.messages[key]
	if !ok {
		m = other
	}
	return t.fill(m, pairs)
}

func (t *Text) fill(m string, pairs []any) string {
	if !strings.Contains(m, "{") {
		return m
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(m, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		end := closing(rest)
		if end < 0 {
			b.WriteString("{" + rest)
			return b.String()
		}
		inner := rest[:end]
		name, forms, isPlural := strings.Cut(inner, ":")
		value, known := lookup(pairs, name)
		switch {
		case !known:
			b.WriteString("{" + inner + "}")
		case isPlural:
			b.WriteString(t.fill(t.form(value, strings.Split(forms, "|")), pairs))
		default:
			b.WriteString(t.value(value))
		}
		m = rest[end+1:]
	}
}

// closing is where the brace that is open in front of s closes; -1 for nowhere.
func closing(s string) int {
	depth := 1
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func lookup(pairs []any, name string) (any, bool) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == name {
			return pairs[i+1], true
		}
	}
	return nil, false
}

func (t *Text) value(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return t.Integer(int64(v))
	case int64:
		return t.Integer(v)
	}
	return fmt.Sprint(v)
}

// pluralForms are the categories of CLDR in the order in which the forms of a
// message stand; a message has as many as its language uses.
var pluralForms = []plural.Form{plural.One, plural.Two, plural.Few, plural.Many, plural.Other}

// form is the word that goes with a number.
func (t *Text) form(value any, forms []string) string {
	n := int64(0)
	switch v := value.(type) {
	case int:
		n = int64(v)
	case int64:
		n = v
	}
	used := pluralForms
	if len(forms) == 2 {
		used = []plural.Form{plural.One, plural.Other}
	}
	small := int(n % 1_000_000) // rules look at the last digits; a large number is never one
	if n >= 1_000_000 {
		small += 1_000_000
	}
	want := plural.Cardinal.MatchPlural(t.tag, small, 0, 0, 0, 0)
	if i := slices.Index(used, want); i >= 0 && i < len(forms) {
		return forms[i]
	}
	return forms[len(forms)-1]
}

// Reason is why something could not be judged, in this language; "" for none. English is
// as [reason.Reason.String] has it, so that packets, CSV files and the command line agree.
func (t *Text) Reason(r reason.Reason) string {
	if text, ok := r.Text(); ok {
		return t.Phrase(text)
	}
	key := "why." + string(r.Code)
	if r.None() || t.Name == templates.Languages[0] || !t.Has(key) {
		return r.String()
	}
	var pairs []any
	for _, a := range r.Args {
		value := a.Value
		if m, ok := value.(reason.Minute); ok {
			value = t.minute(m)
		}
		pairs = append(pairs, a.Name, value)
	}
	return t.Say(key, pairs...)
}

// minute is a date with its year and the time.
func (t *Text) minute(m reason.Minute) string {
	at, err := m.Clock()
	if err != nil {
		return m.String()
	}
	return t.Date(at) + " " + at.Format("2006 15:04")
}

// Phrase is what SQL or the state said in English, in this language; unchanged where
// it is no known phrase.
func (t *Text) Phrase(english string) string {
	if here, ok := t.exact[english]; ok {
		return here
	}
	for _, p := range t.phrases {
		m := p.english.FindStringSubmatch(english)
		if m == nil {
			continue
		}
		out := p.here
		for i, name := range p.names {
			out = strings.ReplaceAll(out, name, "\x00"+strconv.Itoa(i)+"\x00") // a value may hold a place itself
		}
		for i := range p.names {
			out = strings.ReplaceAll(out, "\x00"+strconv.Itoa(i)+"\x00", t.part(m[i+1]))
		}
		return out
	}
	return english
}

// part writes what stands in a place of a phrase: a number, or a phrase itself.
func (t *Text) part(s string) string {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return t.Integer(n)
	}
	if here, ok := t.exact[s]; ok {
		return here
	}
	return s
}

// Integer groups the digits.
func (t *Text) Integer(n int64) string { return t.printer.Sprint(number.Decimal(n)) }

// Decimal has so many digits behind the point.
func (t *Text) Decimal(f float64, digits int) string {
	return t.printer.Sprint(number.Decimal(f, number.MinFractionDigits(digits), number.MaxFractionDigits(digits)))
}

var byteUnits = []string{"B", "KB", "MB", "GB", "TB", "PB", "EB"}

// Bytes is a number of bytes in powers of 1000, with two or three figures.
func (t *Text) Bytes(n int64) string { return t.bytes(n, 1) }

// Round is Bytes for a round number, such as one at an axis.
func (t *Text) Round(n int64) string { return t.bytes(n, 0) }

func (t *Text) bytes(n int64, digits int) string {
	if n < 0 && n != math.MinInt64 {
		return "-" + t.bytes(-n, digits)
	}
	if n < 1000 {
		return t.Integer(n) + " B"
	}
	f, unit := float64(n), 0
	for f >= 999.5 && unit < len(byteUnits)-1 {
		f /= 1000
		unit++
	}
	if f >= 99.95 {
		digits = 0
	}
	if digits == 0 && f < 99.95 && f != float64(int64(f)) {
		digits = 1
	}
	return t.Decimal(f, digits) + " " + byteUnits[unit]
}

// Percent is a share with two digits. It says 100 only where it is all, and 0
// only where it is nothing; of nothing it is a dash.
func (t *Text) Percent(part, whole int64) string {
	if whole == 0 {
		return "–"
	}
	share := 100 * float64(part) / float64(whole)
	switch {
	case part == whole:
		return "100 %"
	case share > 99.99:
		return "> " + t.Decimal(99.99, 2) + " %"
	case part > 0 && share < 0.01:
		return "< " + t.Decimal(0.01, 2) + " %"
	}
	return t.Decimal(share, 2) + " %"
}

// Change is by how much a figure differs from an earlier one, in whole percent.
func (t *Text) Change(before, after int64) string {
	if before == 0 {
		return "–"
	}
	change := 100 * float64(after-before) / float64(before)
	if change > -0.5 && change < 0.5 {
		return "± 0 %"
	}
	sign := "+"
	if change < 0 {
		sign, change = "−", -change
	}
	return sign + t.Integer(int64(change+0.5)) + " %"
}

// Date is the day and the month, such as 12 Oct.
func (t *Text) Date(at time.Time) string {
	return t.Say("date.short", "d", strconv.Itoa(at.Day()), "mon", t.Say("mon."+strconv.Itoa(int(at.Month()))))
}

// LongDate has the year too, such as 12 Oct 2026.
func (t *Text) LongDate(at time.Time) string { return t.Date(at) + " " + strconv.Itoa(at.Year()) }

// Day is Date of a YYYY-MM-DD, which it returns unchanged where it is none.
func (t *Text) Day(date string) string {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.Date(at)
}

// Time is a date with hours and minutes, in the zone of at.
func (t *Text) Time(at time.Time) string { return t.Date(at) + " " + at.Format("15:04") }

// Month is such as October 2026.
func (t *Text) Month(at time.Time) string {
	return t.Say("month."+strconv.Itoa(int(at.Month()))) + " " + strconv.Itoa(at.Year())
}

// Weekday is short, such as Mon.
func (t *Text) Weekday(d time.Weekday) string { return t.Say("weekday." + strconv.Itoa(int(d))) }

// List joins names, and counts those past the limit.
func (t *Text) List(names []string, limit int) string {
	if len(names) > limit {
		return t.Say("list.more", "list", strings.Join(names[:limit], ", "), "n", len(names)-limit)
	}
	return strings.Join(names, ", ")
}
