package jobs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"bucketproof/internal/config"
	"bucketproof/internal/inbox"
	"bucketproof/internal/mailer"
	"bucketproof/internal/state"
	"bucketproof/report"
	"bucketproof/report/deliver"
	"bucketproof/scheduler"
)

// hooks keep what is posted to them: bodies by the event.
type hooks struct {
	*httptest.Server
	mu     sync.Mutex
	answer int
	got    []string
	keys   []string
}

func newHooks(t *testing.T) *hooks {
	h := &hooks{answer: http.StatusOK}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.got = append(h.got, r.Header.Get("X-Bucketproof-Event")+" "+string(body))
		h.keys = append(h.keys, r.Header.Get("Idempotency-Key"))
		w.WriteHeader(h.answer)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hooks) last() (event, key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.got) == 0 {
		return "", ""
	}
	return h.got[len(h.got)-1], h.keys[len(h.keys)-1]
}

// logLine is a record of one bucket.
func logLine(bucket, id string, at time.Time, requester, op, key string, size int) string {
	return fmt.Sprintf("%s %s [%s] 192.0.2.3 %s %s %s %s \"PUT /%s HTTP/1.1\" 200 - - %d 41 28 \"-\" \"x\" - h= SigV4 C AuthHeader "+
		"b.s3.amazonaws.com TLSv1.2 - -\n", strings.Repeat("a", 64), bucket, at.UTC().Format("02/Jan/2006:15:04:05 -0700"),
		requester, id, op, key, key, size)
}

