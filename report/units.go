package report

import (
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// bytesName is a number of bytes for people: powers of 1000, three figures.
func bytesName(n int64) string {
	if n < 0 {
		return strconv.FormatInt(n, 10)
	}
	return strings.Replace(humanize.Bytes(uint64(n)), "kB", "KB", 1)
}

// integer is a number with a comma between thousands.
func integer(n int64) string { return humanize.Comma(n) }

// percent is a share with two decimals. It says 100 only where it is all, and 0
// only where it is nothing.
func percent(part, whole int64) string {
	if whole == 0 {
		return "–"
	}
	share := 100 * float64(part) / float64(whole)
	switch {
	case part == whole:
		return "100 %"
	case share > 99.99:
		return "> 99.99 %"
	case part > 0 && share < 0.01:
		return "< 0.01 %"
	}
	return strconv.FormatFloat(share, 'f', 2, 64) + " %"
}

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
			return dateName(v)
		}
		return v
	case int64:
		if strings.HasPrefix(column, "bytes") || column == "object_size" {
			return bytesName(v)
		}
		if column == "http_status" {
			return strconv.FormatInt(v, 10)
		}
		return integer(v)
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case time.Time:
		return p.local(v)
	}
	return ""
}
