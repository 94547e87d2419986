// Package analyze asks the questions: saved queries and checks over a tenant's
// slice of the dataset. [LoadCatalog] reads the statements, [Open] gives the
// [View] of one tenant over some days, [View.Run] answers a query and
// [View.Check] runs the checks and keeps their findings.
//
// The configuration reaches SQL as bound tables (principals, prefixes,
// windows, days and others), made when a view is opened: a changed mapping
// holds for old records too, and no value is ever pasted into SQL.
package analyze

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"bucketproof/analyze/engine"
	"bucketproof/internal/config"
	"bucketproof/internal/dataset"
	"bucketproof/internal/reason"
	"bucketproof/internal/redact"
	"bucketproof/internal/state"
)

// Engine runs SQL over a slice. The built-in one is [engine.DuckDB].
type Engine interface {
	Query(ctx context.Context, sql string, args ...any) (*engine.Result, error)
	First(ctx context.Context, most int, sql string, args ...any) (*engine.Result, error)
	Each(ctx context.Context, do func(columns []string, cells []any) error, sql string, args ...any) ([]string, error)
	Load(ctx context.Context, t engine.Table) error
	Derive(ctx context.Context, v engine.View) error
	Close() error
}

// Dataset is where a view gets its records and findings.
type Dataset struct {
	Config  *config.Config
	Catalog *Catalog
	State   *state.State
	Files   dataset.Dataset
	Program string // version of the program, for what another one finds otherwise
	RunBy   string // the user who runs it

	approved []byte // instead of the file of approved changes; nil reads the file
}

// View is what one tenant sees over a range of days. Close it.
//
// It is made in stages, each a type that holds the one before, so that a method reaches only what
// is there when it may run: [Slice], known, records, [Covered], asking, backups, and the View itself,
// which compares witnesses (states.go), reads changes (changes.go) and runs checks (check.go).
type View struct {
	backups
	witnessDays []WitnessDay             // once they were asked for
	reasons     map[string]reason.Reason // those of witnessDays, by their words
}

// Slice is a tenant and the days of a view, with what the configuration tells of them (tables.go).
type Slice struct {
	Tenant config.Tenant
	Range  Range

	data   Dataset
	shared map[string][]config.Tenant // the other tenants that have a bucket, by its name
}

// known is a slice with what the state tells of its log objects and witnesses (witness.go).
type known struct {
	Slice
	Sources   []state.Source
	Witnesses Witnesses

	incidents   []incident
	listed      map[string]time.Time // by bucket: when the place of its log was last listed
	trailListed time.Time
}

// records are those of a slice, open in an engine, and who made the requests (principals.go).
type records struct {
	known
	engine      Engine
	mapped      *mapping            // the principals of the tenant
	theirs      map[string]*mapping // those of the tenants with whom a bucket is shared, by ID
	readsItself bool                // the slice may hold requests of bucketproof itself
}

// Covered are records of which it is judged where log and trail have gaps (tables.go, coverage.go).
type Covered struct {
	records
	Coverage []CoveredDay // by bucket and day of the range
	Nights   []Night      // by bucket and window of the range

	covered   map[string]*coverage
	all       []CoveredDay             // as Coverage, with the days before
	places    map[[2]string]int        // in all, by bucket and date
	trailGaps map[string]reason.Reason // by date: why the trail can't be trusted to be whole
	allNights []Night                  // as Nights, with those of twice the historyDays before
}

// asking answers statements, with the tables that they name (asked.go).
type asking struct {
	Covered
	Key string // what the parameter :key stands for; set it before Run

	lazy   map[string]func(context.Context) (engine.Table, error) // lazyTables of the view
	making sync.Mutex
	made   map[string]bool // those that are there
}

// backups tells what the nights show (nights.go), what is usual for days and nights (usual.go), and what
// backup tools reported (reconcile.go).
type backups struct {
	asking
	seen      map[[2]string]*seenNight            // by bucket and date, once it was asked
	medians   map[string]map[string][]MonthMedian // by month and bucket, once they were asked for
	trendGaps map[[2]string]reason.Reason         // by bucket and last day of a month: why it is not compared
}

