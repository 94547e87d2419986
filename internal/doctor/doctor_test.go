package doctor

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bucketproof/internal/config"
	"bucketproof/internal/inbox"
	"bucketproof/internal/jobs"
)

// examined is what the doctor says of a configuration, a line each.
func examined(t *testing.T, dir, text string) []string {
	t.Helper()
	c, err := config.Parse(filepath.Join(dir, "config.toml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c.DataDir = filepath.Join(dir, "data")
	p, err := jobs.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	p.Log, p.Now = slog.New(slog.NewTextHandler(io.Discard, nil)), func() time.Time { return time.Date(2026, 11, 3, 7, 0, 0, 0, time.UTC) }
	var out []string
	for _, f := range Examine(t.Context(), p, c.Tenants) {
		out = append(out, fmt.Sprintf("%s %s %s: %s", f.Outcome, f.What, strings.ReplaceAll(f.Subject, dir, "DIR"),
			strings.ReplaceAll(f.Detail, dir, "DIR")))
	}
	if err := p.State.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

const tenants = `
[[tenant]]
id = "acme"
name = "Acme"
[[tenant.bucket]]
name = "acme-backups"
logs = "file:logs"
prefixes = [""]
[[tenant]]
id = "lodz"
name = "Lodz"
backup_reports = "file:reports"
[[tenant.bucket]]
name = "lodz-archiwum"
logs = "file:none"
prefixes = [""]
[[tenant.bucket]]
name = "lodz-empty"
logs = "file:empty"
prefixes = [""]
[[tenant.contact]]
name = "Dana"
email = "dana@lodz.example"
role = "auditor"
`

func want(t *testing.T, got []string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		found := false
		for _, g := range got {
			found = found || strings.HasPrefix(g, line)
		}
		if !found {
			t.Errorf("nobody says %q in\n%s", line, strings.Join(got, "\n"))
		}
	}
}

// TestExamine: each thing that an unattended service needs is tried, and what is missing comes
// with its mend.
func TestExamine(t *testing.T) {
	dir := t.TempDir()
	err := errors.Join(os.MkdirAll(filepath.Join(dir, "logs"), 0o700), os.MkdirAll(filepath.Join(dir, "empty"), 0o700),
		os.MkdirAll(filepath.Join(dir, "reports"), 0o700), os.WriteFile(filepath.Join(dir, "logs", "one"), nil, 0o600),
		os.WriteFile(filepath.Join(dir, "reports", "r.json"), []byte("{}"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	got := examined(t, dir, "[evidence]\nurl = \"file:packets\"\n"+tenants)
	want(t, got, "ok configuration DIR/config.toml: 2 tenants", "ok queries : ", "ok schedule collect: next on 3 November 2026, 07:20 UTC",
		"ok schedule check: next on 4 November 2026, 06:30 UTC", "ok schedule report: next on 3 December 2026, 07:00 UTC",
		"ok state DIR/data: can be read and written", "ok disk DIR/data: ", "ok log location file:logs: can be listed and read",
		"FAULT log location file:none: ", "warning log location file:empty: nothing is there; is server access logging of lodz-empty on",
		"ok backup reports file:reports: can be listed and read", "ok evidence: ",
		"warning evidence: Object Lock file:packets/: a folder has no Object Lock", "warning signing : no key is configured",
		"warning mail : mail.smtp is \"\"", "warning alerts : alerts go to the log only", "warning alerts : alerts.ping_env names no")
	for _, line := range got {
		if strings.Contains(line, "secret") || strings.Contains(line, "links") || strings.Contains(line, "data folder") {
			t.Errorf("it says %q", line)
		}
	}

	t.Setenv("TEST_DOCTOR", "x")
	got = examined(t, dir, "[evidence]\nurl = \"file:packets\"\n[collect]\nmin_free = \"100000TiB\"\n"+
		"[alerts]\nwebhook_env = \"TEST_DOCTOR\"\nsecret_env = \"TEST_DOCTOR_UNSET\"\nping_env = \"TEST_DOCTOR\"\n"+tenants)
	want(t, got, "FAULT disk DIR/data: ", "ok secret alerts.webhook_env: the variable is set", "FAULT secret alerts.secret_env: ",
		"ok secret alerts.ping_env: the variable is set")
	for _, line := range got {
		if strings.HasPrefix(line, "warning alerts") {
			t.Errorf("it says %q", line)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	want(t, examined(t, dir, "[evidence]\nurl = \"file:packets\"\n"+tenants),
		"warning data folder DIR/data: everyone on this machine may look into it; chmod 750")
}

// TestMailAndLinks: whether mails can be sent, and whether their links lead anywhere.
func TestMailAndLinks(t *testing.T) {
	dir := t.TempDir()
	box := inbox.New(t, nil, "")
	status, policy := http.StatusNotFound, "default-src 'none'"
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.WriteHeader(status)
	}))
	mail := "[evidence]\nurl = \"file:packets\"\n[mail]\nfrom = \"e@msp.example\"\nsmtp = \"smtp://" + box.Address + "\"\n"
	got := examined(t, dir, mail+tenants)
	want(t, got, "ok mail "+box.Address+": a session was opened and ended; nothing was sent",
		"warning mail acme: the tenant has no contact",
		"FAULT links: presigned file:packets/: ")
	if n := len(box.All()); n != 0 {
		t.Errorf("%d mails were sent", n)
	}
	for _, line := range got {
		if strings.HasPrefix(line, "warning mail lodz") {
			t.Errorf("it says %q", line)
		}
	}
	mail += "[links]\nlisten = \"127.0.0.1:8499\"\npublic_url = \"" + page.URL + "\"\n"
	for _, c := range []struct {
		status int
		policy string
		want   string
	}{
		{http.StatusNotFound, "default-src 'none'", "ok links: page " + page.URL + ": the download page answers"},
		{http.StatusTooManyRequests, "default-src 'none'", "ok links: page " + page.URL +
			": the download page answers; it holds this address back"},
		{http.StatusOK, "default-src 'none'", "FAULT links: page " + page.URL +
			": something else than the download page answers there (200 OK)"},
		{http.StatusNotFound, "", "FAULT links: page " + page.URL +
			": something else than the download page answers there (404 Not Found)"},
	} {
		status, policy = c.status, c.policy
		want(t, examined(t, dir, mail+tenants), c.want, "ok links: presigned file:packets/: ")
	}
	page.Close()
	want(t, examined(t, dir, mail+tenants), "warning links: page "+page.URL+": it does not answer from here")
	want(t, examined(t, dir, strings.Replace(mail, box.Address, "127.0.0.1:1", 1)+tenants), "FAULT mail 127.0.0.1:1: ")
}
