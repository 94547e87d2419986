package analyze

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/reason"
	"bucketproof/internal/state"
	"bucketproof/internal/wildcard"
)

// LookBack is how many days a daily check goes back to those that it could not
// look at for want of log records: S3 delivers late.
const LookBack = 7

// reportLookBack is how many days it goes back to those of backup reports that could
// not be read, once they can.
const reportLookBack = 62

// Unlooked returns the earliest of the LookBack days before a day that a check
// of the tenant could not look at because the log had a gap, or that has an open
// finding about backup reports, which come late, too; or the day itself where there is
// none. Days are YYYY-MM-DD.
func Unlooked(ctx context.Context, s *state.State, tenant, day string) (string, error) {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return "", err
	}
	retired, err := s.Files.RetiredBefore(ctx)
	if err != nil {
		return "", err
	}
	week := at.AddDate(0, 0, -LookBack).Format(time.DateOnly)
	mended := max(retired, at.AddDate(0, 0, -reportLookBack).Format(time.DateOnly))
	reported, err := s.Findings.OpenReportDay(ctx, tenant, mended, max(retired, week), day)
	if err != nil {
		return "", err
	}
	silent, err := s.CheckDays.NotEvaluated(ctx, tenant, week, day)
	for _, n := range silent {
		if n.Date < day && isGap(n.Reason) {
			day = n.Date
		}
	}
	if reported != "" {
		day = min(day, reported)
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
//
// A check that fails leaves the others alone: the error names each.
func (v *View) Check(ctx context.Context, at time.Time) ([]state.Change, error) {
	return v.check(ctx, at, func(*Statement) bool { return true })
}

func (v *View) check(ctx context.Context, at time.Time, asked func(*Statement) bool) ([]state.Change, error) {
	if _, err := v.WitnessDays(ctx); err != nil {
		return nil, fmt.Errorf("check tenant %s: %w", v.Tenant.ID, err)
	}
	now, err := NoteConfiguration(ctx, v.data, v.Tenant, at)
	if err != nil {
		return nil, err
	}
	var days []state.CheckDay
	var failed []error
	for _, s := range v.data.Catalog.Checks {
		if !s.Wanted(v.Tenant) || !asked(s) {
			continue
		}
		d, err := v.runCheck(ctx, s)
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("check %s of tenant %s: %w", s.Name, v.Tenant.ID, err))
		}
		days = append(days, d...)
	}
	for i := range days {
		days[i].Configuration, days[i].Program = now.Fingerprint, v.data.Program
	}
	if err := v.withdraw(ctx, days, now); err != nil {
		return nil, err
	}
	changes, err := v.data.State.Findings.PutCheckDays(ctx, days, at)
	return changes, errors.Join(append(failed, err)...)
}

