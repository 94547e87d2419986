package analyze

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"bucketproof/internal/state"
)

// LookBack is how many days a daily check goes back to those that it could not
// look at for want of log records: S3 delivers late.
const LookBack = 7

// Unlooked returns the earliest of the LookBack days before a day that a check
// of the tenant could not look at because the log had a gap, or the day itself
// where there is none. Days are YYYY-MM-DD.
func Unlooked(ctx context.Context, s *state.State, tenant, day string) (string, error) {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return "", err
	}
	silent, err := s.NotEvaluatedBetween(ctx, tenant, at.AddDate(0, 0, -LookBack).Format(time.DateOnly), day)
	for _, n := range silent {
		if n.Date < day && isGap(n.Reason) {
			day = n.Date
		}
	}
	return day, err
}

// maxSubjects is how many findings one check opens for one bucket and day; what
// is past it is one finding together.
const maxSubjects = 100

// maxSamples is how many sample records a finding keeps of a day.
const maxSamples = 20

// OtherSubjects is the subject of what is past that number.
const OtherSubjects = "further subjects"

// Check runs the checks over the days of the view and keeps their findings in
// the state. It can be repeated: the same log gives the same findings. At is
// the time that the history of the findings notes.
func (v *View) Check(ctx context.Context, at time.Time) ([]state.Change, error) {
	var days []state.CheckDay
	for _, s := range v.data.Catalog.Checks {
		d, err := v.runCheck(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("check %s of tenant %s: %w", s.Name, v.Tenant.ID, err)
		}
		days = append(days, d...)
	}
	return v.data.State.PutCheckDays(ctx, days, at)
}

// runCheck returns what a check says about every bucket and day of the range,
// days without a row included.
func (v *View) runCheck(ctx context.Context, s *Statement) ([]state.CheckDay, error) {
	result, err := v.run(ctx, s, "")
	if err != nil {
		return nil, err
	}
	days := v.checkDays(s)
	at := map[[2]string]int{}
	for i, d := range days {
		at[[2]string{d.Bucket, d.Date}] = i
	}
	for _, row := range result.Rows {
		bucket, date, r, err := checkRow(row)
		if err != nil {
			return nil, err
		}
		i, ok := at[[2]string{bucket, date}]
		if !ok {
			return nil, fmt.Errorf("a row for %s on %s, which is not asked", bucket, date)
		}
		if r.Severity == "" {
			r.Severity = s.Severity
		}
		days[i].Rows = addRow(days[i].Rows, r)
	}
	return days, nil
}

// checkDays lists the days that a check looks at, with the reasons why it can't.
func (v *View) checkDays(s *Statement) []state.CheckDay {
	var days []state.CheckDay
	add := func(bucket, date, gap string) {
		if gap == "" {
			gap = v.missing(s, bucket, date)
		}
		days = append(days, state.CheckDay{Tenant: v.Tenant.ID, Check: s.Name, Bucket: bucket, Date: date, NotEvaluated: gap})
	}
	if s.Scope == "window" {
		for _, n := range v.Nights {
			add(n.Bucket, n.Date, n.Gap)
		}
		return days
	}
	for _, d := range v.Coverage {
		if s.Scope == "ledger" { // what collection noticed does not depend on the log's records
			d.Gap = ""
		}
		add(d.Bucket, d.Date, d.Gap)
	}
	return days
}

// missing says what a check needs and does not have.
func (v *View) missing(s *Statement, bucket, date string) string {
	switch s.Needs {
	case "accounts":
		if len(v.Tenant.Accounts) == 0 {
			return "tenant.accounts is not configured"
		}
	case "principals":
		if len(v.Tenant.Principals) == 0 {
			return "no tenant.principal is configured"
		}
	case "user_agents":
		if len(v.Tenant.UserAgents) == 0 {
			return "tenant.user_agents is not configured"
		}
	case "history":
		if n := v.history(bucket, date); n < minHistory {
			return fmt.Sprintf("%d of %d days of history, still learning", n, minHistory)
		}
	}
	return ""
}

// checkRow reads bucket, subject, date, count, first_seen, last_seen, severity
// and samples, the columns of every check.
func checkRow(row []any) (bucket, date string, r state.CheckRow, err error) {
	if len(row) != 8 {
		return "", "", r, fmt.Errorf("%d columns; a check has bucket, subject, date, count, first_seen, last_seen, severity, samples", len(row))
	}
	bucket, ok := row[0].(string)
	subject, ok1 := row[1].(string)
	date, ok2 := row[2].(string)
	count, ok3 := row[3].(int64)
	first, ok4 := row[4].(time.Time)
	last, ok5 := row[5].(time.Time)
	severity, ok6 := row[6].(string)
	if !ok || !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 {
		return "", "", r, fmt.Errorf("a row has the wrong types: %v", row)
	}
	r = state.CheckRow{Subject: subject, FindingDay: state.FindingDay{Date: date, Severity: severity, Count: count, First: first, Last: last}}
	if list, ok := row[7].([]string); ok {
		r.Samples = list
	}
	return bucket, date, r, nil
}

// addRow adds a row to those of a day. Subjects that redaction has made equal
// are one.
func addRow(rows []state.CheckRow, r state.CheckRow) []state.CheckRow {
	if len(rows) >= maxSubjects {
		r.Subject = OtherSubjects
	}
	i := slices.IndexFunc(rows, func(o state.CheckRow) bool { return o.Subject == r.Subject })
	if i < 0 {
		return append(rows, r)
	}
	o := &rows[i]
	o.Count += r.Count
	o.First, o.Last = earlier(o.First, r.First), later(o.Last, r.Last)
	o.Samples = append(o.Samples, r.Samples...)
	o.Samples = o.Samples[:min(len(o.Samples), maxSamples)]
	if slices.Index(state.Severities, r.Severity) > slices.Index(state.Severities, o.Severity) {
		o.Severity = r.Severity
	}
	return rows
}

// Say is the sentence of a check's finding with this count, {count} and
// {count:one|many} filled in.
func (s *Statement) Say(count int64) string {
	out := strings.ReplaceAll(s.Sentence, "{count}", group(count))
	for {
		before, rest, ok := strings.Cut(out, "{count:")
		if !ok {
			return out
		}
		forms, after, _ := strings.Cut(rest, "}")
		one, many, _ := strings.Cut(forms, "|")
		if count == 1 {
			many = one
		}
		out = before + many + after
	}
}

// group writes a number with commas between thousands.
func group(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
