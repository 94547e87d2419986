// Package config reads config.toml. [Load] goes in with a path and comes out
// with a [Config] whose every value is checked, or with an [*Error] that lists
// all that is wrong at once, each fault with its key, its line and the mend.
//
// Nothing here opens a network connection: whether a bucket exists is found
// out by the room that reads it.
package config

import (
	"fmt"
	"strings"
	"time"

	"bucketproof/internal/objects"
)

// Config is one checked config.toml.
type Config struct {
	Path       string // as given to Load
	Dir        string // folder that relative paths start at
	Location   *time.Location
	DataDir    string // resolved against Dir
	QueriesDir string // resolved against Dir; "" for none
	Schedule   Schedule
	AWS        objects.Access
	Evidence   Evidence
	Collect    Collect
	Engine     Engine
	Service    Service
	Alerts     Alerts
	Retention  Retention
	Mail       Mail
	Links      Links
	Report     Report
	Signing    Signing
	Checks     Checks
	Networks   []Network
	GeoIP      []string // MaxMind-format files, resolved against Dir
	// IdentitiesPath is the file of further principals, resolved against Dir; it
	// need not be there.
	IdentitiesPath string
	Tenants        []Tenant

	lines   lineIndex
	tickets Tickets // of [tickets], which tenants inherit
}

// Schedule holds cron lines of five fields, read in [Config.Location].
type Schedule struct{ Collect, Check, Report string }

// Evidence says where packets go and how they are locked.
type Evidence struct {
	URL      objects.URL
	LockMode string // GOVERNANCE, COMPLIANCE or "" for no Object Lock
	LockDays int
	KMSKey   string // ARN, ID or alias of the AWS KMS key that encrypts; "" for the bucket's own encryption
}

// Collect says how log objects are collected.
type Collect struct {
	LateDays    int   // how far behind the newest log object a listing looks
	MemoryLimit int64 // bytes
	MinFree     int64 // bytes that stay free on the disk of the data folder
}

// Engine is the SQL engine and its bounds.
type Engine struct {
	Kind        string
	MemoryLimit int64 // bytes
}

// Mail says how packets are announced. SMTP "" sends none.
type Mail struct {
	SMTP        string
	PasswordEnv string
	From        string
	ReplyTo     string // who gets answers; "" for From
	LinkDays    int
	Roles       []string // of the contacts who get a packet's mail
}

// Tenant is one client of the MSP.
type Tenant struct {
	ID            string
	Name          string
	Location      *time.Location
	Language      string   // of the packet, as Report.Language
	Paper         string   // as Report.Paper
	Accounts      []string // 12 digits each; empty: not known
	UserAgents    []string // wildcard patterns; empty: not checked
	BusinessHours Window
	HasHours      bool     // business_hours stand in the configuration
	Networks      []string // names of those that are approved; empty: not checked
	SensitiveKeys []string // wildcard patterns
	PacketQueries []string // saved queries in the packet beside its own
	Checks        Checks
	Suppressions  []Suppression
	LargePut      int64 // bytes
	AWS           objects.Access
	CloudTrail    objects.URL // where the trail delivers; no Scheme: none
	// CloudTrailBefore are the places where it delivered before, or where copies of them lie.
	CloudTrailBefore []objects.URL
	// CloudTrailKeys is a file with the public keys of CloudTrail, resolved against
	// Dir; "" asks CloudTrail for them.
	CloudTrailKeys string
	DataEvents     bool        // the trail records what is done to objects
	BackupReports  objects.URL // no Scheme: none
	// ApprovedChanges is a CSV file, resolved against Dir; "" for none.
	ApprovedChanges string
	CloudWatch      bool // its metrics are asked for
	// MetricsFile is a CSV of metrics that is read instead, resolved against Dir.
	MetricsFile   string
	ReportColumns ReportColumns
	Buckets       []Bucket
	Principals    []Principal
	Contacts      []Contact
	Tickets       Tickets
}

// Trails are the places of the tenant's trail: that of today, and those before.
func (t *Tenant) Trails() []objects.URL {
	if t.CloudTrail.Scheme == "" {
		return nil
	}
	return append([]objects.URL{t.CloudTrail}, t.CloudTrailBefore...)
}

// HasMetrics tells whether there is a count of requests beside the access log.
func (t *Tenant) HasMetrics() bool { return t.CloudWatch || t.MetricsFile != "" }

// ReportColumns name the columns of a backup tool's CSV, and say what a tool's
// reports do not say of themselves.
type ReportColumns struct {
	ID, Job, Bucket, Start, End, Objects, Bytes, Status string
	// Success are the statuses that mean that all went well; nil for the usual ones.
	Success []string
	// Order is that of day, month and year in dates, "dmy", "mdy", "ymd" or "ydm"; ""
	// infers it from each file.
	Order     string
	Tolerance float64 // what report and log may differ by, a share of the reported bytes, 0 to 1
}

// Bucket is one source bucket, the place of its access logs and what is
// approved in it.
type Bucket struct {
	Name       string
	Logs       objects.URL
	Prefixes   []string // "" approves the whole bucket
	Window     Window
	MinObjects int64
	KeepDays   int // how long what a night wrote must be there, from 1
	// MetricsFilter is the ID of the request metrics over the whole bucket.
	MetricsFilter string
}

// Principal maps requesters to a friendly name and a role.
type Principal struct{ Match, Name, Role string }

// Contact is a person who gets the packet. Role is auditor, account_manager or
// technician.
type Contact struct{ Name, Email, Role string }

// Window is a daily interval of wall-clock time. Where End is not after
// Start it ends on the following day; equal ones last a whole day. Days are
// the days on which it starts, index 0 is Sunday as in [time.Weekday].
type Window struct {
	Start, End Clock
	Days       [7]bool
}

// Clock is a wall-clock time in minutes after midnight, 0 to 1439.
type Clock int

func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// Roles that a principal can have.
const (
	RoleBackup  = "backup"
	RoleRestore = "restore"
	RoleAdmin   = "admin"
	RoleAudit   = "audit"
	RoleService = "service"
)

// Tenant returns the tenant with this id, or false.
func (c *Config) Tenant(id string) (Tenant, bool) {
	for _, t := range c.Tenants {
		if t.ID == id {
			return t, true
		}
	}
	return Tenant{}, false
}

// Select returns the tenant with this id, or all of them where id is "". An
// unknown id is an error that names the known ones.
func (c *Config) Select(id string) ([]Tenant, error) {
	if id == "" {
		return c.Tenants, nil
	}
	if t, ok := c.Tenant(id); ok {
		return []Tenant{t}, nil
	}
	known := make([]string, len(c.Tenants))
	for i, t := range c.Tenants {
		known[i] = t.ID
	}
	return nil, &Error{Path: c.Path, Problems: []Problem{{
		Key: "tenant.id", Text: fmt.Sprintf("no tenant %q; the configuration has %s", id, strings.Join(known, ", ")),
	}}}
}

// Problem is one fault of a configuration.
type Problem struct {
	Line int    // from 1; 0 where no line stands for it
	Key  string // dotted
	Text string // what is wrong, and the mend
}

// Error is everything that is wrong with a configuration.
type Error struct {
	Path     string
	Problems []Problem
}

func (e *Error) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.Path)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d", p.Line)
		}
		if p.Key != "" {
			b.WriteString(": " + p.Key)
		}
		b.WriteString(": " + p.Text)
	}
	return b.String()
}
