package tickets

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"bucketproof/internal/config"
)

// jira speaks the REST API of Jira Cloud, version 3
// (developer.atlassian.com/cloud/jira/platform/rest/v3, groups Issues, Issue
// comments and Issue search). Text is in the Atlassian Document Format.
type jira struct {
	api
	project, kind, done, reopen string
}

// jiraSummary is the longest summary that Jira takes.
const jiraSummary = 255

func init() {
	adapters[config.TicketsJira] = func(a api, c config.Tickets, s Secrets, _ Options) System { return newJira(a, c, s) }
}

func newJira(a api, c config.Tickets, s Secrets) *jira {
	a.auth = func(_ context.Context, req *http.Request) error {
		req.SetBasicAuth(c.User, s.Token)
		return nil
	}
	return &jira{api: a, project: c.Project, kind: c.IssueType, done: c.Transition, reopen: c.Reopen}
}

func (j *jira) Name() string { return "jira " + j.base + " " + j.project }

type object = map[string]any

// document is lines of text in the Atlassian Document Format, a paragraph each.
func document(list []string) object {
	content := []any{}
	for _, line := range list {
		if line != "" {
			content = append(content, object{"type": "paragraph", "content": []any{object{"type": "text", "text": line}}})
		}
	}
	return object{"type": "doc", "version": 1, "content": content}
}

func (j *jira) Open(ctx context.Context, n Note) (Ticket, error) {
	if n.Again {
		if t, err := j.find(ctx, mark(n.Finding.ID)); err != nil || t.Ref != "" {
			return t, err
		}
	}
	var made struct{ Key string }
	err := j.call(ctx, http.MethodPost, "/rest/api/3/issue", object{"fields": object{
		"project": object{"key": j.project}, "issuetype": object{"name": j.kind}, "summary": summary(n, jiraSummary),
		"description": document(lines(n)), "labels": []string{"bucketproof", mark(n.Finding.ID)},
	}}, &made)
	if err == nil && made.Key == "" {
		err = fmt.Errorf("%s: the answer names no issue", j.Name())
	}
	return j.ticket(made.Key), err
}

func (j *jira) ticket(key string) Ticket {
	if key == "" {
		return Ticket{}
	}
	return Ticket{Ref: key, URL: j.base + "/browse/" + key}
}

// find looks for an issue by its label.
func (j *jira) find(ctx context.Context, label string) (Ticket, error) {
	var found struct{ Issues []struct{ Key string } }
	query := fmt.Sprintf("project = %q AND labels = %q ORDER BY created ASC", j.project, label)
	if err := j.call(ctx, http.MethodPost, "/rest/api/3/search/jql",
		object{"jql": query, "maxResults": 1, "fields": []string{"key"}}, &found); err != nil || len(found.Issues) == 0 {
		return Ticket{}, err
	}
	return j.ticket(found.Issues[0].Key), nil
}

func (j *jira) comment(ctx context.Context, key string, list []string) error {
	return j.call(ctx, http.MethodPost, j.issue(key)+"/comment", object{"body": document(list)}, nil)
}

func (j *jira) issue(key string) string { return "/rest/api/3/issue/" + url.PathEscape(key) }

func (j *jira) Comeback(ctx context.Context, key string, n Note) error {
	if j.reopen != "" {
		if err := j.move(ctx, key, j.reopen); err != nil {
			return err
		}
	}
	return j.comment(ctx, key, comebackLines(n))
}

func (j *jira) Close(ctx context.Context, key string, n Note) error {
	if err := j.move(ctx, key, j.done); err != nil {
		return err
	}
	return j.comment(ctx, key, closingLines(n))
}

// move takes the transition with a name. Where the issue does not offer it, it is
// where the transition leads already, or its workflow has no such one; the error
// is for the latter.
func (j *jira) move(ctx context.Context, key, name string) error {
	type status struct{ Name string }
	var offered struct {
		Transitions []struct {
			ID, Name string
			To       status
		}
	}
	if err := j.call(ctx, http.MethodGet, j.issue(key)+"/transitions", nil, &offered); err != nil {
		return err
	}
	var names []string
	for _, t := range offered.Transitions {
		if strings.EqualFold(t.Name, name) || strings.EqualFold(t.To.Name, name) {
			return j.call(ctx, http.MethodPost, j.issue(key)+"/transitions", object{"transition": object{"id": t.ID}}, nil)
		}
		names = append(names, t.Name)
	}
	var is struct{ Fields struct{ Status status } }
	if err := j.call(ctx, http.MethodGet, j.issue(key)+"?fields=status", nil, &is); err != nil {
		return err
	}
	if strings.EqualFold(is.Fields.Status.Name, name) {
		return nil
	}
	return fmt.Errorf("%s offers no transition %q, but %s; correct tickets.transition or tickets.reopen", key, name,
		strings.Join(names, ", "))
}
