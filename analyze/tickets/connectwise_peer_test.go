package tickets

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// ConnectWise PSA REST API, service tickets.
//
// https://developer.connectwise.com/Products/ConnectWise_PSA/REST
// https://github.com/tjone270/pyconnectwise-psa/blob/main/docs/Ticket.md
// (generated from the vendor's OpenAPI file, which needs a login)
func newConnectWisePeer(t testing.TB) *peer {
	const tickets = "/v4_6_release/apis/3.0/service/tickets"
	return newPeer(t, admitConnectWise, func(p *peer, mux *http.ServeMux) {
		mux.HandleFunc("POST "+tickets, p.cwCreate)
		mux.HandleFunc("GET "+tickets, p.cwList)
		mux.HandleFunc("GET "+tickets+"/{id}", p.cwGet)
		mux.HandleFunc("PATCH "+tickets+"/{id}", p.cwPatch)
		mux.HandleFunc("POST "+tickets+"/{id}/notes", p.cwNote)
	})
}

func admitConnectWise(_ *peer, w http.ResponseWriter, r *http.Request) bool {
	if basic(r, "acme+pub", "priv") && r.Header.Get("clientId") != "" {
		return true
	}
	reply(w, http.StatusUnauthorized,
		map[string]any{"code": "Unauthorized", "message": "The provided credentials or clientId are not valid."})
	return false
}

func cwRefusal(message string) any {
	return map[string]any{"code": "InvalidObject", "message": message, "errors": []any{}}
}

var cwMissing = map[string]any{"code": "NotFound", "message": "Ticket not found"}

type cwReference struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

func (p *peer) cwCreate(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Summary, InitialDescription, ExternalXRef string
		Company, Board                            cwReference
		Status                                    *cwReference
	}
	if !decode(w, r, &in, cwRefusal) {
		return
	}
	wrong := []any{}
	refuse := func(bad bool, field, message string) {
		if bad {
			wrong = append(wrong, map[string]any{"code": "InvalidField", "resource": "ticket", "field": field, "message": message})
		}
	}
	refuse(strings.TrimSpace(in.Summary) == "", "summary", "The summary field is required.")
	refuse(utf8.RuneCountInString(in.Summary) > 100, "summary", "The field summary must be a string with a maximum length of 100.")
	refuse(utf8.RuneCountInString(in.ExternalXRef) > 100, "externalXRef",
		"The field externalXRef must be a string with a maximum length of 100.")
	refuse(in.Company.ID <= 0, "company/id", "The company/id field is required.")
	refuse(in.Board.ID <= 0, "board/id", "The board/id field is required.")
	if len(wrong) > 0 {
		reply(w, http.StatusBadRequest, map[string]any{"code": "InvalidObject", "message": "ticket object is invalid", "errors": wrong})
		return
	}
	k := &peerTicket{ID: strconv.Itoa(len(p.Tickets) + 101), Title: in.Summary, Body: in.InitialDescription,
		Open: true, status: "New", client: in.Company.ID, form: in.Board.ID}
	if in.ExternalXRef != "" {
		k.Labels = []string{in.ExternalXRef}
	}
	if in.Status != nil && in.Status.Name != "" {
		k.setCWStatus(in.Status.Name)
	}
	p.Tickets = append(p.Tickets, k)
	p.created(w, http.StatusCreated, cwTicket(k))
}

func (k *peerTicket) setCWStatus(name string) { k.status, k.Open = name, name != "Closed" }

// cwTicket leaves initialDescription out: it is never returned.
func cwTicket(k *peerTicket) map[string]any {
	id, _ := strconv.Atoi(k.ID)
	out := map[string]any{
		"id": id, "summary": k.Title, "recordType": "ServiceTicket", "closedFlag": !k.Open,
		"status": map[string]any{"id": 1, "name": k.status},
		"board":  map[string]any{"id": k.form}, "company": map[string]any{"id": k.client},
	}
	if len(k.Labels) > 0 {
		out["externalXRef"] = k.Labels[0]
	}
	return out
}

