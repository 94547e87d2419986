package analyze

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bucketproof/analyze/engine"
	"bucketproof/internal/config"
	"bucketproof/internal/dataset"
	"bucketproof/internal/reason"
)

// Verdicts of a night (docs/VERDICTS.md).
const (
	NightOK           = "ok"
	NightAttention    = "attention"
	NightMissed       = "missed"
	NightNotEvaluated = "not evaluated"
)

// seenNight is what the log shows of a night. Its columns stand in the table nights, too.
type seenNight struct {
	Requests       int64 `column:"requests"`
	ObjectsWritten int64 `column:"objects_written"`
	BytesWritten   int64 `column:"bytes_written"`
	BackupRequests int64 `column:"backup_requests"`
	OtherRequests  int64 `column:"other_requests"`
	Errors         int64 `column:"errors"`
	BackupErrors   int64 `column:"backup_errors"`
	Strange        int64 `column:"strange"`
	// What backup principals wrote: different objects, those that were kept and those
	// that are left at the end of the range.
	Objects     int64 `column:"backup_objects"`
	Bytes       int64 `column:"backup_bytes"`
	KeptObjects int64 `column:"kept_objects"`
	KeptBytes   int64 `column:"kept_bytes"`
	LeftObjects int64 `column:"left_objects"`
	LeftBytes   int64 `column:"left_bytes"`
	FailedKeys  int64 `column:"failed_keys"`
}

// seenNights asks the log about all nights, once: by bucket and date.
func (v *backups) seenNights(ctx context.Context) (map[[2]string]*seenNight, error) {
	if v.seen != nil {
		return v.seen, nil
	}
	type row struct {
		Bucket string `column:"bucket"`
		Date   string `column:"date"`
		seenNight
	}
	rows, err := askedRows[row](ctx, &v.asking, "nights")
	if err != nil {
		return nil, fmt.Errorf("nights: %w", err)
	}
	seen := map[[2]string]*seenNight{}
	for i := range rows {
		seen[[2]string{rows[i].Bucket, rows[i].Date}] = &rows[i].seenNight
	}
	v.seen = seen
	return seen, nil
}

// removed tells whether a night's backup was written and removed again: too few of its
// objects were kept, or less than half of their bytes.
func (n *seenNight) removed(least int64) bool {
	return n.Objects >= least && (n.KeptObjects < least || n.KeptBytes*2 < n.Bytes)
}

// failing tells whether the backup failed to write some of its objects.
func (n *seenNight) failing() bool {
	return n.FailedKeys > 0 && n.FailedKeys*20 >= n.FailedKeys+n.Objects || n.BackupErrors*20 > n.BackupRequests
}

// judge is the verdict of a night and why it is not ok, by the log and by what the
// backup tool reported.
func (n *seenNight) judge(gap reason.Reason, least int64, reported string) (verdict string, why []string) {
	switch {
	case !gap.None():
		return NightNotEvaluated, []string{gap.String()}
	case n.Objects < least:
		return NightMissed, []string{"fewer objects written than expected"}
	}
	if n.removed(least) {
		why = append(why, "written and removed again")
	}
	if n.failing() {
		why = append(why, "some objects could not be written")
	}
	if n.Strange > 0 {
		why = append(why, "someone who is not mapped wrote or deleted")
	}
	switch reported {
	case "", ReportAgrees, reportUnlooked, reportNone, reportUnread, reportRunning: // of what is not told the witness is silent
	default:
		why = append(why, reported)
	}
	if len(why) > 0 {
		return NightAttention, why
	}
	return NightOK, nil
}

// nights is the table of all nights with their verdicts.
func (v *backups) nights(ctx context.Context) (engine.Table, error) {
	t := engine.Table{Name: "nights", Columns: columns("bucket", engine.Text, "date", engine.Text)}
	t.Columns = append(t.Columns, engine.ColumnsOf[seenNight]()...)
	t.Columns = append(t.Columns, columns("removed", engine.Bool, "failing", engine.Bool, "verdict", engine.Text, "why", engine.Text)...)
	seen, err := v.seenNights(ctx)
	if err != nil {
		return t, err
	}
	reported, err := v.ReportedNights(ctx)
	if err != nil {
		return t, err
	}
	least := v.leastObjects()
	for _, n := range v.allNights {
		s := seen[[2]string{n.Bucket, n.Date}]
		if s == nil {
			return t, fmt.Errorf("nights: no row for %s on %s", n.Bucket, n.Date)
		}
		verdict, why := s.judge(n.Gap, least[n.Bucket], reported[[2]string{n.Bucket, n.Date}].Verdict)
		row := append([]any{n.Bucket, n.Date}, engine.CellsOf(s)...)
		t.Rows = append(t.Rows, append(row, n.Gap.None() && s.removed(least[n.Bucket]), n.Gap.None() && s.failing(),
			verdict, strings.Join(why, "; ")))
	}
	return t, nil
}

func (v *Slice) leastObjects() map[string]int64 {
	least := map[string]int64{}
	for _, b := range v.Tenant.Buckets {
		least[b.Name] = b.MinObjects
	}
	return least
}

