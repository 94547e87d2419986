package tickets

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/webhook"
)

// ninjaOne speaks the public API of NinjaOne, version 2
// (app.ninjarmm.com/apidocs, groups ticketing and relatedItems). Ticketing asks
// for the authorization of a user, so a refresh token is used where there is one.
type ninjaOne struct {
	api
	organization, form, board int64
	status, closed            string
	user, secret, refresh     string
	now                       func() time.Time
	notes                     Notes

	mu    sync.Mutex
	token string
	until time.Time
}

const ninjaSubject = 200 // characters

func init() {
	adapters[config.TicketsNinjaOne] = func(a api, c config.Tickets, s Secrets, o Options) System { return newNinjaOne(a, c, s, o) }
}

func newNinjaOne(a api, c config.Tickets, s Secrets, o Options) *ninjaOne {
	n := &ninjaOne{organization: c.Company, form: c.Form, board: c.Board, status: c.Status, closed: c.Closed,
		user: c.User, secret: s.Token, refresh: s.Refresh, now: o.Now, notes: o.Notes}
	n.api = a
	n.auth = n.authorize
	return n
}

func (j *ninjaOne) Name() string {
	return fmt.Sprintf("ninjaone %s organization %d", j.base, j.organization)
}

// refreshNote is the note with the refresh token that the server gave last. It is
// bound to the one of the configuration, so that a new one there counts.
func (j *ninjaOne) refreshNote() string {
	sum := sha256.Sum256([]byte(j.base + "\n" + j.user + "\n" + j.refresh))
	return "ninjaone/refresh/" + hex.EncodeToString(sum[:8])
}

// authorize gets an access token (OAuth 2.0, RFC 6749 sections 4.4 and 6).
func (j *ninjaOne) authorize(ctx context.Context, req *http.Request) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.token == "" || !j.now().Before(j.until) {
		if err := j.newToken(ctx); err != nil {
			return fmt.Errorf("authorize at %s: %w; check tickets.user, tickets.token_env and tickets.refresh_env", j.base, err)
		}
	}
	req.Header.Set("Authorization", "Bearer "+j.token)
	return nil
}

