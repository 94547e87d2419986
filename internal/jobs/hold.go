package jobs

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"bucketproof/internal/state"
)

// mostTickets is how many tickets are opened for a tenant within an hour. Others wait, so
// that what anyone can set off floods no service desk.
const mostTickets = 30

// Held takes from messages that wait the tickets that are to wait on, the less grave first,
// and counts them by tenant.
func (p *Post) Held(ctx context.Context, waiting []state.Message) (now []state.Message, held map[string]int, err error) {
	opened, err := p.State.Outbox.TicketsOpened(ctx, p.Now().Add(-time.Hour))
	if err != nil {
		return nil, nil, err
	}
	grave := map[int64]int{}
	for _, m := range waiting {
		var n news
		if m.Kind == state.TicketOpen && json.Unmarshal(m.Payload, &n) == nil { // what is no news is refused when it is told
			grave[m.ID] = rank(n.Finding.Severity)
		}
	}
	waiting = slices.Clone(waiting)
	slices.SortStableFunc(waiting, func(a, b state.Message) int { return cmp.Compare(grave[b.ID], grave[a.ID]) })
	held = map[string]int{}
	for _, m := range waiting {
		if m.Kind == state.TicketOpen {
			if opened[m.Tenant]++; opened[m.Tenant] > mostTickets {
				held[m.Tenant]++
				continue
			}
		}
		now = append(now, m)
	}
	return now, held, nil
}

// HeldKey is the key of the alert that tickets of a tenant wait.
func HeldKey(tenant string) string { return "tickets/" + tenant + "/many" }

// HeldAlert tells of tickets that wait because there are so many.
func HeldAlert(tenant string, n int) Alert {
	return Alert{Key: HeldKey(tenant), Tenant: tenant, Title: "Many findings wait for their tickets",
		Text: fmt.Sprintf("%d tickets wait, because at most %d are opened within an hour for a tenant, the gravest first.", n, mostTickets),
		What: fmt.Sprintf("Look at all of them with `bucketproof findings list --tenant %s`. Their tickets are opened hour by hour.",
			tenant)}
}
