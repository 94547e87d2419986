package analyze

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"bucketproof/analyze/engine"
)

// Figures that are compared with what is usual, by the names that SQL uses.
const (
	figureDeletes    = "deletes"    // objects deleted
	figureErrors     = "error_rate" // failed requests, of all; refused ones are not failed
	figureDownload   = "downloaded" // bytes, by one identity; compared with its own days
	figureTogether   = "downloaded together"
	figureBackupSize = "backup_volume" // bytes written by backup principals in a window
)

// usual is what a figure was on the days before.
type usual struct {
	days              int64 // of the historyDays before, those that were evaluated
	median, deviation float64
	least, most       float64
	farBelow          float64   // so little is far less than usual, however much the values differ
	sameWeekday       []float64 // of these, those of the same day of the week
}

// learn takes the median and the median absolute deviation of the past.
func learn(past []float64) usual {
	u := usual{days: int64(len(past))}
	if len(past) == 0 {
		return u
	}
	u.median = median(past)
	away := make([]float64, len(past))
	for i, n := range past {
		away[i] = max(n-u.median, u.median-n)
	}
	u.deviation = median(away)
	u.least, u.most = slices.Min(past), slices.Max(past)
	u.farBelow = farBelow(past, u.median)
	return u
}

// farBelow is four robust standard deviations of the logarithms below the median, half
// of it at the most and a quarter at the least: amounts differ by factors, but a night of a
// sixteenth is none, however much others differ.
func farBelow(past []float64, middle float64) float64 {
	if middle <= 0 {
		return 0
	}
	var away []float64
	for _, n := range past {
		if n > 0 {
			away = append(away, math.Abs(math.Log(n/middle)))
		}
	}
	const robust = 1.4826 // of a median absolute deviation, for a standard deviation
	return max(middle/4, min(middle/2, middle*math.Exp(-4*robust*median(away))))
}

func median(list []float64) float64 {
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// series are the values of a figure of one bucket by position in all days or
// nights; where has tells which of these were evaluated.
type series struct {
	dates  []string
	has    []bool
	values []float64
}

// before learns from the historyDays in front of day i.
func (s *series) before(i int) usual {
	var past, same []float64
	first := addDays(s.dates[i], -historyDays)
	for j := i - 1; j >= 0 && s.dates[j] >= first; j-- {
		if !s.has[j] {
			continue
		}
		past = append(past, s.values[j])
		if weekday(s.dates[j]) == weekday(s.dates[i]) {
			same = append(same, s.values[j])
		}
	}
	u := learn(past)
	u.sameWeekday = same
	return u
}

func weekday(date string) time.Weekday {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return -1 // dates of ours are dates
	}
	return at.Weekday()
}

// figures is the table of what the days and nights of the range show, beside
// what is usual for them. Least and most are of the days of the same weekday
// among those, the median where there is none.
func (v *backups) figures(ctx context.Context) (engine.Table, error) {
	t := engine.Table{Name: "figures",
		Columns: columns("bucket", engine.Text, "date", engine.Text, "figure", engine.Text, "identity", engine.Text,
			"value", engine.Double, "days", engine.Int, "median", engine.Double, "deviation", engine.Double,
			"same_weekday_least", engine.Double, "same_weekday_median", engine.Double, "same_weekday_most", engine.Double,
			"far_below", engine.Double)}
	add := func(bucket, date, figure, identity string, value float64, u usual) {
		least, middle, most := u.median, u.median, u.median
		if len(u.sameWeekday) > 0 {
			least, middle, most = slices.Min(u.sameWeekday), median(u.sameWeekday), slices.Max(u.sameWeekday)
		}
		t.Rows = append(t.Rows, []any{bucket, date, figure, identity, value, u.days, u.median, u.deviation, least,
			middle, most, u.farBelow})
	}
	if err := v.dayFigures(ctx, add); err != nil {
		return t, fmt.Errorf("figures of the days: %w", err)
	}
	if err := v.nightFigures(ctx, add); err != nil {
		return t, fmt.Errorf("figures of the nights: %w", err)
	}
	return t, nil
}

