package tickets

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// peer is a ticket system that speaks the documented API of one of them, and
// refuses what that would refuse.
type peer struct {
	t   *testing.T
	url string

	mu      sync.Mutex
	tickets []*peerTicket
	files   []string
	fail    int  // the status of the next answer, once
	drop    bool // the next ticket is made, and the connection cut before the answer
	tokens  []string
}

type peerTicket struct {
	title, body string
	labels      []string
	comments    []string
	closed      bool
	version     int
}

type routes map[string]func(p *peer, w http.ResponseWriter, r *http.Request, id int)

var number = regexp.MustCompile(`(issue|issues|tickets?|board|ORGANIZATION)/(?:OPS-)?(\d+)(/|$)`)

// newPeer serves routes, named METHOD and path with N for the number of a ticket.
func newPeer(t *testing.T, auth func(*http.Request) bool, list routes) *peer {
	p := &peer{t: t}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.fail != 0 {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(p.fail)
			p.fail = 0
			return
		}
		id := 0
		name := r.Method + " " + number.ReplaceAllStringFunc(r.URL.Path, func(s string) string {
			m := number.FindStringSubmatch(s)
			id, _ = strconv.Atoi(m[2])
			return m[1] + "/N" + m[3]
		})
		do := list[name]
		switch {
		case do == nil:
			t.Errorf("unknown route %s", name)
			http.NotFound(w, r)
		case !auth(r) && !strings.HasSuffix(name, "/token"):
			refuse(w, http.StatusUnauthorized, "who are you")
		case r.Header.Get("User-Agent") == "":
			refuse(w, http.StatusForbidden, "no user agent")
		default:
			do(p, w, r, id)
		}
	}))
	t.Cleanup(srv.Close)
	p.url = srv.URL
	return p
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"message":%q}`, why)
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may have gone away
}

func bodyOf(w http.ResponseWriter, r *http.Request, into any) bool {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		refuse(w, http.StatusUnsupportedMediaType, "not JSON")
		return false
	}
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return false
	}
	return true
}

// made keeps a ticket and answers, unless the connection is to be cut.
func (p *peer) made(w http.ResponseWriter, status int, k *peerTicket, answer func(id int) any) {
	p.tickets = append(p.tickets, k)
	if p.drop {
		p.drop = false
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			p.t.Error(err)
			return
		}
		if err := conn.Close(); err != nil {
			p.t.Error(err)
		}
		return
	}
	answerJSON(w, status, answer(len(p.tickets)))
}

func (p *peer) ticket(w http.ResponseWriter, id int) *peerTicket {
	if id < 1 || id > len(p.tickets) {
		refuse(w, http.StatusNotFound, "no such ticket")
		return nil
	}
	return p.tickets[id-1]
}

func (p *peer) with(label string) (ids []int) {
	for i, k := range p.tickets {
		if slices.Contains(k.labels, label) {
			ids = append(ids, i+1)
		}
	}
	return ids
}

func longer(s string, most int) bool { return s == "" || utf8.RuneCountInString(s) > most }

// adfDocument is the Atlassian Document Format
// (developer.atlassian.com/cloud/jira/platform/apis/document/structure).
type adfDocument struct {
	Type    string
	Version int
	Content []struct {
		Type    string
		Content []struct{ Type, Text string }
	}
}

func (d adfDocument) text() (out string, ok bool) {
	for _, p := range d.Content {
		for _, c := range p.Content {
			if c.Type != "text" || c.Text == "" {
				return "", false
			}
			out += c.Text + "\n"
		}
		if p.Type != "paragraph" {
			return "", false
		}
	}
	return out, d.Type == "doc" && d.Version == 1
}

// newJiraPeer speaks developer.atlassian.com/cloud/jira/platform/rest/v3.
func newJiraPeer(t *testing.T) *peer {
	key := func(id int) any {
		return object{"id": fmt.Sprint(10000 + id), "key": fmt.Sprintf("OPS-%d", id), "self": "x"}
	}
	return newPeer(t, basic("reports@msp.example:jira-token"), routes{
		"POST /rest/api/3/issue": func(p *peer, w http.ResponseWriter, r *http.Request, _ int) {
			var in struct {
				Fields struct {
					Project     struct{ Key string }
					IssueType   struct{ Name string }
					Summary     string
					Description adfDocument
					Labels      []string
				}
			}
			if !bodyOf(w, r, &in) {
				return
			}
			f := in.Fields
			text, ok := f.Description.text()
			if f.Project.Key != "OPS" || f.IssueType.Name == "" || longer(f.Summary, 255) || strings.Contains(f.Summary, "\n") || !ok || slices.ContainsFunc(f.Labels, func(s string) bool { return strings.Contains(s, " ") }) {
				refuse(w, http.StatusBadRequest, "the fields are wrong")
				return
			}
			p.made(w, http.StatusCreated, &peerTicket{title: f.Summary, body: text, labels: f.Labels}, key)
		},
		"POST /rest/api/3/search/jql": func(p *peer, w http.ResponseWriter, r *http.Request, _ int) {
			var in struct{ JQL string }
			if !bodyOf(w, r, &in) {
				return
			}
			m := regexp.MustCompile(`project = "OPS" AND labels = "([^"]+)"`).FindStringSubmatch(in.JQL)
			if m == nil {
				refuse(w, http.StatusBadRequest, "JQL")
				return
			}
			issues := []any{}
			for _, id := range p.with(m[1]) {
				issues = append(issues, key(id))
			}
			answerJSON(w, http.StatusOK, object{"issues": issues, "isLast": true})
		},
		"GET /rest/api/3/issue/N": func(p *peer, w http.ResponseWriter, _ *http.Request, id int) {
			if k := p.ticket(w, id); k != nil {
				answerJSON(w, http.StatusOK, object{"fields": object{"status": object{"name": map[bool]string{true: "Done", false: "To Do"}[k.closed]}}})
			}
		},
		"GET /rest/api/3/issue/N/transitions": func(p *peer, w http.ResponseWriter, _ *http.Request, id int) {
			if k := p.ticket(w, id); k != nil {
				offered := object{"id": "31", "name": "Finish", "to": object{"name": "Done"}}
				if k.closed {
					offered = object{"id": "41", "name": "Reopen", "to": object{"name": "To Do"}}
				}
				answerJSON(w, http.StatusOK, object{"transitions": []any{offered}})
			}
		},
		"POST /rest/api/3/issue/N/transitions": func(p *peer, w http.ResponseWriter, r *http.Request, id int) {
			var in struct{ Transition struct{ ID string } }
			if k := p.ticket(w, id); k == nil || !bodyOf(w, r, &in) {
				return
			} else if want := map[bool]string{true: "41", false: "31"}[k.closed]; in.Transition.ID != want {
				refuse(w, http.StatusBadRequest, "no such transition from here")
			} else {
				k.closed = !k.closed
				w.WriteHeader(http.StatusNoContent)
			}
		},
		"POST /rest/api/3/issue/N/comment": func(p *peer, w http.ResponseWriter, r *http.Request, id int) {
			var in struct{ Body adfDocument }
			k := p.ticket(w, id)
			if k == nil || !bodyOf(w, r, &in) {
				return
			}
			text, ok := in.Body.text()
			if !ok {
				refuse(w, http.StatusBadRequest, "no document")
				return
			}
			k.comments = append(k.comments, text)
			answerJSON(w, http.StatusCreated, object{"id": "1"})
		},
	})
}

