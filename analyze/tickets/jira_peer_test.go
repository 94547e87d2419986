package tickets

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// Jira Cloud platform REST API v3.
//
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/
// https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
func newJiraPeer(t testing.TB) *peer {
	return newPeer(t, admitJira, func(p *peer, mux *http.ServeMux) {
		mux.HandleFunc("POST /rest/api/3/issue", p.jiraCreate)
		mux.HandleFunc("POST /rest/api/3/search/jql", p.jiraSearch)
		mux.HandleFunc("GET /rest/api/3/issue/{key}", p.jiraGet)
		mux.HandleFunc("GET /rest/api/3/issue/{key}/transitions", p.jiraTransitions)
		mux.HandleFunc("POST /rest/api/3/issue/{key}/transitions", p.jiraTransition)
		mux.HandleFunc("POST /rest/api/3/issue/{key}/comment", p.jiraComment)
	})
}

func admitJira(_ *peer, w http.ResponseWriter, r *http.Request) bool {
	if basic(r, "reports@msp.example", "jira-token") {
		return true
	}
	reply(w, http.StatusUnauthorized, jiraRefusal("Client must be authenticated to access this resource."))
	return false
}

func jiraRefusal(message string) any {
	return map[string]any{"errorMessages": []string{message}, "errors": map[string]string{}}
}

var jiraMissing = jiraRefusal("Issue does not exist or you do not have permission to see it.")

func (p *peer) jiraCreate(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Fields struct {
			Project     struct{ Key string }
			IssueType   struct{ Name string }
			Summary     string
			Description any
			Labels      []string
		}
	}
	if !decode(w, r, &in, jiraRefusal) {
		return
	}
	f, wrong := in.Fields, map[string]string{}
	if f.Project.Key != "OPS" {
		wrong["project"] = "valid project is required"
	}
	if f.IssueType.Name == "" {
		wrong["issuetype"] = "Specify an issue type"
	}
	if message := wrongSummary(f.Summary); message != "" {
		wrong["summary"] = message
	}
	text, err := adfText(f.Description)
	if err != nil {
		wrong["description"] = "Operation value must be an Atlassian Document: " + err.Error()
	}
	if slices.ContainsFunc(f.Labels, badJiraLabel) {
		wrong["labels"] = "A label is empty, contains spaces, or is longer than 255 characters."
	}
	if len(wrong) > 0 {
		reply(w, http.StatusBadRequest, map[string]any{"errorMessages": []string{}, "errors": wrong})
		return
	}
	k := &peerTicket{ID: fmt.Sprintf("OPS-%d", len(p.Tickets)+1), Title: f.Summary, Body: text, Labels: f.Labels, Open: true}
	p.Tickets = append(p.Tickets, k)
	p.created(w, http.StatusCreated, p.jiraRef(k))
}

func wrongSummary(s string) string {
	switch {
	case strings.TrimSpace(s) == "":
		return "You must specify a summary of the issue."
	case utf8.RuneCountInString(s) > 255:
		return "Summary can't exceed 255 characters."
	case strings.ContainsAny(s, "\r\n"):
		return "The summary is invalid because it contains newline characters."
	}
	return ""
}

func badJiraLabel(s string) bool {
	return s == "" || strings.ContainsAny(s, " \t\r\n") || utf8.RuneCountInString(s) > 255
}

// adfText is the text of an Atlassian Document, a line for each block of text.
func adfText(v any) (string, error) {
	doc, _ := v.(map[string]any)
	if doc["type"] != "doc" || doc["version"] != float64(1) {
		return "", fmt.Errorf("no doc of version 1")
	}
	var b strings.Builder
	if err := adfWalk(doc, &b); err != nil {
		return "", err
	}
	text := strings.TrimRight(b.String(), "\n")
	if text == "" {
		return "", fmt.Errorf("no text")
	}
	return text, nil
}

// adfHolds names the node types a node may hold. Marks and attributes are not
// looked at.
var adfHolds = map[string][]string{
	"doc":         {"paragraph", "heading", "bulletList", "orderedList", "codeBlock", "rule"},
	"paragraph":   {"text", "hardBreak"},
	"heading":     {"text", "hardBreak"},
	"codeBlock":   {"text"},
	"bulletList":  {"listItem"},
	"orderedList": {"listItem"},
	"listItem":    {"paragraph", "bulletList", "orderedList", "codeBlock"},
}

