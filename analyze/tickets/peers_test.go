package tickets

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// peer is a ticket system as its documentation describes it: it refuses what
// the documentation refuses, and keeps what it accepted for a test to look at.
// A handler holds mu for the length of a request. A test takes it to look at
// the fields or set them: always after DropAnswer, where no answer orders the
// two, and elsewhere when requests may still run.
type peer struct {
	URL string

	mu          sync.Mutex
	Tickets     []*peerTicket
	Attachments []peerFile // NinjaOne only
	Tokens      []string   // NinjaOne only: refresh tokens handed out, only the last is valid

	// FailNext is the status that answers the next request of any kind
	// (a token request too), once; zero means none. 429 and 503 carry
	// Retry-After: 7. The request has no effect.
	FailNext int

	// DropAnswer makes the next valid request that creates a ticket create it,
	// and then cuts the connection instead of answering. Once.
	DropAnswer bool

	t      testing.TB
	users  map[string]bool // NinjaOne bearer tokens: true when they stand for a user
	orgs   []string        // NinjaOne: the organization of each attachment
	serial int             // NinjaOne: access tokens handed out
}

// peerTicket is one ticket as the peer holds it.
type peerTicket struct {
	ID          string // Jira: the key, OPS-1; elsewhere a number
	Title, Body string
	Labels      []string // labels, tags, or the one externalXRef
	Comments    []string
	Open        bool

	status       string // ConnectWise: the name; NinjaOne: the number
	resolution   string // ConnectWise: the note that says how it was solved
	reason       string // GitHub: state_reason
	version      int    // NinjaOne
	client, form int    // NinjaOne: clientId, ticketFormId; ConnectWise: company, board
	requester    string // NinjaOne
}

// peerFile is one uploaded file, as its multipart part described it.
type peerFile struct {
	Name, ContentType string
	Body              []byte
}

// newPeer serves mux behind the credentials check. A route that mux lacks is
// a 404 and fails the test, because the adapter called what is not documented.
func newPeer(t testing.TB, admit func(*peer, http.ResponseWriter, *http.Request) bool, route func(*peer, *http.ServeMux)) *peer {
	t.Helper()
	p := &peer{t: t, users: map[string]bool{}}
	mux := http.NewServeMux()
	route(p, mux)
	mux.HandleFunc("/", p.unknown)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch {
		case p.failed(w):
		case strings.Contains(r.URL.Path, "//"): // ServeMux would redirect it
			p.unknown(w, r)
		case admit(p, w, r):
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	p.URL = srv.URL
	return p
}

func (p *peer) unknown(w http.ResponseWriter, r *http.Request) {
	p.t.Errorf("peer: %s %s is not a documented route", r.Method, r.URL)
	reply(w, http.StatusNotFound, map[string]any{"message": "Not Found"})
}

func (p *peer) failed(w http.ResponseWriter) bool {
	status := p.FailNext
	if status == 0 {
		return false
	}
	p.FailNext = 0
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "7")
	}
	reply(w, status, map[string]any{"message": "the peer was told to fail"})
	return true
}

// created answers a request that made a ticket, unless DropAnswer cuts it off.
func (p *peer) created(w http.ResponseWriter, status int, body any) {
	if !p.DropAnswer {
		reply(w, status, body)
		return
	}
	p.DropAnswer = false
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		p.t.Errorf("peer: cut the connection: %v", err)
		return
	}
	conn.Close()
}

// find returns the ticket with the id, or answers 404 in the system's form.
func (p *peer) find(w http.ResponseWriter, id string, missing any) *peerTicket {
	for _, k := range p.Tickets {
		if k.ID == id {
			return k
		}
	}
	reply(w, http.StatusNotFound, missing)
	return nil
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

// mediaType is the type of a Content-Type header without its parameters.
func mediaType(header string) string {
	kind, _, _ := mime.ParseMediaType(header)
	return kind
}

// decode reads exactly one JSON value of the wanted shape: 415 for another
// Content-Type, 400 for malformed JSON or a field of the wrong type.
func decode(w http.ResponseWriter, r *http.Request, into any, refusal func(string) any) bool {
	return decodeJSON(w, r, into, false, refusal)
}

// decodeClosed is decode that also refuses fields the schema lacks.
func decodeClosed(w http.ResponseWriter, r *http.Request, into any, refusal func(string) any) bool {
	return decodeJSON(w, r, into, true, refusal)
}

func decodeJSON(w http.ResponseWriter, r *http.Request, into any, closed bool, refusal func(string) any) bool {
	if mediaType(r.Header.Get("Content-Type")) != "application/json" {
		reply(w, http.StatusUnsupportedMediaType, refusal("Content-Type must be application/json"))
		return false
	}
	if err := decodeOne(r.Body, into, closed); err != nil {
		reply(w, http.StatusBadRequest, refusal(err.Error()))
		return false
	}
	return true
}

func decodeOne(from io.Reader, into any, closed bool) error {
	d := json.NewDecoder(from)
	if closed {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("more than one JSON value")
	}
	return nil
}

func basic(r *http.Request, user, password string) bool {
	u, pw, ok := r.BasicAuth()
	return ok && u == user && pw == password
}

// clause is one comparison of a JQL query or a ConnectWise condition.
type clause struct{ field, op, value string }

var (
	orderBy  = regexp.MustCompile(`(?i)\s*\border\s+by\s+[\w\s,]+$`)
	clauseRE = regexp.MustCompile(`^\s*([\w/]+)\s*(!=|=)\s*("(?:\\.|[^"\\])*"|[^\s"()]+)\s*(?i:$|and\s+)`)
)

// clauses reads comparisons joined by AND. Both languages have more; a query
// that needs more is an error, and its caller fails the test.
func clauses(query string) ([]clause, error) {
	rest := orderBy.ReplaceAllString(query, "")
	var out []clause
	for strings.TrimSpace(rest) != "" {
		m := clauseRE.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("the peer cannot read %q", rest)
		}
		value := m[3]
		if strings.HasPrefix(value, `"`) {
			value = regexp.MustCompile(`\\(.)`).ReplaceAllString(value[1:len(value)-1], "$1")
		}
		out = append(out, clause{m[1], m[2], value})
		rest = rest[len(m[0]):]
	}
	return out, nil
}

func (c clause) holds(have ...string) bool {
	return slices.Contains(have, c.value) == (c.op == "=")
}
