// Package report makes evidence packets. [Build] asks a tenant's view the
// questions of a month and gives the [Packet]; [Packet.Render] writes it as the
// files of one revision: the PDF, the CSVs and the manifest. The same inputs
// give the same bytes: nothing in a packet depends on the clock or the machine.
// Package deliver stores it.
package report

import (
	"fmt"
	"time"

	"bucketproof/analyze"
	"bucketproof/internal/config"
	"bucketproof/internal/state"
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
	Revision Revision

	Verdict  string // ok, attention or not evaluated
	Sentence string // the verdict as a sentence
	Reasons  []string

	Tables       []Table // of the saved queries, in the order of the packet
	Findings     []Finding
	NotEvaluated []state.NotEvaluated // days that checks could not look at
	Suppressed   []state.SuppressedFinding
	Unasked      []string   // checks that the configuration does not ask for
	OwnReads     []OwnReads // requests of bucketproof itself, by bucket
	Unmapped     []Unmapped // requesters that the mapping does not know, the busiest first
	Coverage     []analyze.CoveredDay
	Nights       []Night
	Sources      []state.Source // log objects with records of the month, or delivered in it
	Totals       Totals

	core     map[string]*Table // built-in queries in whose place the packet shows a query of the user's own
	requests int64             // that the table of principals counts
}

// Revision numbers the packets of a month, from 1. A later one says which one
// it supersedes.
type Revision struct {
	Number     int
	Supersedes *Superseded
}

// Superseded names an earlier packet of the month.
type Superseded struct {
	Packet         string `json:"packet"`
	ManifestSHA256 string `json:"manifest_sha256"`
}

// Table is what a saved query returned.
type Table struct {
	Statement *analyze.Statement
	Columns   []string
	Rows      [][]any
}

// Finding is a finding of the month with the check that found it.
type Finding struct {
	state.Finding
	Title, Sentence string
	Draft           string // a narrative for a person to finish; "" where one is written
}

// OwnReads counts the requests of bucketproof itself to a bucket, which are left
// out everywhere.
type OwnReads struct {
	Bucket   string `json:"bucket"`
	Requests int64  `json:"requests"`
}

// Unmapped is a requester that the mapping does not know, with a line for it.
type Unmapped struct {
	Requester, Account string
	Requests           int64
	Line               string
}

// Night is one backup window with its verdict.
type Night struct {
	analyze.Night
	Verdict string
	Bytes   int64
}

// Totals are the numbers of the month.
type Totals struct {
	LogObjects      int64 `json:"log_objects"`
	LogBytes        int64 `json:"log_bytes"`
	Records         int64 `json:"records"`
	Duplicates      int64 `json:"duplicates"`
	Rejected        int64 `json:"rejected"`
	BytesWritten    int64 `json:"bytes_written"`
	ApprovedRecords int64 `json:"records_by_approved_principals"`
	ForeignRecords  int64 `json:"records_by_other_accounts"`
	Nights          int   `json:"nights"`
	NightsOK        int   `json:"nights_ok"`
	NightsAttention int   `json:"nights_attention"`
	NightsMissed    int   `json:"nights_missed"`
	NightsUnknown   int   `json:"nights_not_evaluated"`
	DaysUnknown     int   `json:"bucket_days_not_evaluated"`
	Findings        int   `json:"findings"`
	FindingsOpen    int   `json:"findings_open"`
}

// Name is the name of the packet's folder: the month, and the revision past
// the first.
func (p *Packet) Name() string { return packetName(p.Month, p.Revision.Number) }

func packetName(month string, revision int) string {
	if revision <= 1 {
		return month
	}
	return fmt.Sprintf("%s.r%d", month, revision)
}

// MonthName is the month for people, such as October 2026.
func (p *Packet) MonthName() string { return p.Range.First.Format("January 2006") }

// Table returns the result of a saved query, or nil.
func (p *Packet) table(name string) *Table {
	if t := p.core[name]; t != nil {
		return t
	}
	for i := range p.Tables {
		if p.Tables[i].Statement.Name == name {
			return &p.Tables[i]
		}
	}
	return nil
}

// verdictOf is the verdict of the night that starts on a date.
func (p *Packet) verdictOf(bucket, date string) (string, bool) {
	for i := range p.Nights {
		if p.Nights[i].Bucket == bucket && p.Nights[i].Date == date {
			return p.Nights[i].Verdict, true
		}
	}
	return "", false
}

// local is an instant for people, in the tenant's zone.
func (p *Packet) local(t time.Time) string {
	return t.In(p.Range.Location).Format("2 Jan 15:04")
}
