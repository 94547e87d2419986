// Package tickets tells ticket systems about findings: one ticket a finding, a
// comment when it comes back, and its narrative when it is closed. [New] gives
// the [System] of a configuration. Each adapter names the documentation of the
// API that it speaks.
package tickets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"bucketproof/internal/config"
	"bucketproof/internal/redact"
	"bucketproof/internal/state"
	"bucketproof/internal/webhook"
)

// Note is what is to be told about a finding.
type Note struct {
	Finding state.Finding
	Title   string // of the check
	Tenant  string // its name
	Kind    string // opened, reopened or resolved
	Text    string // of the event
	At      time.Time
	Key     string // the same for each try
	// Again is set for a further try: an earlier one may have arrived, so that a
	// ticket must be looked for before one is opened.
	Again bool
}

// Ticket is what a system calls a ticket.
type Ticket struct{ Ref, URL string }

// System is a ticket system.
type System interface {
	// Name tells systems apart, also two of a kind.
	Name() string
	// Open opens the ticket of a finding. With Again it returns the one that is
	// there already.
	Open(ctx context.Context, n Note) (Ticket, error)
	// Comeback says that a finding came back, and opens its ticket again where the
	// system can.
	Comeback(ctx context.Context, ref string, n Note) error
	// Close says how a finding was closed, and closes its ticket.
	Close(ctx context.Context, ref string, n Note) error
}

// Keeper is a system that keeps files of a client.
type Keeper interface {
	// Attach hands a file over. With again it is looked for first.
	Attach(ctx context.Context, name, contentType string, body []byte, again bool) error
}

// Secrets are those of a system, from the environment.
type Secrets struct{ Token, Refresh string }

// Notes keep what a system hands out and wants back, such as the next refresh
// token.
type Notes interface {
	Get(ctx context.Context, name string) (string, error)
	Put(ctx context.Context, name, value string) error
}

// Options are what systems need from their surroundings.
type Options struct {
	Now   func() time.Time
	Notes Notes
}

// adapters make the system of each kind; each adapter adds its own.
var adapters = map[string]func(api, config.Tickets, Secrets, Options) System{}

// New gives the system of a configuration.
func New(c config.Tickets, s Secrets, o Options) (System, error) {
	system, ok := adapters[c.Kind]
	if !ok {
		return nil, fmt.Errorf("tickets.kind is %q, which no system has", c.Kind)
	}
	return system(api{base: c.URL, client: webhook.NewClient()}, c, s, o), nil
}

// mark is what a ticket carries so that it is found again.
func mark(findingID string) string { return "bucketproof-" + findingID }

// summary is a ticket's title of at most so many characters.
func summary(n Note, most int) string {
	return clip(clean([]string{fmt.Sprintf("[%s] %s: %s, %s", n.Finding.Severity, n.Tenant, n.Title, n.Finding.Subject)})[0], most)
}

// lines say what a finding is, for the text of a ticket.
func lines(n Note) []string {
	f := n.Finding
	out := []string{
		n.Title,
		"",
		"Tenant: " + n.Tenant,
		"Bucket: " + f.Bucket,
		"Subject: " + f.Subject,
		"Severity: " + f.Severity,
		fmt.Sprintf("Records: %d, from %s to %s", f.Count, stamp(f.First), stamp(f.Last)),
	}
	if f.Due != "" {
		out = append(out, "Due: "+f.Due)
	}
	if f.Owner != "" {
		out = append(out, "Owner: "+f.Owner)
	}
	out = append(out, findingLine(n), "", "Work on it with: bucketproof findings show "+f.ID)
	return clean(out)
}

// findingLine is the line of a ticket that names its finding.
func findingLine(n Note) string { return "Finding: " + n.Finding.ID }

// comebackLines say that a finding came back.
func comebackLines(n Note) []string {
	f := n.Finding
	return clean([]string{fmt.Sprintf("The finding came back on %s: %d records by now, the last at %s.", stamp(n.At),
		f.Count, stamp(f.Last)), "Finding: " + f.ID})
}

// closingLines say how a finding was closed.
func closingLines(n Note) []string {
	f := n.Finding
	if f.Cause == "" && f.Resolution == "" {
		return clean([]string{"The finding is closed since " + stamp(n.At) + ": " + n.Text, "Finding: " + f.ID})
	}
	return clean([]string{"The finding is closed since " + stamp(n.At) + ".", "Cause: " + f.Cause, "Resolution: " +
		f.Resolution, "Finding: " + f.ID})
}

// clean takes secrets and control characters out of what goes to another system.
func clean(list []string) []string {
	for i, s := range list {
		list[i] = oneLine(redact.Text(s))
	}
	return list
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' ' // control characters, and those that turn the direction of text
		}
		return r
	}, s)
}

// clip shortens text to at most so many characters.
func clip(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	r := []rune(s)
	return string(r[:most-1]) + "…"
}

// api is an HTTP API with JSON.
type api struct {
	base   string
	client *http.Client
	auth   func(ctx context.Context, req *http.Request) error
}

// call sends a request, and reads a JSON answer into into where it is not nil.
func (a *api) call(ctx context.Context, method, path string, body, into any) error {
	var reader io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, reader)
	if err != nil {
		return webhook.Scrub(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return a.send(ctx, req, into)
}

func (a *api) send(ctx context.Context, req *http.Request, into any) error {
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
	req.Header.Set("User-Agent", "bucketproof")
	if a.auth != nil {
		if err := a.auth(ctx, req); err != nil {
			return err
		}
	}
	doing := req.Method + " " + req.URL.Path
	resp, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, webhook.Scrub(err))
	}
	var read func([]byte) error
	if into != nil {
		read = func(b []byte) error { return json.Unmarshal(b, into) }
	}
	err = webhook.Answer(resp, read)
	var answer *webhook.Error
	if errors.As(err, &answer) && answer.RetryAfter == 0 &&
		(answer.Status == http.StatusUnauthorized || answer.Status == http.StatusForbidden) {
		return fmt.Errorf("%s: %w; check tickets.token_env and what it may do", doing, err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
