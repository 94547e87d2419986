// Package report makes evidence packets. [Build] asks a tenant's view the
// questions of a month and gives the [Packet]; [Packet.Render] writes it as the
// files of one revision: the PDF, the CSVs, the model and the manifest. The same
// inputs give the same bytes: nothing in a packet depends on the clock or the
// machine. Package signing signs the files, package deliver stores them, package
// verify checks them.
package report

import (
	"fmt"
	"time"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/state"
	"bucketproof/report/language"
)

// Verdicts of a night and of a packet. A packet has no missed: one missed
// night is attention.
const (
	verdictOK           = "ok"
	verdictAttention    = "attention"
	verdictMissed       = "missed"
	verdictNotEvaluated = "not evaluated"
)

// Packet is the evidence of one tenant and one month.
type Packet struct {
	Tenant   config.Tenant
	Month    string // YYYY-MM
	Range    analyze.Range
	Version  string // of the tool
	Look     Look
	Text     *language.Text
	Signed   bool // it is to be signed
	Revision Revision

	Verdict     string   // ok, attention or not evaluated
	Provisional bool     // log objects of the month may still come
	Unread      []string // log objects that could not be read so far, of any month
	Sentence    string   // the verdict as a sentence
	Reasons     []string

	Tables       []Table              // of the saved queries, in the order of the packet
	Findings     []Finding            // those of the month
	Carried      []Finding            // of earlier months, still open, with their days before this one
	NotEvaluated []state.NotEvaluated // days that checks could not look at
	Suppressed   []state.SuppressedFinding
	Left         []Left     // buckets that left the configuration in the month
	Unasked      []string   // checks that the configuration does not ask for
	Deliveries   []Delivery // mails that brought earlier packets, in the month
	Downloads    []Download // uses of links to earlier packets, in the month
	OwnReads     []OwnReads // requests of bucketproof itself, by bucket
	Unmapped     []Unmapped // requesters that the mapping does not know, the busiest first
	UnmappedMore int64      // how many there are besides
	Coverage     []analyze.CoveredDay
	Witnesses    []analyze.WitnessDay // which witness spoke of which day
	Nights       []Night
	Trends       map[string][]analyze.MonthMedian // by bucket: the median night of this month and those before
	Logging      []Logging
	Days         []Day
	Hours        [7][24]int64   // requests, Monday first, on the clock of the tenant's zone
	Sources      []state.Source // log objects with records of the month, or delivered in it
	Totals       Totals
	Completeness Completeness
	Previous     *Packet // the month before, as far as it is compared; nil without log records
	Actions      []Action

	core     map[string]*Table // built-in queries in whose place the packet shows a query of the user's own
	checks   map[string]string // titles by name
	worded   map[string]bool   // checks whose subjects are words of theirs; others are names, which nothing translates
	requests int64             // that the table of principals counts

	requesters      []requester // the rows of that table
	approvedForeign int64       // requests from other accounts by principals that the mapping names
	metricsDiffer   bool        // CloudWatch and log do, on a day that is measurable
	spills          []string    // lines of the PDF that left the page; a fault of ours
}

// Look is how the packet looks, beside its language.
type Look struct {
	MSP    string   // "" for none
	Logo   []byte   // a PNG or JPEG image; nil for none
	Accent [3]uint8 // red, green and blue
	Paper  string   // A4 or Letter
	Fonts  [][]byte // TrueType, for scripts that the embedded ones lack
}

// Table is what a saved query returned.
type Table struct {
	Statement  *analyze.Statement
	Parameters map[string]any // with which it was answered, by name
	Columns    []string
	Rows       [][]any
	More       int64            // rows behind them, which nobody's packet could hold
	Rest       map[string]int64 // the sums of their whole numbers by column
}

// Finding is a finding of the month with the check that found it.
type Finding struct {
	state.Finding
	Title, Sentence string
	Draft           string // a narrative for a person to finish; "" where one is written
	Since           string // YYYY-MM-DD: the first day ever on which it was seen
	// Unchecked are days at which its check could not look, and has not looked again
	// since the witness that it lacked spoke.
	Unchecked []string
}

// OwnReads counts the requests of bucketproof itself to a bucket, which are left
// out everywhere.
type OwnReads struct {
	Bucket   string `json:"bucket"`
	Requests int64  `json:"requests"`
}

