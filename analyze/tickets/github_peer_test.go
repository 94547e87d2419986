package tickets

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// GitHub REST API, issues of the repository msp/evidence.
//
// https://docs.github.com/en/rest/issues/issues
// https://docs.github.com/en/rest/issues/comments
// https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api
func newGitHubPeer(t testing.TB) *peer {
	return newPeer(t, admitGitHub, func(p *peer, mux *http.ServeMux) {
		mux.HandleFunc("POST /repos/msp/evidence/issues", p.githubCreate)
		mux.HandleFunc("GET /repos/msp/evidence/issues", p.githubList)
		mux.HandleFunc("GET /repos/msp/evidence/issues/{n}", p.githubGet)
		mux.HandleFunc("PATCH /repos/msp/evidence/issues/{n}", p.githubUpdate)
		mux.HandleFunc("POST /repos/msp/evidence/issues/{n}/comments", p.githubComment)
	})
}

func githubRefusal(message string) any {
	return map[string]any{"message": message, "documentation_url": "https://docs.github.com/rest"}
}

var githubMissing = githubRefusal("Not Found")

func admitGitHub(_ *peer, w http.ResponseWriter, r *http.Request) bool {
	h := r.Header
	switch {
	case h.Get("User-Agent") == "":
		reply(w, http.StatusForbidden,
			githubRefusal("Request forbidden by administrative rules. Please make sure your request has a User-Agent header."))
	case h.Get("Authorization") != "Bearer github-token":
		reply(w, http.StatusUnauthorized, githubRefusal("Bad credentials"))
	case !strings.Contains(h.Get("Accept"), "application/vnd.github+json"):
		reply(w, http.StatusUnsupportedMediaType, githubRefusal("Unsupported 'Accept' header: must accept 'application/vnd.github+json'."))
	case !slices.Contains([]string{"2022-11-28", "2026-03-10"}, h.Get("X-GitHub-Api-Version")):
		reply(w, http.StatusBadRequest, githubRefusal("Missing or unsupported X-GitHub-Api-Version."))
	default:
		return true
	}
	return false
}

func githubInvalid(w http.ResponseWriter, resource, field, message string) {
	reply(w, http.StatusUnprocessableEntity, map[string]any{"message": "Validation Failed", "errors": []any{
		map[string]any{"resource": resource, "field": field, "code": "custom", "message": message},
	}})
}

// githubText is what an issue is made of, in a create or an update; nil is absent.
type githubText struct {
	Title       *string
	Body        *string
	Labels      *[]string
	State       *string
	StateReason *string `json:"state_reason"`
}

// decodeGitHub answers 422 for a field of the wrong type, as GitHub does, and
// 400 for what is no JSON.
func decodeGitHub(w http.ResponseWriter, r *http.Request, into any) bool {
	err := decodeOne(r.Body, into, false)
	if wrong, ok := err.(*json.UnmarshalTypeError); ok {
		githubInvalid(w, "Issue", wrong.Field, "wrong type")
		return false
	}
	if err != nil {
		reply(w, http.StatusBadRequest, githubRefusal("Problems parsing JSON"))
		return false
	}
	return true
}

// wrong names the field GitHub would refuse, and why.
func (in githubText) wrong() (field, why string) {
	switch {
	case in.Title != nil && strings.TrimSpace(*in.Title) == "":
		return "title", "title can't be blank"
	case in.Title != nil && utf8.RuneCountInString(*in.Title) > 256:
		return "title", "title is too long (maximum is 256 characters)"
	case in.Body != nil && utf8.RuneCountInString(*in.Body) > 65536:
		return "body", "body is too long (maximum is 65536 characters)"
	case in.Labels != nil && slices.ContainsFunc(*in.Labels, badGitHubLabel):
		return "labels", "name is blank or too long (maximum is 50 characters)"
	case in.State != nil && *in.State != "open" && *in.State != "closed":
		return "state", "state is not open or closed"
	case in.StateReason != nil && !slices.Contains([]string{"completed", "not_planned", "duplicate", "reopened"}, *in.StateReason):
		return "state_reason", "not a state_reason"
	}
	return "", ""
}

func badGitHubLabel(s string) bool {
	return strings.TrimSpace(s) == "" || utf8.RuneCountInString(s) > 50
}

// apply changes what is given; state_reason counts only with a change of state.
func (in githubText) apply(k *peerTicket) {
	if in.Title != nil {
		k.Title = *in.Title
	}
	if in.Body != nil {
		k.Body = *in.Body
	}
	if in.Labels != nil {
		k.Labels = *in.Labels
	}
	if in.State == nil || k.Open == (*in.State == "open") {
		return
	}
	k.Open = *in.State == "open"
	k.reason = map[bool]string{true: "reopened", false: "completed"}[k.Open]
	if in.StateReason != nil {
		k.reason = *in.StateReason
	}
}