// dayFigure is what all identities did on a day.
type dayFigure struct {
	requests, deletes, errors float64
	downloaded                map[string]float64
	together                  float64 // what all downloaded
}

func (v *backups) dayFigures(ctx context.Context, add func(bucket, date, figure, identity string, value float64, u usual)) error {
	type row struct {
		Bucket     string `column:"bucket"`
		Date       string `column:"date"`
		Identity   string `column:"identity"`
		Requests   int64  `column:"requests"`
		Deletes    int64  `column:"deletes"`
		Errors     int64  `column:"errors"`
		Downloaded int64  `column:"downloaded"`
	}
	rows, err := askedRows[row](ctx, &v.asking, "day-figures")
	if err != nil {
		return err
	}
	days := map[[2]string]*dayFigure{}
	for _, r := range rows {
		f := days[[2]string{r.Bucket, r.Date}]
		if f == nil {
			f = &dayFigure{downloaded: map[string]float64{}}
			days[[2]string{r.Bucket, r.Date}] = f
		}
		f.requests += float64(r.Requests)
		f.deletes += float64(r.Deletes)
		f.errors += float64(r.Errors)
		f.downloaded[r.Identity] = float64(r.Downloaded)
		f.together += float64(r.Downloaded)
	}
	for _, b := range v.Tenant.Buckets {
		var deletes, errors, together series
		var figures []*dayFigure
		for _, d := range v.all {
			if d.Bucket != b.Name {
				continue
			}
			f := days[[2]string{d.Bucket, d.Date}]
			if f == nil {
				f = &dayFigure{}
			}
			rate := 0.0
			if f.requests > 0 {
				rate = f.errors / f.requests
			}
			figures = append(figures, f)
			for s, n := range map[*series]float64{&deletes: f.deletes, &errors: rate, &together: f.together} {
				s.dates, s.has, s.values = append(s.dates, d.Date), append(s.has, d.Gap.None()), append(s.values, n)
			}
		}
		for i, date := range deletes.dates {
			if !v.inRange(date) {
				continue
			}
			add(b.Name, date, figureDeletes, "", figures[i].deletes, deletes.before(i))
			add(b.Name, date, figureErrors, "", errors.values[i], errors.before(i))
			add(b.Name, date, figureTogether, "", together.values[i], together.before(i))
			for _, identity := range sortedKeys(figures[i].downloaded) {
				n := figures[i].downloaded[identity]
				if n < float64(v.Tenant.Checks["large_download"]) {
					continue // no check asks what is usual for it
				}
				own := series{dates: deletes.dates, has: deletes.has}
				for _, f := range figures {
					own.values = append(own.values, f.downloaded[identity])
				}
				add(b.Name, date, figureDownload, identity, n, own.before(i))
			}
		}
	}
	return nil
}

// nightFigures leaves out the nights that a backup missed, which is a finding
// of its own.
func (v *backups) nightFigures(ctx context.Context, add func(bucket, date, figure, identity string, value float64, u usual)) error {
	nights, err := v.written(ctx)
	if err != nil {
		return err
	}
	for _, b := range v.Tenant.Buckets {
		var s series
		for _, n := range v.allNights {
			if n.Bucket != b.Name {
				continue
			}
			f := nights[[2]string{n.Bucket, n.Date}]
			s.dates, s.has, s.values = append(s.dates, n.Date),
				append(s.has, n.Gap.None() && f.objects >= b.MinObjects), append(s.values, float64(f.bytes))
		}
		for i, date := range s.dates {
			if v.inRange(date) && s.has[i] {
				add(b.Name, date, figureBackupSize, "", s.values[i], s.before(i))
			}
		}
	}
	return nil
}

// nightHistory is how many of the nights in the historyDays before a date were
// evaluated.
func (v *Covered) nightHistory(bucket, date string) int {
	n := 0
	first := addDays(date, -historyDays)
	for _, o := range v.allNights {
		if o.Bucket == bucket && o.Date >= first && o.Date < date && o.Gap.None() {
			n++
		}
	}
	return n
}
