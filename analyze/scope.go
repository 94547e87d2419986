package analyze

import (
	"slices"

	"bucketproof/internal/reason"
)

// scope is what a check looks at: the days that it is asked for, and what keeps it from
// looking at one of them.
type scope struct {
	name string
	// days names the days of a view, of a bucket or of none, each with its gap.
	days func(v *View, add func(bucket, date string, g reason.Reason))
	// whole: a row of a day that is not evaluated means nothing, because what one of two
	// witnesses lacks proves nothing where it is not whole.
	whole bool
	// night: a day is a backup window, which may end on the next one.
	night bool
}

// scopes are all there are. A statement names its own in the header.
func scopes() []scope {
	return []scope{
		{name: "day", days: ofBuckets(func(_ *View, d CoveredDay) reason.Reason { return d.Gap })},
		{name: "window", days: (*View).daysOfNights, night: true},
		{name: "reports", days: ofTenant(func(*View, Day) reason.Reason { return reason.Reason{} })}, // what backup reports are about
		// What collection noticed does not depend on the records of the log, or of the trail.
		{name: "ledger", days: ofBuckets(func(*View, CoveredDay) reason.Reason { return reason.Reason{} })},
		{name: "trail ledger", days: ofTenant(func(*View, Day) reason.Reason { return reason.Reason{} })},
		{name: "trail", days: (*View).daysOfTrail},
		{name: "proof", days: ofTenant(func(v *View, d Day) reason.Reason { return v.proofGap(d.Date) })}, // what digests prove
		{name: "witnesses", days: ofBuckets((*View).witnessGap), whole: true},                             // log and trail side by side
		{name: "metrics", days: ofBuckets((*View).metricGap), whole: true},                                // requests that CloudWatch counted
		{name: "sizes", days: ofBuckets((*View).sizeGap)},                                                 // sizes that CloudWatch told
		{name: "setup", days: ofBuckets((*View).setupGap)},                                                // how logging is set up
		{name: "month", days: (*View).daysOfMonths},
	}
}

func scopeNames() (names []string) {
	for _, s := range scopes() {
		names = append(names, s.name)
	}
	return names
}

// scope is that of a check.
func (s *Statement) scope() scope {
	all := scopes()
	return all[slices.IndexFunc(all, func(o scope) bool { return o.name == s.Scope })] // as parseStatement has seen
}

// ofBuckets asks for each day of each bucket.
func ofBuckets(of func(*View, CoveredDay) reason.Reason) func(*View, func(string, string, reason.Reason)) {
	return func(v *View, add func(string, string, reason.Reason)) {
		for _, d := range v.Coverage {
			add(d.Bucket, d.Date, of(v, d))
		}
	}
}

// ofTenant asks for each day, of no bucket.
func ofTenant(of func(*View, Day) reason.Reason) func(*View, func(string, string, reason.Reason)) {
	return func(v *View, add func(string, string, reason.Reason)) {
		for _, d := range v.Range.Days() {
			add("", d.Date, of(v, d))
		}
	}
}

func (v *View) daysOfNights(add func(bucket, date string, g reason.Reason)) {
	for _, n := range v.Nights {
		add(n.Bucket, n.Date, n.Gap)
	}
}

func (v *View) daysOfTrail(add func(bucket, date string, g reason.Reason)) {
	for _, d := range v.Range.Days() {
		for _, b := range v.Tenant.Buckets {
			add(b.Name, d.Date, v.trailGaps[d.Date])
		}
		add("", d.Date, v.trailGaps[d.Date]) // what concerns no bucket
	}
}

// daysOfMonths are the last days of months, which stand for them.
func (v *View) daysOfMonths(add func(bucket, date string, g reason.Reason)) {
	for _, d := range v.Coverage {
		if d.Date[:7] != addDays(d.Date, 1)[:7] {
			add(d.Bucket, d.Date, v.trendGaps[[2]string{d.Bucket, d.Date}])
		}
	}
}
