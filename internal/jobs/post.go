package jobs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"bucketproof/analyze/tickets"
	"bucketproof/internal/config"
	"bucketproof/internal/mailer"
	"bucketproof/internal/state"
	"bucketproof/internal/webhook"
	"bucketproof/report"
	"bucketproof/report/deliver"
	"bucketproof/report/deliver/letter"
	"bucketproof/report/deliver/link"
)

// Post sends what waits: [Post.Send] the mail that brings a packet, [Post.Tell] a
// message to another system. One is for one round of sending.
type Post struct {
	*Parts
	server *mailer.Server
	opened map[string]*deliver.Opened // packets that are fit to be sent, by name
	titles map[string]string          // of checks, once they were read
}

// ErrNoContact means that someone is no longer to get a mail.
var ErrNoContact = errors.New("no longer in the configuration")

// RefusedError is an answer of another system that another try would get again.
type RefusedError struct{ error }

func (e *RefusedError) Unwrap() error { return e.error }

// indexed is how long the index of a ticket system may follow behind.
const indexed = 5 * time.Minute

// RetryAfter is how long to wait at least before a message is told again: as the
// other system asks, and where it did not answer whether it has opened a ticket,
// until that would be found.
func RetryAfter(m *state.Message, err error) time.Duration {
	var answer *webhook.Error
	if errors.As(err, &answer) {
		return answer.RetryAfter
	}
	if m.Kind == state.TicketOpen {
		return indexed
	}
	return 0
}

func (p *Post) mailServer() (*mailer.Server, error) {
	if p.server == nil {
		s, err := mailer.Open(p.Config.Mail)
		if err != nil {
			return nil, err
		}
		p.server = s
	}
	return p.server, nil
}

// Send sends the mail about a packet, with a link of its own, and sets the link
// of m. It is nil once the mail server has taken it over.
func (p *Post) Send(ctx context.Context, m *state.Mail) error {
	t, ok := p.Config.Tenant(m.Tenant)
	if !ok || !hasContact(t, m.Email) {
		return fmt.Errorf("%s of %s is %w", m.Email, m.Tenant, ErrNoContact)
	}
	server, err := p.mailServer()
	if err != nil {
		return err
	}
	if err := p.superseded(ctx, m); err != nil {
		return err
	}
	o, err := p.fit(ctx, m.Tenant, m.Month, m.Revision)
	if err != nil {
		return err
	}
	message, l, err := p.Letter(ctx, o, m)
	if err != nil {
		return err
	}
	m.Link, m.LinkEnds = l.Kind, l.Ends
	if err := server.Send(ctx, message); err != nil {
		// A link that nobody can have got is taken back. Where the connection broke
		// after the message, the server may have it.
		if l.ID != "" && !errors.Is(err, mailer.ErrUnknown) {
			err = errors.Join(err, p.State.Links.Revoke(context.WithoutCancel(ctx), l.ID, p.Now()))
		}
		return err
	}
	return nil
}

// ErrSuperseded means that the mail about a later revision takes the place of one.
var ErrSuperseded = errors.New("a later revision was published in the meantime, whose mail takes the place of this one")

// superseded tells whether the contact has a mail about a later revision. That there
// is such a revision is not enough: one that was stored by hand announces itself to
// nobody.
func (p *Post) superseded(ctx context.Context, m *state.Mail) error {
	mails, err := p.State.Mails.Of(ctx, m.Tenant)
	for _, l := range mails {
		if l.Month == m.Month && l.Revision > m.Revision && l.Email == m.Email && l.Status != state.MailRefused {
			return ErrSuperseded
		}
	}
	return err
}

func hasContact(t config.Tenant, email string) bool {
	for _, c := range t.Contacts {
		if a, err := mail.ParseAddress(c.Email); err == nil && strings.EqualFold(a.Address, email) {
			return true
		}
	}
	return false
}

// Letter makes a link for the contact of a mail and writes the mail.
func (p *Parts) Letter(ctx context.Context, o *deliver.Opened, m *state.Mail) (mailer.Message, link.Link, error) {
	wish := time.Duration(p.Config.Mail.LinkDays) * 24 * time.Hour
	l, err := link.Maker{Store: p.State.Links, Links: p.Config.Links, Now: p.Now}.Make(ctx, o, m.Name, m.Email, wish)
	if err != nil {
		return mailer.Message{}, l, err
	}
	if l.Warning != "" {
		p.Log.Warn(l.Warning, "tenant", m.Tenant, "to", m.Email, "link_ends", l.Ends)
	}
	message, err := letter.Packet(p.Config, o, *m, l, p.Now())
	return message, l, err
}