// backupRan are the nights of a bucket that are evaluated and not missed, in order.
func (v *backups) backupRan(bucket string, seen map[[2]string]*seenNight) []Night {
	least := v.leastObjects()[bucket]
	var out []Night
	for _, n := range v.allNights {
		if n.Bucket == bucket && n.Gap.None() && seen[[2]string{n.Bucket, n.Date}].Objects >= least {
			out = append(out, n)
		}
	}
	return out
}

const (
	// partShare is on how many of ten nights a part wrote that is always there.
	partShare = 9
	// partWeeks is on how many of the same weekdays a weekly part wrote.
	partWeeks = 4
	// folderNights is of how many nights a folder has to be there on each.
	folderNights = 14
)

// missingParts are the nights in which a part of the backup that is always there
// wrote nothing, though others did: an approved prefix, a principal, a folder.
func (v *backups) missingParts(ctx context.Context) (engine.Table, error) {
	t := engine.Table{Name: "missing_parts",
		Columns: columns("bucket", engine.Text, "date", engine.Text, "subject", engine.Text, "expected", engine.Text)}
	seen, err := v.seenNights(ctx)
	if err != nil {
		return t, err
	}
	type part struct{ bucket, kind, name string }
	type row struct {
		Bucket string `column:"bucket"`
		Date   string `column:"date"`
		Kind   string `column:"kind"`
		Part   string `column:"part"`
	}
	rows, err := askedRows[row](ctx, &v.asking, "night-parts")
	if err != nil {
		return t, fmt.Errorf("parts of the nights: %w", err)
	}
	wrote := map[part]map[string]bool{}
	for _, r := range rows {
		p := part{r.Bucket, r.Kind, r.Part}
		if wrote[p] == nil {
			wrote[p] = map[string]bool{}
		}
		wrote[p][r.Date] = true
	}
	parts := slices.SortedFunc(func(yield func(part) bool) {
		for p := range wrote {
			if !yield(p) {
				return
			}
		}
	}, func(a, b part) int {
		return cmp.Or(cmp.Compare(a.bucket, b.bucket), cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name))
	})
	ran := map[string][]Night{}
	for _, b := range v.Tenant.Buckets {
		ran[b.Name] = v.backupRan(b.Name, seen)
	}
	for _, p := range parts {
		nights := ran[p.bucket]
		for i, n := range nights {
			if !v.inRange(n.Date) || wrote[p][n.Date] {
				continue
			}
			if usual := alwaysThere(nights[:i], n.Date, wrote[p], p.kind == "folder"); usual != "" {
				t.Rows = append(t.Rows, []any{p.bucket, n.Date, p.kind + " " + p.name, usual})
			}
		}
	}
	return t, nil
}

// alwaysThere says how often a part wrote on the nights before one on which it did not,
// or "" where that is not always.
func alwaysThere(before []Night, date string, wrote map[string]bool, folder bool) string {
	first := addDays(date, -historyDays)
	var nights, had, weeks, hadWeeks int
	absent := false // on the night before, too
	for i := len(before) - 1; i >= 0 && before[i].Date >= first; i-- {
		n := before[i].Date
		if folder && i == len(before)-1 && !wrote[n] {
			absent = true // a folder is missing from its second night on
			continue
		}
		nights++
		if wrote[n] {
			had++
		}
		if weekday(n) == weekday(date) {
			weeks++
			if wrote[n] {
				hadWeeks++
			}
		}
	}
	switch {
	case folder && (!absent || nights < folderNights || had < nights):
		return ""
	case folder, nights >= minHistory && had*10 >= nights*partShare:
		return fmt.Sprintf("%d of %d nights before", had, nights)
	case weeks >= partWeeks && hadWeeks == weeks:
		return fmt.Sprintf("%d of %d nights of the same weekday before", hadWeeks, weeks)
	}
	return ""
}

// trendMonths is with how many months before a month is compared.
const trendMonths = 6

// monthTrends compares the median night of each month that ends in the range with those
// of the months before.
func (v *backups) monthTrends(ctx context.Context) (engine.Table, error) {
	t := engine.Table{Name: "month_trends",
		Columns: columns("bucket", engine.Text, "date", engine.Text, "subject", engine.Text, "expected", engine.Text)}
	v.trendGaps = map[[2]string]reason.Reason{}
	for _, d := range v.Range.Days() {
		if d.Date[:7] == addDays(d.Date, 1)[:7] {
			continue // not the last day of its month
		}
		medians, err := v.Medians(ctx, d.Date[:7])
		if err != nil {
			return t, err
		}
		for _, b := range v.Tenant.Buckets {
			list := medians[b.Name]
			if len(list) < 2 || list[0].Nights < minHistory {
				v.trendGaps[[2]string{b.Name, d.Date}] = reason.TooFewMonths()
				continue
			}
			now := list[0]
			for _, m := range list[1:] {
				subject := ""
				switch {
				case m.Nights < minHistory:
				case now.Bytes*2 < m.Bytes:
					subject = "fell below half"
				case now.Bytes > 2*m.Bytes:
					subject = "rose above double"
				}
				if subject != "" {
					t.Rows = append(t.Rows, []any{b.Name, d.Date, subject, fmt.Sprintf("the median night wrote %s bytes, in %s it was %s",
						group(int64(now.Bytes)), m.Month, group(int64(m.Bytes)))})
					break // the nearest month says it
				}
			}
		}
	}
	return t, nil
}

