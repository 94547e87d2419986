package report

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"bucketproof/analyze"
	"bucketproof/analyze/engine"
	"bucketproof/internal/config"
	"bucketproof/internal/state"
	"bucketproof/report/language"
)

// settle is how long after the end of a month log objects of it are waited for.
const settle = analyze.Settle

// Input is what a packet is made from.
type Input struct {
	View     *analyze.View
	Previous *analyze.View // of the month before; nil to compare with nothing
	Catalog  *analyze.Catalog
	State    *state.State
	Month    string // YYYY-MM
	Version  string // of the tool
	Look     Look
	Signed   bool // the packet is to be signed
}

// Build asks the questions of the month. The checks of the month have run
// before.
func Build(ctx context.Context, in Input) (*Packet, error) {
	v := in.View
	text, err := language.Load(v.Tenant.Language)
	if err != nil {
		return nil, err
	}
	p := &Packet{Tenant: v.Tenant, Month: in.Month, Range: v.Range, Version: in.Version, Look: in.Look,
		Signed: in.Signed, Text: text, Revision: Revision{Number: 1}, Coverage: v.Coverage, core: map[string]*Table{}}
	if err := p.ask(ctx, v, in.Catalog, packetQueries(in.Catalog, v.Tenant)); err != nil {
		return nil, err
	}
	if err := p.addFindings(ctx, in.Catalog, in.State); err != nil {
		return nil, err
	}
	if err := p.addUnchecked(ctx, v); err != nil {
		return nil, err
	}
	if err := p.addLeft(ctx, v); err != nil {
		return nil, err
	}
	if err := p.addRequesters(ctx, v, in.Catalog); err != nil {
		return nil, err
	}
	if p.Totals.Rejected, err = v.Rejected(ctx); err != nil {
		return nil, err
	}
	if p.Witnesses, err = v.WitnessDays(ctx); err != nil {
		return nil, err
	}
	if p.Trends, err = v.Medians(ctx, in.Month); err != nil {
		return nil, err
	}
	if err := p.finish(v); err != nil {
		return nil, err
	}
	if err := p.addCompleteness(); err != nil {
		return nil, err
	}
	if err := p.addLogging(ctx, v, in.State); err != nil {
		return nil, err
	}
	if err := p.addDelivery(ctx, in.State); err != nil {
		return nil, err
	}
	if in.Previous != nil {
		if p.Previous, err = previous(ctx, in); err != nil {
			return nil, fmt.Errorf("the month before: %w", err)
		}
	}
	p.judge()
	p.addActions(in.Catalog)
	return p, nil
}

// previous is the month before, as far as it is compared: no findings of people.
func previous(ctx context.Context, in Input) (*Packet, error) {
	v := in.Previous
	p := &Packet{Tenant: v.Tenant, Range: v.Range, Month: v.Range.First.Format("2006-01"), Coverage: v.Coverage, core: map[string]*Table{}}
	if err := p.ask(ctx, v, in.Catalog, in.Catalog.Packet()); err != nil {
		return nil, err
	}
	if err := p.finish(v); err != nil {
		return nil, err
	}
	if p.Totals.Records == 0 {
		return nil, nil
	}
	first, last := p.dates()
	findings, err := in.State.Findings.Between(ctx, p.Tenant.ID, first, last)
	p.Totals.Findings = len(findings)
	return p, err
}

// ask runs queries. Where one of the user's own stands in the place of a
// built-in one, it runs both.
func (p *Packet) ask(ctx context.Context, v *analyze.View, catalog *analyze.Catalog, queries []*analyze.Statement) error {
	for _, q := range queries {
		if p.shownTable(q.Name) != nil {
			continue // named in packet_queries and in every packet anyway
		}
		result, err := v.RunBounded(ctx, q)
		if err != nil {
			return err
		}
		p.Tables = append(p.Tables, Table{Statement: q, Parameters: v.Parameters(q), Columns: result.Columns,
			Rows: result.Rows, More: result.More, Rest: result.Rest})
		if !q.Own || !catalog.InPacket(q.Name) {
			continue
		}
		// What the verdict and the figures rest on is never another's query.
		own, err := catalog.BuiltIn(q.Name)
		if err != nil {
			return err
		}
		if result, err = v.RunBounded(ctx, own); err != nil {
			return err
		}
		p.core[q.Name] = &Table{Statement: own, Parameters: v.Parameters(own), Columns: result.Columns,
			Rows: result.Rows, More: result.More, Rest: result.Rest}
		named := *own
		named.Name += builtInSuffix
		p.Tables = append(p.Tables, Table{Statement: &named, Parameters: v.Parameters(own), Columns: result.Columns,
			Rows: result.Rows, More: result.More, Rest: result.Rest})
	}
	return nil
}

// builtInSuffix ends the name under which a packet holds the answer of a built-in
// query where one of the user's own has its name.
const builtInSuffix = ".built-in"

