package report

import (
	"fmt"
	"slices"

	"bucketproof/analyze/engine"
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
	if err := p.countRequesters(); err != nil {
		return err
	}
	principals, err := p.names("top-requesters", "principal")
	if err != nil {
		return err
	}
	t.Principals = len(principals) + int(p.table("top-requesters").More)
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
		return 0, missing(query)
	}
	values, err := engine.ColumnOf[int64]("query "+query, t.Columns, t.Rows, column)
	total := t.Rest[column]
	for _, n := range values {
		total += n
	}
	return total, err
}

// rowsOfQuery are the rows of a saved query of the packet, read by the names of their columns.
func rowsOfQuery[T any](p *Packet, query string) ([]T, error) {
	t := p.table(query)
	if t == nil {
		return nil, missing(query)
	}
	return engine.Rows[T]("query "+query, t.Columns, t.Rows)
}

func missing(query string) error { return fmt.Errorf("the query %s is missing", query) }

// requester is a row of top-requesters.
type requester struct {
	Principal string `column:"principal"`
	Requester string `column:"requester"`
	Account   string `column:"account,null"`
	Requests  int64  `column:"requests"`
}

// approved tells whether the identity mapping names the principal.
func (p *Packet) approved(r requester) bool {
	return p.named(r.Principal) && r.Principal != r.Requester
}

// countRequesters reads who made requests, and counts those of principals that the identity
// mapping names: of all, and of those from other accounts.
func (p *Packet) countRequesters() (err error) {
	if p.requesters, err = rowsOfQuery[requester](p, "top-requesters"); err != nil {
		return err
	}
	approved := map[string]bool{}
	for _, r := range p.requesters {
		if p.approved(r) {
			p.Totals.ApprovedRecords += r.Requests
			approved[r.Requester] = true
		}
	}
	foreign, err := rowsOfQuery[struct {
		Requester string `column:"requester"`
		Requests  int64  `column:"requests"`
	}](p, "cross-account")
	for _, r := range foreign {
		if approved[r.Requester] {
			p.approvedForeign += r.Requests
		}
	}
	return err
}

func (p *Packet) named(principal string) bool {
	return slices.ContainsFunc(p.Tenant.Principals, func(m config.Principal) bool { return m.Name == principal })
}

// names are the different texts of a column, sorted.
func (p *Packet) names(query, column string) ([]string, error) {
	t := p.table(query)
	if t == nil {
		return nil, missing(query)
	}
	out, err := engine.ColumnOf[string]("query "+query, t.Columns, t.Rows, column)
	slices.Sort(out)
	return slices.Compact(out), err
}
