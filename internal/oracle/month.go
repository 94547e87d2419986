package oracle

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"bucketproof/internal/config"
)

// keepDays is keep_days of a bucket.
func keepDays(b config.Bucket) int { return b.KeepDays }

// States of a witness.
const (
	Spoke         = "spoke"
	Unread        = "could not be read"
	NotDue        = "not due yet"
	NotConfigured = "not configured"
)

// Witness is what a witness could say of a day.
type Witness struct {
	Name   string // access log, CloudTrail, backup reports
	Bucket string // "" for a trail
	Date   Date
	State  string
}

// Day is a day of a bucket's log; Gap says why it is not evaluated.
type Day struct {
	Bucket string
	Date   Date
	Gap    string
}

// Judgement is all that bucketproof must say of a tenant's month.
type Judgement struct {
	Tenant    string
	Days      []Day
	Nights    []*Night
	Findings  []Finding
	Tables    map[string]Table
	Witnesses []Witness
	Verdict   string

	view *View
}

// Judge judges a month of a tenant.
func (e *Evidence) Judge(tenant string, year int, month time.Month) (*Judgement, error) {
	t, ok := e.Config.Tenant(tenant)
	if !ok {
		return nil, fmt.Errorf("judge %s: the configuration has no such tenant", tenant)
	}
	v, err := e.view(t, year, month)
	if err != nil {
		return nil, fmt.Errorf("judge %s: %w", tenant, err)
	}
	j := &Judgement{Tenant: tenant, Tables: v.tables(), view: v}
	var found tally
	for _, b := range v.buckets {
		for _, d := range v.Month {
			j.Days = append(j.Days, Day{b.Name, d, b.coverage.day(d)})
		}
		for _, n := range b.nights {
			if v.inMonth(n.Date) {
				j.Nights = append(j.Nights, n)
			}
		}
		b.requestChecks(&found)
		b.ledgerChecks(&found)
		b.changedObjects(&found)
		b.nightChecks(&found)
		b.removalChecks(&found)
		b.newestRemoved(&found)
		b.trailChecks(&found)
	}
	v.unreadableReports(&found)
	j.Witnesses = append(v.witnesses(), v.trailWitnesses(&found)...)
	for _, w := range j.Witnesses {
		if w.State == Unread && w.Name != "access log" { // Assumed: that of the log is logs-missing
			found.add("witness-silent", w.Bucket, w.Name, w.Date, -1)
		}
	}
	for f, n := range found.rows {
		f.Count = max(n, -1)
		j.Findings = append(j.Findings, f)
	}
	slices.SortFunc(j.Findings, func(a, b Finding) int {
		return strings.Compare(fmt.Sprint(a.Check, a.Bucket, a.Subject, a.Date), fmt.Sprint(b.Check, b.Bucket, b.Subject, b.Date))
	})
	j.Verdict = j.verdict()
	return j, nil
}

// witnesses tell for each day who could speak.
func (v *View) witnesses() []Witness {
	var out []Witness
	for _, b := range v.buckets {
		for _, d := range v.Month {
			state := Spoke
			if !b.evaluated(d) {
				state = Unread
			}
			out = append(out, Witness{"access log", b.Name, d, state})
		}
		for _, n := range b.nights {
			if !v.inMonth(n.Date) {
				continue
			}
			state := NotConfigured
			if v.Tenant.BackupReports.Scheme != "" {
				switch told := b.reported(n); {
				case b.unreadableOf(n):
					state = Unread
				case told == "running" && b.allRunning(n):
					state = NotDue
				case b.allRunning(n):
					state = Unread // it never told its end
				case told == "" && !b.late(n):
					state = Unread // no report of a night is one that could not be read
				default:
					state = Spoke
				}
			}
			out = append(out, Witness{"backup reports", b.Name, n.Date, state})
		}
	}
	return out
}

