package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"bucketproof/internal/inbox"
)

// serviceDir is a folder with the demo's logs and a configuration of the service
// whose mail goes to an inbox, with all tenants of the demo, or only some.
func serviceDir(t *testing.T, settings string, only ...string) string {
	t.Helper()
	dir, _ := demoLogs(t)
	path := filepath.Join(dir, "config.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "[[tenant]]")
	out := strings.Replace(blocks[0], "[evidence]", settings+"\n[evidence]", 1)
	id := regexp.MustCompile(`id = "([^"]+)"`)
	for _, b := range blocks[1:] {
		tenant := id.FindStringSubmatch(b)[1]
		if len(only) > 0 && !slices.Contains(only, tenant) {
			continue
		}
		b, _, _ = strings.Cut(b, "  [[tenant.contact]]") // the last of a block
		out += "[[tenant]]" + b
		for _, role := range []string{"auditor", "account_manager"} {
			out += fmt.Sprintf("\n  [[tenant.contact]]\n  name = \"The %s\"\n  email = \"%s@%s.example\"\n  role = %q\n", role, role,
				tenant, role)
		}
		out += "\n"
	}
	if err := os.WriteFile(path, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func mailSettings(in *inbox.Inbox, more string) string {
	return fmt.Sprintf("[service]\nlisten = \"\"\n\n[mail]\nsmtp = \"smtp://%s\"\nfrom = \"Backup evidence "+
		"<evidence@msp.example>\"\n\n[links]\npublic_url = \"http://127.0.0.1:1\"\nlisten = \"127.0.0.1:0\"\n%s\n", in.Address, more)
}

// reportDay is when the services of these tests run: from a few minutes behind the
// time on at which the packets of the demo's month are due.
var reportDay = time.Until(time.Date(2026, 11, 3, 7, 10, 0, 0, time.UTC))

// program is the program at the report day.
func program(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := quick()
	if err != nil {
		t.Fatal(err)
	}
	return programAt(t, path, dir, args...)
}

// watched is the program under the race detector, where that runs.
func watched(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	return programAt(t, os.Args[0], dir, args...)
}

func programAt(t *testing.T, path, dir string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, append([]string{"--config", "config.toml"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), clockVariable+"="+reportDay.String())
	return cmd
}

func must(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// TestServeOnce: everything that is owed is done, each contact gets one mail, and
// a second time nothing happens.
func TestServeOnce(t *testing.T) {
	in := inbox.New(t, nil, "")
	dir := serviceDir(t, mailSettings(in, ""))
	must(t, watched(t, dir, "serve", "--once", "--since", "2026-11-01"))
	checkArrived(t, dir, in)
	runs := ledger(t, dir)
	for _, r := range runs {
		if r.Outcome != "done" && r.Outcome != "attention" {
			t.Errorf("%+v", r)
		}
	}
	must(t, program(t, dir, "serve", "--once"))
	checkArrived(t, dir, in)
	if again := ledger(t, dir); len(again) != len(runs) {
		t.Errorf("a second time ran %d tasks more", len(again)-len(runs))
	}
}

type runEntry struct {
	Job, Tenant, Period, Scheduled, Outcome, Error string
}

func ledger(t *testing.T, dir string) (runs []runEntry) {
	t.Helper()
	out, err := program(t, dir, "runs", "--limit", "100000", "--format", "json").Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &runs); err != nil {
		t.Fatal(err)
	}
	return runs
}

var demoTenants = []string{"acme", "lodz", "zurich-cafe"}

// checkArrived wants one packet of each tenant, of all where none is named, and one mail of
// each contact. It
// returns how often a mail came twice, as the same one.
func checkArrived(t *testing.T, dir string, in *inbox.Inbox, tenants ...string) (twice int) {
	t.Helper()
	ids := map[string]map[string]int{}
	for _, m := range in.All() {
		if ids[m.To] == nil {
			ids[m.To] = map[string]int{}
		}
		ids[m.To][m.Header.Get("Message-Id")]++
	}
	if len(tenants) == 0 {
		tenants = demoTenants
	}
	for _, id := range tenants {
		packets, err := filepath.Glob(filepath.Join(dir, "packets", id, "*"))
		if err != nil || len(packets) != 1 || filepath.Base(packets[0]) != "2026-10" {
			t.Errorf("%s has the packets %v (%v); want one", id, packets, err)
		}
		for _, role := range []string{"auditor", "account_manager"} {
			to := role + "@" + id + ".example"
			if len(ids[to]) != 1 {
				t.Errorf("%s got %d different mails; want 1", to, len(ids[to]))
			}
			for _, n := range ids[to] {
				twice += n - 1
			}
			delete(ids, to)
		}
	}
	if len(ids) > 0 {
		t.Errorf("mail went elsewhere: %v", ids)
	}
	return twice
}

// TestServeKill ends the service by SIGKILL at random moments. When it gets
// through at last there is one packet for each tenant and one mail for each
// contact; then it begins anew.
func TestServeKill(t *testing.T) {
	t.Parallel()
	kills := 3
	if os.Getenv("BUCKETPROOF_TEST_S3") != "" { // .ci/run, where more time is spent
		kills = 8
	}
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	twice, through := 0, 0
	for killed := 0; killed < kills; {
		in := inbox.New(t, nil, "")
		dir := serviceDir(t, mailSettings(in, ""))
		// A start that is killed before it has noted since when it runs has not run.
		args := []string{"serve", "--once", "--since", "2026-11-01"}
		for done := false; !done; {
			cmd := program(t, dir, args...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if killed < kills {
				// it may have ended
				timer := time.AfterFunc(time.Duration(rng.Int64N(int64(3*time.Second))), func() { _ = cmd.Process.Kill() })
				done = cmd.Wait() == nil
				timer.Stop()
			} else {
				done = cmd.Wait() == nil
			}
			if !done {
				killed++
			}
		}
		through++
		twice += checkArrived(t, dir, in)
		for _, id := range demoTenants {
			must(t, program(t, dir, "verify", "packets/"+id+"/2026-10"))
		}
	}
	t.Logf("%d kills, %d times through, %d mails came a second time with the same Message-ID", kills, through, twice)
	if twice > 1 { // only a kill in the instant between the server's answer and our note can do it
		t.Errorf("%d mails came twice", twice)
	}
}

// TestServeStops: SIGTERM ends a service that is at work within 10 seconds, SIGHUP
// reads the configuration again, and a bad one is not taken.
func TestServeStops(t *testing.T) {
	in := inbox.New(t, nil, "")
	metrics := freeAddress(t)
	settings := strings.Replace(mailSettings(in, ""), `listen = ""`, fmt.Sprintf("listen = %q", metrics), 1)
	dir := serviceDir(t, settings, "acme", "zurich-cafe")
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGHUP) // so that the service does not inherit that it is ignored, as nohup has it
	defer signal.Stop(heard)
	logPath := filepath.Join(dir, "log")
	cmd := watched(t, dir, "serve", "--since", "2026-10-31")
	log, err := os.Create(logPath)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	saw := func(text string) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			b, err := os.ReadFile(logPath)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(b), text) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%q is not in the log:\n%s", text, b)
			}
		}
	}
	saw(`msg="run ended" job=check`)
	second := program(t, dir, "serve", "--once")
	if out, err := second.CombinedOutput(); err == nil ||
		!strings.Contains(string(out), "another bucketproof serve runs on this folder") ||
		!strings.Contains(string(out), fmt.Sprint(cmd.Process.Pid)) {
		t.Errorf("a second service: %v: %s", err, out)
	}
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ready",
		"/metrics": `bucketproof_runs_total{job="check",outcome="done"}`} {
		if got := get(t, "http://"+metrics+path); !strings.Contains(got, want) {
			t.Errorf("%s: %s; want %s", path, got, want)
		}
	}
	path := filepath.Join(dir, "config.toml")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	reload := func(text, want string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		saw(want)
	}
	reload(string(good)+"\nnonsense = 1\n", "the old one stays")
	reload(strings.Replace(string(good), "[evidence]", "[alerts]\nfailures = 5\n\n[evidence]", 1), "was read again and holds from here on")
	reload("data_dir = \"elsewhere\"\n"+string(good), "that takes a restart")
	began := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	saw("msg=stopped")
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	// What was cut off is done at the next start.
	must(t, program(t, dir, "serve", "--once"))
	checkArrived(t, dir, in, "acme", "zurich-cafe")
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b := make([]byte, 64<<10)
	var out strings.Builder
	for {
		n, err := resp.Body.Read(b)
		out.Write(b[:n])
		if err != nil {
			return out.String()
		}
	}
}

