package report

import (
	"context"
	"fmt"
	"slices"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/state"
)

// Build asks the questions of the month. The checks of the month have run
// before.
func Build(ctx context.Context, v *analyze.View, catalog *analyze.Catalog, s *state.State, month, version string) (*Packet, error) {
	p := &Packet{Tenant: v.Tenant, Month: month, Range: v.Range, Version: version, Revision: Revision{Number: 1}, Coverage: v.Coverage, core: map[string]*Table{}}
	for _, q := range packetQueries(catalog, v.Tenant) {
		if p.table(q.Name) != nil {
			continue // named in packet_queries and in every packet anyway
		}
		result, err := v.Run(ctx, q, "")
		if err != nil {
			return nil, err
		}
		p.Tables = append(p.Tables, Table{Statement: q, Columns: result.Columns, Rows: result.Rows})
		if !q.Own || !catalog.InPacket(q.Name) {
			continue
		}
		// What the verdict and the figures rest on is never another's query.
		own, err := catalog.BuiltIn(q.Name)
		if err != nil {
			return nil, err
		}
		if result, err = v.Run(ctx, own, ""); err != nil {
			return nil, err
		}
		p.core[q.Name] = &Table{Statement: own, Columns: result.Columns, Rows: result.Rows}
	}
	if err := p.addFindings(ctx, catalog, s); err != nil {
		return nil, err
	}
	if err := p.addNights(v.Nights); err != nil {
		return nil, err
	}
	if err := p.addRequesters(ctx, v, catalog); err != nil {
		return nil, err
	}
	p.addSources(v.Sources)
	var err error
	if p.Totals.Rejected, err = v.Rejected(ctx); err != nil {
		return nil, err
	}
	if err := p.count(); err != nil {
		return nil, err
	}
	p.judge()
	return p, nil
}

// packetQueries are the queries of every packet and those that the tenant's
// configuration asks for.
func packetQueries(catalog *analyze.Catalog, t config.Tenant) []*analyze.Statement {
	list := catalog.Packet()
	if t.BackupReports.Scheme != "" {
		list = append(list, catalog.Named([]string{"backup-reports"})...)
	}
	return append(list, catalog.Named(t.PacketQueries)...)
}

func (p *Packet) dates() (first, last string) {
	days := p.Range.Days()
	return days[0].Date, days[len(days)-1].Date
}

func (p *Packet) addFindings(ctx context.Context, catalog *analyze.Catalog, s *state.State) error {
	first, last := p.dates()
	findings, err := s.FindingsBetween(ctx, p.Tenant.ID, first, last)
	if err != nil {
		return err
	}
	for _, f := range findings {
		out := Finding{Finding: f, Title: f.Check}
		if c := catalog.Check(f.Check); c != nil {
			out.Title, out.Sentence = c.Title, c.Say(f.Count, len(f.Days))
			if f.Cause == "" && f.Status != state.StatusResolved && c.Draft != "" {
				out.Draft = c.Narrative(f, p.Range.Location)
			}
			if f.Subject == analyze.OtherSubjects {
				out.Sentence += " This counts several subjects together, which are too many to list."
			}
		}
		p.Findings = append(p.Findings, out)
	}
	for _, c := range catalog.Checks {
		if !c.Wanted(p.Tenant) {
			p.Unasked = append(p.Unasked, c.Name+" (tenant."+c.Needs+")")
		}
	}
	if p.Suppressed, err = s.SuppressedBetween(ctx, p.Tenant.ID, first, last); err != nil {
		return err
	}
	p.NotEvaluated, err = s.NotEvaluatedBetween(ctx, p.Tenant.ID, first, last)
	return err
}

