package templates

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/dustin/go-humanize"
)

// Threshold is a number that a check compares with, and that the configuration can set
// for all tenants or for one. It is declared once, in the header of a check:
//
//	-- threshold: delete_spike = 50, 1 to 1000000: at least so many deleted objects in a day
//	-- threshold: large_download = 10GiB: at least so much read in a day
//
// From there come the key of [checks] with its default and bounds, the parameter of that
// name in every statement, and the line of the commented configuration. A key that ends in
// _percent is a parameter without the ending, whose value is the share from 0 to 1.
type Threshold struct {
	Check       string // in whose header it is declared
	Key         string // in [checks]
	Default     int64  // as the configuration counts: percent, bytes of a size
	Written     string // the default as the configuration writes it
	Size        bool   // a number of bytes, of which any above 0 will do
	Least, Most int64  // of what is no size
	Note        string
}

const percent = "_percent"

// Parameter is the name under which statements use the threshold.
func (t Threshold) Parameter() string { return strings.TrimSuffix(t.Key, percent) }

// Value is what a statement gets for the number of a configuration: an int64, or the
// float64 of a share.
func (t Threshold) Value(n int64) any {
	if strings.HasSuffix(t.Key, percent) {
		return float64(n) / 100
	}
	return n
}

// settled are the thresholds whose place among the others stays, because the fingerprint
// of a configuration (decision 0039) is of its bytes. Others follow by their keys.
var settled = []string{"deviations", "delete_spike", "error_rate_percent", "errors", "large_download", "backup_volume",
	"access_denied_burst", "metrics_differ_percent"}

// Thresholds are those of all checks, always in the same order. A header that can't be
// read is a fault of the program, and panics.
var Thresholds = sync.OnceValue(func() []Threshold {
	files, err := Checks.ReadDir("checks")
	if err != nil {
		panic(err)
	}
	var out []Threshold
	for _, f := range files {
		text, err := Checks.ReadFile(path.Join("checks", f.Name()))
		if err != nil {
			panic(err)
		}
		found, err := readThresholds(f.Name(), string(text))
		if err != nil {
			panic(fmt.Errorf("templates/checks/%w", err))
		}
		for _, t := range found {
			if i := slices.IndexFunc(out, func(o Threshold) bool { return o.Parameter() == t.Parameter() }); i >= 0 {
				panic(fmt.Errorf("templates/checks/%s: threshold %s is declared by %s, too", f.Name(), t.Key, out[i].Check))
			}
			out = append(out, t)
		}
	}
	place := func(t Threshold) int {
		if i := slices.Index(settled, t.Key); i >= 0 {
			return i
		}
		return len(settled)
	}
	slices.SortFunc(out, func(a, b Threshold) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), strings.Compare(a.Key, b.Key))
	})
	return out
})

var (
	numberThreshold = regexp.MustCompile(`^([a-z][a-z_]*) = (\d+), (\d+) to (\d+): (\S.*)$`)
	sizeThreshold   = regexp.MustCompile(`^([a-z][a-z_]*) = (\d+[KMGT]iB): (\S.*)$`)
)

// readThresholds reads those that a check declares. File is its name, for errors.
func readThresholds(file, text string) (out []Threshold, err error) {
	header, _, _ := ReadHeader(text)
	for _, d := range header {
		if d.Key != "threshold" {
			continue
		}
		t := Threshold{Check: strings.TrimSuffix(file, ".sql")}
		var numbers [3]int64
		if m := sizeThreshold.FindStringSubmatch(d.Value); m != nil {
			n, err := humanize.ParseBytes(m[2])
			if err != nil {
				return nil, fmt.Errorf("%s:%d: threshold %s: %w", file, d.Line, m[1], err)
			}
			t.Key, t.Default, t.Written, t.Size, t.Note = m[1], int64(n), strconv.Quote(m[2]), true, m[3]
		} else if m := numberThreshold.FindStringSubmatch(d.Value); m != nil {
			for i := range numbers {
				if numbers[i], err = strconv.ParseInt(m[2+i], 10, 64); err != nil {
					return nil, fmt.Errorf("%s:%d: threshold %s: %w", file, d.Line, m[1], err)
				}
			}
			t.Key, t.Default, t.Least, t.Most, t.Written, t.Note = m[1], numbers[0], numbers[1], numbers[2], m[2], m[5]
		}
		switch {
		case t.Key == "":
			return nil, fmt.Errorf("%s:%d: threshold is %q; write `key = 50, 1 to 1000: what it means`, or `key = 10GiB: what it means`",
				file, d.Line, d.Value)
		case !t.Size && (t.Default < t.Least || t.Default > t.Most):
			return nil, fmt.Errorf("%s:%d: threshold %s is %d, out of its own bounds, %d to %d",
				file, d.Line, t.Key, t.Default, t.Least, t.Most)
		}
		out = append(out, t)
	}
	return out, nil
}