func (j *ninjaOne) newToken(ctx context.Context) error {
	form := url.Values{"client_id": {j.user}, "client_secret": {j.secret}}
	if j.refresh == "" {
		form.Set("grant_type", "client_credentials")
		form.Set("scope", "monitoring management")
	} else {
		latest, err := j.notes.Get(ctx, j.refreshNote())
		if err != nil {
			return err
		}
		if latest == "" {
			latest = j.refresh
		}
		form.Set("grant_type", "refresh_token")
		form.Set("refresh_token", latest)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, j.base+"/ws/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return webhook.Scrub(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := j.client.Do(req)
	if err != nil {
		return webhook.Scrub(err)
	}
	var got struct {
		Token   string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Seconds int64  `json:"expires_in"`
	}
	if err := webhook.Answer(resp, func(b []byte) error { return json.Unmarshal(b, &got) }); err != nil {
		var answer *webhook.Error
		if errors.As(err, &answer) {
			answer.Body = "" // it may repeat what was sent
			if answer.Status < http.StatusInternalServerError && answer.Status != http.StatusTooManyRequests {
				answer.Status = http.StatusUnauthorized // it is the configuration that is wrong, not the message
			}
		}
		return err
	}
	if got.Token == "" {
		return errors.New("the answer holds no access token")
	}
	j.token, j.until = got.Token, j.now().Add(time.Duration(got.Seconds)*time.Second-time.Minute)
	if j.refresh != "" && got.Refresh != "" { // the one before may not work any more
		return j.notes.Put(context.WithoutCancel(ctx), j.refreshNote(), got.Refresh)
	}
	return nil
}

var ninjaSeverities = map[string][2]string{"low": {"MINOR", "LOW"}, "medium": {"MODERATE", "MEDIUM"}, "high": {"MAJOR", "HIGH"}}

func (j *ninjaOne) Open(ctx context.Context, n Note) (Ticket, error) {
	if n.Again && j.board != 0 {
		if t, err := j.find(ctx, n.Finding.ID); err != nil || t.Ref != "" {
			return t, err
		}
	}
	severity := ninjaSeverities[n.Finding.Severity]
	var made struct{ ID int64 }
	err := j.call(ctx, http.MethodPost, "/v2/ticketing/ticket", object{
		"clientId": j.organization, "ticketFormId": j.form, "subject": ninjaTitle(n), "status": j.status, "type": "PROBLEM",
		"severity": severity[0], "priority": severity[1], "tags": []string{"bucketproof", mark(n.Finding.ID)},
		"description": object{"public": false, "body": strings.Join(lines(n), "\n")},
	}, &made)
	if err == nil && made.ID == 0 {
		err = fmt.Errorf("%s: the answer names no ticket", j.Name())
	}
	return j.ticket(made.ID), err
}

func (j *ninjaOne) ticket(id int64) Ticket {
	return Ticket{Ref: strconv.FormatInt(id, 10), URL: j.base + "/#/ticketing/ticket/" + strconv.FormatInt(id, 10)}
}

// ninjaTitle ends with the finding, because a board is searched by its subjects.
func ninjaTitle(n Note) string {
	end := " (" + n.Finding.ID + ")"
	return summary(n, ninjaSubject-len(end)) + end
}

// find looks for the ticket of a finding on the board.
func (j *ninjaOne) find(ctx context.Context, finding string) (Ticket, error) {
	var found struct {
		Data []struct {
			ID               int64
			Summary, Subject string
			Tags             []string
		}
	}
	body := object{"pageSize": 1000, "searchCriteria": finding}
	if err := j.call(ctx, http.MethodPost, "/v2/ticketing/trigger/board/"+strconv.FormatInt(j.board, 10)+"/run", body, &found); err != nil {
		return Ticket{}, err
	}
	for _, t := range found.Data {
		if slices.Contains(t.Tags, mark(finding)) || strings.Contains(t.Summary+t.Subject, "("+finding+")") {
			return j.ticket(t.ID), nil
		}
	}
	return Ticket{}, nil
}

// part is a part of a multipart body.
type part struct {
	name, file, contentType string
	body                    []byte
}

func (j *ninjaOne) multipart(ctx context.Context, path string, parts ...part) error {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		head := textproto.MIMEHeader{}
		disposition := multipart.FileContentDisposition(p.name, p.file)
		if p.file == "" {
			disposition = fmt.Sprintf(`form-data; name="%s"`, p.name)
		}
		head.Set("Content-Disposition", disposition)
		head.Set("Content-Type", p.contentType)
		to, err := w.CreatePart(head)
		if err == nil {
			_, err = to.Write(p.body)
		}
		if err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, j.base+path, &b)
	if err != nil {
		return webhook.Scrub(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	return j.send(ctx, req, nil)
}

// comment adds one. A body of plain JSON is refused: the comment is a part of a
// form.
func (j *ninjaOne) comment(ctx context.Context, ref string, list []string) error {
	body, err := json.Marshal(object{"public": false, "body": strings.Join(list, "\n")})
	if err != nil {
		return err
	}
	return j.multipart(ctx, "/v2/ticketing/ticket/"+ref+"/comment", part{name: "comment", contentType: "application/json", body: body})
}

// setStatus changes the status. The API wants the whole ticket back, with the
// version that it had.
func (j *ninjaOne) setStatus(ctx context.Context, ref, status string) error {
	ticket := object{}
	if err := j.call(ctx, http.MethodGet, "/v2/ticketing/ticket/"+ref, nil, &ticket); err != nil {
		return err
	}
	update := object{"status": status}
	for _, key := range []string{"version", "clientId", "ticketFormId", "locationId", "nodeId", "subject", "type",
		"severity", "priority", "tags", "assignedAppUserId", "requesterUid", "parentTicketId",
		"additionalAssignedTechnicianIds", "followupTime"} {
		if v, ok := ticket[key]; ok && v != nil {
			update[key] = v
		}
	}
	for as, key := range map[string]string{"ccList": "cc", "attributeValues": "attributes"} { // named otherwise when they are read
		if v, ok := ticket[as]; ok && v != nil {
			update[key] = v
		}
	}
	return j.call(ctx, http.MethodPut, "/v2/ticketing/ticket/"+ref, update, nil)
}

func (j *ninjaOne) Comeback(ctx context.Context, ref string, n Note) error {
	if err := j.setStatus(ctx, ref, j.status); err != nil {
		return err
	}
	return j.comment(ctx, ref, comebackLines(n))
}

func (j *ninjaOne) Close(ctx context.Context, ref string, n Note) error {
	if err := j.setStatus(ctx, ref, j.closed); err != nil {
		return err
	}
	return j.comment(ctx, ref, closingLines(n))
}

// Attach attaches a file to the organization. With again the files that are
// there are looked at first, because the API takes the same one twice.
func (j *ninjaOne) Attach(ctx context.Context, name, contentType string, body []byte, again bool) error {
	path := "/v2/related-items/entity/ORGANIZATION/" + strconv.FormatInt(j.organization, 10)
	if again {
		there := json.RawMessage{}
		if err := j.call(ctx, http.MethodGet, "/v2/related-items/with-entity/ORGANIZATION/"+
			strconv.FormatInt(j.organization, 10), nil, &there); err != nil {
			return err
		}
		if strings.Contains(string(there), strconv.Quote(name)) {
			return nil
		}
	}
	return j.multipart(ctx, path+"/attachment", part{name: "file", file: name, contentType: contentType, body: body})
}