func adfWalk(node map[string]any, b *strings.Builder) error {
	kind, _ := node["type"].(string)
	content, ok := node["content"].([]any)
	if !ok && (node["content"] != nil || kind == "doc" || strings.HasPrefix(kind, "list")) {
		return fmt.Errorf("%s without a content list", kind)
	}
	for _, c := range content {
		child, _ := c.(map[string]any)
		name, _ := child["type"].(string)
		if !slices.Contains(adfHolds[kind], name) {
			return fmt.Errorf("%q inside %q", name, kind)
		}
		if err := adfNode(name, child, b); err != nil {
			return err
		}
	}
	return nil
}

func adfNode(kind string, node map[string]any, b *strings.Builder) error {
	switch kind {
	case "text":
		s, _ := node["text"].(string)
		if s == "" {
			return fmt.Errorf("a text node without text")
		}
		b.WriteString(s)
	case "hardBreak":
		b.WriteString("\n")
	case "rule":
	case "paragraph", "heading", "codeBlock":
		if err := adfWalk(node, b); err != nil {
			return err
		}
		b.WriteString("\n")
	default:
		return adfWalk(node, b)
	}
	return nil
}

func (p *peer) jiraRef(k *peerTicket) map[string]any {
	id := strconv.Itoa(10000 + slices.Index(p.Tickets, k))
	return map[string]any{"id": id, "key": k.ID, "self": p.URL + "/rest/api/3/issue/" + id}
}

func jiraStatus(k *peerTicket) map[string]any {
	if k.Open {
		return map[string]any{"id": "10000", "name": "To Do", "statusCategory": map[string]any{"id": 2, "key": "new", "name": "To Do"}}
	}
	return map[string]any{"id": "10001", "name": "Done", "statusCategory": map[string]any{"id": 3, "key": "done", "name": "Done"}}
}

// jiraSearch answers at most maxResults issues, newest first, with
// nextPageToken for the rest. Without fields it answers ids alone, which is
// the documented default.
func (p *peer) jiraSearch(w http.ResponseWriter, r *http.Request) {
	var in struct {
		JQL             string   `json:"jql"`
		Fields          []string `json:"fields"`
		MaxResults      *int     `json:"maxResults"`
		NextPageToken   string   `json:"nextPageToken"`
		Expand          string   `json:"expand"`
		Properties      []string `json:"properties"`
		FieldsByKeys    bool     `json:"fieldsByKeys"`
		FailFast        bool     `json:"failFast"`
		ReconcileIssues []int    `json:"reconcileIssues"`
	}
	if !decodeClosed(w, r, &in, func(string) any {
		return jiraRefusal("Invalid request payload. Refer to the REST API documentation and try again.")
	}) {
		return
	}
	found, err := p.jiraMatching(in.JQL)
	if err != nil {
		reply(w, http.StatusBadRequest, jiraRefusal(err.Error()))
		return
	}
	start, _ := strconv.Atoi(in.NextPageToken)
	most := 50
	if in.MaxResults != nil {
		most = *in.MaxResults
	}
	if most < 1 || start < 0 || start > len(found) {
		reply(w, http.StatusBadRequest, jiraRefusal("maxResults or nextPageToken out of range"))
		return
	}
	end := min(start+most, len(found))
	out := map[string]any{"issues": p.jiraIssues(found[start:end], in.Fields), "isLast": end == len(found)}
	if end < len(found) {
		out["nextPageToken"] = strconv.Itoa(end)
	}
	reply(w, http.StatusOK, out)
}