// addRequesters lists who is not in the mapping, and what bucketproof did itself.
func (p *Packet) addRequesters(ctx context.Context, v *analyze.View, catalog *analyze.Catalog) error {
	own, err := v.OwnReads(ctx)
	if err != nil {
		return err
	}
	for _, b := range p.Tenant.Buckets {
		if n := own[b.Name]; n > 0 {
			p.OwnReads = append(p.OwnReads, OwnReads{b.Name, n})
		}
	}
	q, err := catalog.BuiltIn("unmapped-requesters")
	if err != nil {
		return err
	}
	result, err := v.Run(ctx, q, "")
	if err != nil {
		return err
	}
	for _, row := range result.Rows {
		requester, ok := row[0].(string)
		account, ok1 := row[1].(string)
		n, ok2 := row[2].(int64)
		line, ok3 := row[6].(string)
		if !ok || !ok1 || !ok2 || !ok3 {
			return fmt.Errorf("query %s: unexpected row %v", q.Name, row)
		}
		p.Unmapped = append(p.Unmapped, Unmapped{requester, account, n, line})
	}
	return nil
}

// addNights joins the windows with the verdicts of the query.
func (p *Packet) addNights(nights []analyze.Night) error {
	type answer struct {
		verdict string
		bytes   int64
	}
	answers := map[[2]string]answer{}
	t := p.table("backup-windows")
	if t == nil {
		return fmt.Errorf("the query backup-windows is missing")
	}
	for _, row := range t.Rows {
		bucket, ok := row[0].(string)
		date, ok1 := row[1].(string)
		bytes, ok2 := row[5].(int64)
		verdict, ok3 := row[9].(string)
		if !ok || !ok1 || !ok2 || !ok3 {
			return fmt.Errorf("query backup-windows: unexpected row %v", row)
		}
		answers[[2]string{bucket, date}] = answer{verdict, bytes}
	}
	for _, n := range nights {
		a, ok := answers[[2]string{n.Bucket, n.Date}]
		if !ok {
			return fmt.Errorf("query backup-windows: no row for %s on %s", n.Bucket, n.Date)
		}
		p.Nights = append(p.Nights, Night{Night: n, Verdict: a.verdict, Bytes: a.bytes})
	}
	return nil
}

// addSources keeps the log objects of the month: those that hold its records,
// and what else was delivered in it. An object with records of several buckets
// of the tenant is one source.
func (p *Packet) addSources(all []state.Source) {
	type key struct {
		location string
		id       state.ObjectID
	}
	start, end := p.Range.Start(), p.Range.End()
	at := map[key]int{}
	for _, s := range all {
		holds := !s.First.IsZero() && s.First.Before(end) && !s.Last.Before(start)
		came := !s.Delivered.Before(start) && s.Delivered.Before(end)
		if !holds && (!came || s.Kind == state.KindLog && s.Rejected+s.Unattributed == 0) {
			continue
		}
		k := key{s.Location, state.ObjectID{Key: s.Key, ETag: s.ETag, Size: s.Size}}
		i, ok := at[k]
		if !ok {
			at[k] = len(p.Sources)
			s.Rejected += s.Unattributed
			p.Sources = append(p.Sources, s)
			continue
		}
		m := &p.Sources[i]
		if s.Kind == state.KindLog {
			m.Bucket += " " + s.Bucket
		}
		m.Records += s.Records
		m.Duplicates += s.Duplicates
		m.Rejected += s.Rejected
		if m.First.IsZero() || !s.First.IsZero() && s.First.Before(m.First) {
			m.First = s.First
		}
		if s.Last.After(m.Last) {
			m.Last = s.Last
		}
	}
}

func (p *Packet) count() error {
	t := &p.Totals
	for _, s := range p.Sources {
		if s.Kind == state.KindLog {
			t.LogObjects++
			t.LogBytes += s.Size
			t.Duplicates += s.Duplicates
		}
	}
	var err error
	if t.Records, err = p.sum("log-delivery", "records"); err != nil {
		return err
	}
	if t.BytesWritten, err = p.sum("backup-windows", "bytes_written"); err != nil {
		return err
	}
	if t.ForeignRecords, err = p.sum("cross-account", "requests"); err != nil {
		return err
	}
	if p.requests, err = p.sum("top-requesters", "requests"); err != nil {
		return err
	}
	if t.ApprovedRecords, err = p.approved(); err != nil {
		return err
	}
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
		if d.Gap != "" {
			t.DaysUnknown++
		}
	}
	t.Findings = len(p.Findings)
	for _, f := range p.Findings {
		if f.Status != state.StatusResolved {
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
	return total, nil
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
	for _, m := range p.Tenant.Principals {
		if m.Name == principal {
			return true
		}
	}
	return false
}
