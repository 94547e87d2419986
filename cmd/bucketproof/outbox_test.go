package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"bucketproof/internal/inbox"
	"bucketproof/internal/webhook"
)

// receiver takes webhooks.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int // of the answers; 0 for 204
	posts  []post
}

type post struct {
	path, event, key string
	body             map[string]any
}

func newReceiver(t *testing.T, secret string) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.status != 0 {
			w.WriteHeader(r.status)
			return
		}
		p := post{path: req.URL.Path, event: req.Header.Get("X-Bucketproof-Event"), key: req.Header.Get("Idempotency-Key")}
		if req.Method == http.MethodPost {
			stamp := regexp.MustCompile(`^t=(\d+),`).FindStringSubmatch(req.Header.Get("X-Bucketproof-Signature"))
			if stamp == nil {
				t.Errorf("no signature: %v", req.Header)
				return
			}
			at, err := strconv.ParseInt(stamp[1], 10, 64)
			if want := webhook.Sign(secret, time.Unix(at, 0), body); err != nil || req.Header.Get("X-Bucketproof-Signature") != want {
				t.Errorf("the signature is wrong")
			}
			if err := json.Unmarshal(body, &p.body); err != nil {
				t.Error(err)
			}
		}
		r.posts = append(r.posts, p)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) of(event string) (out []post) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.posts {
		if p.event == event {
			out = append(out, p)
		}
	}
	return out
}

// moveClock lets a test's programs run later by so much.
func moveClock(t *testing.T, by time.Duration) {
	t.Helper()
	reportDay += by
	t.Cleanup(func() { reportDay -= by })
}

// TestTicketOutbox: findings of the severity that is asked for reach a webhook
// once, through an outage, and their narrative follows.
func TestTicketOutbox(t *testing.T) {
	t.Setenv("HOOK_SECRET", "s3cr3t")
	r := newReceiver(t, "s3cr3t")
	in := inbox.New(t, nil, "")
	dir := serviceDir(t, mailSettings(in, "\n[tickets]\nkind = \"webhook\"\nurl = \""+r.URL+
		"/findings\"\ntoken_env = \"HOOK_SECRET\"\nseverity = \"high\"\n"), "acme")
	r.answer(http.StatusServiceUnavailable)
	if out, err := program(t, dir, "serve", "--once", "--since", "2026-11-02").CombinedOutput(); err == nil ||
		!strings.Contains(string(out), "messages wait to be sent") {
		t.Fatalf("a ticket system that is away: %v: %s", err, out)
	}
	if n := len(r.of("finding.opened")); n != 0 {
		t.Fatalf("%d messages during an outage", n)
	}
	r.answer(0)
	moveClock(t, 2*time.Hour)
	must(t, program(t, dir, "serve", "--once"))
	must(t, program(t, dir, "serve", "--once"))
	posts := r.of("finding.opened")
	keys := map[string]bool{}
	for _, p := range posts {
		if keys[p.key] || p.key == "" || p.body["severity"] != "high" {
			t.Errorf("a message came twice, or of another severity: %+v", p)
		}
		keys[p.key] = true
	}
	var findings []struct{ ID, Severity, Status string }
	out, err := program(t, dir, "findings", "list", "--format", "json").Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &findings); err != nil {
		t.Fatal(err)
	}
	high, id := 0, ""
	for _, f := range findings {
		if f.Severity == "high" {
			high++
			id = f.ID
		}
	}
	if len(posts) != high || high == 0 {
		t.Errorf("%d findings of severity high, %d messages", high, len(posts))
	}
	must(t, program(t, dir, "findings", "resolve", id, "--cause", "A restore test", "--resolution", "Approved"))
	must(t, program(t, dir, "serve", "--once"))
	closed := r.of("finding.resolved")
	if len(closed) != 1 || closed[0].body["finding"] != id || closed[0].body["cause"] != "A restore test" {
		t.Errorf("closing: %+v", closed)
	}
}

// TestAlerts: a job that fails three times is told by mail and webhook, once, and
// again when it is over; each success asks for the dead-man's switch.
func TestAlerts(t *testing.T) {
	t.Setenv("ALERT_SECRET", "key")
	r := newReceiver(t, "key")
	t.Setenv("ALERT_URL", r.URL+"/alerts")
	t.Setenv("PING_URL", r.URL+"/ping")
	in := inbox.New(t, nil, "")
	dir := serviceDir(t, mailSettings(in,
		"\n[alerts]\nmail = [\"ops@msp.example\"]\nwebhook_env = \"ALERT_URL\"\nsecret_env = "+
			"\"ALERT_SECRET\"\nping_env = \"PING_URL\"\nsilence_hours = 1400\n"), "acme", "lodz")
	must(t, program(t, dir, "serve", "--once"))
	logs := filepath.Join(dir, "logs", "lodz-archiwum")
	if err := os.Rename(logs, logs+".away"); err != nil {
		t.Fatal(err)
	}
	mailed := func() (n int) {
		for _, m := range in.All() {
			if m.To == "ops@msp.example" {
				n++
				if !strings.Contains(m.Header.Get("Subject"), "lodz") {
					t.Errorf("an alert is about %s", m.Header.Get("Subject"))
				}
			}
		}
		return n
	}
	for i := range 4 {
		moveClock(t, 61*time.Minute)
		out, err := program(t, dir, "serve", "--once").CombinedOutput()
		if err == nil || !strings.Contains(string(out), "lodz-archiwum") {
			t.Fatalf("a log location that is gone: %v: %s", err, out)
		}
		want := 0
		if i >= 2 {
			want = 1
		}
		if got := len(r.of("alert")); got != want || mailed() != want {
			t.Errorf("after %d failures: %d webhooks, %d mails; want %d", i+1, got, mailed(), want)
		}
	}
	// The other tenants were collected all the same.
	done := 0
	for _, e := range ledger(t, dir) {
		if e.Job == "collect" && e.Tenant == "acme" && e.Outcome == "done" {
			done++
		}
	}
	if done < 4 {
		t.Errorf("acme was collected %d times while lodz failed", done)
	}
	if len(r.of("")) == 0 {
		t.Error("the dead-man's switch was not asked")
	}
	if err := os.Rename(logs+".away", logs); err != nil {
		t.Fatal(err)
	}
	moveClock(t, 61*time.Minute)
	must(t, program(t, dir, "serve", "--once"))
	alerts := r.of("alert")
	if len(alerts) != 2 || alerts[1].body["ended"] != true || mailed() != 2 {
		t.Errorf("when it is over: %d mails, %+v", mailed(), alerts)
	}
}