// fit opens a packet, once, and looks whether it may be sent.
func (p *Post) fit(ctx context.Context, tenant, month string, revision int) (*deliver.Opened, error) {
	name := tenant + "/" + report.PacketName(month, revision)
	if o := p.opened[name]; o != nil {
		return o, nil
	}
	o, err := deliver.OpenPacket(ctx, p.Config.Evidence.URL, p.Config.AWS, tenant, month, revision)
	if err == nil {
		err = o.Fit(ctx)
	}
	if err != nil {
		return nil, err
	}
	p.opened = map[string]*deliver.Opened{name: o} // of one packet: they are sent in its order
	return o, nil
}

// Alert is the payload of an alert, as a webhook gets it.
type Alert struct {
	Key    string    `json:"key"`
	Title  string    `json:"title"`
	Text   string    `json:"text"`
	What   string    `json:"what_to_do"`
	Tenant string    `json:"tenant"`
	Job    string    `json:"job"`
	Host   string    `json:"host"`
	Since  time.Time `json:"since"`
	Ended  bool      `json:"ended"`
	To     string    `json:"to,omitempty"` // of a mail
}

// Tell tells another system a message. It is nil once that has taken it over.
func (p *Post) Tell(ctx context.Context, m *state.Message) error {
	switch m.Kind {
	case state.AlertMail, state.AlertWebhook:
		var a Alert
		if err := json.Unmarshal(m.Payload, &a); err != nil {
			return &RefusedError{err}
		}
		if m.Kind == state.AlertMail {
			return p.alertMail(ctx, m, a)
		}
		return p.alertWebhook(ctx, m)
	}
	return p.ticket(ctx, m)
}

func (p *Post) alertMail(ctx context.Context, m *state.Message, a Alert) error {
	server, err := p.mailServer()
	if err != nil {
		return err
	}
	subject, text, err := letter.Text("alert.en",
		map[string]any{"Title": a.Title, "Text": a.Text, "What": a.What, "Tenant": a.Tenant, "Job": a.Job, "Host": a.Host,
			"Since": a.Since.In(p.Config.Location).Format("2 January 2006, 15:04 ") + p.Config.Location.String(), "Ended": a.Ended})
	if err != nil {
		return err
	}
	id := MessageID(p.Config.Mail.From, "alert", fmt.Sprint(m.ID), m.Queued.Format(time.RFC3339Nano), a.To)
	return server.Send(ctx, mailer.Message{ID: id, From: p.Config.Mail.From, To: a.To, Subject: subject, Text: text, Date: m.Queued})
}

func (p *Post) alertWebhook(ctx context.Context, m *state.Message) error {
	url, err := config.Secret("alerts.webhook_env", p.Config.Alerts.WebhookEnv)
	if err != nil {
		return err
	}
	if url == "" {
		return &RefusedError{fmt.Errorf("alerts.webhook_env is %w", ErrNoContact)}
	}
	secret, err := config.Secret("alerts.secret_env", p.Config.Alerts.SecretEnv)
	if err != nil {
		return err
	}
	hook := webhook.Hook{URL: url, Secret: secret, Client: webhook.NewClient(), Now: p.Now}
	return refused(hook.Post(ctx, "alert", p.messageKey(m), m.Payload))
}

// messageKey is the idempotency key of a message: the same for each try.
func (p *Post) messageKey(m *state.Message) string {
	return strings.TrimSuffix(MessageID("", m.Kind, fmt.Sprint(m.ID), m.Queued.Format(time.RFC3339Nano),
		p.Config.DataDir), "@bucketproof.invalid")
}

// refused marks an answer that stays the same as one.
func refused(err error) error {
	var answer *webhook.Error
	if errors.As(err, &answer) && answer.Permanent() {
		return &RefusedError{err}
	}
	return err
}

// news is the payload of a message about a finding.
type news struct {
	Finding state.Finding `json:"finding"`
	Kind    string        `json:"kind"` // opened, raised, reopened or resolved
	Text    string        `json:"text"`
	At      time.Time     `json:"at"`
}

// TellFindings queues what ticket systems must hear about findings.
func (p *Parts) TellFindings(ctx context.Context) error {
	return p.State.Outbox.TellFindings(ctx, p.Now(), func(n state.FindingNews) ([]state.Message, error) {
		t, ok := p.Config.Tenant(n.Finding.Tenant)
		kind := map[string]string{"opened": state.TicketOpen, "raised": state.TicketOpen,
			"reopened": state.TicketComment, state.StatusResolved: state.TicketClose}[n.Kind]
		if !ok || kind == "" || t.Tickets.Kind == "" || rank(n.Finding.Severity) < rank(t.Tickets.Severity) {
			return nil, nil
		}
		payload, err := json.Marshal(news{Finding: n.Finding, Kind: n.Kind, Text: n.Text, At: n.At})
		return []state.Message{{Kind: kind, Tenant: t.ID, Subject: n.Finding.ID, Payload: payload}}, err
	})
}