func basic(pair string) func(*http.Request) bool {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
	return func(r *http.Request) bool { return r.Header.Get("Authorization") == want }
}

// newGitHubPeer speaks docs.github.com/en/rest/issues.
func newGitHubPeer(t *testing.T) *peer {
	auth := func(r *http.Request) bool {
		return r.Header.Get("Authorization") == "Bearer github-token" && r.Header.Get("Accept") == "application/vnd.github+json" && r.Header.Get("X-GitHub-Api-Version") == "2022-11-28"
	}
	issue := func(id int) any {
		return object{"number": id, "html_url": fmt.Sprintf("https://github.com/msp/evidence/issues/%d", id)}
	}
	return newPeer(t, auth, routes{
		"POST /repos/msp/evidence/issues": func(p *peer, w http.ResponseWriter, r *http.Request, _ int) {
			var in struct {
				Title, Body string
				Labels      []string
			}
			if !bodyOf(w, r, &in) {
				return
			}
			if longer(in.Title, 256) || slices.ContainsFunc(in.Labels, func(s string) bool { return longer(s, 50) }) {
				refuse(w, http.StatusUnprocessableEntity, "Validation Failed")
				return
			}
			p.made(w, http.StatusCreated, &peerTicket{title: in.Title, body: in.Body, labels: in.Labels}, issue)
		},
		"GET /repos/msp/evidence/issues": func(p *peer, w http.ResponseWriter, r *http.Request, _ int) {
			q := r.URL.Query()
			list := []any{}
			for _, id := range p.with(q.Get("labels")) {
				if q.Get("state") == "all" || !p.tickets[id-1].closed {
					list = append(list, issue(id))
				}
			}
			answerJSON(w, http.StatusOK, list)
		},
		"PATCH /repos/msp/evidence/issues/N": func(p *peer, w http.ResponseWriter, r *http.Request, id int) {
			var in struct {
				State  string
				Reason string `json:"state_reason"`
			}
			k := p.ticket(w, id)
			if k == nil || !bodyOf(w, r, &in) {
				return
			}
			if in.State != "open" && in.State != "closed" || !slices.Contains([]string{"completed", "not_planned", "reopened"}, in.Reason) {
				refuse(w, http.StatusUnprocessableEntity, "state")
				return
			}
			k.closed = in.State == "closed"
			answerJSON(w, http.StatusOK, issue(id))
		},
		"POST /repos/msp/evidence/issues/N/comments": func(p *peer, w http.ResponseWriter, r *http.Request, id int) {
			var in struct{ Body string }
			if k := p.ticket(w, id); k != nil && bodyOf(w, r, &in) {
				k.comments = append(k.comments, in.Body)
				answerJSON(w, http.StatusCreated, object{"id": 1})
			}
		},
	})
}