// MonthMedian is the median night of a month.
type MonthMedian struct {
	Month  string // YYYY-MM
	Nights int    // evaluated ones with a backup
	Bytes  float64
}

// Medians are the median nights of a month and of the six before it, by bucket, the
// latest first. Months whose records are not in the dataset are left out; a bucket
// without such a night in the month itself has none.
func (v *backups) Medians(ctx context.Context, month string) (map[string][]MonthMedian, error) {
	if known, ok := v.medians[month]; ok {
		return known, nil
	}
	medians, err := v.monthMedians(ctx, month)
	if err == nil {
		if v.medians == nil {
			v.medians = map[string]map[string][]MonthMedian{}
		}
		v.medians[month] = medians
	}
	return medians, err
}

func (v *backups) monthMedians(ctx context.Context, month string) (map[string][]MonthMedian, error) {
	last, err := Month(v.Range.Location, month)
	if err != nil {
		return nil, err
	}
	wide := Range{Location: v.Range.Location, First: last.First.AddDate(0, -trendMonths, 0), Last: last.Last}
	if before, err := v.data.State.Files.RetiredBefore(ctx); err != nil {
		return nil, err
	} else if wide.First.Format(time.DateOnly) < before {
		first, err := time.Parse(time.DateOnly, before)
		if err != nil {
			return nil, err
		}
		wide.First = first
	}
	slice := v.wide().Start()
	older := false // there are records of these months before the slice
	for _, b := range v.Tenant.Buckets {
		files, err := v.data.State.Files.Of(ctx, dataset.Access, b.Name, wide.Start().Format(time.DateOnly),
			slice.AddDate(0, 0, -1).Format(time.DateOnly))
		if err != nil {
			return nil, err
		}
		older = older || len(files) > 0
	}
	if !older {
		seen, err := v.seenNights(ctx)
		if err != nil {
			return nil, err
		}
		return v.mediansOf(seen, month), nil
	}
	o, err := Open(ctx, v.data, v.Tenant, wide)
	if err != nil {
		return nil, err
	}
	seen, err := o.seenNights(ctx)
	if err = cmp.Or(err, o.Close()); err != nil {
		return nil, err
	}
	return o.mediansOf(seen, month), nil
}

// mediansOf are the median nights of a month and those before it, as far as the view
// reaches.
func (v *backups) mediansOf(seen map[[2]string]*seenNight, month string) map[string][]MonthMedian {
	out := map[string][]MonthMedian{}
	for _, b := range v.Tenant.Buckets {
		out[b.Name] = medians(v.backupRan(b.Name, seen), seen, month)
	}
	return out
}

// medians are those of the months of some nights that are not behind a month.
func medians(nights []Night, seen map[[2]string]*seenNight, month string) []MonthMedian {
	bytes := map[string][]float64{}
	for _, n := range nights {
		bytes[n.Date[:7]] = append(bytes[n.Date[:7]], float64(seen[[2]string{n.Bucket, n.Date}].Bytes))
	}
	var out []MonthMedian
	for _, m := range slices.Backward(sortedKeys(bytes)) {
		if m <= month {
			out = append(out, MonthMedian{m, len(bytes[m]), median(bytes[m])})
		}
	}
	if len(out) == 0 || out[0].Month != month {
		return nil
	}
	return out
}

// written is what backup principals wrote in each night, by the log.
func (v *backups) written(ctx context.Context) (map[[2]string]wrote, error) {
	seen, err := v.seenNights(ctx)
	if err != nil {
		return nil, err
	}
	out := map[[2]string]wrote{}
	for k, n := range seen {
		out[k] = wrote{n.Objects, n.Bytes}
	}
	return out, nil
}

// ask runs one of the statements behind the bound tables. It is for those who make
// such a table, or have made the view.
func (v *asking) ask(ctx context.Context, name string) (*engine.Result, error) {
	s := &Statement{Name: name, SQL: v.data.Catalog.tables[name]}
	if _, err := s.bind(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := v.derive(ctx, s); err != nil {
		return nil, err
	}
	return v.engine.Query(ctx, s.sql, s.arguments(v.values(""))...)
}

// bucketTable is the tenant's buckets with what their configuration says of them.
func bucketTable(buckets []config.Bucket) engine.Table {
	t := engine.Table{Name: "buckets", Columns: columns("bucket", engine.Text, "min_objects", engine.Int, "keep_days", "INTEGER")}
	for _, b := range buckets {
		t.Rows = append(t.Rows, []any{b.Name, b.MinObjects, int32(b.KeepDays)})
	}
	return t
}
