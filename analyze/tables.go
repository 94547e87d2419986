package analyze

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"bucketproof/analyze/engine"
	"bucketproof/internal/config"
	"bucketproof/internal/reason"
	"bucketproof/internal/state"
)

// zoned is the type of an instant in a bound table, as that of access.time.
const zoned = "TIMESTAMP WITH TIME ZONE"

func columns(pairs ...string) []engine.Column {
	out := make([]engine.Column, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, engine.Column{Name: pairs[i], Type: pairs[i+1]})
	}
	return out
}

// load makes the bound tables and the views over them.
func (v *Covered) load(ctx context.Context) error {
	tables := []engine.Table{bucketTable(v.Tenant.Buckets), v.prefixes(), v.prefixRoots(), v.otherPrefixes(), v.days(), v.coverageTable(),
		v.windows(), v.businessHours(), v.logObjects(), v.logIncidents(), v.agentPatterns(), v.quarters(),
		v.windowQuarters(), v.logPlaces()}
	sql := v.data.Catalog.tables
	access := sql["access-own"]
	if v.shares() {
		access = sql["access"]
	}
	views := []engine.View{{Name: "access", SQL: access}, {Name: "rejected", SQL: sql["rejected"]}}
	if v.readsItself {
		views = []engine.View{{Name: "every_access", SQL: access}, {Name: "access", SQL: sql["access-without-own"]}, views[1]}
	}
	views = append(views, engine.View{Name: "trail", SQL: sql["trail"]}, engine.View{Name: "shared_changes", SQL: sql["shared-changes"]})
	if v.shares() {
		of := "access"
		if v.readsItself {
			of = "every_access"
		}
		views = append(views, engine.View{Name: "principals", SQL: strings.ReplaceAll(sql["principals"], "every_access", of)})
	}
	for _, t := range tables {
		if err := v.engine.Load(ctx, t); err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
	for _, view := range views {
		if err := v.engine.Derive(ctx, view); err != nil {
			return fmt.Errorf("view %s: %w", view.Name, err)
		}
	}
	return nil
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (v *Slice) prefixes() engine.Table {
	t := engine.Table{Name: "prefixes", Columns: columns("bucket", engine.Text, "prefix", engine.Text)}
	for _, b := range v.Tenant.Buckets {
		for _, p := range b.Prefixes {
			t.Rows = append(t.Rows, []any{b.Name, p})
		}
	}
	return t
}

// prefixRoots are the approved prefixes without those that lie under another:
// a key stands under one of them at most.
func (v *Slice) prefixRoots() engine.Table {
	t := engine.Table{Name: "prefix_roots", Columns: columns("bucket", engine.Text, "prefix", engine.Text)}
	for _, b := range v.Tenant.Buckets {
		root := ""
		for i, p := range slices.Sorted(slices.Values(b.Prefixes)) { // what others lie under sorts before them
			if i > 0 && strings.HasPrefix(p, root) {
				continue
			}
			root = p
			t.Rows = append(t.Rows, []any{b.Name, p})
		}
	}
	return t
}

func (v *Slice) otherPrefixes() engine.Table {
	t := engine.Table{Name: "other_prefixes", Columns: columns("bucket", engine.Text, "prefix", engine.Text)}
	for _, b := range v.Tenant.Buckets {
		for _, other := range v.sharing(b.Name) {
			for _, ob := range other.Buckets {
				if ob.Name != b.Name {
					continue
				}
				for _, p := range ob.Prefixes {
					t.Rows = append(t.Rows, []any{b.Name, p})
				}
			}
		}
	}
	return t
}

// allDays are the days of the range, those that they are compared with, and
// those by which the silences of these are judged.
func (v *Slice) allDays() []Day { return v.Range.widen(2*historyDays, 1).Days() }

func (v *Slice) inRange(date string) bool {
	return date >= v.Range.First.Format(time.DateOnly) && date <= v.Range.Last.Format(time.DateOnly)
}

func (v *Slice) days() engine.Table {
	t := engine.Table{Name: "days", Columns: columns("date", engine.Text, "day_start", zoned, "day_end", zoned, "in_range", engine.Bool)}
	for _, d := range v.allDays() {
		t.Rows = append(t.Rows, []any{d.Date, d.Start, d.End, v.inRange(d.Date)})
	}
	return t
}

func (v *Covered) windows() engine.Table {
	t := engine.Table{Name: "windows",
		Columns: columns("bucket", engine.Text, "subject", engine.Text, "date", engine.Text, "window_start", zoned,
			"window_end", zoned, "in_range", engine.Bool, "min_objects", engine.Int, "gap", engine.Text)}
	buckets := map[string]config.Bucket{}
	for _, b := range v.Tenant.Buckets {
		buckets[b.Name] = b
	}
	for _, n := range v.allNights {
		b := buckets[n.Bucket]
		subject := fmt.Sprintf("nightly window %s-%s", b.Window.Start, b.Window.End)
		t.Rows = append(t.Rows, []any{n.Bucket, subject, n.Date, n.Start, n.End, v.inRange(n.Date), b.MinObjects, n.Gap.String()})
	}
	return t
}

func (v *Slice) businessHours() engine.Table {
	t := engine.Table{Name: "business_hours", Columns: columns("hours_start", zoned, "hours_end", zoned)}
	for _, i := range v.Range.widen(1, 1).intervals(v.Tenant.BusinessHours) {
		t.Rows = append(t.Rows, []any{i.start, i.end})
	}
	return t
}

// quarter counts quarters of an hour since 1970, UTC. Days and hours of every
// zone begin with one, so that a record finds its day by an equality.
func quarter(t time.Time) int64 { return t.Unix() / 900 }

// quarters are those of all days, with the day, and the hour of the day that
// the clocks of the tenant's zone show. Weekdays are 1 Monday to 7 Sunday.
func (v *Slice) quarters() engine.Table {
	t := engine.Table{Name: "quarters",
		Columns: columns("quarter", engine.Int, "date", engine.Text, "weekday", engine.Int, "hour", engine.Int,
			"day_number", engine.Int, "in_range", engine.Bool)}
	for number, d := range v.allDays() {
		in := v.inRange(d.Date)
		for at := d.Start; at.Before(d.End); at = at.Add(15 * time.Minute) {
			clock := at.In(v.Range.Location)
			t.Rows = append(t.Rows, []any{quarter(at), d.Date, int64(clock.Weekday()+6)%7 + 1, int64(clock.Hour()), int64(number), in})
		}
	}
	return t
}

// windowQuarters are the quarters that the windows touch.
func (v *Covered) windowQuarters() engine.Table {
	t := engine.Table{Name: "window_quarters", Columns: columns("bucket", engine.Text, "date", engine.Text, "quarter", engine.Int)}
	for _, n := range v.allNights {
		for q := quarter(n.Start); q <= quarter(n.End); q++ {
			t.Rows = append(t.Rows, []any{n.Bucket, n.Date, q})
		}
	}
	return t
}

// logObjects has every log object once for each bucket: another version of it
// holds no other records.
func (v *known) logObjects() engine.Table {
	t := engine.Table{Name: "log_objects", Columns: columns("bucket", engine.Text, "source_object", engine.Text, "delivered", zoned)}
	delivered := map[[2]string]time.Time{}
	var order [][2]string
	for _, s := range v.Sources {
		k := [2]string{s.Bucket, s.LogObject.Source}
		at, ok := delivered[k]
		if !ok {
			order = append(order, k)
		}
		if s.Kind == state.KindLog && (!ok || s.Delivered.Before(at)) {
			delivered[k] = s.Delivered
		}
	}
	for _, k := range order {
		if at, ok := delivered[k]; ok {
			t.Rows = append(t.Rows, []any{k[0], k[1], at})
		}
	}
	return t
}

// logIncidents is what collection noticed about the log objects of a bucket, with the
// times that the objects are about.
func (v *known) logIncidents() engine.Table {
	t := engine.Table{Name: "log_incidents",
		Columns: columns("bucket", engine.Text, "kind", engine.Text, "source", engine.Text, "noticed", zoned,
			"about_first", zoned, "about_last", zoned)}
	for _, i := range v.incidents {
		t.Rows = append(t.Rows, []any{i.bucket, i.Kind, i.Source, i.Noticed, i.First, i.Last})
	}
	return t
}

// cover reads when each bucket has records, and judges its days and nights.
func (v *Covered) cover(ctx context.Context, query engine.Query) error {
	slots, err := v.slots(ctx, query)
	if err != nil {
		return err
	}
	rejected, err := v.rejectedHours(ctx, query)
	if err != nil {
		return err
	}
	days := v.allDays()
	for _, b := range v.Tenant.Buckets {
		if slots[b.Name], err = v.neighbours(ctx, b.Name, slots[b.Name]); err != nil {
			return err
		}
		c := newCoverage(slots[b.Name], rejected[b.Name], days, v.Range.Location, v.emptyObjects(b.Name), reason.Silence{})
		v.covered[b.Name] = c
		for _, d := range days {
			v.places[[2]string{b.Name, d.Date}] = len(v.all)
			v.all = append(v.all, CoveredDay{Bucket: b.Name, Day: d, Gap: c.gap(d.Start, d.End, edge, edge)})
			if v.inRange(d.Date) {
				v.Coverage = append(v.Coverage, v.all[len(v.all)-1])
			}
		}
		for _, i := range v.Range.widen(2*historyDays, 0).intervals(b.Window) {
			n := Night{Bucket: b.Name, Date: i.date, Start: i.start, End: i.end, Gap: c.windowGap(i.start, i.end)}
			if n.Gap.None() && !v.hasBackup() {
				n.Gap = reason.NoBackupRole()
			}
			v.allNights = append(v.allNights, n)
			if v.inRange(n.Date) {
				v.Nights = append(v.Nights, n)
			}
		}
	}
	return nil
}

// hasBackup tells whether it is known who backs up; without any mapping that is not
// asked.
func (v *Slice) hasBackup() bool {
	return len(v.Tenant.Principals) == 0 ||
		slices.ContainsFunc(v.Tenant.Principals, func(p config.Principal) bool { return p.Role == config.RoleBackup })
}

// emptyObjects are the times that log objects of a bucket without a byte leave
// unknown: S3 delivers none, so what they held is lost. In a place that buckets
// share such an object may be of each of them.
func (v *known) emptyObjects(bucket string) []unknown {
	var out []unknown
	for _, s := range v.Sources {
		if s.Bucket != bucket || s.Kind != state.KindEmpty || s.Delivered.IsZero() || !namedLikeLog.MatchString(s.Key) {
			continue
		}
		from, to := s.Delivered.Add(-24*time.Hour), s.Delivered.Add(time.Hour)
		// A name at midnight is that of a partition by event time: of the day of the records.
		if named, ok := nameTime(s.Key); ok && named.Equal(named.Truncate(24*time.Hour)) && s.Delivered.Sub(named).Abs() > time.Hour {
			from, to = named, named.Add(24*time.Hour)
		}
		out = append(out, unknown{from, to, reason.NoLogInObject(s.Delivered.In(v.Range.Location))})
	}
	return out
}

var namedLikeLog = regexp.MustCompile(`(?:^|[^0-9])(\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)-[0-9A-F]{8,}(?:\.gz|\.zst)?$`)

// nameTime is the time in the name of a log object.
func nameTime(key string) (time.Time, bool) {
	m := namedLikeLog.FindStringSubmatch(key)
	if m == nil {
		return time.Time{}, false
	}
	at, err := time.Parse("2006-01-02-15-04-05", m[1])
	return at, err == nil
}

// misdated are the log objects with records dated more than an hour after their
// delivery, and the latest time that a record in them can have.
func (v *known) misdated() engine.Table {
	t := engine.Table{Name: "misdated", Columns: columns("source_object", engine.Text, "latest", zoned)}
	seen := map[string]bool{}
	for _, s := range v.Sources {
		if latest := s.Delivered.Add(time.Hour); !s.Delivered.IsZero() && s.Last.After(latest) && !seen[s.LogObject.Source] {
			seen[s.LogObject.Source] = true
			t.Rows = append(t.Rows, []any{s.LogObject.Source, latest})
		}
	}
	return t
}

// neighbours adds to the slots of a bucket the last record in front of the slice
// and the next one behind it, so that a silence that reaches over an end of the
// slice is as long as it is.
func (v *known) neighbours(ctx context.Context, bucket string, slots []slot) ([]slot, error) {
	wide := v.wide()
	first, last := wide.Start(), wide.End()
	if len(slots) > 0 {
		first, last = slots[0].first, slots[len(slots)-1].last
	}
	before, next, err := v.data.State.Ledger.RecordsAround(ctx, bucket, first, last)
	if err != nil {
		return nil, err
	}
	if !before.IsZero() && before.Before(first) {
		slots = append([]slot{{first: before, last: before}}, slots...)
	}
	if !next.IsZero() && next.After(last) {
		slots = append(slots, slot{first: next, last: next})
	}
	return slots, nil
}

// history is how many of the historyDays before a day were evaluated.
func (v *Covered) history(bucket, date string) int {
	i, ok := v.places[[2]string{bucket, date}]
	if !ok {
		return 0
	}
	n := 0
	for j := max(0, i-historyDays); j < i; j++ {
		if v.all[j].Bucket == bucket && v.all[j].Gap.None() {
			n++
		}
	}
	return n
}

func (v *records) slots(ctx context.Context, query engine.Query) (map[string][]slot, error) {
	type row struct {
		Bucket string `column:"bucket"`
		slotRow
		Records int64 `column:"records"`
	}
	rows, err := tableRows[row](ctx, query, v.data.Catalog, "slots")
	if err != nil {
		return nil, fmt.Errorf("list quarters of an hour: %w", err)
	}
	slots := map[string][]slot{}
	for _, r := range rows {
		if err := addSlot(slots, r.Bucket, r.Records, r.slotRow); err != nil {
			return nil, fmt.Errorf("list quarters of an hour: %w", err)
		}
	}
	return slots, nil
}

// slotRow is a quarter of an hour with records of a bucket, or events of an account.
type slotRow struct {
	First      time.Time `column:"first"`
	Last       time.Time `column:"last"`
	KnownFirst time.Time `column:"known_first,null"` // of principals that the mapping knows
	KnownLast  time.Time `column:"known_last,null"`
	Known      int64     `column:"known"`
}

func addSlot(slots map[string][]slot, of string, records int64, r slotRow) error {
	if r.Known > 0 && (r.KnownFirst.IsZero() || r.KnownLast.IsZero()) {
		return fmt.Errorf("a quarter of %s has %d records of known principals, and no time of theirs", of, r.Known)
	}
	slots[of] = append(slots[of], slot{first: r.First, last: r.Last, records: records,
		knownFirst: r.KnownFirst, knownLast: r.KnownLast, known: r.Known})
	return nil
}

// rejectedHours counts the lines that could not be read, by bucket and hour
// since 1970. A line that does not tell its bucket counts for every bucket of
// its log location.
func (v *Covered) rejectedHours(ctx context.Context, query engine.Query) (map[string]map[int64]int64, error) {
	type row struct {
		Bucket   string    `column:"bucket"` // "" where the line does not tell it
		Source   string    `column:"source_object"`
		Hour     time.Time `column:"hour"`
		Rejected int64     `column:"rejected"`
	}
	rows, err := tableRows[row](ctx, query, v.data.Catalog, "rejected-hours")
	if err != nil {
		return nil, fmt.Errorf("list rejected lines: %w", err)
	}
	owners := map[string][]string{} // buckets by log object
	for _, s := range v.Sources {
		if !slices.Contains(owners[s.LogObject.Source], s.Bucket) {
			owners[s.LogObject.Source] = append(owners[s.LogObject.Source], s.Bucket)
		}
	}
	hours := map[string]map[int64]int64{}
	for _, r := range rows {
		buckets := []string{r.Bucket}
		if r.Bucket == "" {
			buckets = owners[r.Source]
		}
		for _, b := range buckets {
			if hours[b] == nil {
				hours[b] = map[int64]int64{}
			}
			hours[b][r.Hour.Unix()/3600] += r.Rejected
		}
	}
	return hours, nil
}

func (v *Covered) coverageTable() engine.Table {
	t := engine.Table{Name: "coverage",
		Columns: columns("bucket", engine.Text, "date", engine.Text, "day_number", engine.Int, "gap", engine.Text,
			"gap_code", engine.Text, "trail_gap", engine.Text, "in_range", engine.Bool)}
	numbers := map[string]int64{}
	for i, d := range v.allDays() {
		numbers[d.Date] = int64(i)
	}
	for _, d := range v.all {
		t.Rows = append(t.Rows, []any{d.Bucket, d.Date, numbers[d.Date], d.Gap.String(), string(d.Gap.Code),
			v.trailGaps[d.Date].String(), v.inRange(d.Date)})
	}
	return t
}
