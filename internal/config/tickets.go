package config

import (
	"net/url"
	"strings"
)

// Kinds of ticket systems.
const (
	TicketsWebhook     = "webhook"
	TicketsJira        = "jira"
	TicketsGitHub      = "github"
	TicketsConnectWise = "connectwise"
	TicketsNinjaOne    = "ninjaone"
)

// ticketKind is what the configuration of a kind of ticket system is asked for. Package
// tickets has the system of each.
type ticketKind struct {
	name   string
	url    string // an example
	ours   bool   // the example is the default, too
	status string // the default
	needs  []ticketNeed
}

// ticketNeed is a key that a kind can't do without.
type ticketNeed struct {
	key     string
	missing func(Tickets) bool
	example string
}

// ticketNeeds are those of every kind, besides its url.
var ticketNeeds = []ticketNeed{
	{"token_env", func(k Tickets) bool { return k.TokenEnv == "" }, "BUCKETPROOF_TICKETS_TOKEN"},
}

var ticketKinds = []ticketKind{
	{name: TicketsWebhook, url: "https://hooks.msp.example/findings"},
	{name: TicketsJira, url: "https://msp.atlassian.net", needs: []ticketNeed{
		{"user", func(k Tickets) bool { return k.User == "" }, "reports@msp.example"},
		{"project", func(k Tickets) bool { return k.Project == "" }, "OPS"},
	}},
	{name: TicketsGitHub, url: "https://api.github.com", ours: true, needs: []ticketNeed{
		{"project", func(k Tickets) bool { return strings.Count(k.Project, "/") != 1 }, "msp/evidence"},
	}},
	{name: TicketsConnectWise, url: "https://api-na.myconnectwise.net", needs: []ticketNeed{
		{"user", func(k Tickets) bool { return !strings.Contains(k.User, "+") }, "company+publicKey"},
		{"company", func(k Tickets) bool { return k.Company == 0 }, "250"},
		{"board", func(k Tickets) bool { return k.Board == 0 }, "1"},
		{"client_id", func(k Tickets) bool { return k.ClientID == "" }, "00000000-0000-0000-0000-000000000000"},
		{"closed", func(k Tickets) bool { return k.Closed == "" }, "Closed"},
	}},
	{name: TicketsNinjaOne, url: "https://eu.ninjarmm.com", status: "1000", needs: []ticketNeed{ // the status New
		{"user", func(k Tickets) bool { return k.User == "" }, "client ID of the API application"},
		{"company", func(k Tickets) bool { return k.Company == 0 }, "2"},
		{"form", func(k Tickets) bool { return k.Form == 0 }, "1"},
		{"closed", func(k Tickets) bool { return k.Closed == "" }, "6000"},
	}},
}

// TicketKinds are the names of the kinds that a configuration can have.
func TicketKinds() []string {
	names := make([]string, len(ticketKinds))
	for i, k := range ticketKinds {
		names[i] = k.name
	}
	return names
}

// kindOfTickets is the one of a name; nothing is known of "".
func kindOfTickets(name string) (found ticketKind) {
	for _, k := range ticketKinds {
		if k.name == name {
			found = k
		}
	}
	return found
}

// Tickets say where findings become tickets. Kind "" is nowhere.
type Tickets struct {
	Kind     string
	Severity string // the least that opens a ticket
	URL      string // of the system, without a / at its end
	User     string // Jira: mail address; ConnectWise: company+public key; NinjaOne: client ID
	TokenEnv string // the variable that holds token, private key, client secret or HMAC key

	Project    string // Jira: project key; GitHub: owner/repository
	IssueType  string // Jira
	Transition string // Jira: the name of the one that closes
	Reopen     string // Jira: the name of the one that opens again; "" only comments
	Company    int64  // ConnectWise: company ID; NinjaOne: organization ID
	Board      int64  // ConnectWise: board ID; NinjaOne: board ID, for finding tickets again
	Form       int64  // NinjaOne: ticket form ID
	Status     string // ConnectWise and NinjaOne: of an open ticket
	Closed     string // ConnectWise and NinjaOne: of a closed one
	ClientID   string // ConnectWise: of the integration
	RefreshEnv string // NinjaOne: the variable that holds a refresh token
	Attach     bool   // NinjaOne: packets are attached to the organization
}

// readTickets reads [tickets], or what a tenant has in its place. What is not
// named comes from another.
func readTickets(t *table, from Tickets) Tickets {
	k := Tickets{
		Kind:     t.oneOf("kind", from.Kind, append([]string{""}, TicketKinds()...)...),
		Severity: t.oneOf("severity", orText(from.Severity, "high"), "low", "medium", "high"),
		URL:      strings.TrimSuffix(t.str("url", from.URL), "/"),
		User:     t.str("user", from.User),
		Project:  t.str("project", from.Project), IssueType: t.str("issue_type", orText(from.IssueType, "Task")),
		Transition: t.str("transition", orText(from.Transition, "Done")), Reopen: t.str("reopen", from.Reopen),
		Company: t.integer("company", from.Company, 0, 1<<53), Board: t.integer("board", from.Board, 0, 1<<53),
		Form:   t.integer("form", from.Form, 0, 1<<53),
		Status: t.str("status", from.Status), Closed: t.str("closed", from.Closed), ClientID: t.str("client_id", from.ClientID),
		Attach: t.boolean("attach", from.Attach),
	}
	k.TokenEnv, k.RefreshEnv = orText(readEnvName(t, "token_env"), from.TokenEnv), orText(readEnvName(t, "refresh_env"), from.RefreshEnv)
	kind := kindOfTickets(k.Kind)
	if kind.ours && k.URL == "" {
		k.URL = kind.url
	}
	k.Status = orText(k.Status, kind.status)
	t.done()
	return k
}

// checkTickets reports what the tickets of a tenant lack. It comes after
// readTickets, because a tenant may complete what [tickets] begins.
func checkTickets(t *table, k Tickets) {
	if k.Kind == "" {
		return
	}
	kind := kindOfTickets(k.Kind)
	needs := append([]ticketNeed{{"url", func(k Tickets) bool { return k.URL == "" }, kind.url}}, ticketNeeds...)
	for _, n := range append(needs, kind.needs...) {
		if n.missing(k) {
			t.problem("tickets."+n.key, "is missing for %s; write it in [tickets] or in the tenant's tickets, for example %q", k.Kind,
				n.example)
		}
	}
	if k.URL != "" {
		u, err := url.Parse(k.URL)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
			t.problem("tickets.url", "is no address of a ticket system; write one like %q, without credentials", kind.url)
		}
	}
}
