package reports

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

var (
	amountForm = regexp.MustCompile(`^([0-9][0-9 .,'\x{a0}\x{202f}]*)\s*([A-Za-z]*)$`)
	comma      = regexp.MustCompile(`^\d+,(?:\d{1,2}|\d{4,})$|\.\d{3},\d|^0,\d`)
	point      = regexp.MustCompile(`^\d+\.(?:\d{1,2}|\d{4,})$|,\d{3}\.\d|^0\.\d`)
)

// units of bytes. Backup tools write KB, MB, GB and TB and mean powers of 1024.
var units = map[string]float64{"": 1, "b": 1, "byte": 1, "bytes": 1, "k": 1 << 10, "kb": 1 << 10, "kib": 1 << 10,
	"m": 1 << 20, "mb": 1 << 20, "mib": 1 << 20,
	"g": 1 << 30, "gb": 1 << 30, "gib": 1 << 30, "t": 1 << 40, "tb": 1 << 40, "tib": 1 << 40, "p": 1 << 50, "pb": 1 << 50, "pib": 1 << 50}

// decimalComma tells whether the amounts of a file have a comma in front of their
// decimals. Those that can be read only one way decide; where none does, files with
// semicolons between their columns have one.
func decimalComma(amounts []string, semicolons bool) bool {
	commas, points := 0, 0
	for _, a := range amounts {
		m := amountForm.FindStringSubmatch(strings.TrimSpace(a))
		if m == nil {
			continue
		}
		switch digits := strings.TrimSpace(m[1]); {
		case comma.MatchString(digits):
			commas++
		case point.MatchString(digits):
			points++
		}
	}
	if commas != points {
		return commas > points
	}
	return semicolons
}

// amount reads a number of bytes or objects, such as 1048576, "1.5 GB", "1,5 GB" or
// "1.048.576".
func amount(text string, decimalComma bool) (int64, error) {
	text = strings.TrimSpace(text)
	if text == "" || text == "-" {
		return Unknown, nil
	}
	m := amountForm.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("%q is no number", text)
	}
	unit, ok := units[strings.ToLower(m[2])]
	if !ok {
		return 0, fmt.Errorf("%q has a unit that is not known; write bytes, KB, MB, GB or TB", text)
	}
	digits := strings.NewReplacer(" ", "", "'", "", "\u00a0", "", "\u202f", "").Replace(m[1])
	if decimalComma {
		digits = strings.ReplaceAll(strings.ReplaceAll(digits, ".", ""), ",", ".")
	} else {
		digits = strings.ReplaceAll(digits, ",", "")
	}
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil && unit == 1 {
		return n, nil
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil || f*unit >= 1<<62 {
		return 0, fmt.Errorf("%q is no number", text)
	}
	return int64(math.Round(f * unit)), nil
}
