package tickets

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"bucketproof/internal/config"
)

// connectWise speaks the REST API of ConnectWise PSA, formerly Manage
// (developer.connectwise.com/Products/ConnectWise_PSA/REST, endpoints
// /service/tickets and /service/tickets/{parentId}/notes).
type connectWise struct {
	api
	company, board int64
	status, closed string
}

const (
	connectWisePath    = "/v4_6_release/apis/3.0/service/tickets"
	connectWiseSummary = 100 // characters
)

func init() {
	adapters[config.TicketsConnectWise] = func(a api, c config.Tickets, s Secrets, _ Options) System { return newConnectWise(a, c, s) }
}

func newConnectWise(a api, c config.Tickets, s Secrets) *connectWise {
	a.auth = func(_ context.Context, req *http.Request) error {
		req.SetBasicAuth(c.User, s.Token) // company+publicKey and privateKey
		req.Header.Set("clientId", c.ClientID)
		return nil
	}
	return &connectWise{api: a, company: c.Company, board: c.Board, status: c.Status, closed: c.Closed}
}

func (w *connectWise) Name() string {
	return fmt.Sprintf("connectwise %s company %d", w.base, w.company)
}

func (w *connectWise) ticket(id int64) Ticket {
	return Ticket{Ref: strconv.FormatInt(id, 10), URL: w.base +
		"/v4_6_release/services/system_io/Service/fv_sr100_request.rails?service_recid=" + strconv.FormatInt(id, 10)}
}

func (w *connectWise) Open(ctx context.Context, n Note) (Ticket, error) {
	if n.Again {
		var found []struct{ ID int64 }
		query := url.Values{"conditions": {fmt.Sprintf("externalXRef=%q", mark(n.Finding.ID))}, "orderBy": {"id asc"},
			"pageSize": {"1"}, "fields": {"id"}}
		if err := w.call(ctx, http.MethodGet, connectWisePath+"?"+query.Encode(), nil, &found); err != nil {
			return Ticket{}, err
		}
		if len(found) > 0 {
			return w.ticket(found[0].ID), nil
		}
	}
	body := object{
		"summary": summary(n, connectWiseSummary), "company": object{"id": w.company}, "board": object{"id": w.board},
		"initialDescription": strings.Join(lines(n), "\n"), "externalXRef": mark(n.Finding.ID),
	}
	if w.status != "" {
		body["status"] = object{"name": w.status}
	}
	var made struct{ ID int64 }
	err := w.call(ctx, http.MethodPost, connectWisePath, body, &made)
	if err == nil && made.ID == 0 {
		err = fmt.Errorf("%s: the answer names no ticket", w.Name())
	}
	return w.ticket(made.ID), err
}

func (w *connectWise) note(ctx context.Context, ref string, list []string, resolution bool) error {
	return w.call(ctx, http.MethodPost, connectWisePath+"/"+ref+"/notes", object{
		"text": strings.Join(list, "\n"), "detailDescriptionFlag": !resolution, "internalAnalysisFlag": false, "resolutionFlag": resolution,
	}, nil)
}

func (w *connectWise) setStatus(ctx context.Context, ref, name string) error {
	return w.call(ctx, http.MethodPatch, connectWisePath+"/"+ref,
		[]object{{"op": "replace", "path": "status", "value": object{"name": name}}}, nil)
}

func (w *connectWise) Comeback(ctx context.Context, ref string, n Note) error {
	if w.status != "" {
		if err := w.setStatus(ctx, ref, w.status); err != nil {
			return err
		}
	}
	return w.note(ctx, ref, comebackLines(n), false)
}

// Close writes the note first: a closed ticket may refuse one. A further try may
// write it twice, which is better than not at all.
func (w *connectWise) Close(ctx context.Context, ref string, n Note) error {
	if err := w.note(ctx, ref, closingLines(n), true); err != nil {
		return err
	}
	return w.setStatus(ctx, ref, w.closed)
}