// TestTwoMachines: two services with data folders of their own and one evidence
// place publish each packet once, and only one of them mails.
func TestTwoMachines(t *testing.T) {
	in := inbox.New(t, nil, "")
	tenants := []string{"acme", "zurich-cafe"}
	one := serviceDir(t, mailSettings(in, ""), tenants...)
	two := filepath.Join(one, "two")
	if err := os.Mkdir(two, 0o700); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(one, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	shared := strings.NewReplacer("file:packets", "file:../packets", "file:logs/", "file:../logs/", "file:reports",
		"file:../reports").Replace(string(text))
	if err := os.WriteFile(filepath.Join(two, "config.toml"), []byte(shared), 0o600); err != nil {
		t.Fatal(err)
	}
	a, b := program(t, one, "serve", "--once", "--since", "2026-11-02"), program(t, two, "serve", "--once", "--since", "2026-11-02")
	for _, cmd := range []*exec.Cmd{a, b} {
		cmd.Stderr = os.Stderr
		if testing.Verbose() {
			continue
		}
		cmd.Stderr = nil
	}
	for _, cmd := range []*exec.Cmd{a, b} {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
	}
	for _, cmd := range []*exec.Cmd{a, b} {
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	if twice := checkArrived(t, one, in, tenants...); twice != 0 {
		t.Errorf("%d mails came twice", twice)
	}
	published := 0
	for _, dir := range []string{one, two} {
		for _, r := range ledger(t, dir) {
			if r.Job == "report" && r.Outcome == "done" {
				published++
			}
		}
	}
	if published < len(tenants) {
		t.Errorf("%d reports are done", published)
	}
	if left, err := filepath.Glob(filepath.Join(one, "packets", ".leases", "*", "2026-10", "*",
		"done.json")); err != nil || len(left) != len(tenants) {
		t.Errorf("%d packets are marked as done (%v); want %d", len(left), err, len(tenants))
	}
}
