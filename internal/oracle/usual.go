package oracle

import (
	"math"
	"slices"
)

// median is the middle; of an even number, the mean of the two in the middle.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

// spread is the median absolute deviation.
func spread(values []float64) float64 {
	m := median(values)
	var off []float64
	for _, v := range values {
		off = append(off, math.Abs(v-m))
	}
	return median(off)
}

// history are the figures of the evaluated days or nights among the 28 before.
type history struct {
	values  []float64
	weekday []float64 // those of the same weekday
}

// learn asks for a figure of each of the 28 days before; false is for one that is not
// evaluated.
func learn(d Date, figure func(Date) (float64, bool)) history {
	var h history
	for i := 1; i <= 28; i++ {
		before := d.Add(-i)
		if v, ok := figure(before); ok {
			h.values = append(h.values, v)
			if before.Weekday() == d.Weekday() {
				h.weekday = append(h.weekday, v)
			}
		}
	}
	return h
}

// enough: with fewer than seven it is still learning.
func (h history) enough() bool { return len(h.values) >= 7 }

// spike: beyond the median by more than so many spreads and more than twice it, and more
// than twice the least of the same weekday, because what all of these did is usual.
func (h history) spike(v float64, deviations int64) bool {
	m := median(h.values)
	if v <= 2*m || v <= m+float64(deviations)*spread(h.values) {
		return false
	}
	return len(h.weekday) == 0 || v > 2*slices.Min(h.weekday)
}
