package analyze

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bucketproof/analyze/controlplane"
	"bucketproof/analyze/engine"
	"bucketproof/internal/config"
	"bucketproof/internal/redact"
	"bucketproof/internal/wildcard"
)

// Change is a change of the control plane, as CloudTrail tells of it.
type Change struct {
	Time                       time.Time
	Date                       string // of the tenant's zone
	Check                      string // that reports it where it is not approved
	Severity                   string
	Event                      string // PutBucketPolicy …
	Bucket                     string // of the tenant; "" for what concerns none of its own
	Target                     string // the bucket, role, user, policy, key or trail
	Requester, Identity, Who   string // as in the trail, without the name of a session, and by the mapping
	SourceIP, UserAgent        string
	Account, Region            string
	What                       string // in words
	Before                     string // what the event before said of the same thing; "" where none is known
	Ticket                     string // of the approved change; "" where none is
	RequestID, EventID, Source string
	inRange                    bool
}

// Subject is the change as a finding names it.
func (c *Change) Subject() string { return c.What + ", by " + c.Identity }

// anotherClient stands for who belongs to another tenant, and OtherClient for one who changes
// a bucket that the two share.
const (
	anotherClient = "another client's principal"
	OtherClient   = anotherClient + " of this shared bucket"
)

const maxWords = 300 // bytes of a change in words

// Changes are the changes of the range that touch the tenant's buckets, keys, roles,
// mapped users and trails, by time.
func (v *View) Changes(ctx context.Context) ([]Change, error) {
	all, err := v.allChanges(ctx)
	return slices.DeleteFunc(all, func(c Change) bool { return !c.inRange }), err
}

// allChanges are those of the slice: an earlier one tells what was before.
func (v *View) allChanges(ctx context.Context) ([]Change, error) {
	var approved []Approved
	if v.Tenant.ApprovedChanges != "" {
		text, err := v.data.approvedText(v.Tenant)
		if err == nil {
			approved, err = approvedIn(v.Tenant.ApprovedChanges, []byte(text), v.Range.Location)
		}
		if err != nil {
			return nil, err
		}
	}
	rows, err := tableRows[changeRow](ctx, v.engine.Query, v.data.Catalog, "changes")
	if err != nil {
		return nil, fmt.Errorf("list changes: %w", err)
	}
	var out []Change
	seen, said := map[string]bool{}, map[string]string{}
	for _, r := range rows {
		c := r.change()
		said1, matters := controlplane.Describe(controlplane.Event{Source: r.EventSource, Name: r.EventName, Bucket: r.Bucket,
			Requester: r.Requester, Parameters: r.Parameters, Resources: r.Resources})
		// an event of two accounts comes to both
		if !matters || !v.concerns(r.Account, said1) || r.EventID != "" && seen[r.EventID] || r.SharedID != "" && seen[r.SharedID] {
			continue
		}
		seen[r.EventID], seen[r.SharedID] = true, true
		if r.Other {
			out = append(out, c.ofOther(said1, r.EventSource))
			continue
		}
		own := slices.ContainsFunc(v.Tenant.Buckets, func(b config.Bucket) bool { return b.Name == c.Bucket })
		c.Check, c.Severity, c.Target = said1.Check, said1.Severity, said1.Target
		c.What = said1.What
		if c.Bucket != "" && !own {
			c.What = "log bucket " + c.Bucket + ": " + c.What
			c.Bucket = ""
		}
		c.What = redact.Text(cut(v.hideOthers(c.What, c.Bucket), maxWords))
		id := v.mapped.identify(c.Requester)
		c.Identity, c.Who = redact.Text(id.name), redact.Text(id.principal)
		key := c.Account + " " + said1.Thing + " " + said1.Target + " " + said1.Which
		c.Before = said[key]
		said[key] = c.What
		c.Ticket = ticket(approved, &c, c.Requester, id.principal, id.name)
		for _, s := range []*string{&c.Requester, &c.SourceIP, &c.UserAgent, &c.Target} {
			*s = redact.Text(*s)
		}
		out = append(out, c)
	}
	return out, nil
}

// changeRow is an event that may have changed something.
type changeRow struct {
	Time        time.Time `column:"time"`
	Date        string    `column:"date"`
	InRange     bool      `column:"in_range"`
	EventSource string    `column:"event_source"`
	EventName   string    `column:"event_name"`
	Account     string    `column:"account"`
	Region      string    `column:"region"`
	Requester   string    `column:"requester"`
	SourceIP    string    `column:"source_ip"`
	UserAgent   string    `column:"user_agent"`
	Bucket      string    `column:"bucket"`
	RequestID   string    `column:"request_id"`
	EventID     string    `column:"event_id"`
	Parameters  string    `column:"parameters"`
	Resources   string    `column:"resources"`
	Source      string    `column:"source"`
	SharedID    string    `column:"shared_event_id"`
	Other       bool      `column:"other"` // by a principal of another tenant
}