// finish makes from the answers what is counted and drawn.
func (p *Packet) finish(v *analyze.View) error {
	if err := p.addNights(v.Nights); err != nil {
		return err
	}
	p.addSources(v.Sources)
	if err := p.addDays(); err != nil {
		return err
	}
	if err := p.addHours(); err != nil {
		return err
	}
	return p.count()
}

// packetQueries are the queries of every packet and those that the tenant's
// configuration asks for.
func packetQueries(catalog *analyze.Catalog, t config.Tenant) []*analyze.Statement {
	list := append(catalog.Packet(), catalog.PacketOf(t)...)
	return append(list, catalog.Named(t.PacketQueries)...)
}

func (p *Packet) dates() (first, last string) {
	days := p.Range.Days()
	return days[0].Date, days[len(days)-1].Date
}

func (p *Packet) addFindings(ctx context.Context, catalog *analyze.Catalog, s *state.State) error {
	first, last := p.dates()
	findings, err := s.Findings.Between(ctx, p.Tenant.ID, first, last)
	if err != nil {
		return err
	}
	p.checks, p.worded = map[string]string{}, map[string]bool{}
	for _, c := range catalog.Checks {
		p.checks[c.Name] = p.Text.Or("check."+c.Name+".title", c.Title)
		p.worded[c.Name] = c.Worded
	}
	before, err := s.Findings.Between(ctx, p.Tenant.ID, "", p.Range.First.AddDate(0, 0, -1).Format(time.DateOnly))
	if err != nil {
		return err
	}
	since := map[string]string{}
	for _, f := range before {
		since[f.ID] = f.Days[0].Date
		if f.Status != state.StatusResolved && !slices.ContainsFunc(findings, func(o state.Finding) bool { return o.ID == f.ID }) {
			p.Carried = append(p.Carried, p.finding(f, catalog.Check(f.Check)))
		}
	}
	for i := range p.Carried {
		p.Carried[i].Since = since[p.Carried[i].ID]
	}
	for _, f := range findings {
		out := p.finding(f, catalog.Check(f.Check))
		if out.Since = since[f.ID]; out.Since == "" {
			out.Since = f.Days[0].Date
		}
		p.Findings = append(p.Findings, out)
	}
	for _, c := range catalog.Checks {
		if !c.Wanted(p.Tenant) {
			p.Unasked = append(p.Unasked, c.Name+" ("+c.Needed()+")")
		}
	}
	if p.Suppressed, err = s.Findings.Suppressed(ctx, p.Tenant.ID, first, last); err != nil {
		return err
	}
	p.NotEvaluated, err = s.CheckDays.NotEvaluated(ctx, p.Tenant.ID, first, last)
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
	result, err := v.RunBounded(ctx, q)
	if err != nil {
		return err
	}
	p.UnmappedMore = result.More + int64(max(0, len(result.Rows)-maxUnmapped))
	rows, err := engine.Rows[struct {
		Requester string `column:"requester"`
		Account   string `column:"account"`
		Requests  int64  `column:"requests"`
		Config    string `column:"config"`
	}]("query "+q.Name, result.Columns, result.Rows[:min(len(result.Rows), maxUnmapped)])
	for _, r := range rows {
		p.Unmapped = append(p.Unmapped, Unmapped{r.Requester, r.Account, r.Requests, r.Config})
	}
	return err
}

// maxUnmapped is how many requesters that the mapping lacks a packet names.
const maxUnmapped = 1000

// addUnchecked says of findings on which days their checks have not looked again. Those of
// the month just ran; a finding of an earlier month may wait for its check.
func (p *Packet) addUnchecked(ctx context.Context, v *analyze.View) error {
	days, err := v.Unchecked(ctx)
	for _, list := range [][]Finding{p.Findings, p.Carried} {
		for i := range list {
			for _, d := range days {
				if f := &list[i]; d.Check == f.Check && d.Bucket == f.Bucket {
					f.Unchecked = append(f.Unchecked, d.Date)
				}
			}
		}
	}
	return err
}

// addLeft lists the buckets that the configuration had in the month and has no more.
func (p *Packet) addLeft(ctx context.Context, v *analyze.View) error {
	left, err := v.Left(ctx)
	for _, l := range left {
		p.Left = append(p.Left, Left{Bucket: l.Bucket, At: orNil(l.At), By: l.By, Days: len(p.Range.Days())})
	}
	return err
}