func (p *peer) cwList(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	want, err := clauses(q.Get("conditions"))
	size, page := number(q, "pageSize", 25), number(q, "page", 1)
	if err == nil && (size < 1 || size > 1000 || page < 1) {
		err = fmt.Errorf("pageSize or page out of range")
	}
	found := []any{}
	for _, k := range p.Tickets {
		ok, wrong := cwHolds(k, want)
		if wrong != nil {
			err = wrong
		}
		if ok {
			found = append(found, cwTicket(k))
		}
	}
	if err != nil {
		p.t.Errorf("peer: conditions %q: %v", q.Get("conditions"), err)
		reply(w, http.StatusBadRequest, cwRefusal(err.Error()))
		return
	}
	start := min((page-1)*size, len(found))
	reply(w, http.StatusOK, found[start:min(start+size, len(found))])
}

func cwHolds(k *peerTicket, want []clause) (bool, error) {
	all := true
	for _, c := range want {
		switch strings.ToLower(c.field) {
		case "externalxref":
			all = all && c.holds(k.Labels...)
		case "summary":
			all = all && c.holds(k.Title)
		case "closedflag":
			all = all && clause{op: c.op, value: strings.ToLower(c.value)}.holds(strconv.FormatBool(!k.Open))
		case "status/name":
			all = all && c.holds(k.status)
		case "company/id":
			all = all && c.holds(strconv.Itoa(k.client))
		case "board/id":
			all = all && c.holds(strconv.Itoa(k.form))
		default:
			return false, fmt.Errorf("the peer does not know the field %s", c.field)
		}
	}
	return all, nil
}

func (p *peer) cwGet(w http.ResponseWriter, r *http.Request) {
	if k := p.find(w, r.PathValue("id"), cwMissing); k != nil {
		reply(w, http.StatusOK, cwTicket(k))
	}
}

// cwPatch takes only a replaced status; another operation fails the test.
func (p *peer) cwPatch(w http.ResponseWriter, r *http.Request) {
	k := p.find(w, r.PathValue("id"), cwMissing)
	if k == nil {
		return
	}
	var ops []struct {
		Op, Path string
		Value    cwReference
	}
	if !decode(w, r, &ops, cwRefusal) {
		return
	}
	if len(ops) == 0 {
		reply(w, http.StatusBadRequest, cwRefusal("no operations"))
		return
	}
	for _, o := range ops {
		if o.Op != "replace" || strings.TrimPrefix(o.Path, "/") != "status" || o.Value.Name == "" {
			p.t.Errorf("peer: patch %+v: only replacing status by name is known", o)
			reply(w, http.StatusBadRequest, cwRefusal("operation is invalid"))
			return
		}
	}
	k.setCWStatus(ops[len(ops)-1].Value.Name)
	reply(w, http.StatusOK, cwTicket(k))
}

func (p *peer) cwNote(w http.ResponseWriter, r *http.Request) {
	k := p.find(w, r.PathValue("id"), cwMissing)
	if k == nil {
		return
	}
	var in struct {
		Text                                                        string
		DetailDescriptionFlag, InternalAnalysisFlag, ResolutionFlag bool
	}
	if !decode(w, r, &in, cwRefusal) {
		return
	}
	if strings.TrimSpace(in.Text) == "" || !(in.DetailDescriptionFlag || in.InternalAnalysisFlag || in.ResolutionFlag) {
		reply(w, http.StatusBadRequest,
			cwRefusal("text and one of detailDescriptionFlag, internalAnalysisFlag, resolutionFlag are required"))
		return
	}
	k.Comments = append(k.Comments, in.Text)
	if in.ResolutionFlag {
		k.resolution = in.Text
	}
	id, _ := strconv.Atoi(k.ID)
	reply(w, http.StatusCreated, map[string]any{"id": len(k.Comments), "ticketId": id, "text": in.Text})
}