// CoveredDay tells whether the log of a bucket can be trusted on a day.
type CoveredDay struct {
	Bucket string
	Day
	Gap reason.Reason // why not; none where it can
}

// incident is what collection noticed that concerns a bucket.
type incident struct {
	state.Incident
	bucket string
}

// Night is one occurrence of a bucket's backup window.
type Night struct {
	Bucket, Date string
	Start, End   time.Time
	Gap          reason.Reason // why it is not evaluated; none where it is
}

// ErrNoKey means that a query asks for a key and none was given.
var ErrNoKey = errors.New("it asks about one object; name its key")

// Open makes the slice of a tenant ready. It holds the days of the range, those
// before it that checks compare with, and the nights that end behind it.
func Open(ctx context.Context, d Dataset, t config.Tenant, r Range) (*View, error) {
	v, err := openView(ctx, newSlice(d, t, r))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", t.ID, err)
	}
	return v, nil
}

// openView goes through the stages of a view.
func openView(ctx context.Context, s Slice) (v *View, err error) {
	k, files, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	r, err := k.open(ctx, files)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	if err := errors.Join(r.loadPrincipals(ctx, r.engine), r.engine.Load(ctx, r.misdated())); err != nil {
		return nil, err
	}
	c, err := r.judge(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.load(ctx); err != nil {
		return nil, err
	}
	if err := c.ownSources(ctx); err != nil {
		return nil, err
	}
	return newView(c), nil
}

func newSlice(d Dataset, t config.Tenant, r Range) Slice {
	return Slice{Tenant: t, Range: r, data: d, shared: sharedBuckets(d.Config.Tenants, t)}
}

// read asks the state about the slice, and names the files that its records are in.
func (v *Slice) read(ctx context.Context) (k known, files engine.Slice, err error) {
	k = known{Slice: *v}
	if err := v.kept(ctx); err != nil {
		return k, files, err
	}
	// Before the files: a collection may end in between, and then the slice has
	// more than was listed, and never less.
	if err := k.readListed(ctx); err != nil {
		return k, files, err
	}
	wide := v.wide()
	if err := v.addFiles(ctx, &files, wide); err != nil {
		return k, files, err
	}
	return k, files, errors.Join(k.readSources(ctx, wide), k.readWitnesses(ctx))
}

// open opens the records in an engine, which is closed to all else from then on.
func (v *known) open(ctx context.Context, files engine.Slice) (records, error) {
	files.Macros = map[string]string{"object_key(k, uri)": v.data.Catalog.tables["object-key"],
		"line_count(reason)": v.data.Catalog.tables["line-count"]}
	db, err := engine.OpenDuckDB(ctx, files, engine.Options{MemoryLimit: v.data.Config.Engine.MemoryLimit,
		TempDir: filepath.Join(v.data.Files.Dir, "spill")})
	return records{known: *v, engine: db}, err
}

// judge tells where log and trail have gaps.
func (v *records) judge(ctx context.Context) (*Covered, error) {
	c := &Covered{records: *v, covered: map[string]*coverage{}, places: map[[2]string]int{}}
	return c, errors.Join(c.cover(ctx, v.engine.Query), c.coverTrail(ctx, v.engine.Query))
}

// newView can be asked. It takes what is judged and loaded.
func newView(c *Covered) *View {
	v := &View{}
	v.Covered, v.made = *c, map[string]bool{}
	v.lazy = v.lazyTables()
	return v
}

// Weigh tells how many rows and bytes of the dataset a view of a tenant reads.
func Weigh(ctx context.Context, d Dataset, t config.Tenant, r Range) (rows, bytes int64, err error) {
	var files engine.Slice
	s := newSlice(d, t, r)
	err = s.addFiles(ctx, &files, s.wide())
	return files.Rows, files.Bytes, err
}

// Empty tells whether the dataset has no record of the tenant's buckets in a range.
func Empty(ctx context.Context, d Dataset, t config.Tenant, r Range) (bool, error) {
	var files engine.Slice
	s := newSlice(d, t, r)
	err := s.addFiles(ctx, &files, r)
	return len(files.Access) == 0, err
}

// wide is the range with the days before that it is compared with and those behind
// in which what its nights wrote must still be there.
func (v *Slice) wide() Range {
	keep := 1
	for _, b := range v.Tenant.Buckets {
		keep = max(keep, b.KeepDays)
	}
	return v.Range.widen(2*historyDays+1, keep+1)
}

// ErrRetired means that the records of some days were retired.
var ErrRetired = errors.New("their records were retired")

// kept refuses days whose records were retired: without them everything would
// look as if it had never been.
func (v *Slice) kept(ctx context.Context) error {
	before, err := v.data.State.Files.RetiredBefore(ctx)
	if err != nil {
		return err
	}
	if first := v.Range.First.Format(time.DateOnly); first < before {
		return fmt.Errorf("days from %s on: %w up to %s, as retention.dataset_days says; the packets of that time "+
			"are in the evidence place", first, ErrRetired, before)
	}
	return nil
}

// sourceCount is what a log object holds for the tenant.
type sourceCount struct {
	Bucket  string    `column:"bucket"`
	Source  string    `column:"source_object"`
	Records int64     `column:"records"`
	First   time.Time `column:"first"`
	Last    time.Time `column:"last"`
}

// ownSources takes from the sources what is another tenant's: in a shared log
// location the objects that are no logs, whose names tell, and in a shared
// bucket the records of the other tenant.
func (v *Covered) ownSources(ctx context.Context) error {
	v.Sources = slices.DeleteFunc(v.Sources, func(s state.Source) bool { return s.Kind != state.KindLog && v.sharedLocation(s.Location) })
	if !v.shares() {
		return nil
	}
	counts, err := tableRows[sourceCount](ctx, v.engine.Query, v.data.Catalog, "source-counts")
	if err != nil {
		return fmt.Errorf("count sources: %w", err)
	}
	own := map[[2]string]sourceCount{}
	for _, c := range counts {
		own[[2]string{c.Bucket, c.Source}] = c
	}
	for i := range v.Sources {
		s := &v.Sources[i]
		if len(v.sharing(s.Bucket)) == 0 {
			continue
		}
		c := own[[2]string{s.Bucket, s.LogObject.Source}] // zero where it holds nothing of the tenant's
		s.Records, s.First, s.Last = c.Records, c.First, c.Last
	}
	// Of a place that only others name, what holds none of the tenant's records is
	// nothing of the tenant's.
	v.Sources = slices.DeleteFunc(v.Sources, func(s state.Source) bool {
		return s.Records == 0 && !slices.ContainsFunc(v.Tenant.Buckets, func(b config.Bucket) bool { return b.Logs.Text == s.Location })
	})
	return nil
}

// sharedLocation tells whether another tenant's logs are delivered there too.
func (v *Slice) sharedLocation(location string) bool {
	for _, t := range v.data.Config.Tenants {
		if t.ID != v.Tenant.ID && slices.ContainsFunc(t.Buckets, func(b config.Bucket) bool { return b.Logs.Text == location }) {
			return true
		}
	}
	return false
}

// Rejected counts the lines of the range that could not be read, each once.
func (v *records) Rejected(ctx context.Context) (int64, error) {
	type total struct {
		Rejected int64 `column:"rejected"`
	}
	totals, err := tableRows[total](ctx, v.engine.Query, v.data.Catalog, "rejected-total")
	if err == nil && len(totals) != 1 {
		err = fmt.Errorf("%s: it has %d rows, and one is needed", tableFile("rejected-total"), len(totals))
	}
	if err != nil {
		return 0, fmt.Errorf("count rejected lines: %w", err)
	}
	return totals[0].Rejected, nil
}

// OwnReads counts the requests of bucketproof itself in the range, which the view
// access leaves out, by bucket.
func (v *records) OwnReads(ctx context.Context) (map[string]int64, error) {
	own := map[string]int64{}
	if !v.readsItself {
		return own, nil
	}
	type count struct {
		Bucket   string `column:"bucket"`
		Requests int64  `column:"requests"`
	}
	counts, err := tableRows[count](ctx, v.engine.Query, v.data.Catalog, "own-reads")
	if err != nil {
		return nil, fmt.Errorf("count own requests: %w", err)
	}
	for _, c := range counts {
		own[c.Bucket] = c.Requests
	}
	return own, nil
}

// Close releases the slice.
func (v *records) Close() error { return v.engine.Close() }

func (v *Slice) addFiles(ctx context.Context, slice *engine.Slice, wide Range) error {
	from, to := wide.Start().Format(time.DateOnly), wide.End().Format(time.DateOnly)
	add := func(into *[]string, kind, bucket string) error {
		files, err := v.data.State.Files.Of(ctx, kind, bucket, from, to)
		for _, f := range files {
			*into = append(*into, v.data.Files.Full(f.Path))
			if kind != dataset.Rejected {
				slice.Rows += f.Rows
				slice.Bytes += f.Bytes
			}
		}
		return err
	}
	err := add(&slice.Rejected, dataset.Rejected, "")
	for _, b := range v.Tenant.Buckets {
		err = errors.Join(err, add(&slice.Access, dataset.Access, b.Name), add(&slice.Rejected, dataset.Rejected, b.Name))
	}
	for _, account := range v.Tenant.Accounts {
		err = errors.Join(err, add(&slice.Trail, dataset.Trail, dataset.TrailOwner(account)))
	}
	return err
}

func (v *known) readSources(ctx context.Context, wide Range) error {
	for _, b := range v.Tenant.Buckets {
		s, err := v.data.State.Ledger.Sources(ctx, b.Logs.Text, b.Name, wide.Start(), wide.End())
		if err != nil {
			return err
		}
		v.Sources = append(v.Sources, s...)
		noticed, err := v.data.incidents(ctx, b.Logs.Text, b.Name, wide.Start(), wide.End())
		if err != nil {
			return err
		}
		for _, i := range noticed {
			v.incidents = append(v.incidents, incident{bucket: b.Name, Incident: i})
		}
	}
	return nil
}

// values are the parameters of a statement.
func (v *asking) values(bucket string) map[string]any {
	values := v.Tenant.Checks.Parameters()
	maps.Copy(values, map[string]any{"from": v.Range.Start(), "to": v.Range.End(), "bucket": bucket, "tenant": v.Tenant.ID,
		"large_put": v.Tenant.LargePut, "key": v.Key})
	return values
}

// Parameters are the values with which a statement is answered for a packet: those that each
// can have, and those that it asks for.
func (v *asking) Parameters(s *Statement) map[string]any {
	values, out := v.values(""), map[string]any{}
	for _, name := range append([]string{"from", "to", "bucket", "tenant", "large_put"}, s.params...) {
		out[name] = values[name]
	}
	return out
}

// Run answers a saved query; bucket "" is all buckets of the tenant. Every text
// in the result has passed package redact: this and [View.Each] are the only ways out of
// the dataset.
func (v *asking) Run(ctx context.Context, s *Statement, bucket string) (*engine.Result, error) {
	result := &engine.Result{}
	columns, err := v.Each(ctx, s, bucket, func(_ []string, row []any) error {
		result.Rows = append(result.Rows, row)
		return nil
	})
	result.Columns = columns
	return result, err
}

// Each answers a saved query as [View.Run] does, and hands on row by row what can be more
// than memory holds.
func (v *asking) Each(ctx context.Context, s *Statement, bucket string, do func(columns []string, row []any) error) ([]string, error) {
	if bucket != "" && !slices.ContainsFunc(v.Tenant.Buckets, func(b config.Bucket) bool { return b.Name == bucket }) {
		return nil, fmt.Errorf("query %s: tenant %s has no bucket %q", s.Name, v.Tenant.ID, bucket)
	}
	return v.each(ctx, s, bucket, do)
}

// maxRows is how many rows of an answer a packet holds where anyone who sends requests
// can make more of them, and maxText how many bytes of a text.
const (
	maxRows = 5000
	maxText = 1024
)

// RunBounded answers a saved query for a packet, in memory that nobody outside can fill:
// of an answer that is not bounded by the configuration the first rows, and of a text that
// is longer than a key the beginning, with its length and hash.
func (v *asking) RunBounded(ctx context.Context, s *Statement) (*engine.Result, error) {
	most := maxRows
	if s.Bounded {
		most = math.MaxInt
	}
	result, err := v.run(ctx, s, "", most)
	if err != nil {
		return nil, err
	}
	for _, row := range result.Rows {
		for i, cell := range row {
			if text, ok := cell.(string); ok && len(text) > maxText {
				row[i] = shorten(text)
			}
		}
	}
	return result, nil
}

// shorten cuts a long text at a character, and says how long it was and what it hashes to.
func shorten(text string) string {
	end := maxText
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return fmt.Sprintf("%s… [%d bytes, SHA-256 %x]", text[:end], len(text), sha256.Sum256([]byte(text)))
}

func (v *asking) run(ctx context.Context, s *Statement, bucket string, most int) (*engine.Result, error) {
	if err := v.mayRun(ctx, s); err != nil {
		return nil, err
	}
	result, err := v.engine.First(ctx, most, s.sql, s.arguments(v.values(bucket))...)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", s.Name, explain(err))
	}
	for _, row := range result.Rows {
		redactRow(row)
	}
	return result, nil
}