// writeLogs writes a month and the weeks around it: something every hour, a backup every
// night but one, and one stranger.
func writeLogs(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	const role = "arn:aws:sts::111122223333:assumed-role/BackupRole/night"
	for day := time.Date(2026, 9, 10, 0, 0, 0, 0, time.UTC); day.Before(time.Date(2026, 11, 3, 0, 0, 0, 0,
		time.UTC)); day = day.AddDate(0, 0, 1) {
		var text strings.Builder
		for h := range 24 {
			at := day.Add(time.Duration(h) * time.Hour)
			text.WriteString(logLine("acme-backups", at.Format("A0102150405"), at, "AmazonS3", "REST.HEAD.BUCKET", "-", 0))
		}
		date := day.Format(time.DateOnly)
		if at := day.Add(23 * time.Hour); date != "2026-10-12" {
			text.WriteString(logLine("acme-backups", at.Format("B0102150405"), at.Add(time.Minute), role,
				"REST.PUT.OBJECT", "veeam/"+date, 1<<20))
		}
		if at := day.Add(13 * time.Hour); date == "2026-10-20" {
			text.WriteString(logLine("acme-backups", "C1", at, "arn:aws:sts::444455556666:assumed-role/Other/s",
				"REST.PUT.OBJECT", "private/x", 5))
			text.WriteString("no record of this bucket acme-backups at all\n")
		}
		name := day.AddDate(0, 0, 1).Format("2006-01-02") + "-00-30-00-0123456789ABCDEF"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMonthOfJobs: logs are collected and checked, tickets and alerts told, the packet of the
// month published once over two data folders, and its mail sent.
func TestMonthOfJobs(t *testing.T) {
	dir := t.TempDir()
	box, hook := inbox.New(t, nil, ""), newHooks(t)
	t.Setenv("TEST_TICKET_SECRET", "shared")
	t.Setenv("TEST_HOOK", hook.URL)
	writeLogs(t, filepath.Join(dir, "logs"))
	text := fmt.Sprintf(`
[evidence]
url = "file:packets"
[mail]
smtp = "smtp://%s"
from = "Evidence <evidence@msp.example>"
[alerts]
webhook_env = "TEST_HOOK"
secret_env = "TEST_TICKET_SECRET"
[links]
public_url = "https://evidence.msp.example"
[tickets]
kind = "webhook"
url = %q
token_env = "TEST_TICKET_SECRET"
[[tenant]]
id = "acme"
name = "Acme"
timezone = "UTC"
accounts = ["111122223333"]
[[tenant.bucket]]
name = "acme-backups"
logs = "file:logs"
prefixes = ["veeam/"]
[[tenant.principal]]
match = "arn:aws:sts::111122223333:assumed-role/BackupRole/*"
name = "Nightly backup role"
role = "backup"
[[tenant.contact]]
name = "Dana"
email = "dana@acme.example"
role = "auditor"
[[tenant]]
id = "lodz"
name = "Lodz"
[[tenant.bucket]]
name = "lodz-archiwum"
logs = "file:nowhere"
prefixes = [""]
`, box.Address, hook.URL+"/tickets")
	now := time.Date(2026, 11, 3, 7, 0, 0, 0, time.UTC)
	var log bytes.Buffer
	parts := func(data string) *Parts {
		c, err := config.Parse(filepath.Join(dir, "config.toml"), []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		c.DataDir = filepath.Join(dir, data)
		p, err := Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := p.State.Close(); err != nil {
				t.Error(err)
			}
		})
		p.Log, p.Now, p.Version = slog.New(slog.NewTextHandler(&log, nil)), func() time.Time { return now }, "test"
		return p
	}
	p := parts("data")
	acme := p.Config.Tenants[0]

	// Before anything is collected there is nothing to publish.
	data, err := p.Analysis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var waits *UncollectedError
	if _, err := p.Publish(t.Context(), data, acme, "2026-10", PublishOptions{}); !errors.As(err, &waits) {
		t.Errorf("published before it was collected: %v", err)
	}
	task := scheduler.Task{Job: "report", Tenant: "acme", Period: "2026-10", Scheduled: now}
	if r := p.PublishOnce(t.Context(), data, acme, task, OnceOptions{Claims: p.Claims("one")}); r.Err != nil ||
		!r.NotBefore.Equal(now.Add(logsPause)) || !strings.Contains(r.Detail, "were not collected since the end of the month") {
		t.Errorf("before it was collected: %+v", r)
	}

	collected(t, p)
	collected(t, parts("other")) // another data folder over the same evidence

	checked(t, p, hook)

	r := p.PublishOnce(t.Context(), data, acme, task, OnceOptions{Claims: p.Claims("one"),
		Want: func(*report.Packet) bool { return false }})
	if r.Err != nil || r.Detail != ErrNotWanted.Error() {
		t.Errorf("not wanted: %+v", r)
	}
	if r = p.PublishOnce(t.Context(), data, acme, task, OnceOptions{Claims: p.Claims("one")}); r.Err != nil ||
		r.Figures["revision"] != 1 || !strings.HasPrefix(r.Detail, "attention, revision 1, file:") {
		t.Fatalf("published: %+v", r)
	}
	// Again, and from another data folder: it is there, and announced once.
	if r = p.PublishOnce(t.Context(), data, acme, task, OnceOptions{Claims: p.Claims("one")}); r.Err != nil || r.Figures["revision"] != 1 {
		t.Errorf("again: %+v", r)
	}
	other := parts("other")
	if r = other.PublishOnce(t.Context(), data, acme, task, OnceOptions{Claims: other.Claims("two")}); r.Err != nil ||
		r.Figures["revision"] != 1 {
		t.Errorf("elsewhere: %+v", r)
	}
	if mails, err := other.State.Mails.Waiting(t.Context()); err != nil || len(mails) != 0 {
		t.Errorf("the other folder announces it, too: %+v, %v", mails, err)
	}
	if list, err := other.State.Packets.Latest(t.Context(), "acme"); err != nil || len(list) != 1 || list[0].Revision != 1 {
		t.Errorf("the other folder knows %+v, %v", list, err)
	}
	mailed(t, p, box)
	alerted(t, p, box, hook)
}

// collected collects all, of which one place is not there.
func collected(t *testing.T, p *Parts) {
	t.Helper()
	began := p.Now()
	if _, err := p.State.Runs.Start(t.Context(), state.Run{Job: "collect"},
		began.Add(-time.Hour)); err != nil { // of a process that was killed
		t.Fatal(err)
	}
	out, err := p.Collect(t.Context(), CollectOptions{Log: p.Log, Began: began, GoMemory: 1 << 40})
	if err == nil || out.Faults["lodz"] == nil || out.Faults["acme"] != nil {
		t.Fatalf("faults %v, %v; want one of lodz", out.Faults, err)
	}
	running, err := p.State.Runs.List(t.Context(), state.RunFilter{Outcome: scheduler.Running})
	if err != nil || len(running) != 0 {
		t.Errorf("there still run %+v, %v", running, err)
	}
	sum := out.Total(&p.Config.Tenants[0])
	const want = "54 objects, 1350 records, 0 duplicates, 1 rejected, 0 foreign, 0 empty, 0 failed, 0 changed"
	if got := CollectDetail(sum); got != want {
		t.Errorf("collected were %s, want %s", got, want)
	}
	if f := CollectFigures(out.Total(nil)); f["records"] != 1350 || f["objects"] != 54 || f["rejected"] != 1 ||
		f["bytes"] == 0 || len(f) != 9 {
		t.Errorf("figures %v", f)
	}
	release, err := scheduler.Lock(p.Config.DataDir)
	if err != nil {
		t.Fatalf("the data folder stays locked: %v", err)
	}
	if _, err := p.Collect(t.Context(), CollectOptions{Log: p.Log}); !errors.Is(err, scheduler.ErrLocked) {
		t.Errorf("beside another process: %v", err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}

// checked checks the days of a stranger, and tells a ticket system.
func checked(t *testing.T, p *Parts, hook *hooks) {
	t.Helper()
	data, err := p.Analysis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.TellFindings(t.Context()); err != nil { // what there is at the first start is not told
		t.Fatal(err)
	}
	acme := p.Config.Tenants[0]
	r, err := p.LookBack(t.Context(), acme, "2026-10-20")
	if err != nil || r.Last.Format(time.DateOnly) != "2026-10-20" || r.First.After(r.Last) {
		t.Fatalf("looks at %+v, %v", r, err)
	}
	out, err := p.Check(t.Context(), data, acme, r)
	if err != nil || out.Opened == 0 || out.High == 0 || out.Reopened != 0 || out.Resolved != 0 || out.Last != "2026-10-20" {
		t.Fatalf("%+v, %v", out, err)
	}
	res := out.Result()
	if !res.Attention || res.Figures["opened"] != int64(out.Opened) || res.Figures["high"] != int64(out.High) ||
		!strings.HasPrefix(res.Detail, out.First+"..2026-10-20: ") {
		t.Errorf("%+v", res)
	}
	again, err := p.Check(t.Context(), data, acme, r)
	if err != nil || again.Opened != 0 || again.High != 0 || again.Result().Attention {
		t.Errorf("checked again: %+v, %v", again, err)
	}
	if err := p.TellFindings(t.Context()); err != nil {
		t.Fatal(err)
	}
	waiting, err := p.State.Outbox.Waiting(t.Context())
	if err != nil || len(waiting) == 0 {
		t.Fatalf("%+v, %v", waiting, err)
	}
	for _, m := range waiting {
		if m.Kind != state.TicketOpen || m.Tenant != "acme" {
			t.Errorf("there waits %+v", m)
		}
	}
	post := Post{Parts: p}
	m := waiting[0]
	hook.answer = http.StatusServiceUnavailable
	var refusal *RefusedError
	if err := post.Tell(t.Context(), &m); err == nil || errors.As(err, &refusal) {
		t.Errorf("a busy system: %v", err)
	}
	_, key := hook.last()
	hook.answer = http.StatusBadRequest
	if err := post.Tell(t.Context(), &m); !errors.As(err, &refusal) {
		t.Errorf("a system that refuses: %v", err)
	}
	hook.answer = http.StatusOK
	if err := post.Tell(t.Context(), &m); err != nil {
		t.Error(err)
	}
	event, same := hook.last()
	if !strings.HasPrefix(event, "finding.opened ") || !strings.Contains(event, `"severity":"high"`) || key != same || key == "" {
		t.Errorf("told was %s, with the keys %q and %q", event, key, same)
	}
	if k, err := p.State.Tickets.Of(t.Context(), m.Subject, "webhook"); err != nil || k.Ref != m.Subject || k.Closed {
		t.Errorf("the ticket is %+v, %v", k, err)
	}
	m.Kind = state.TicketClose
	var n news
	if err := json.Unmarshal(m.Payload, &n); err != nil {
		t.Fatal(err)
	}
	n.Kind = "resolved"
	if m.Payload, err = json.Marshal(n); err != nil {
		t.Fatal(err)
	}
	if err := post.Tell(t.Context(), &m); err != nil {
		t.Error(err)
	}
	if k, err := p.State.Tickets.Of(t.Context(), m.Subject, "webhook"); err != nil || !k.Closed {
		t.Errorf("the closed ticket is %+v, %v", k, err)
	}
	if err := post.Tell(t.Context(), &state.Message{Kind: state.TicketOpen, Tenant: "gone"}); !errors.As(err, &refusal) {
		t.Errorf("a tenant that is gone: %v", err)
	}
}

// mailed sends what announces the packet.
func mailed(t *testing.T, p *Parts, box *inbox.Inbox) {
	t.Helper()
	waiting, err := p.State.Mails.Waiting(t.Context())
	if err != nil || len(waiting) != 1 || waiting[0].Email != "dana@acme.example" || waiting[0].Revision != 1 {
		t.Fatalf("%+v, %v", waiting, err)
	}
	post, m := Post{Parts: p}, waiting[0]
	links := func() (open int) {
		list, err := p.State.Links.Of(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range list {
			if l.Works(p.Now()) {
				open++
			}
		}
		return open
	}
	box.Refuse["dana@acme.example"] = &smtp.SMTPError{Code: 550, Message: "no such user"}
	if err := post.Send(t.Context(), &m); !errors.Is(err, mailer.ErrRefused) || links() != 0 {
		t.Errorf("refused: %v, and %d links work", err, links())
	}
	delete(box.Refuse, "dana@acme.example")
	if err := post.Send(t.Context(), &m); err != nil {
		t.Fatal(err)
	}
	all := box.All()
	if len(all) != 1 || all[0].To != "dana@acme.example" || !bytes.Contains(all[0].Raw, []byte("https://evidence.msp.example/")) ||
		all[0].Header.Get("Message-Id") != "<"+m.MessageID+">" || m.Link != "page" || links() != 1 ||
		!m.LinkEnds.Equal(p.Now().AddDate(0, 0, 7)) {
		t.Errorf("%d mails, %+v, %d links", len(all), m, links())
	}
	stranger := m
	stranger.Email = "mallory@acme.example"
	if err := post.Send(t.Context(), &stranger); !errors.Is(err, ErrNoContact) || len(box.All()) != 1 {
		t.Errorf("to nobody's contact: %v", err)
	}
	// A packet that was changed is sent to nobody.
	path := filepath.Join(p.Config.Evidence.URL.Path, "acme", "2026-10", "findings.csv")
	if err := errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, []byte("changed"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := (&Post{Parts: p}).Send(t.Context(), &m); !errors.Is(err, deliver.ErrUnfit) || len(box.All()) != 1 {
		t.Errorf("a packet that was changed: %v", err)
	}
}

// alerted tells of trouble by mail and to a webhook.
func alerted(t *testing.T, p *Parts, box *inbox.Inbox, hook *hooks) {
	t.Helper()
	a := Alert{Key: "k", Title: "The job failed", Text: "why", What: "do this", Tenant: "acme", Job: "report", Host: "h",
		Since: p.Now(), To: "ops@msp.example"}
	payload, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	post := Post{Parts: p}
	if err := post.Tell(t.Context(), &state.Message{ID: 7, Kind: state.AlertMail, Payload: payload, Queued: p.Now()}); err != nil {
		t.Fatal(err)
	}
	all := box.All()
	last := string(all[len(all)-1].Raw)
	if all[len(all)-1].To != "ops@msp.example" || !strings.Contains(last, "The job failed") || !strings.Contains(last, "do this") ||
		!strings.Contains(last, "3 November 2026, 07:00 UTC") {
		t.Errorf("the mail is %s", last)
	}
	if err := post.Tell(t.Context(), &state.Message{Kind: state.AlertWebhook, Payload: payload, Queued: p.Now()}); err != nil {
		t.Fatal(err)
	}
	if event, _ := hook.last(); event != "alert "+string(payload) {
		t.Errorf("the webhook got %s", event)
	}
	var refusal *RefusedError
	if err := post.Tell(t.Context(), &state.Message{Kind: state.AlertMail, Payload: []byte("{")}); !errors.As(err, &refusal) {
		t.Errorf("an alert that is none: %v", err)
	}
	p.Config.Alerts.WebhookEnv = ""
	if err := post.Tell(t.Context(), &state.Message{Kind: state.AlertWebhook, Payload: payload}); !errors.As(err, &refusal) {
		t.Errorf("a webhook that is not configured any more: %v", err)
	}
}
