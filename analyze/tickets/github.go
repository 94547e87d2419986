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

// gitHub speaks the REST API of GitHub for issues
// (docs.github.com/en/rest/issues), as version 2022-11-28.
type gitHub struct {
	api
	repository string // owner/name
}

const (
	gitHubVersion = "2022-11-28"
	gitHubTitle   = 256 // characters
)

func init() {
	adapters[config.TicketsGitHub] = func(a api, c config.Tickets, s Secrets, _ Options) System { return newGitHub(a, c, s) }
}

func newGitHub(a api, c config.Tickets, s Secrets) *gitHub {
	a.auth = func(_ context.Context, req *http.Request) error {
		req.Header.Set("Authorization", "Bearer "+s.Token)
		req.Header.Set("Accept", "application/vnd.github+json")
		req.Header.Set("X-GitHub-Api-Version", gitHubVersion)
		return nil
	}
	return &gitHub{api: a, repository: c.Project}
}

func (g *gitHub) Name() string { return "github " + g.base + " " + g.repository }

func (g *gitHub) issues() string { return "/repos/" + g.repository + "/issues" }

type gitHubIssue struct {
	Number int64
	Body   string
	URL    string `json:"html_url"`
}

func (i gitHubIssue) ticket() Ticket {
	return Ticket{Ref: strconv.FormatInt(i.Number, 10), URL: i.URL}
}

func (g *gitHub) Open(ctx context.Context, n Note) (Ticket, error) {
	label := mark(n.Finding.ID)
	if n.Again {
		// The list is exact, unlike the search, which follows some time later. A
		// token that may not push loses the labels, so the text is looked at, too.
		for _, query := range []url.Values{{"labels": {label}, "state": {"all"}, "sort": {"created"},
			"direction": {"asc"}}, {"state": {"all"}, "per_page": {"100"}, "sort": {"created"}, "direction": {"desc"}}} {
			var found []gitHubIssue
			if err := g.call(ctx, http.MethodGet, g.issues()+"?"+query.Encode(), nil, &found); err != nil {
				return Ticket{}, err
			}
			for _, i := range found {
				if query.Has("labels") || strings.Contains(i.Body, findingLine(n)) {
					return i.ticket(), nil
				}
			}
		}
	}
	var made gitHubIssue
	err := g.call(ctx, http.MethodPost, g.issues(),
		object{"title": summary(n, gitHubTitle), "body": markdown(lines(n)), "labels": []string{"bucketproof", label}}, &made)
	if err == nil && made.Number == 0 {
		err = fmt.Errorf("%s: the answer names no issue", g.Name())
	}
	return made.ticket(), err
}

// markdown shows lines as they are: what a log holds is no markup, names nobody
// and links nowhere.
func markdown(list []string) string {
	text := strings.Join(list, "\n")
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + "text\n" + text + "\n" + fence + "\n"
}

func (g *gitHub) comment(ctx context.Context, ref string, list []string) error {
	return g.call(ctx, http.MethodPost, g.issues()+"/"+ref+"/comments", object{"body": markdown(list)}, nil)
}

func (g *gitHub) Comeback(ctx context.Context, ref string, n Note) error {
	if err := g.call(ctx, http.MethodPatch, g.issues()+"/"+ref, object{"state": "open", "state_reason": "reopened"}, nil); err != nil {
		return err
	}
	return g.comment(ctx, ref, comebackLines(n))
}

func (g *gitHub) Close(ctx context.Context, ref string, n Note) error {
	if err := g.call(ctx, http.MethodPatch, g.issues()+"/"+ref, object{"state": "closed", "state_reason": "completed"}, nil); err != nil {
		return err
	}
	return g.comment(ctx, ref, closingLines(n))
}
