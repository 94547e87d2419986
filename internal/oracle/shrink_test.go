package oracle

import (
	"slices"
	"strings"
	"time"
)

// shrink leaves parts of a month out as long as the same difference stays: whole buckets,
// principals, kinds of events, days, then halves of the lines, quarters, and so on.
func shrink(made *Made, same func(*Made) bool, limit time.Duration) *Made {
	end := time.Now().Add(limit)
	small := made
	try := func(m *Made) bool {
		if time.Now().After(end) || !same(m) {
			return false
		}
		small = m
		return true
	}
	without := func(drop func(MadeLine) bool) bool {
		m := *small
		m.Lines = slices.DeleteFunc(slices.Clone(small.Lines), drop)
		return len(m.Lines) > 0 && len(m.Lines) < len(small.Lines) && try(&m)
	}
	for _, t := range small.Tenants {
		m := *small
		m.Tenants = slices.DeleteFunc(slices.Clone(m.Tenants), func(o MadeTenant) bool { return o.ID == t.ID })
		if len(m.Tenants) > 0 {
			try(&m)
		}
	}
	for i, t := range small.Tenants {
		for _, b := range t.Buckets {
			m := *small
			m.Tenants = slices.Clone(small.Tenants)
			if len(m.Tenants[i].Buckets) < 2 {
				break
			}
			m.Tenants[i].Buckets = slices.DeleteFunc(slices.Clone(m.Tenants[i].Buckets),
				func(o MadeBucket) bool { return o.Name == b.Name })
			m.Lines = slices.DeleteFunc(slices.Clone(small.Lines), func(l MadeLine) bool { return l.Bucket == b.Name })
			m.Events = slices.DeleteFunc(slices.Clone(small.Events), func(e MadeEvent) bool { return e.Bucket == b.Name })
			m.Reports = slices.DeleteFunc(slices.Clone(small.Reports),
				func(r MadeReport) bool { return strings.HasPrefix(r.Name, b.Name+"/") })
			try(&m)
		}
	}
	for _, drop := range []func(*Made){func(m *Made) { m.Reports = nil }, func(m *Made) { m.Events = nil }} {
		m := *small
		drop(&m)
		if len(m.Reports)+len(m.Events) < len(small.Reports)+len(small.Events) {
			try(&m)
		}
	}
	different := func(of func(MadeLine) string) []string {
		var out []string
		for _, l := range small.Lines {
			if !slices.Contains(out, of(l)) {
				out = append(out, of(l))
			}
		}
		return out
	}
	for _, of := range []func(MadeLine) string{
		func(l MadeLine) string { return l.Kind },
		func(l MadeLine) string { return l.Who },
	} {
		for _, value := range different(of) {
			without(func(l MadeLine) bool { return of(l) == value })
		}
	}
	// Days from both ends, in ever smaller steps.
	for step := 32; step >= 1; step /= 2 {
		for len(small.Lines) > 0 {
			first, last := small.Lines[0].At, small.Lines[len(small.Lines)-1].At
			days := time.Duration(step) * 24 * time.Hour
			front := without(func(l MadeLine) bool { return l.At.Before(first.Add(days)) })
			back := without(func(l MadeLine) bool { return l.At.After(last.Add(-days)) })
			if !front && !back {
				break
			}
		}
	}
	for parts := 2; parts <= 64 && parts <= len(small.Lines); parts *= 2 {
		for k := 0; k < parts; k++ {
			n := len(small.Lines)
			from, to := k*n/parts, (k+1)*n/parts
			i := -1
			without(func(MadeLine) bool { i++; return i >= from && i < to })
		}
	}
	return small
}
