package main

import (
	"bucketproof/internal/inbox"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// mailParts are the text and the HTML part of a mail.
func mailParts(t *testing.T, m *mail.Message) (text, html string) {
	t.Helper()
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return text, html
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			html = string(body)
		} else {
			text = strings.ReplaceAll(string(body), "\r\n", "\n")
		}
	}
}

// answer is what a server said, without what differs from one time to the next.
type answer struct {
	status int
	head   http.Header
	body   string
}

func ask(t *testing.T, method, url string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

var nonces = regexp.MustCompile(`nonce(=|-)["']?[A-Z2-7]+`)

func (a answer) plain() string {
	head := a.head.Clone()
	head.Del("Date")
	return nonces.ReplaceAllString(fmt.Sprint(a.status, head, a.body), "nonce")
}

// TestDownloadPage follows the link of a mail as its contact would, and as an
// attacker would.
func TestDownloadPage(t *testing.T) {
	in := inbox.New(t, nil, "")
	page := freeAddress(t)
	settings := strings.NewReplacer("http://127.0.0.1:1", "http://"+page, "127.0.0.1:0",
		page).Replace(mailSettings(in, "max_downloads = 4\n"))
	dir := serviceDir(t, settings, "acme", "lodz")
	must(t, program(t, dir, "serve", "--once", "--since", "2026-11-02"))
	checkArrived(t, dir, in, "acme", "lodz")

	cmd := watched(t, dir, "serve")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get("http://" + page + "/"); err == nil {
			if err := resp.Body.Close(); err != nil {
				t.Fatal(err)
			}
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	links := map[string]string{}
	for _, m := range in.All() {
		text, html := mailParts(t, m.Message)
		found := regexp.MustCompile(`http://` + regexp.QuoteMeta(page) + `/p/[A-Za-z0-9_-]{43}\b`).FindString(text)
		if found == "" || !strings.Contains(html, found) {
			t.Fatalf("the mail to %s has no link in both parts:\n%s", m.To, text)
		}
		links[m.To] = found
		if !strings.Contains(text, "shasum -a 256") || m.Header.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("the mail to %s lacks how to verify, or its header", m.To)
		}
	}
	link := links["auditor@acme.example"]

	opened := ask(t, http.MethodGet, link)
	pdf, err := os.ReadFile(filepath.Join(dir, "packets", "acme", "2026-10", "packet.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(pdf)
	for _, want := range []string{"Acme Dental", "October 2026", hex.EncodeToString(sum[:]), "The auditor", "sources.csv"} {
		if opened.status != http.StatusOK || !strings.Contains(opened.body, want) {
			t.Errorf("the page (%d) does not show %q", opened.status, want)
		}
	}
	if strings.Contains(opened.body, "<script") ||
		!strings.HasPrefix(opened.head.Get("Content-Security-Policy"), "default-src 'none'; style-src 'nonce-") {
		t.Errorf("the page has scripts, or a weak policy: %v", opened.head)
	}
	// Who only follows links finds no file; the form brings them.
	token := link[strings.LastIndexByte(link, '/')+1:]
	if strings.Contains(opened.body, "href") || !strings.Contains(opened.body, `<form method="post">`) ||
		!strings.Contains(opened.head.Get("Content-Security-Policy"), "form-action 'self'") {
		t.Errorf("the page has links to files, or no form: %s", opened.body)
	}
	sent := ask(t, http.MethodPost, link)
	for _, want := range []string{"Acme Dental", hex.EncodeToString(sum[:]), `href="` + token + `/packet.pdf"`,
		`href="` + token + `/sources.csv"`} {
		if sent.status != http.StatusOK || !strings.Contains(sent.body, want) || strings.Contains(sent.body, "<form") {
			t.Errorf("the page after the form (%d) does not show %q, or the form again", sent.status, want)
		}
	}
	file := ask(t, http.MethodGet, link+"/packet.pdf")
	if !bytes.Equal([]byte(file.body), pdf) ||
		file.head.Get("Content-Disposition") != "attachment; filename=acme-2026-10-packet.pdf" ||
		file.head.Get("Content-Type") != "application/pdf" {
		t.Errorf("packet.pdf: %d, %d bytes, %v", file.status, len(file.body), file.head)
	}
	// A look at the head is no download: the counts below hold.
	if got := ask(t, http.MethodHead, link+"/packet.pdf"); got.status != http.StatusOK || got.body != "" ||
		got.head.Get("Content-Length") != fmt.Sprint(len(pdf)) || got.head.Get("X-Sha256") != hex.EncodeToString(sum[:]) {
		t.Errorf("HEAD packet.pdf: %d, %v", got.status, got.head)
	}
	if got := ask(t, http.MethodGet, link+"/csv/operations.csv"); got.status != http.StatusOK || got.body == "" {
		t.Errorf("csv/operations.csv: %d", got.status)
	}

	// Every link that does not work gets the same answer.
	other := links["account_manager@acme.example"]
	lost := links["auditor@lodz.example"]
	must(t, program(t, dir, "links", "revoke", linkID(t, dir, "auditor@lodz.example")))
	wrong := ask(t, http.MethodGet, "http://"+page+"/p/"+strings.Repeat("A", 43))
	for name, url := range map[string]string{
		"revoked": lost, "revoked, a file": lost + "/packet.pdf", "root": "http://" + page + "/", "folder": link +
			"/", "no token": "http://" + page + "/p/", "short": link[:len(link)-1],
		"unknown file": link + "/config.toml", "out of the packet": link + "/../../lodz/2026-10/packet.pdf",
		"encoded": link + "/..%2f..%2flodz%2f2026-10%2fpacket.pdf", "metrics": "http://" + page + "/metrics",
	} {
		if got := ask(t, http.MethodGet, url); got.plain() != wrong.plain() || got.status != http.StatusNotFound {
			t.Errorf("%s: %s\nwant %s", name, got.plain(), wrong.plain())
		}
	}
	for _, url := range []string{lost, link + "/packet.pdf", link + "/"} {
		if got := ask(t, http.MethodPost, url); got.plain() != wrong.plain() {
			t.Errorf("POST %s: %s\nwant %s", url, got.plain(), wrong.plain())
		}
	}

	// A file counts once a day, whoever asks; what was used up works again when renewed.
	const last = "/csv/requests-by-hour.csv"
	for _, path := range []string{"/packet.pdf", "/packet.pdf", "/packet.pdf", "/sources.csv", "/manifest.json", "/packet.pdf"} {
		if got := ask(t, http.MethodGet, link+path); got.status != http.StatusOK {
			t.Errorf("%s within the limit: %d", path, got.status)
		}
	}
	if got := ask(t, http.MethodGet, link+last); got.status != http.StatusNotFound {
		t.Errorf("a download past the limit: %d", got.status)
	}
	// Nothing is read for it, so that a file which is not as it was changes nothing.
	path := filepath.Join(dir, "packets", "acme", "2026-10", filepath.FromSlash(last))
	body, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte("forged"), 0o600)
	}
	if got := ask(t, http.MethodGet, link+last); err != nil || got.status != http.StatusNotFound {
		t.Errorf("a download past the limit, of a forged file: %d, %v", got.status, err)
	}
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, http.MethodPost, link); strings.Contains(got.body, "href") || strings.Contains(got.body, "<form") {
		t.Errorf("a page without downloads has links or a form: %s", got.body)
	}
	must(t, program(t, dir, "links", "renew", linkID(t, dir, "auditor@acme.example"), "--days", "3"))
	if got := ask(t, http.MethodGet, link+last); got.status != http.StatusOK {
		t.Errorf("a renewed link: %d", got.status)
	}
	browse(t, other)

	// A file that is not what the manifest says is given to nobody.
	if err := os.WriteFile(filepath.Join(dir, "packets", "acme", "2026-10", "sources.csv"), []byte("forged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, http.MethodGet, other+"/sources.csv"); got.status != http.StatusServiceUnavailable ||
		strings.Contains(got.body, "forged") {
		t.Errorf("a forged file: %d %s", got.status, got.body)
	}

	// Guessing is slowed down, and does not keep those out who have a link.
	limited := false
	for range 60 {
		if got := ask(t, http.MethodGet, "http://"+page+"/p/"+strings.Repeat("B", 43)); got.status == http.StatusTooManyRequests {
			limited = true
			break
		}
	}
	if got := ask(t, http.MethodGet, link); !limited || got.status != http.StatusOK {
		t.Errorf("guessing: limited %t, then %d", limited, got.status)
	}
	// The token is nowhere in the data folder.
	walk(t, filepath.Join(dir, "data"), func(path string) {
		if b, err := os.ReadFile(path); err == nil && bytes.Contains(b, []byte(token)) {
			t.Errorf("%s holds the token", path)
		}
	})
}

// linkID is the id of a contact's link.
func linkID(t *testing.T, dir, email string) string {
	t.Helper()
	out, err := program(t, dir, "links", "list", "--format", "json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []struct{ Link, Email string }
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		if l.Email == email {
			return l.Link
		}
	}
	t.Fatalf("%s has no link: %s", email, out)
	return ""
}

// browse opens the page in a real browser, where one is there, as narrow as a
// phone.
func browse(t *testing.T, url string) {
	browser := os.Getenv("BUCKETPROOF_TEST_BROWSER")
	if browser == "" {
		t.Log("BUCKETPROOF_TEST_BROWSER is not set: the page was not opened in a browser; .ci/run does")
		return
	}
	shot := filepath.Join(t.TempDir(), "page.png")
	out, err := exec.CommandContext(t.Context(), browser, "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
		"--window-size=320,1600", "--screenshot="+shot, url).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if st, err := os.Stat(shot); err != nil || st.Size() < 10_000 {
		t.Errorf("the browser shows nothing: %v", err)
	}
	dom, err := exec.CommandContext(t.Context(), browser, "--no-sandbox", "--disable-gpu", "--window-size=320,1600",
		"--dump-dom", url).Output()
	if err != nil || !strings.Contains(string(dom), "Acme Dental") || !strings.Contains(string(dom), "<form") ||
		strings.Contains(string(out), "Refused to") {
		t.Errorf("the browser does not show the page: %v: %s", err, out)
	}
}
