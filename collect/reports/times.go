package reports

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// numeric is a date of three numbers, with or without a time and a zone.
var numeric = regexp.MustCompile(`^(?:\pL{2,10}\.?,? +)?(\d{1,4})([-./])(\d{1,2})([-./])(\d{1,4})` +
	`(?:(?:[T,]| )\s*(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,](\d{1,9})\d*)?)?\s*([AaPp]\.?\s?[Mm]\.?)?)?` +
	`\s*(Z|z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?$`)

// jsonDate is how PowerShell 5.1 and other .NET programs write an instant.
var jsonDate = regexp.MustCompile(`^\\?/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\\?/$`)

// words are layouts that name the month.
var words = []string{"2 Jan 2006 15:04:05", "2 Jan 2006 15:04", "2-Jan-2006 15:04:05", "2-Jan-2006 15:04",
	"Jan 2, 2006 3:04:05 PM", "Jan 2, 2006 3:04 PM",
	"Jan 2, 2006 15:04:05", "Jan 2, 2006 15:04", "January 2, 2006 3:04:05 PM", "January 2, 2006 15:04:05",
	"2 January 2006 15:04:05", "2 January 2006 15:04",
	time.RFC1123, time.RFC1123Z, time.ANSIC, time.UnixDate, "2 Jan 2006", "Jan 2, 2006", "2-Jan-2006"}

// needsOrder tells whether only the order of day and month says what a date means.
func needsOrder(text string) bool {
	m := numeric.FindStringSubmatch(strings.TrimSpace(text))
	return m != nil && len(m[1]) < 3 && m[2] != "." && m[1] != m[3] && number(m[1]) <= 12 && number(m[3]) <= 12
}

func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return -1 // no digits, or more than an int holds
	}
	return n
}

// inferOrder finds the order of day and month that the dates of a file have. One
// that can only be read with the day first, or the month first, decides for all of
// them; refused says why none does. Dates that begin with the year, and those with
// points between, need no decision.
func inferOrder(times []string) (order, refused string) {
	var day, month, open int
	for _, text := range times {
		m := numeric.FindStringSubmatch(strings.TrimSpace(text))
		if m == nil || len(m[1]) > 2 || m[2] == "." {
			continue
		}
		switch a, b := number(m[1]), number(m[3]); {
		case a > 12 && b <= 12:
			day++
		case b > 12 && a <= 12:
			month++
		case a != b:
			open++
		}
	}
	switch {
	case day > month:
		return "dmy", ""
	case month > day:
		return "mdy", ""
	case day > 0:
		return "dmy",
			"the file has dates with the day first and dates with the month first; name the one that is right in report_columns.layout"
	case open > 0:
		return "dmy",
			"day and month can't be told apart in this file; name the order in report_columns.layout, \"DD/MM/YYYY\" or \"MM/DD/YYYY\""
	}
	return "dmy", ""
}

// parseTime reads a time. Order is that of day, month and year; dates that begin
// with the year have it first whatever the order is, and dates with points between
// have the day first unless the order was named. A time without a zone is of loc.
func parseTime(text, order string, loc *time.Location) (time.Time, error) {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return time.Time{}, fmt.Errorf("there is no time")
	}
	if m := jsonDate.FindStringSubmatch(text); m != nil {
		return plausible(time.UnixMilli(int64(number(m[1]))), text)
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		switch {
		case n >= 1e9 && n < 1e10: // seconds since 1970
			return plausible(time.UnixMilli(int64(n*1000)), text)
		case n >= 1e12 && n < 1e13: // milliseconds
			return plausible(time.UnixMilli(int64(n)), text)
		}
	}
	if m := numeric.FindStringSubmatch(text); m != nil && m[2] == m[4] {
		return numericTime(m, text, order, loc)
	}
	for _, layout := range words {
		if t, err := time.ParseInLocation(layout, text, loc); err == nil {
			return plausible(t, text)
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; write one like 2026-10-01T22:00:00Z", text)
}

// parseDay reads a time as [parseTime] does, and a date alone as its noon.
func parseDay(text, order string, loc *time.Location) (time.Time, error) {
	at, err := parseTime(text, order, loc)
	if m := numeric.FindStringSubmatch(strings.TrimSpace(text)); err == nil && m != nil && m[6] == "" {
		at = at.Add(12 * time.Hour)
	}
	return at, err
}

func plausible(t time.Time, text string) (time.Time, error) {
	if t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}, fmt.Errorf("%q is no time of a backup", text)
	}
	return t.UTC(), nil
}

func numericTime(m []string, text, order string, loc *time.Location) (time.Time, error) {
	a, b, c := number(m[1]), number(m[3]), number(m[5])
	year, month, day := c, b, a
	switch {
	case len(m[1]) == 4 && order == "ydm":
		year, month, day = a, c, b
	case len(m[1]) == 4:
		year, month, day = a, b, c
	case order == "mdy" && m[2] != ".", order == "mdy" && a <= 12 && b > 12:
		month, day = a, b
	}
	if year < 100 && len(m[5]) <= 2 {
		year += 2000
	}
	hour, minute, second := max(0, number(m[6])), max(0, number(m[7])), max(0, number(m[8]))
	if half := strings.ToLower(m[10]); half != "" {
		if hour < 1 || hour > 12 {
			return time.Time{}, fmt.Errorf("%q: there is no such hour", text)
		}
		hour %= 12
		if half[0] == 'p' {
			hour += 12
		}
	}
	nanos := number((m[9] + "000000000")[:9])
	zone, err := zoneOf(m[11], loc)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q: %w", text, err)
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, zone)
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if month < 1 || month > 12 || day < 1 || date.Day() != day || hour > 23 || minute > 59 || second > 60 {
		return time.Time{}, fmt.Errorf("%q is no time that exists, with the order of day and month that the file has", text)
	}
	return plausible(t, text)
}

func zoneOf(text string, loc *time.Location) (*time.Location, error) {
	switch text {
	case "":
		return loc, nil
	case "Z", "z", "UTC", "GMT":
		return time.UTC, nil
	}
	digits := strings.ReplaceAll(text[1:], ":", "") + "00"
	hours, minutes := number(digits[:2]), number(digits[2:4])
	if hours > 15 || minutes > 59 {
		return nil, fmt.Errorf("there is no zone %s", text)
	}
	seconds := hours*3600 + minutes*60
	if text[0] == '-' {
		seconds = -seconds
	}
	return time.FixedZone("", seconds), nil
}