// addNights joins the windows with the verdicts of the query.
func (p *Packet) addNights(nights []analyze.Night) error {
	type answer struct {
		Bucket  string `column:"bucket"`
		Date    string `column:"date"`
		Bytes   int64  `column:"bytes_written"`
		Verdict string `column:"verdict"`
	}
	rows, err := rowsOfQuery[answer](p, "backup-windows")
	if err != nil {
		return err
	}
	answers := map[[2]string]answer{}
	for _, r := range rows {
		answers[[2]string{r.Bucket, r.Date}] = r
	}
	for _, n := range nights {
		a, ok := answers[[2]string{n.Bucket, n.Date}]
		if !ok {
			return fmt.Errorf("query backup-windows: no row for %s on %s", n.Bucket, n.Date)
		}
		p.Nights = append(p.Nights, Night{Night: n, Verdict: a.Verdict, Bytes: a.Bytes})
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

// addDays gathers the figures of the days over all buckets.
func (p *Packet) addDays() error {
	at := map[string]int{}
	for _, d := range p.Range.Days() {
		at[d.Date] = len(p.Days)
		p.Days = append(p.Days, Day{Date: d.Date})
	}
	moved, err := rowsOfQuery[struct {
		Date     string `column:"date"`
		Requests int64  `column:"requests"`
		Written  int64  `column:"bytes_written"`
		Sent     int64  `column:"bytes_sent"`
	}](p, "bytes-by-day")
	if err != nil {
		return err
	}
	for _, r := range moved {
		i, inside := at[r.Date]
		if !inside {
			return fmt.Errorf("query bytes-by-day: it has a row of %s, which is no day of the month", r.Date)
		}
		day := &p.Days[i]
		day.Requests += r.Requests
		day.Written += r.Written
		day.Sent += r.Sent
		day.Known = true
	}
	deleted, err := rowsOfQuery[struct {
		Date    string `column:"date"`
		Objects int64  `column:"object_deletes"`
	}](p, "deletes")
	if err != nil {
		return err
	}
	for _, r := range deleted {
		i, inside := at[r.Date]
		if !inside {
			return fmt.Errorf("query deletes: it has a row of %s, which is no day of the month", r.Date)
		}
		p.Days[i].Deletes += r.Objects
	}
	return nil
}

func (p *Packet) addHours() error {
	rows, err := rowsOfQuery[struct {
		Weekday  int64 `column:"weekday"` // 1 is Monday
		Hour     int64 `column:"hour"`
		Requests int64 `column:"requests"`
	}](p, "requests-by-hour")
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Weekday < 1 || r.Weekday > 7 || r.Hour < 0 || r.Hour > 23 {
			return fmt.Errorf("query requests-by-hour: there is no hour %d of weekday %d", r.Hour, r.Weekday)
		}
		p.Hours[r.Weekday-1][r.Hour] += r.Requests
	}
	return nil
}

// addLogging tells of each bucket whether its log arrives, and whether all of it
// that may come is in.
func (p *Packet) addLogging(ctx context.Context, v *analyze.View, s *state.State) error {
	type place struct{ location, bucket string }
	seen := map[place]*Logging{}
	for _, o := range p.Sources {
		if o.Kind != state.KindLog || o.Records+o.Duplicates == 0 {
			continue
		}
		for _, bucket := range splitNames(o.Bucket) {
			l := seen[place{o.Location, bucket}]
			if l == nil {
				l = &Logging{}
				seen[place{o.Location, bucket}] = l
			}
			l.Objects++
			if o.Delivered.After(l.Newest) {
				l.Newest = o.Delivered
			}
		}
	}
	for _, b := range p.Tenant.Buckets {
		l := Logging{Bucket: b.Name, Target: b.Logs.Text, Gaps: []string{}}
		var err error
		if l.First, err = s.Ledger.FirstLog(ctx, b.Logs.Text, b.Name); err != nil {
			return err
		}
		if s := seen[place{b.Logs.Text, b.Name}]; s != nil {
			l.Objects, l.Newest = s.Objects, s.Newest
		}
		for _, d := range p.Coverage {
			if d.Bucket != b.Name {
				continue
			}
			l.Days++
			if d.Gap.None() {
				l.DaysKnown++
			} else if gap := d.Gap.String(); !slices.Contains(l.Gaps, gap) {
				l.Gaps = append(l.Gaps, gap)
			}
		}
		p.Logging = append(p.Logging, l)
		delete(seen, place{b.Logs.Text, b.Name})
		unread, err := s.Listings.Unread(ctx, b.Logs.Text)
		if err != nil {
			return err
		}
		for _, key := range unread {
			if name := b.Logs.Join(key); !slices.Contains(p.Unread, name) {
				p.Unread = append(p.Unread, name)
			}
		}
		if v.Listed(b.Name).Before(p.Range.End().Add(settle)) {
			p.Provisional = true
		}
	}
	// What is left are places that the configuration names no more.
	for _, at := range slices.SortedFunc(maps.Keys(seen), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.bucket, b.bucket), cmp.Compare(a.location, b.location))
	}) {
		l := Logging{Bucket: at.bucket, Target: at.location, Objects: seen[at].Objects, Newest: seen[at].Newest,
			Gaps: []string{}, Left: true}
		var err error
		if l.First, err = s.Ledger.FirstLog(ctx, at.location, at.bucket); err != nil {
			return err
		}
		p.Logging = append(p.Logging, l)
	}
	return nil
}
