package oracle

import (
	"slices"
)

// ledgerChecks tell of the log itself.
func (b *bucketView) ledgerChecks(t *tally) {
	for _, d := range b.v.Month {
		// What can't be read is told by rejected-lines.
		// What lies before the first record is no finding.
		began := b.coverage.first.Before(d) || b.coverage.first == d && b.coverage.silentBehind(d)
		if why := b.coverage.day(d); why != "" && why != unreadableLines && began {
			t.add("logs-missing", b.Name, "", d, 1)
		}
		bad := 0
		for _, o := range b.v.Objects[b.Logs.Text] {
			for _, at := range o.Rejected {
				if day(d, b.v.Zone).has(at) {
					bad++
				}
			}
		}
		if bad > 0 {
			t.add("rejected-lines", b.Name, "unreadable lines", d, int64(bad))
		}
	}
}

// changedObjects are told on the days of the records that were collected from them.
func (b *bucketView) changedObjects(t *tally) {
	for _, o := range b.v.Objects[b.Logs.Text] {
		if !b.v.Changed[b.Logs.Text+o.Name] || len(o.Records) == 0 {
			continue
		}
		first, last := o.Records[0].Time, o.Records[0].Time
		for _, r := range o.Records {
			first, last = earlier(first, r.Time), later(last, r.Time)
		}
		for d := dateOf(first, b.v.Zone); !dateOf(last, b.v.Zone).Before(d); d = d.Add(1) {
			if b.v.inMonth(d) {
				t.add("log-object-changed", b.Name, b.Logs.Text+o.Name, d, 1)
			}
		}
	}
}

// changedBefore: a log object with records before the month is another one since.
func (v *View) changedBefore() bool {
	for _, b := range v.buckets {
		for _, o := range v.Objects[b.Logs.Text] {
			if v.Changed[b.Logs.Text+o.Name] && slices.ContainsFunc(o.Records, func(r Record) bool {
				return dateOf(r.Time, v.Zone).Before(v.Month[0])
			}) {
				return true
			}
		}
	}
	return false
}
