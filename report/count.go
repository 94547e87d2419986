package report

import (
	"fmt"
	"slices"

	"bucketproof/internal/config"
	"bucketproof/internal/state"
)

func (p *Packet) count() error {
	t := &p.Totals
	for _, s := range p.Sources {
		if s.Kind == state.KindLog {
			t.LogObjects++
			t.LogBytes += s.Size
			t.Duplicates += s.Duplicates
		}
	}
	for _, sum := range []struct {
		into          *int64
		query, column string
	}{
		{&t.Records, "log-delivery", "records"},
		{&t.BytesWritten, "backup-windows", "bytes_written"},
		{&t.ForeignRecords, "cross-account", "requests"},
		{&t.OutsideRecords, "unapproved-prefixes", "requests"},
		{&t.Errors, "errors", "requests"},
		{&t.ObjectsDeleted, "deletes", "object_deletes"},
		{&t.Requests, "top-requesters", "requests"},
	} {
		var err error
		if *sum.into, err = p.sum(sum.query, sum.column); err != nil {
			return err
		}
	}
	p.requests = t.Requests
	var err error
	if t.ApprovedRecords, err = p.approved(); err != nil {
		return err
	}
	t.Principals = len(p.principalNames()) + int(p.table("top-requesters").More)
	for _, n := range p.Nights {
		t.Nights++
		switch n.Verdict {
		case verdictOK:
			t.NightsOK++
		case verdictAttention:
			t.NightsAttention++
		case verdictMissed:
			t.NightsMissed++
		default:
			t.NightsUnknown++
		}
	}
	for _, d := range p.Coverage {
		t.BucketDays++
		if !d.Gap.None() {
			t.DaysUnknown++
		}
	}
	for _, l := range p.Left {
		t.BucketDays += l.Days
		t.DaysUnknown += l.Days
	}
	t.Findings, t.FindingsCarried = len(p.Findings), len(p.Carried)
	for _, f := range slices.Concat(p.Findings, p.Carried) {
		if p.overdue(f) {
			t.FindingsOverdue++
		}
	}
	for _, f := range p.Findings {
		if f.Status == state.StatusResolved {
			t.FindingsResolved++
		} else {
			t.FindingsOpen++
		}
	}
	return nil
}

// sum adds up a column of a saved query.
func (p *Packet) sum(query, column string) (int64, error) {
	t := p.table(query)
	if t == nil {
		return 0, fmt.Errorf("the query %s is missing", query)
	}
	i := slices.Index(t.Columns, column)
	if i < 0 {
		return 0, fmt.Errorf("query %s: no column %s", query, column)
	}
	var total int64
	for _, row := range t.Rows {
		n, ok := row[i].(int64)
		if !ok {
			return 0, fmt.Errorf("query %s: %s is %v, which is no number", query, column, row[i])
		}
		total += n
	}
	return total + t.Rest[column], nil
}

// approved counts the requests of principals that the identity mapping names.
func (p *Packet) approved() (int64, error) {
	var total int64
	for _, row := range p.table("top-requesters").Rows {
		principal, ok := row[0].(string)
		requester, ok1 := row[1].(string)
		n, ok2 := row[3].(int64)
		if !ok || !ok1 || !ok2 {
			return 0, fmt.Errorf("query top-requesters: unexpected row %v", row)
		}
		if p.named(principal) && principal != requester {
			total += n
		}
	}
	return total, nil
}

func (p *Packet) named(principal string) bool {
	return slices.ContainsFunc(p.Tenant.Principals, func(m config.Principal) bool { return m.Name == principal })
}

// principalNames are those who used the buckets, each once, in their order.
func (p *Packet) principalNames() []string {
	return p.names("top-requesters", "principal")
}

// names are the different texts of a column, sorted.
func (p *Packet) names(query, column string) []string {
	t := p.table(query)
	i := slices.Index(t.Columns, column)
	if i < 0 {
		return nil
	}
	var out []string
	for _, row := range t.Rows {
		if s, ok := row[i].(string); ok {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