// runCheck returns what a check says about every bucket and day of the range,
// days without a row included.
func (v *View) runCheck(ctx context.Context, s *Statement) ([]state.CheckDay, error) {
	if err := v.mayRun(ctx, s); err != nil { // also what its days rest on, such as the gaps of trends
		return nil, err
	}
	days := v.checkDays(s)
	at := map[[2]string]int{}
	for i, d := range days {
		at[[2]string{d.Bucket, d.Date}] = i
	}
	said, whole := map[saidOf][]state.CheckRow{}, s.scope().whole
	each := func(do func([]string, []any) error) ([]string, error) { return v.each(ctx, s, "", do) }
	err := eachRow(checkResult, each, func(row checkRow) error {
		i, ok := at[[2]string{row.Bucket, row.Date}]
		if !ok {
			return fmt.Errorf("a row for %s on %s, which is not asked", row.Bucket, row.Date)
		}
		r := row.said()
		if r.Severity == "" {
			r.Severity = s.Severity
		}
		if why, ok := v.reasons[r.Expected.String()]; ok {
			r.Expected = why // a table gave its words
		}
		if !v.missing(s, row.Bucket, row.Date).None() {
			return nil // what the check needs is not there, so its rows mean nothing
		}
		if whole && !days[i].NotEvaluated.None() {
			return nil // what one of two does not have proves nothing where it is not whole
		}
		of := saidOf{i, r.Severity, v.suppression(s.Name, row.Bucket, r.Subject, row.Date)}
		said[of] = addRow(said[of], r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	v.put(days, said, s)
	return days, nil
}

// saidOf is what the rows of a check have in common that are kept together, up to the number
// of subjects: a check can say more than memory holds.
type saidOf struct {
	day      int
	severity string
	quiet    int // which suppression keeps them quiet, -1 for none
}

// put gives the days their rows. The gravest come first: what is past the number of subjects
// is one finding together, and nobody may push trouble in there by making noise.
func (v *View) put(days []state.CheckDay, said map[saidOf][]state.CheckRow, s *Statement) {
	order := func(a, b saidOf) int {
		grave := func(o saidOf) int { return slices.Index(state.Severities, o.severity) }
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(grave(b), grave(a)), cmp.Compare(a.quiet, b.quiet))
	}
	for _, of := range slices.SortedFunc(maps.Keys(said), order) {
		d := &days[of.day]
		for _, r := range said[of] {
			if of.quiet >= 0 {
				q := v.Tenant.Suppressions[of.quiet]
				d.Suppressed = append(d.Suppressed, state.SuppressedRow{CheckRow: r, Reason: q.Reason, Until: q.Until})
				continue
			}
			r.Owner = v.Tenant.Responsible(s.Name, d.Bucket, r.Severity)
			d.Rows = addRow(d.Rows, r)
		}
	}
}

// suppression is which one keeps a row quiet, -1 for none.
func (v *View) suppression(check, bucket, subject, date string) int {
	return slices.IndexFunc(v.Tenant.Suppressions, func(q config.Suppression) bool {
		return q.Check == check && (q.Bucket == "" || q.Bucket == bucket) && date <= q.Until && wildcard.Match(q.Subject, subject)
	})
}

// checkDays lists the days that a check looks at, with the reasons why it can't.
func (v *View) checkDays(s *Statement) []state.CheckDay {
	var days []state.CheckDay
	add := func(bucket, date string, gap reason.Reason) {
		if gap.None() {
			gap = v.missing(s, bucket, date)
		}
		if gap.None() {
			gap = v.silentWitness(s, bucket, date)
		}
		days = append(days, state.CheckDay{Tenant: v.Tenant.ID, Check: s.Name, Bucket: bucket, Date: date, NotEvaluated: gap, Ends: s.Ends})
	}
	s.scope().days(v, add)
	return days
}

// Wanted tells whether the configuration of a tenant asks for a check. Most are
// for every tenant; some compare with what only a person can know.
func (s *Statement) Wanted(t config.Tenant) bool { return wanted(s.Needs, t) }

func wanted(needs string, t config.Tenant) bool {
	switch needs {
	case "networks":
		return len(t.Networks) > 0
	case "sensitive_keys":
		return len(t.SensitiveKeys) > 0
	case "business_hours":
		return t.HasHours
	case "backup_reports":
		return reportsConfigured(t)
	case "cloudtrail":
		return t.CloudTrail.Scheme != ""
	case "cloudwatch":
		return t.HasMetrics()
	case "logs in s3":
		return slices.ContainsFunc(t.Buckets, func(b config.Bucket) bool { return b.Logs.Scheme == "s3" })
	}
	return true
}

// Needed names what the configuration lacks where it does not ask for the check.
func (s *Statement) Needed() string {
	if s.Needs == "logs in s3" {
		return s.Needs
	}
	return "tenant." + s.Needs
}

// missing says what a check needs and does not have; none where it has all.
func (v *View) missing(s *Statement, bucket, date string) reason.Reason {
	switch s.Needs {
	case "accounts":
		if len(v.Tenant.Accounts) == 0 {
			return reason.NoAccounts()
		}
	case "principals":
		if len(v.Tenant.Principals) == 0 {
			return reason.NoPrincipals()
		}
	case "user_agents or history":
		if len(v.Tenant.UserAgents) == 0 {
			return v.learning(s, bucket, date)
		}
	case "history":
		return v.learning(s, bucket, date)
	}
	return reason.Reason{}
}

// learning says that there is too little history to tell what is usual.
func (v *View) learning(s *Statement, bucket, date string) reason.Reason {
	n := v.history(bucket, date)
	if s.scope().night {
		n = v.nightHistory(bucket, date)
	}
	if n < minHistory {
		return reason.TooFewDays(n, minHistory)
	}
	return reason.Reason{}
}

// checkResult names the columns of a check in errors about them.
const checkResult = "the columns of a check are bucket, subject, date, count, first_seen, last_seen, severity and samples, " +
	"and optionally who and expected"

// checkRow is a row of a check.
type checkRow struct {
	Bucket    string    `column:"bucket"`
	Subject   string    `column:"subject"`
	Date      string    `column:"date"`
	Count     int64     `column:"count"`
	FirstSeen time.Time `column:"first_seen"`
	LastSeen  time.Time `column:"last_seen"`
	Severity  string    `column:"severity"` // "" is that of the check
	Samples   []string  `column:"samples,null"`
	Who       []string  `column:"who,optional"`
	Expected  string    `column:"expected,optional"`
}

// said is the row as a finding keeps it.
func (r checkRow) said() state.CheckRow {
	slices.Sort(r.Who)
	return state.CheckRow{Subject: r.Subject, FindingDay: state.FindingDay{Date: r.Date, Severity: r.Severity, Count: r.Count,
		First: r.FirstSeen, Last: r.LastSeen, Samples: r.Samples, Who: r.Who[:min(len(r.Who), maxSamples)],
		Expected: reason.Sentence(r.Expected)}}
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
	o.Who = append(o.Who, r.Who...)
	slices.Sort(o.Who)
	o.Who = slices.Compact(o.Who)
	o.Who = o.Who[:min(len(o.Who), maxSamples)]
	if slices.Index(state.Severities, r.Severity) > slices.Index(state.Severities, o.Severity) {
		o.Severity = r.Severity
	}
	return rows
}

// Say is the sentence of a check's finding with this count, {count} and
// {count:one|many} filled in.
// {days} is "in one day" or "on 5 days".
func (s *Statement) Say(count int64, days int) string {
	on := "in one day"
	if days != 1 {
		on = fmt.Sprintf("on %d days", days)
	}
	return strings.ReplaceAll(fill(s.Sentence, count), "{days}", on)
}

// Narrative is a draft of what to say about a finding, for a person to finish.
// Times are of the tenant's zone.
func (s *Statement) Narrative(f state.Finding, loc *time.Location) string {
	const layout = "2 Jan 2006 15:04 MST"
	span := "from " + f.First.In(loc).Format(layout) + " to " + f.Last.In(loc).Format(layout)
	if len(f.Days) > 1 {
		span = fmt.Sprintf("on %d days between %s and %s", len(f.Days), f.First.In(loc).Format("2 Jan 2006"),
			f.Last.In(loc).Format("2 Jan 2006"))
	}
	subject := f.Subject
	if subject == OtherSubjects {
		subject = "several"
	}
	return strings.NewReplacer("{subject}", subject, "{bucket}", f.Bucket, "{span}", span).Replace(fill(s.Draft, f.Count))
}

func fill(text string, count int64) string {
	out := strings.ReplaceAll(text, "{count}", group(count))
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