// newConnectWisePeer speaks the REST API of ConnectWise PSA, /service/tickets
// (developer.connectwise.com).
func newConnectWisePeer(t *testing.T) *peer {
	const base = "/v4_6_release/apis/3.0/service/tickets"
	right := basic("acme+pub:priv")
	return newPeer(t, func(r *http.Request) bool { return right(r) && r.Header.Get("clientId") != "" }, routes{
		"POST " + base: func(p *peer, w http.ResponseWriter, r *http.Request, _ int) {
			var in struct {
				Summary            string
				Company, Board     struct{ ID int64 }
				InitialDescription string
				ExternalXRef       string
			}
			if !bodyOf(w, r, &in) {
				return
			}
			if longer(in.Summary, 100) || in.Company.ID != 250 || in.Board.ID != 1 {
				refuse(w, http.StatusBadRequest, "ticket object is invalid")
				return
			}
			p.made(w, http.StatusCreated, &peerTicket{title: in.Summary, body: in.InitialDescription, labels: []string{in.ExternalXRef}}, func(id int) any { return object{"id": id} })
		},
		"GET " + base: func(p *peer, w http.ResponseWriter, r *http.Request, _ int) {
			m := regexp.MustCompile(`^externalXRef="([^"]+)"$`).FindStringSubmatch(r.URL.Query().Get("conditions"))
			if m == nil {
				refuse(w, http.StatusBadRequest, "conditions")
				return
			}
			list := []any{}
			for _, id := range p.with(m[1]) {
				list = append(list, object{"id": id})
			}
			answerJSON(w, http.StatusOK, list)
		},
		"POST " + base + "/N/notes": func(p *peer, w http.ResponseWriter, r *http.Request, id int) {
			var in struct {
				Text                                                        string
				DetailDescriptionFlag, InternalAnalysisFlag, ResolutionFlag bool
			}
			k := p.ticket(w, id)
			if k == nil || !bodyOf(w, r, &in) {
				return
			}
			if in.Text == "" || !in.DetailDescriptionFlag && !in.InternalAnalysisFlag && !in.ResolutionFlag {
				refuse(w, http.StatusBadRequest, "note is invalid")
				return
			}
			k.comments = append(k.comments, in.Text)
			answerJSON(w, http.StatusCreated, object{"id": 1})
		},
		"PATCH " + base + "/N": func(p *peer, w http.ResponseWriter, r *http.Request, id int) {
			var in []struct {
				Op, Path string
				Value    struct{ Name string }
			}
			k := p.ticket(w, id)
			if k == nil || !bodyOf(w, r, &in) {
				return
			}
			if len(in) != 1 || in[0].Op != "replace" || in[0].Path != "status" || in[0].Value.Name == "" {
				refuse(w, http.StatusBadRequest, "patch")
				return
			}
			k.closed = in[0].Value.Name == "Closed"
			answerJSON(w, http.StatusOK, object{"id": id})
		},
	})
}