func (p *peer) jiraMatching(jql string) ([]*peerTicket, error) {
	want, err := clauses(jql)
	if err != nil {
		p.t.Errorf("peer: jql %q: %v", jql, err)
		return nil, err
	}
	if len(want) == 0 {
		return nil, fmt.Errorf("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
	}
	var out []*peerTicket
	for _, k := range slices.Backward(p.Tickets) {
		all := true
		for _, c := range want {
			ok, err := jiraHolds(k, c)
			if err != nil {
				p.t.Errorf("peer: jql %q: %v", jql, err)
				return nil, err
			}
			all = all && ok
		}
		if all {
			out = append(out, k)
		}
	}
	return out, nil
}

func jiraHolds(k *peerTicket, c clause) (bool, error) {
	switch strings.ToLower(c.field) {
	case "labels":
		return c.holds(k.Labels...), nil
	case "project":
		return c.holds("OPS"), nil
	case "key", "issuekey":
		return c.holds(k.ID), nil
	case "status", "statuscategory":
		return c.holds(jiraStatus(k)["name"].(string)), nil
	}
	return false, fmt.Errorf("Field '%s' does not exist or the peer does not know it", c.field)
}

func (p *peer) jiraIssues(found []*peerTicket, fields []string) []map[string]any {
	out := []map[string]any{}
	for _, k := range found {
		ref := p.jiraRef(k)
		if len(fields) == 0 || slices.Equal(fields, []string{"id"}) {
			ref = map[string]any{"id": ref["id"]}
		} else {
			ref["fields"] = jiraFields(k, fields)
		}
		out = append(out, ref)
	}
	return out
}

func jiraFields(k *peerTicket, want []string) map[string]any {
	all := map[string]any{"summary": k.Title, "labels": append([]string{}, k.Labels...), "status": jiraStatus(k)}
	out := map[string]any{}
	for name, v := range all {
		if slices.Contains(want, name) || slices.Contains(want, "*all") || slices.Contains(want, "*navigable") {
			out[name] = v
		}
	}
	return out
}

func (p *peer) jiraGet(w http.ResponseWriter, r *http.Request) {
	k := p.find(w, r.PathValue("key"), jiraMissing)
	if k == nil {
		return
	}
	fields := []string{"*all"}
	if q := r.URL.Query()["fields"]; len(q) > 0 {
		fields = strings.Split(strings.Join(q, ","), ",")
	}
	ref := p.jiraRef(k)
	ref["fields"] = jiraFields(k, fields)
	reply(w, http.StatusOK, ref)
}

func jiraWay(k *peerTicket) (id, name string) {
	if k.Open {
		return "31", "Done"
	}
	return "41", "Reopen"
}

func (p *peer) jiraTransitions(w http.ResponseWriter, r *http.Request) {
	k := p.find(w, r.PathValue("key"), jiraMissing)
	if k == nil {
		return
	}
	id, name := jiraWay(k)
	reply(w, http.StatusOK, map[string]any{"expand": "transitions", "transitions": []any{
		map[string]any{"id": id, "name": name, "isAvailable": true, "to": jiraStatus(&peerTicket{Open: !k.Open})},
	}})
}

func (p *peer) jiraTransition(w http.ResponseWriter, r *http.Request) {
	k := p.find(w, r.PathValue("key"), jiraMissing)
	if k == nil {
		return
	}
	var in struct{ Transition struct{ ID string } }
	if !decode(w, r, &in, jiraRefusal) {
		return
	}
	if id, _ := jiraWay(k); in.Transition.ID != id {
		reply(w, http.StatusBadRequest, jiraRefusal(fmt.Sprintf("Transition id '%s' is not valid for this issue.", in.Transition.ID)))
		return
	}
	k.Open = !k.Open
	w.WriteHeader(http.StatusNoContent)
}

func (p *peer) jiraComment(w http.ResponseWriter, r *http.Request) {
	k := p.find(w, r.PathValue("key"), jiraMissing)
	if k == nil {
		return
	}
	var in struct{ Body any }
	if !decode(w, r, &in, jiraRefusal) {
		return
	}
	text, err := adfText(in.Body)
	if err != nil {
		reply(w, http.StatusBadRequest, map[string]any{"errorMessages": []string{}, "errors": map[string]string{"comment": err.Error()}})
		return
	}
	k.Comments = append(k.Comments, text)
	reply(w, http.StatusCreated, map[string]any{"id": strconv.Itoa(len(k.Comments)), "body": in.Body})
}
