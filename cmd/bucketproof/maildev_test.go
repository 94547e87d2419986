package main

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"bucketproof/internal/inbox"
)

// TestMailInInbox sends the mails to a mail server with an inbox, and looks at
// what the inbox shows in a browser.
func TestMailInInbox(t *testing.T) {
	smtp, web, browser := os.Getenv("BUCKETPROOF_TEST_MAILDEV_SMTP"), os.Getenv("BUCKETPROOF_TEST_MAILDEV_WEB"),
		os.Getenv("BUCKETPROOF_TEST_BROWSER")
	if smtp == "" || web == "" || browser == "" {
		t.Skip("BUCKETPROOF_TEST_MAILDEV_SMTP, BUCKETPROOF_TEST_MAILDEV_WEB or BUCKETPROOF_TEST_BROWSER is not " +
			"set: no inbox to look at; .ci/run starts one")
	}
	dir := serviceDir(t, mailSettings(&inbox.Inbox{Address: smtp}, ""))
	must(t, program(t, dir, "serve", "--once", "--since", "2026-11-02"))
	var mails []struct {
		ID, Subject, Text string
		To                []struct{ Address, Name string }
	}
	if err := json.Unmarshal([]byte(ask(t, http.MethodGet, web+"/api/email").body), &mails); err != nil {
		t.Fatal(err)
	}
	german := 0
	for _, m := range mails {
		if len(m.To) != 1 || !strings.Contains(m.Text, "/p/") || !strings.Contains(m.To[0].Name, "The ") {
			t.Errorf("%+v", m)
		}
		if strings.HasPrefix(m.Subject, "Backup-Nachweis Zürich Café, Oktober 2026") {
			german++
		}
		file := filepath.Join(t.TempDir(), "mail.html")
		if err := os.WriteFile(file, []byte(ask(t, http.MethodGet, web+"/api/email/"+m.ID+"/html").body), 0o600); err != nil {
			t.Fatal(err)
		}
		dom, err := exec.CommandContext(t.Context(), browser, "--no-sandbox", "--disable-gpu",
			"--window-size=320,1600", "--dump-dom", "file://"+file).Output()
		if err != nil || !strings.Contains(string(dom), "/p/") || !strings.Contains(string(dom), "SHA") {
			t.Errorf("the browser does not show the mail to %s: %v", m.To[0].Address, err)
		}
	}
	if len(mails) != 2*len(demoTenants) || german != 2 {
		t.Errorf("%d mails, %d of them German; want %d and 2", len(mails), german, 2*len(demoTenants))
	}
}

// TestUnit: the unit is one that systemd takes, and a hardened one.
func TestUnit(t *testing.T) {
	dir := serviceDir(t, "")
	path := filepath.Join(dir, "config.toml")
	if out, err := program(t, dir, "service", "install", "--print").CombinedOutput(); err == nil ||
		!strings.Contains(string(out), `data_dir = "/var/lib/bucketproof"`) {
		t.Errorf("a relative data_dir: %v: %s", err, out)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append([]byte("data_dir = \"/var/lib/bucketproof\"\n"), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := program(t, dir, "service", "install", "--print").CombinedOutput(); err == nil ||
		!strings.Contains(string(out), "--user") {
		t.Errorf("evidence in a folder, without a user: %v: %s", err, out)
	}
	unit := must(t, program(t, dir, "service", "install", "--print", "--user", "nobody"))
	for _, want := range []string{"User=nobody", "UMask=0077", "ProtectSystem=strict", "ReadWritePaths=\"" +
		filepath.Join(dir, "packets"), "/bucketproof.test\" --config \"" + path + "\" serve"} {
		if !strings.Contains(unit, want) {
			t.Errorf("the unit lacks %s:\n%s", want, unit)
		}
	}
	if os.Getenv("BUCKETPROOF_TEST_SYSTEMD") == "" {
		t.Log("BUCKETPROOF_TEST_SYSTEMD is not set: systemd did not look at the unit; .ci/run lets it")
		return
	}
	file := filepath.Join(t.TempDir(), "bucketproof.service")
	if err := os.WriteFile(file, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", file).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze verify: %v: %s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "security", "--offline=true", "--threshold=20", file).CombinedOutput()
	if err != nil { // above 2.0
		t.Errorf("systemd-analyze security: %v: %s", err, out)
	}
}