// Unmapped is a requester that the mapping does not know, with a line for it.
type Unmapped struct {
	Requester string `json:"requester"`
	Account   string `json:"account"`
	Requests  int64  `json:"requests"`
	Line      string `json:"config"`
}

// Night is one backup window with its verdict.
type Night struct {
	analyze.Night
	Verdict string
	Bytes   int64
}

// Logging tells whether the access log of a bucket arrives.
type Logging struct {
	Bucket    string    `json:"bucket"`
	Target    string    `json:"target"` // where log objects are read
	First     time.Time `json:"-"`      // delivery of the first log object ever seen; zero for none
	Newest    time.Time `json:"-"`      // delivery of the newest of this packet; zero for none
	Objects   int64     `json:"log_objects"`
	DaysKnown int       `json:"days_evaluated"`
	Days      int       `json:"days"`
	Gaps      []string  `json:"gaps"` // reasons, each once, as the analysis gives them
	Left      bool      `json:"left"` // the configuration names this place no more, and records of the month come from it
}

// Day is what all buckets had on one day.
type Day struct {
	Date     string `json:"date"`
	Requests int64  `json:"requests"`
	Written  int64  `json:"bytes_written"`
	Sent     int64  `json:"bytes_sent"`
	Deletes  int64  `json:"objects_deleted"`
	Known    bool   `json:"known"` // the log has records of the day
}

// Action is what someone has to do next.
type Action struct {
	Text     string `json:"action"`
	Owner    string `json:"owner"`
	Due      string `json:"due"`
	Severity string `json:"severity"`
	Findings int    `json:"findings"` // that it closes; 0 where it closes none
}

// Totals are the numbers of the month.
type Totals struct {
	LogObjects       int64 `json:"log_objects"`
	LogBytes         int64 `json:"log_bytes"`
	Records          int64 `json:"records"`
	Duplicates       int64 `json:"duplicates"`
	Rejected         int64 `json:"rejected"`
	BytesWritten     int64 `json:"bytes_written"`
	ObjectsDeleted   int64 `json:"objects_deleted"`
	Errors           int64 `json:"errors"`
	Requests         int64 `json:"requests"`
	ApprovedRecords  int64 `json:"records_by_approved_principals"`
	OutsideRecords   int64 `json:"records_outside_approved_prefixes"`
	ForeignRecords   int64 `json:"records_by_other_accounts"`
	Principals       int   `json:"principals"`
	Nights           int   `json:"nights"`
	NightsOK         int   `json:"nights_ok"`
	NightsAttention  int   `json:"nights_attention"`
	NightsMissed     int   `json:"nights_missed"`
	NightsUnknown    int   `json:"nights_not_evaluated"`
	BucketDays       int   `json:"bucket_days"`
	DaysUnknown      int   `json:"bucket_days_not_evaluated"`
	Findings         int   `json:"findings"`
	FindingsOpen     int   `json:"findings_open"`
	FindingsResolved int   `json:"findings_resolved"`
	FindingsCarried  int   `json:"findings_carried_over"`
	FindingsOverdue  int   `json:"findings_overdue"`
}

// Name is the name of the packet's folder: the month, and the revision past
// the first.
func (p *Packet) Name() string { return PacketName(p.Month, p.Revision.Number) }

// PacketName is the name of the folder of a packet: the month, and the revision
// past the first.
func PacketName(month string, revision int) string {
	if revision <= 1 {
		return month
	}
	return fmt.Sprintf("%s.r%d", month, revision)
}

// MonthName is the month for people, such as October 2026.
func (p *Packet) MonthName() string { return p.Text.Month(p.Range.First) }

// Table returns the result of a saved query, or nil.
func (p *Packet) table(name string) *Table {
	if t := p.core[name]; t != nil {
		return t
	}
	return p.shownTable(name)
}

// shownTable is the result that the packet shows under a name: that of a query
// of the user's own where one took the place of a built-in one.
func (p *Packet) shownTable(name string) *Table {
	for i := range p.Tables {
		if p.Tables[i].Statement.Name == name {
			return &p.Tables[i]
		}
	}
	return nil
}

// check is the title of a check.
func (p *Packet) check(name string) string {
	if title := p.checks[name]; title != "" {
		return title
	}
	return name
}

// say is the message of the packet's language.
func (p *Packet) say(key string, pairs ...any) string { return p.Text.Say(key, pairs...) }

// local is an instant for people, in the tenant's zone.
func (p *Packet) local(t time.Time) string { return p.Text.Time(t.In(p.Range.Location)) }