// each is run, row by row.
func (v *asking) each(ctx context.Context, s *Statement, bucket string, do func(columns []string, row []any) error) ([]string, error) {
	if err := v.mayRun(ctx, s); err != nil {
		return nil, err
	}
	columns, err := v.engine.Each(ctx, func(columns []string, row []any) error {
		redactRow(row)
		return do(columns, row)
	}, s.sql, s.arguments(v.values(bucket))...)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", s.Name, explain(err))
	}
	return columns, nil
}

// mayRun makes the tables that a statement asks for, and refuses one that lacks its key.
func (v *asking) mayRun(ctx context.Context, s *Statement) error {
	if err := v.ready(ctx, s); err != nil {
		return fmt.Errorf("query %s: %w", s.Name, explain(err))
	}
	if s.Asks("key") && v.Key == "" {
		return fmt.Errorf("query %s: %w", s.Name, ErrNoKey)
	}
	return nil
}

func redactRow(row []any) {
	for i, cell := range row {
		switch cell := cell.(type) {
		case string:
			row[i] = redact.Text(cell)
		case []string:
			for j := range cell {
				cell[j] = redact.Text(cell[j])
			}
		}
	}
}

// Plan is how the engine would answer a query, as text.
func (v *asking) Plan(ctx context.Context, s *Statement, bucket string) (string, error) {
	if err := v.ready(ctx, s); err != nil {
		return "", fmt.Errorf("query %s: %w", s.Name, explain(err))
	}
	result, err := v.engine.Query(ctx, "EXPLAIN "+s.sql, s.arguments(v.values(bucket))...)
	if err != nil {
		return "", fmt.Errorf("query %s: %w", s.Name, explain(err))
	}
	type step struct {
		Text string `column:"explain_value"`
	}
	steps, err := engine.Rows[step]("query "+s.Name+", its plan", result.Columns, result.Rows)
	var b strings.Builder
	for _, s := range steps {
		b.WriteString(s.Text)
	}
	return b.String(), err
}

// explain adds the mend to errors that have one.
func explain(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if text := err.Error(); strings.HasPrefix(text, "Out of Memory") { // and advice about what nobody can set here
		text, _, _ = strings.Cut(text, "\n")
		return errors.New(text + "; raise engine.memory_limit in the configuration")
	}
	return err
}
