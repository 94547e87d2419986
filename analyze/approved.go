package analyze

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"bucketproof/internal/wallclock"
	"bucketproof/internal/wildcard"
)

// Approved is a line of the file tenant.approved_changes: who may change what, when,
// and by which ticket.
type Approved struct {
	From, To  time.Time // up to To
	Principal string    // a pattern of an ARN, or of the name in the mapping
	Ticket    string
	Target    string // a pattern of the bucket, role, key or trail; "" for all
}

// maxApproved bounds a file of approved changes, in bytes.
const maxApproved = 16 << 20

// ReadApproved reads a file of approved changes: CSV with a first line of names, from,
// to, principal and ticket, and perhaps target. From and to are days of the zone, both
// included, or instants (RFC 3339). Lines that begin with # are left out. An error
// names the line.
func ReadApproved(path string, loc *time.Location) ([]Approved, error) {
	text, err := readApproved(path)
	if err != nil {
		return nil, err
	}
	return approvedIn(path, text, loc)
}

func approvedIn(path string, text []byte, loc *time.Location) ([]Approved, error) {
	out, err := parseApproved(text, loc)
	if err != nil {
		return nil, fmt.Errorf("approved_changes: %s: %w", path, err)
	}
	return out, nil
}

func readApproved(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("approved_changes: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxApproved {
		return nil, fmt.Errorf("approved_changes: %s is no file of at most %d bytes", path, maxApproved)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("approved_changes: %w", err)
	}
	return text, nil
}

func parseApproved(text []byte, loc *time.Location) ([]Approved, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	r := csv.NewReader(bytes.NewReader(text))
	r.Comment, r.TrimLeadingSpace = '#', true
	first, _, _ := bytes.Cut(text, []byte("\n"))
	if bytes.Contains(first, []byte(";")) && !bytes.Contains(first, []byte(",")) {
		r.Comma = ';' // spreadsheets of some countries write it so
	}
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("it is empty; its first line is from,to,principal,ticket")
	}
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	for i, name := range head {
		name = strings.ToLower(strings.TrimSpace(name))
		if !slices.Contains([]string{"from", "to", "principal", "ticket", "target"}, name) {
			return nil, fmt.Errorf("line 1: unknown column %q; known are from, to, principal, ticket and target", name)
		}
		at[name] = i
	}
	for _, name := range []string{"from", "to", "principal", "ticket"} {
		if _, ok := at[name]; !ok {
			return nil, fmt.Errorf("line 1: no column %s; its first line is from,to,principal,ticket", name)
		}
	}
	var out []Approved
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		cell := func(name string) string {
			if i, ok := at[name]; ok {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		a := Approved{Principal: cell("principal"), Ticket: cell("ticket"), Target: cell("target")}
		if a.From, err = approvedTime(cell("from"), loc, 0); err != nil {
			return nil, fmt.Errorf("line %d: from: %w", line, err)
		}
		if a.To, err = approvedTime(cell("to"), loc, 1); err != nil {
			return nil, fmt.Errorf("line %d: to: %w", line, err)
		}
		switch {
		case !a.From.Before(a.To):
			return nil, fmt.Errorf("line %d: it ends before it begins", line)
		case a.Principal == "":
			return nil, fmt.Errorf("line %d: no principal; write an ARN or a name of the mapping, or * for everyone", line)
		case a.Ticket == "":
			return nil, fmt.Errorf("line %d: no ticket; an approval without one proves nothing", line)
		}
		out = append(out, a)
	}
}

// approvedTime reads a day of the zone, to which days are added, or an instant.
func approvedTime(s string, loc *time.Location, days int) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return wallclock.Instant(loc, day.AddDate(0, 0, days), 0), nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return at, fmt.Errorf("%q is no day (2026-10-05) and no instant (2026-10-05T14:00:00Z)", s)
	}
	return at, nil
}

// longestApproval is for how long one line can approve grave changes.
const longestApproval = 31 * 24 * time.Hour

// blanket tells whether an approval is of everyone, or has no end to speak of. Such a
// line approves no change of severity high: it would hide that logging was stopped.
func (a *Approved) blanket() bool {
	return strings.Trim(a.Principal, "*?") == "" || a.To.Sub(a.From) > longestApproval+2*time.Hour // clocks may change
}

// ticket is that of the first approval which covers a change; "" for none.
func ticket(approved []Approved, c *Change, who ...string) string {
	for _, a := range approved {
		if c.Severity == "high" && a.blanket() {
			continue
		}
		if c.Time.Before(a.From) || !c.Time.Before(a.To) || a.Target != "" && !wildcard.Match(a.Target, c.Target) {
			continue
		}
		if slices.ContainsFunc(who, func(w string) bool { return w != "" && wildcard.Match(a.Principal, w) }) {
			return a.Ticket
		}
	}
	return ""
}