func (p *peer) githubCreate(w http.ResponseWriter, r *http.Request) {
	var in githubText
	if !decodeGitHub(w, r, &in) {
		return
	}
	if in.Title == nil {
		githubInvalid(w, "Issue", "title", "title is missing")
		return
	}
	in.State, in.StateReason = nil, nil // an issue is made open
	if field, why := in.wrong(); why != "" {
		githubInvalid(w, "Issue", field, why)
		return
	}
	k := &peerTicket{ID: strconv.Itoa(len(p.Tickets) + 1), Open: true}
	in.apply(k)
	p.Tickets = append(p.Tickets, k)
	p.created(w, http.StatusCreated, p.githubIssue(k))
}

func (p *peer) githubIssue(k *peerTicket) map[string]any {
	number, _ := strconv.Atoi(k.ID)
	labels := []any{}
	for _, l := range k.Labels {
		labels = append(labels, map[string]any{"name": l})
	}
	out := map[string]any{
		"id": 900000 + number, "number": number, "title": k.Title, "body": k.Body, "labels": labels,
		"comments": len(k.Comments), "state": "closed", "state_reason": nil,
		"url":      p.URL + "/repos/msp/evidence/issues/" + k.ID,
		"html_url": "https://github.com/msp/evidence/issues/" + k.ID,
	}
	if k.Open {
		out["state"] = "open"
	}
	if k.reason != "" {
		out["state_reason"] = k.reason
	}
	return out
}

// githubList answers the newest first, open ones unless state says otherwise,
// 30 to a page, with a Link to the next page.
func (p *peer) githubList(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	found := []any{}
	for _, k := range slices.Backward(p.Tickets) {
		if githubListed(k, q) {
			found = append(found, p.githubIssue(k))
		}
	}
	size, page := number(q, "per_page", 30), number(q, "page", 1)
	if s := q.Get("state"); size < 1 || page < 1 || !slices.Contains([]string{"", "open", "closed", "all"}, s) {
		githubInvalid(w, "Issue", "state", "state, per_page or page is not valid")
		return
	}
	size = min(size, 100)
	start := min((page-1)*size, len(found))
	end := min(start+size, len(found))
	if end < len(found) {
		q.Set("page", strconv.Itoa(page+1))
		w.Header().Set("Link", fmt.Sprintf("<%s%s?%s>; rel=\"next\"", p.URL, r.URL.Path, q.Encode()))
	}
	reply(w, http.StatusOK, found[start:end])
}

func githubListed(k *peerTicket, q url.Values) bool {
	state := q.Get("state")
	if state != "all" && k.Open != (state != "closed") {
		return false
	}
	if q.Get("labels") == "" {
		return true
	}
	for _, l := range strings.Split(q.Get("labels"), ",") {
		if !slices.Contains(k.Labels, l) {
			return false
		}
	}
	return true
}

// number is a query parameter, or what stands for its absence; -1 when it is
// no number.
func number(q url.Values, name string, absent int) int {
	if !q.Has(name) {
		return absent
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil {
		return -1
	}
	return n
}

func (p *peer) githubGet(w http.ResponseWriter, r *http.Request) {
	if k := p.find(w, r.PathValue("n"), githubMissing); k != nil {
		reply(w, http.StatusOK, p.githubIssue(k))
	}
}

func (p *peer) githubUpdate(w http.ResponseWriter, r *http.Request) {
	k := p.find(w, r.PathValue("n"), githubMissing)
	if k == nil {
		return
	}
	var in githubText
	if !decodeGitHub(w, r, &in) {
		return
	}
	if field, why := in.wrong(); why != "" {
		githubInvalid(w, "Issue", field, why)
		return
	}
	in.apply(k)
	reply(w, http.StatusOK, p.githubIssue(k))
}

func (p *peer) githubComment(w http.ResponseWriter, r *http.Request) {
	k := p.find(w, r.PathValue("n"), githubMissing)
	if k == nil {
		return
	}
	var in struct{ Body string }
	if !decodeGitHub(w, r, &in) {
		return
	}
	if strings.TrimSpace(in.Body) == "" || utf8.RuneCountInString(in.Body) > 65536 {
		githubInvalid(w, "IssueComment", "body", "body can't be blank or longer than 65536 characters")
		return
	}
	k.Comments = append(k.Comments, in.Body)
	reply(w, http.StatusCreated, map[string]any{"id": len(k.Comments), "body": in.Body})
}
