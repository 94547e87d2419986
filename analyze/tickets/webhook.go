package tickets

import (
	"context"
	"encoding/json"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/webhook"
)

// hook posts findings to an address of the user's own. The receiver knows a
// message that it has already by its Idempotency-Key; docs/OPERATING.md says what
// it gets.
type hook struct{ webhook.Hook }

func init() {
	adapters[config.TicketsWebhook] = func(a api, c config.Tickets, s Secrets, o Options) System {
		return &hook{Hook: webhook.Hook{URL: c.URL, Secret: s.Token, Client: a.client, Now: o.Now}}
	}
}

// message is what the receiver gets.
type message struct {
	Event      string    `json:"event"` // finding.opened, finding.reopened or finding.resolved
	At         time.Time `json:"at"`
	Finding    string    `json:"finding"`
	Check      string    `json:"check"`
	Title      string    `json:"title"`
	Severity   string    `json:"severity"`
	Tenant     string    `json:"tenant"`
	TenantName string    `json:"tenant_name"`
	Bucket     string    `json:"bucket"`
	Subject    string    `json:"subject"`
	Status     string    `json:"status"`
	Count      int64     `json:"count"`
	First      time.Time `json:"first_seen"`
	Last       time.Time `json:"last_seen"`
	Owner      string    `json:"owner"`
	Due        string    `json:"due"`
	Cause      string    `json:"cause"`
	Resolution string    `json:"resolution"`
	Text       string    `json:"text"`
}

func (h *hook) Name() string { return "webhook" }

func (h *hook) tell(ctx context.Context, n Note) error {
	f := n.Finding
	text := clean([]string{f.Subject, f.Cause, f.Resolution, n.Text, f.Owner})
	m := message{Event: "finding." + n.Kind, At: n.At.UTC(), Finding: f.ID, Check: f.Check, Title: n.Title,
		Severity: f.Severity, Tenant: f.Tenant, TenantName: n.Tenant, Bucket: f.Bucket,
		Subject: text[0], Status: f.Status, Count: f.Count, First: f.First, Last: f.Last, Owner: text[4], Due: f.Due,
		Cause: text[1], Resolution: text[2], Text: text[3]}
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return h.Post(ctx, m.Event, n.Key, body)
}

// Open posts finding.opened. The receiver names no ticket, so the finding does.
func (h *hook) Open(ctx context.Context, n Note) (Ticket, error) {
	if n.Kind != "opened" && n.Kind != "raised" { // what comes next is posted by itself
		return Ticket{Ref: n.Finding.ID}, nil
	}
	return Ticket{Ref: n.Finding.ID}, h.tell(ctx, n)
}

func (h *hook) Comeback(ctx context.Context, _ string, n Note) error { return h.tell(ctx, n) }

func (h *hook) Close(ctx context.Context, _ string, n Note) error { return h.tell(ctx, n) }