// newNinjaOnePeer speaks the public API of NinjaOne (app.ninjarmm.com/apidocs).
// Ticketing takes the token of a user only.
func newNinjaOnePeer(t *testing.T) *peer {
	var p *peer
	last, access := "refresh-0", ""
	auth := func(r *http.Request) bool {
		return access != "" && r.Header.Get("Authorization") == "Bearer "+access
	}
	user := func(do func(*peer, http.ResponseWriter, *http.Request, int)) func(*peer, http.ResponseWriter, *http.Request, int) {
		return func(p *peer, w http.ResponseWriter, r *http.Request, id int) {
			if !strings.HasPrefix(access, "user-") {
				refuse(w, http.StatusForbidden, "not for client credentials")
				return
			}
			do(p, w, r, id)
		}
	}
	whole := func(id int, k *peerTicket) object {
		return object{"id": id, "version": k.version, "clientId": 2, "ticketFormId": 1, "subject": k.title, "tags": k.labels, "status": object{"statusId": 1000, "name": "NEW"}, "nodeId": nil}
	}
	p = newPeer(t, auth, routes{
		"POST /ws/oauth/token": func(p *peer, w http.ResponseWriter, r *http.Request, _ int) {
			if err := r.ParseForm(); err != nil || r.Form.Get("client_id") != "ninja-id" || r.Form.Get("client_secret") != "ninja-secret" {
				refuse(w, http.StatusUnauthorized, "invalid_client")
				return
			}
			switch r.Form.Get("grant_type") {
			case "client_credentials":
				access = "machine-1"
				answerJSON(w, http.StatusOK, object{"access_token": access, "expires_in": 3600, "token_type": "Bearer"})
			case "refresh_token":
				if r.Form.Get("refresh_token") != last {
					refuse(w, http.StatusBadRequest, "invalid_grant")
					return
				}
				p.tokens = append(p.tokens, last)
				last = fmt.Sprintf("refresh-%d", len(p.tokens))
				access = fmt.Sprintf("user-%d", len(p.tokens))
				answerJSON(w, http.StatusOK, object{"access_token": access, "refresh_token": last, "expires_in": 3600, "token_type": "Bearer"})
			default:
				refuse(w, http.StatusBadRequest, "unsupported_grant_type")
			}
		},
		"POST /v2/ticketing/ticket": user(func(p *peer, w http.ResponseWriter, r *http.Request, _ int) {
			var in struct {
				ClientID, TicketFormID int64
				Subject, Status        string
				Tags                   []string
				Description            struct {
					Public *bool
					Body   string
				}
			}
			if !bodyOf(w, r, &in) {
				return
			}
			if in.ClientID != 2 || in.TicketFormID != 1 || longer(in.Subject, 200) || in.Status == "" || in.Description.Public == nil {
				refuse(w, http.StatusBadRequest, "ticket")
				return
			}
			k := &peerTicket{title: in.Subject, body: in.Description.Body, labels: in.Tags, version: 1}
			p.made(w, http.StatusOK, k, func(id int) any { return whole(id, k) })
		}),
		"GET /v2/ticketing/ticket/N": user(func(p *peer, w http.ResponseWriter, _ *http.Request, id int) {
			if k := p.ticket(w, id); k != nil {
				answerJSON(w, http.StatusOK, whole(id, k))
			}
		}),
		"PUT /v2/ticketing/ticket/N": user(func(p *peer, w http.ResponseWriter, r *http.Request, id int) {
			var in struct {
				ClientID, TicketFormID int64
				Version                int
				Subject, Status        string
			}
			k := p.ticket(w, id)
			if k == nil || !bodyOf(w, r, &in) {
				return
			}
			if in.ClientID != 2 || in.TicketFormID != 1 || in.Subject == "" || in.Status == "" {
				refuse(w, http.StatusBadRequest, "ticket")
				return
			}
			if in.Version != k.version {
				refuse(w, http.StatusConflict, "version")
				return
			}
			k.version++
			k.closed = in.Status == "6000"
			answerJSON(w, http.StatusOK, whole(id, k))
		}),
		"POST /v2/ticketing/ticket/N/comment": user(func(p *peer, w http.ResponseWriter, r *http.Request, id int) {
			body, _, contentType, ok := formPart(w, r, "comment")
			if k := p.ticket(w, id); k != nil && ok {
				var in struct {
					Public *bool
					Body   string
				}
				if err := json.Unmarshal(body, &in); err != nil || contentType != "application/json" || in.Public == nil {
					refuse(w, http.StatusBadRequest, "comment")
					return
				}
				k.comments = append(k.comments, in.Body)
				w.WriteHeader(http.StatusNoContent)
			}
		}),
		"POST /v2/ticketing/trigger/board/N/run": user(func(p *peer, w http.ResponseWriter, r *http.Request, _ int) {
			var in struct{ PageSize int }
			if !bodyOf(w, r, &in) {
				return
			}
			data := []any{}
			for i, k := range p.tickets {
				data = append(data, object{"id": i + 1, "summary": k.title, "tags": k.labels})
			}
			answerJSON(w, http.StatusOK, object{"data": data, "metadata": object{}})
		}),
		"POST /v2/related-items/entity/ORGANIZATION/N/attachment": func(p *peer, w http.ResponseWriter, r *http.Request, _ int) {
			if body, name, contentType, ok := formPart(w, r, "file"); ok {
				p.files = append(p.files, fmt.Sprintf("%s %s %d", name, contentType, len(body)))
				answerJSON(w, http.StatusOK, object{"id": 1})
			}
		},
		"GET /v2/related-items/with-entity/ORGANIZATION/N": func(p *peer, w http.ResponseWriter, _ *http.Request, _ int) {
			list := []any{}
			for _, f := range p.files {
				list = append(list, object{"type": "ATTACHMENT", "value": object{"name": strings.Fields(f)[0]}})
			}
			answerJSON(w, http.StatusOK, list)
		},
	})
	return p
}

// formPart reads a part of a form.
func formPart(w http.ResponseWriter, r *http.Request, name string) (body []byte, file, contentType string, ok bool) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		refuse(w, http.StatusUnsupportedMediaType, "no form")
		return nil, "", "", false
	}
	p, err := multipart.NewReader(r.Body, params["boundary"]).NextPart()
	if err != nil || p.FormName() != name {
		refuse(w, http.StatusBadRequest, "no part "+name)
		return nil, "", "", false
	}
	body, err = io.ReadAll(p)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return nil, "", "", false
	}
	return body, p.FileName(), p.Header.Get("Content-Type"), true
}