// change is what the event tells by itself.
func (r *changeRow) change() Change {
	return Change{Time: r.Time, Date: r.Date, inRange: r.InRange, Event: r.EventName, Account: r.Account, Region: r.Region,
		Requester: r.Requester, SourceIP: r.SourceIP, UserAgent: r.UserAgent, Bucket: r.Bucket,
		RequestID: r.RequestID, EventID: r.EventID, Source: r.Source}
}

// ofOther is a change of a shared bucket by a principal of another tenant: that it was
// made, when and how grave it is, and nothing of who made it and what it names.
func (c Change) ofOther(said controlplane.Change, source string) Change {
	plain, _ := controlplane.Describe(controlplane.Event{Source: source, Name: c.Event, Bucket: c.Bucket, Requester: OtherClient})
	what, _, _ := strings.Cut(plain.What, ", to what is ") // the event tells, and it is not this tenant's to know
	c.Check, c.Severity, c.Target, c.What = said.Check, said.Severity, c.Bucket, cut(what, maxWords)
	c.Requester, c.Identity, c.Who = OtherClient, OtherClient, OtherClient
	c.SourceIP, c.UserAgent = "", ""
	return c
}

// cut shortens a text to at most n bytes and a sign of it, at a whole character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}

// concerns tells whether a change of the account is one of the tenant: of IAM those of
// mapped roles and users, and of policies, of which CloudTrail does not tell who has
// them.
func (v *records) concerns(account string, c controlplane.Change) bool {
	if c.Delivery { // of those of which the event tells no bucket, each may be the tenant's
		return !c.OfBucket || slices.ContainsFunc(v.Tenant.Buckets, func(b config.Bucket) bool { return b.Name == c.Target })
	}
	if c.Role == "" && c.User == "" {
		return true
	}
	return slices.ContainsFunc(v.Tenant.Principals, func(p config.Principal) bool { return names(p.Match, account, c) })
}

// names tells whether a pattern of the mapping is about a role or user: by account and
// name, whatever its path and session.
func names(match, account string, c controlplane.Change) bool {
	parts := strings.SplitN(match, ":", 6)
	if len(parts) < 6 {
		return wildcard.Match(match, "*") || match == account
	}
	if !wildcard.Match(parts[4], account) {
		return false
	}
	path := strings.Split(parts[5], "/")
	last := path[len(path)-1]
	switch {
	case path[0] == "assumed-role" && len(path) > 1:
		return c.Role != "" && wildcard.Match(path[1], c.Role)
	case path[0] == "role":
		return c.Role != "" && wildcard.Match(last, c.Role)
	case path[0] == "user":
		return c.User != "" && wildcard.Match(last, c.User)
	case path[0] == "*":
		return true
	}
	return false
}

// changes is the bound table of them.
func (v *View) changes(ctx context.Context) (engine.Table, error) {
	t := engine.Table{Name: "changes",
		Columns: columns("check_name", engine.Text, "severity", engine.Text, "bucket", engine.Text, "target",
			engine.Text, "event", engine.Text, "what", engine.Text,
			"before", engine.Text, "subject", engine.Text, "date", engine.Text, "time", zoned, "in_range",
			engine.Bool, "requester", engine.Text, "principal", engine.Text, "source_ip", engine.Text,
			"account", engine.Text, "region", engine.Text, "who", engine.Text, "ticket", engine.Text, "request_id",
			engine.Text, "source", engine.Text)}
	all, err := v.allChanges(ctx)
	for _, c := range all {
		who := c.Requester
		if c.SourceIP != "" {
			who += " from " + c.SourceIP
		}
		t.Rows = append(t.Rows, []any{c.Check, c.Severity, c.Bucket, c.Target, c.Event, c.What, c.Before, c.Subject(),
			c.Date, c.Time, c.inRange, c.Requester, c.Who, c.SourceIP,
			c.Account, c.Region, who, c.Ticket, c.RequestID, c.Source})
	}
	return t, err
}

// logPlaces are the buckets in which the tenant's access logs and trail lie.
func (v *Slice) logPlaces() engine.Table {
	t := engine.Table{Name: "log_places", Columns: columns("bucket", engine.Text)}
	seen := map[string]bool{}
	add := func(name string) {
		if name != "" && !seen[name] {
			seen[name] = true
			t.Rows = append(t.Rows, []any{name})
		}
	}
	for _, b := range v.Tenant.Buckets {
		add(b.Logs.Bucket)
	}
	for _, place := range v.Tenant.Trails() {
		add(place.Bucket)
	}
	return t
}