// trailWitnesses tell for each day whether the trail, its data events and its digests spoke,
// and find what the digests disprove.
func (v *View) trailWitnesses(found *tally) []Witness {
	if v.trail == nil {
		return nil
	}
	var out []Witness
	state := func(spoke bool) string {
		if spoke {
			return Spoke
		}
		return Unread
	}
	for _, d := range v.Month {
		gap := v.trail.day(d) != ""
		kinds, dark := v.proof.on(day(d, v.Zone))
		for _, kind := range kinds {
			found.add("trail-integrity", "", kind, d, 1)
		}
		out = append(out, Witness{"CloudTrail", "", d, state(!gap)}, Witness{"CloudTrail digests", "", d, state(!dark)})
		for _, b := range v.buckets {
			logged, told := 0, 0
			for _, r := range b.on(d) {
				if r.Successful() && changing.MatchString(r.Operation) {
					logged++
				}
			}
			for _, e := range v.Events[v.Tenant.CloudTrail.Text] {
				if e.Bucket == b.Name && dateOf(e.Time, v.Zone) == d {
					told++
				}
			}
			out = append(out, Witness{"CloudTrail data events", b.Name, d, state(!gap && (logged == 0 || told > 0))})
		}
	}
	return out
}

var changing = regexp.MustCompile(`^REST\.(PUT|POST|COPY|DELETE)\.(OBJECT|UPLOAD|MULTI_OBJECT_DELETE)$`)

// verdict of the month.
func (j *Judgement) verdict() string {
	unknown := len(j.view.Tenant.Principals) == 0
	for _, n := range j.Nights {
		switch n.Verdict {
		case Missed, Attention:
			return Attention
		case NotEvaluated:
			unknown = true
		}
	}
	for _, f := range j.Findings {
		// Assumed: what says that a witness was silent is no finding about the month; the day
		// is not evaluated.
		if f.Check != "logs-missing" && f.Check != "witness-silent" {
			return Attention
		}
	}
	if j.view.changedBefore() {
		return Attention // a finding of an earlier month is open
	}
	for _, w := range j.Witnesses {
		unknown = unknown || w.State == Unread || w.State == NotDue
	}
	for _, d := range j.Days {
		unknown = unknown || d.Gap != ""
	}
	if unknown {
		return NotEvaluated
	}
	return OK
}

var (
	allNights  = regexp.MustCompile(`^Backups ran on all (\d+) nights`)
	allOfThese = regexp.MustCompile(`^Backups ran on all (\d+) evaluated nights; (\d+) nights? could not be evaluated`)
	someNights = regexp.MustCompile(`^Backups ran on (\d+) of (\d+) nights?`)
	someOfThem = regexp.MustCompile(`^Backups ran on (\d+) of (\d+) evaluated nights?; (\d+) nights? could not be evaluated`)
	noNight    = regexp.MustCompile(`^No night could be evaluated`)
	missed     = regexp.MustCompile(`(\d+) nights? (?:was|were) missed`)
)

// Untrue names what a sentence of the first page claims and is not so.
func (j *Judgement) Untrue(sentence string) []string {
	count := map[string]int{}
	for _, n := range j.Nights {
		count[n.Verdict]++
	}
	ran, dark := count[OK]+count[Attention], count[NotEvaluated]
	evaluated := len(j.Nights) - dark
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	numbers := func(claim *regexp.Regexp, want ...int) bool {
		m := claim.FindStringSubmatch(sentence)
		for i := 1; i < len(m); i++ {
			if n, _ := strconv.Atoi(m[i]); n != want[i-1] {
				say("%q: %d is %d", m[0], n, want[i-1])
			}
		}
		return m != nil
	}
	switch {
	case numbers(allOfThese, evaluated, dark), numbers(someOfThem, ran, evaluated, dark):
	case numbers(allNights, len(j.Nights)):
		if ran != len(j.Nights) {
			say("backups ran on %d of %d nights, not on all", ran, len(j.Nights))
		}
	case numbers(someNights, ran, len(j.Nights)):
	case noNight.MatchString(sentence) && evaluated > 0:
		say("%d nights could be evaluated", evaluated)
	}
	if !numbers(missed, count[Missed]) && count[Missed] > 0 && strings.HasPrefix(sentence, "Backups ran") {
		say("%d nights were missed, and it does not say so", count[Missed])
	}
	if strings.Contains(sentence, "only approved principals touched") {
		for _, row := range j.Tables["top-requesters"].Rows {
			if w := j.view.whois(row[1]); !w.Mapped && row[1] != "AmazonS3" {
				say("%s touched the buckets and is not approved", row[1])
			}
		}
	}
	if strings.Contains(sentence, "only approved prefixes") || strings.Contains(sentence, "touched only approved prefixes") {
		for _, row := range j.Tables["unapproved-prefixes"].Rows {
			say("%s touched %s", row[3], row[1])
		}
	}
	return out
}
