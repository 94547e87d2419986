package tickets

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// NinjaOne public API 2.0.9-draft.
//
// https://app.ninjarmm.com/apidocs-beta/NinjaRMM-API-v2.yaml, as stored in
// https://github.com/homotechsual/NinjaOne/blob/main/ninjaOne-API-core-resources.yaml
func newNinjaOnePeer(t testing.TB) *peer {
	p := newPeer(t, admitNinjaOne, func(p *peer, mux *http.ServeMux) {
		mux.HandleFunc("POST /ws/oauth/token", p.ninjaToken)
		mux.HandleFunc("POST /v2/ticketing/ticket", p.ninjaCreate)
		mux.HandleFunc("GET /v2/ticketing/ticket/{id}", p.ninjaGet)
		mux.HandleFunc("PUT /v2/ticketing/ticket/{id}", p.ninjaUpdate)
		mux.HandleFunc("POST /v2/ticketing/ticket/{id}/comment", p.ninjaComment)
		mux.HandleFunc("POST /v2/ticketing/trigger/board/{board}/run", p.ninjaBoard)
		mux.HandleFunc("POST /v2/related-items/entity/ORGANIZATION/{id}/attachment", p.ninjaAttach)
		mux.HandleFunc("GET /v2/related-items/with-entity/ORGANIZATION/{id}", p.ninjaRelated)
	})
	p.Tokens = []string{"refresh-0"}
	return p
}

// admitNinjaOne lets a token request through, and wants a user behind the
// token for ticketing: an application alone (client_credentials) has none.
func admitNinjaOne(p *peer, w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path == "/ws/oauth/token" {
		return true
	}
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	user, known := p.users[token]
	switch {
	case !bearer || !known:
		reply(w, http.StatusUnauthorized,
			map[string]any{"error": "not_authenticated", "error_description": "Invalid credentials", "error_code": 10})
	case !user && strings.HasPrefix(r.URL.Path, "/v2/ticketing/"):
		reply(w, http.StatusForbidden, ninjaRefusal("insufficient_privileges"))
	default:
		return true
	}
	return false
}

func ninjaRefusal(message string) any {
	return map[string]any{"resultCode": "FAILURE", "errorMessage": message}
}

var ninjaMissing = ninjaRefusal("ticket_not_found")

