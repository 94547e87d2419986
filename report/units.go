package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// shown is a cell of a query for the page: numbers grouped, times in the zone.
func (p *Packet) shown(column string, v any) string {
	switch v := v.(type) {
	case nil:
		return "–"
	case string:
		if v == "" {
			return "–"
		}
		if len(v) == len(time.DateOnly) && column == "date" {
			return p.Text.Day(v)
		}
		return v
	case int64:
		if slices.Contains(strings.Split(column, "_"), "bytes") || column == "object_size" {
			return p.Text.Bytes(v)
		}
		if column == "http_status" {
			return strconv.FormatInt(v, 10)
		}
		return p.Text.Integer(v)
	case bool:
		if v {
			return p.say("word.yes")
		}
		return p.say("word.no")
	case float64:
		return p.Text.Decimal(v, 2)
	case time.Time:
		return p.local(v)
	}
	return ""
}

// sortBy sorts by a key, equal ones in the order that they had.
func sortBy[T any, K cmp.Ordered](list []T, key func(T) K) {
	slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
}

// splitNames takes names that spaces join apart.
func splitNames(s string) []string { return strings.Fields(s) }

// maxName is how many characters of a name running text shows.
const maxName = 160

// short cuts names that no sentence has room for; tables and CSVs have them whole.
func short(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		if runes := []rune(n); len(runes) > maxName {
			n = string(runes[:maxName-1]) + "…"
		}
		out[i] = n
	}
	return out
}