func rank(severity string) int {
	for i, s := range state.Severities {
		if s == severity {
			return i
		}
	}
	return 0
}

// ticket tells a ticket system about a finding or a packet.
func (p *Post) ticket(ctx context.Context, m *state.Message) error {
	t, ok := p.Config.Tenant(m.Tenant)
	if !ok || t.Tickets.Kind == "" {
		return &RefusedError{fmt.Errorf("the tenant %s with a ticket system is %w", m.Tenant, ErrNoContact)}
	}
	system, err := p.ticketSystem(t)
	if err != nil {
		return err
	}
	if m.Kind == state.AttachPacket {
		return refused(p.attach(ctx, t, system, m))
	}
	var n news
	if err := json.Unmarshal(m.Payload, &n); err != nil {
		return &RefusedError{err}
	}
	title, err := p.checkTitle(ctx, n.Finding.Check)
	if err != nil {
		return err
	}
	return refused(p.tellTicket(ctx, system, m, tickets.Note{
		Finding: n.Finding, Title: title, Tenant: t.Name, Kind: n.Kind, Text: n.Text, At: n.At, Key: p.messageKey(m), Again: m.Attempts > 0,
	}))
}

func (p *Post) ticketSystem(t config.Tenant) (tickets.System, error) {
	token, err := config.Secret("tickets.token_env", t.Tickets.TokenEnv)
	if err != nil {
		return nil, err
	}
	refresh, err := config.Secret("tickets.refresh_env", t.Tickets.RefreshEnv)
	if err != nil {
		return nil, err
	}
	return tickets.New(t.Tickets, tickets.Secrets{Token: token, Refresh: refresh}, tickets.Options{Now: p.Now, Notes: p.State.Notes})
}

func (p *Post) checkTitle(ctx context.Context, check string) (string, error) {
	if p.titles == nil {
		data, err := p.Analysis(ctx)
		if err != nil {
			return "", err
		}
		p.titles = map[string]string{}
		for _, c := range data.Catalog.Checks {
			p.titles[c.Name] = c.Title
		}
	}
	return cmp.Or(p.titles[check], check), nil
}

// tellTicket opens, comments or closes the ticket of a finding, and keeps what
// the system calls it. News of a finding that has no ticket opens one, unless it is
// that the finding is closed.
func (p *Post) tellTicket(ctx context.Context, system tickets.System, m *state.Message, n tickets.Note) error {
	ticket, err := p.State.Tickets.Of(ctx, n.Finding.ID, system.Name())
	if err != nil {
		return err
	}
	if ticket.Ref == "" && m.Kind == state.TicketClose { // a finding from before the first start
		return nil
	}
	if ticket.Ref == "" {
		made, err := system.Open(ctx, n)
		if err != nil {
			return err
		}
		ticket.Ref, ticket.URL = made.Ref, made.URL
		if err := p.State.Tickets.Put(context.WithoutCancel(ctx), ticket); err != nil {
			return err
		}
	}
	switch m.Kind {
	case state.TicketOpen: // it is, or was by an earlier message about the finding
		return nil
	case state.TicketComment:
		err = system.Comeback(ctx, ticket.Ref, n)
		ticket.Closed = false
	case state.TicketClose:
		err = system.Close(ctx, ticket.Ref, n)
		ticket.Closed = true
	}
	if err != nil {
		return err
	}
	return p.State.Tickets.Put(context.WithoutCancel(ctx), ticket)
}

// attach hands the PDF of a packet to a system that keeps files of a client.
func (p *Post) attach(ctx context.Context, t config.Tenant, system tickets.System, m *state.Message) error {
	keeper, ok := system.(tickets.Keeper)
	if !ok {
		return &RefusedError{fmt.Errorf("%s keeps no files", system.Name())}
	}
	var published state.Published
	if err := json.Unmarshal(m.Payload, &published); err != nil {
		return &RefusedError{err}
	}
	o, err := p.fit(ctx, t.ID, published.Month, published.Revision)
	if errors.Is(err, deliver.ErrUnfit) {
		return &RefusedError{err}
	}
	if err != nil {
		return err
	}
	body, err := o.File(ctx, report.PDFName)
	if err != nil {
		return err
	}
	return keeper.Attach(ctx, o.Name(report.PDFName), "application/pdf", body, m.Attempts > 0)
}