func (p *peer) ninjaToken(w http.ResponseWriter, r *http.Request) {
	if mediaType(r.Header.Get("Content-Type")) != "application/x-www-form-urlencoded" {
		reply(w, http.StatusUnsupportedMediaType, map[string]any{"error": "invalid_request"})
		return
	}
	if err := r.ParseForm(); err != nil {
		reply(w, http.StatusBadRequest, map[string]any{"error": "invalid_request"})
		return
	}
	f := r.PostForm
	if f.Get("client_id") != "ninja-id" || f.Get("client_secret") != "ninja-secret" {
		reply(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	p.ninjaGrant(w, f)
}

func (p *peer) ninjaGrant(w http.ResponseWriter, f url.Values) {
	kind := f.Get("grant_type")
	out := map[string]any{"token_type": "Bearer", "expires_in": 3600, "scope": "monitoring management control"}
	switch {
	case kind == "refresh_token" && f.Get("refresh_token") == p.Tokens[len(p.Tokens)-1]:
		p.Tokens = append(p.Tokens, fmt.Sprintf("refresh-%d", len(p.Tokens)))
		out["refresh_token"] = p.Tokens[len(p.Tokens)-1]
		out["scope"] = "monitoring management control offline_access"
	case kind == "refresh_token":
		reply(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	case kind != "client_credentials":
		reply(w, http.StatusBadRequest, map[string]any{"error": "unsupported_grant_type"})
		return
	}
	p.serial++
	token := fmt.Sprintf("access-%d", p.serial)
	p.users[token] = kind == "refresh_token"
	out["access_token"] = token
	reply(w, http.StatusOK, out)
}

// ninjaLogEntry is NewTicketLogEntry: a description or a comment.
type ninjaLogEntry struct {
	Public               *bool   `json:"public"`
	Body                 *string `json:"body"`
	HTMLBody             *string `json:"htmlBody"`
	TimeTracked          *int    `json:"timeTracked"`
	DuplicateInIncidents *bool   `json:"duplicateInIncidents"`
}

func (e *ninjaLogEntry) text() string {
	if e.Body != nil {
		return *e.Body
	}
	if e.HTMLBody != nil {
		return *e.HTMLBody
	}
	return ""
}

// ninjaTicket is NewTicket and UpdateTicket. The latter has version, wants
// requesterUid, and has no description.
type ninjaTicket struct {
	Version                         *int           `json:"version"`
	ClientID                        *int           `json:"clientId"`
	TicketFormID                    *int           `json:"ticketFormId"`
	LocationID                      *int           `json:"locationId"`
	NodeID                          *int           `json:"nodeId"`
	Subject                         *string        `json:"subject"`
	Description                     *ninjaLogEntry `json:"description"`
	Status                          *string        `json:"status"`
	Type                            *string        `json:"type"`
	CC                              any            `json:"cc"`
	AssignedAppUserID               *int           `json:"assignedAppUserId"`
	RequesterUID                    *string        `json:"requesterUid"`
	Severity                        *string        `json:"severity"`
	Priority                        *string        `json:"priority"`
	ParentTicketID                  *int           `json:"parentTicketId"`
	Tags                            []string       `json:"tags"`
	Attributes                      []any          `json:"attributes"`
	AdditionalAssignedTechnicianIDs []int          `json:"additionalAssignedTechnicianIds"`
	FollowupTime                    *float64       `json:"followupTime"`
}

var (
	ninjaTypes = []string{"PROBLEM", "QUESTION", "INCIDENT", "TASK", "CHANGE_REQUEST", "SERVICE_REQUEST",
		"PROJECT", "APPOINTMENT", "MISCELLANEOUS"}
	allowedSeverities = []string{"NONE", "MINOR", "MODERATE", "MAJOR", "CRITICAL"}
	ninjaPriorities   = []string{"NONE", "LOW", "MEDIUM", "HIGH"}
	ninjaStatuses     = map[string]string{"1000": "NEW", "2000": "OPEN", "3000": "WAITING", "4000": "PAUSED",
		"5000": "RESOLVED", "6000": "CLOSED"}
)

// wrong says what either schema refuses.
func (in *ninjaTicket) wrong() string {
	among := func(v *string, of []string) bool { return v == nil || slices.Contains(of, *v) }
	switch {
	case in.ClientID == nil:
		return "clientId is required"
	case in.TicketFormID == nil:
		return "ticketFormId is required"
	case in.Subject == nil || strings.TrimSpace(*in.Subject) == "":
		return "subject is required"
	case utf8.RuneCountInString(*in.Subject) > 200:
		return "subject is longer than 200"
	case in.Status == nil:
		return "status is required"
	case ninjaStatuses[*in.Status] == "":
		return "status is not one of this peer's"
	case !among(in.Type, ninjaTypes) || !among(in.Severity, allowedSeverities) || !among(in.Priority, ninjaPriorities):
		return "type, severity or priority is not in its list"
	}
	return ""
}

func (in *ninjaTicket) wrongNew() string {
	switch {
	case in.Version != nil:
		return "version is not a field of NewTicket"
	case in.Description != nil && in.Description.Public == nil:
		return "description.public is required"
	}
	return in.wrong()
}

func (in *ninjaTicket) wrongUpdate() string {
	switch {
	case in.Version == nil:
		return "version is required"
	case in.RequesterUID == nil || *in.RequesterUID == "":
		return "requesterUid is required"
	case in.Description != nil:
		return "description is not a field of UpdateTicket"
	}
	return in.wrong()
}

// apply replaces: tags that are not sent are gone.
func (in *ninjaTicket) apply(k *peerTicket) {
	k.version++
	k.Title, k.Labels, k.status = *in.Subject, in.Tags, *in.Status
	k.client, k.form = *in.ClientID, *in.TicketFormID
	k.Open = k.status != "6000"
	if in.RequesterUID != nil {
		k.requester = *in.RequesterUID
	}
}

func (p *peer) ninjaCreate(w http.ResponseWriter, r *http.Request) {
	var in ninjaTicket
	if !decodeClosed(w, r, &in, ninjaRefusal) {
		return
	}
	if why := in.wrongNew(); why != "" {
		reply(w, http.StatusBadRequest, ninjaRefusal(why))
		return
	}
	k := &peerTicket{ID: strconv.Itoa(1001 + len(p.Tickets)), requester: "6f1c2b0e-5d53-4a8e-9f0a-0c1d2e3f4a5b"}
	in.apply(k)
	if in.Description != nil {
		k.Body = in.Description.text()
	}
	p.Tickets = append(p.Tickets, k)
	p.created(w, http.StatusOK, ninjaDTO(k))
}

// ninjaDTO is TicketDTO: its status is an object, and it has no description.
func ninjaDTO(k *peerTicket) map[string]any {
	id, _ := strconv.Atoi(k.ID)
	status, _ := strconv.Atoi(k.status)
	return map[string]any{
		"id": id, "version": k.version, "clientId": k.client, "ticketFormId": k.form, "subject": k.Title,
		"status": map[string]any{"name": ninjaStatuses[k.status], "displayName": ninjaStatuses[k.status], "statusId": status},
		"tags":   append([]string{}, k.Labels...), "requesterUid": k.requester, "source": "TECHNICIAN", "deleted": false,
	}
}

func (p *peer) ninjaGet(w http.ResponseWriter, r *http.Request) {
	if k := p.find(w, r.PathValue("id"), ninjaMissing); k != nil {
		reply(w, http.StatusOK, ninjaDTO(k))
	}
}

func (p *peer) ninjaUpdate(w http.ResponseWriter, r *http.Request) {
	k := p.find(w, r.PathValue("id"), ninjaMissing)
	if k == nil {
		return
	}
	var in ninjaTicket
	if !decodeClosed(w, r, &in, ninjaRefusal) {
		return
	}
	if why := in.wrongUpdate(); why != "" {
		reply(w, http.StatusBadRequest, ninjaRefusal(why))
		return
	}
	if *in.Version != k.version {
		reply(w, http.StatusConflict, ninjaRefusal("the ticket was changed by another"))
		return
	}
	in.apply(k)
	reply(w, http.StatusOK, ninjaDTO(k))
}

// parts reads a multipart form, or answers 415 for another Content-Type and
// 400 for a broken one.
func parts(w http.ResponseWriter, r *http.Request) (map[string][]peerFile, bool) {
	if mediaType(r.Header.Get("Content-Type")) != "multipart/form-data" {
		reply(w, http.StatusUnsupportedMediaType, ninjaRefusal("Content-Type must be multipart/form-data"))
		return nil, false
	}
	out, err := readParts(r)
	if err != nil {
		reply(w, http.StatusBadRequest, ninjaRefusal(err.Error()))
		return nil, false
	}
	return out, true
}

func readParts(r *http.Request) (map[string][]peerFile, error) {
	form, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	out := map[string][]peerFile{}
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		name := part.FormName()
		out[name] = append(out[name], peerFile{part.FileName(), part.Header.Get("Content-Type"), body})
	}
}

// ninjaComment adds a comment. Files are kept as Attachments of no organization.
func (p *peer) ninjaComment(w http.ResponseWriter, r *http.Request) {
	k := p.find(w, r.PathValue("id"), ninjaMissing)
	if k == nil {
		return
	}
	form, ok := parts(w, r)
	if !ok {
		return
	}
	entry, err := ninjaEntry(form["comment"])
	if err != nil {
		reply(w, http.StatusBadRequest, ninjaRefusal(err.Error()))
		return
	}
	k.Comments = append(k.Comments, entry.text())
	for _, f := range form["files"] {
		p.Attachments, p.orgs = append(p.Attachments, f), append(p.orgs, "")
	}
	reply(w, http.StatusOK, map[string]any{})
}

func ninjaEntry(comment []peerFile) (*ninjaLogEntry, error) {
	if len(comment) != 1 || mediaType(comment[0].ContentType) != "application/json" {
		return nil, fmt.Errorf("one part comment of type application/json is required")
	}
	var e ninjaLogEntry
	if err := decodeOne(strings.NewReader(string(comment[0].Body)), &e, true); err != nil {
		return nil, err
	}
	if e.Public == nil || e.text() == "" {
		return nil, fmt.Errorf("comment.public and a body are required")
	}
	return &e, nil
}

// ninjaBoard runs a board that holds every ticket, oldest first. It pages by
// pageSize and lastCursorId; filters and sort orders fail the test.
func (p *peer) ninjaBoard(w http.ResponseWriter, r *http.Request) {
	var in struct {
		SortBy         []any    `json:"sortBy"`
		Filters        []any    `json:"filters"`
		PageSize       *int     `json:"pageSize"`
		SearchCriteria string   `json:"searchCriteria"`
		IncludeColumns []string `json:"includeColumns"`
		LastCursorID   int      `json:"lastCursorId"`
	}
	if !decodeClosed(w, r, &in, ninjaRefusal) {
		return
	}
	if len(in.Filters) > 0 || len(in.SortBy) > 0 {
		p.t.Errorf("peer: board filters %v and sortBy %v are not known", in.Filters, in.SortBy)
	}
	most := len(p.Tickets)
	if in.PageSize != nil {
		most = *in.PageSize
	}
	rows, last := []any{}, in.LastCursorID
	for _, k := range p.Tickets {
		id, _ := strconv.Atoi(k.ID)
		if id <= in.LastCursorID || !strings.Contains(k.Title, in.SearchCriteria) || len(rows) == most {
			continue
		}
		rows, last = append(rows, ninjaRow(k, id)), id
	}
	reply(w, http.StatusOK, map[string]any{"data": rows, "metadata": map[string]any{"lastCursorId": last}})
}

func ninjaRow(k *peerTicket, id int) map[string]any {
	row := ninjaDTO(k)
	row["id"], row["summary"] = id, k.Title
	return row
}

func (p *peer) ninjaAttach(w http.ResponseWriter, r *http.Request) {
	form, ok := parts(w, r)
	if !ok {
		return
	}
	files := form["file"]
	delete(form, "file")
	delete(form, "description") // undocumented, but seen to be accepted
	if len(files) != 1 || files[0].Name == "" || len(form) > 0 {
		reply(w, http.StatusBadRequest, ninjaRefusal("one part file with a filename is required"))
		return
	}
	p.Attachments, p.orgs = append(p.Attachments, files[0]), append(p.orgs, r.PathValue("id"))
	reply(w, http.StatusOK, p.ninjaItem(len(p.Attachments)-1))
}

// ninjaItem is RelatedItemPublicApiDTO. Its value is documented only as
// "attachment meta data"; the shape here is the schema AttachmentMetadata,
// where size is a string.
func (p *peer) ninjaItem(i int) map[string]any {
	f := p.Attachments[i]
	org, _ := strconv.Atoi(p.orgs[i])
	return map[string]any{
		"id": i + 1, "type": "VALUE", "entityType": "ORGANIZATION", "entityId": org, "relEntityType": "ATTACHMENT",
		"value": map[string]any{
			"name": f.Name, "mimeType": f.ContentType, "size": strconv.Itoa(len(f.Body)),
			"extension": strings.TrimPrefix(path.Ext(f.Name), "."),
		},
	}
}

func (p *peer) ninjaRelated(w http.ResponseWriter, r *http.Request) {
	out := []any{}
	for i, org := range p.orgs {
		if org == r.PathValue("id") {
			out = append(out, p.ninjaItem(i))
		}
	}
	reply(w, http.StatusOK, out)
}
