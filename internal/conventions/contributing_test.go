package conventions

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/format"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// TestContributing adds one of each thing that CONTRIBUTING.md explains, in just the files that it
// names, and sees that the program builds with them and that they work.
func TestContributing(t *testing.T) {
	guide := readFile(t, filepath.Join(root, "CONTRIBUTING.md"))
	parts := examplesOf(t, guide)
	countFiles(t, guide, parts)
	program := build(t, overlay(t, parts))

	cards := make(chan string, 100) // what the ticket system was told
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		cards <- r.Method + " " + r.URL.Path + " " + r.Header.Get("Authorization") + " " + string(body)
	}))
	defer peer.Close()
	dir := month(t, peer.URL)
	config := filepath.Join(dir, "config.toml")
	run := func(arguments ...string) string { return runIn(t, dir, program, 0, arguments...) }

	run("serve", "--once") // findings from before the first start open no tickets
	run("collect")
	run("check", "--from", "2024-10-02", "--to", "2024-10-02")
	findings := run("findings", "list", "--check", "many-listings", "--format", "csv")
	t.Run("a check", func(t *testing.T) {
		mustHave(t, findings, "many-listings,low,acme,acme-backups,arn:aws:sts::111122223333:assumed-role/Backup,open,12")
	})
	t.Run("a query", func(t *testing.T) {
		mustHave(t, run("query", "host-names", "--from", "2024-10-01", "--to", "2024-10-03", "--format", "csv"),
			"acme-backups,s3.example.com,72")
	})
	t.Run("a key", func(t *testing.T) {
		lines := strings.Split(findings, "\n")
		id, _, _ := strings.Cut(lines[len(lines)-2], ",")
		mustHave(t, run("findings", "show", id), "reference   K-4711")
		mustHave(t, run("init", "--out", "commented.toml")+readFile(t, filepath.Join(dir, "commented.toml")), "reference = ")
		wrong := filepath.Join(dir, "wrong.toml")
		writeFile(t, wrong, strings.Replace(readFile(t, config), `"K-4711"`, `" K-4711"`, 1))
		mustHave(t, runIn(t, dir, program, 2, "--config", wrong, "findings", "list"), `wrong.toml:8: tenant.reference: is " K-4711"`)
	})
	t.Run("a ticket system", func(t *testing.T) {
		run("serve", "--once")
		close(cards)
		var told strings.Builder
		for card := range cards {
			told.WriteString(card)
		}
		mustHave(t, told.String(), "PUT /cards/bucketproof-", "Bearer secret", `"status":"open"`, "Many listings")
	})

	run("report", "--month", "2024-10")
	writeFile(t, config, strings.Replace(readFile(t, config), `language = "de"`, `language = "en"`, 1))
	run("report", "--month", "2024-10") // a revision in the other language
	packet := func(month, name string) string {
		return readFile(t, filepath.Join(dir, "evidence", "acme", month, name))
	}
	t.Run("a check in a packet", func(t *testing.T) {
		mustHave(t, packet("2024-10", "packet.json"), "Viele Auflistungen", "12 Auflistungen durch einen Principal",
			"Bestätigen, dass die Auflistungen von acme-backups geplant waren.")
		mustHave(t, packet("2024-10.r2", "packet.json"), "Many listings", "12 listings by one principal",
			"Confirm that the listings of acme-backups were planned.")
	})
	t.Run("a section", func(t *testing.T) {
		mustHave(t, packet("2024-10", "packet.pdf"), bookmark("Hostnamen"))
		mustHave(t, packet("2024-10.r2", "packet.pdf"), bookmark("Host names"))
		mustHave(t, packet("2024-10", "csv/host-names.csv"), "acme-backups,s3.example.com,72")
	})
	t.Run("a witness", func(t *testing.T) {
		mustHave(t, packet("2024-10", "csv/witness-days.csv"), ",journal", "2024-10-02,spoke,,,,,,,could not be read")
		mustHave(t, packet("2024-10", "packet.json"), "Journal des Betriebs")
		mustHave(t, packet("2024-10.r2", "packet.json"), "Did not speak: operator's journal on 29 days: 2 Oct, 4 Oct")
	})
}

// example is a file that a part of the guide adds, or lines that it changes.
type example struct {
	part   string // its heading, "a check"
	paths  []string
	change bool
	text   string
}

var (
	headings = regexp.MustCompile(`(?m)^### (.+)$`)
	fences   = regexp.MustCompile("(?ms)^```([a-z]+) ([^\n]+)\n(.*?)^```$")
)

// examplesOf are the examples of a guide: blocks that name their files behind the language.
func examplesOf(t *testing.T, guide string) (out []example) {
	t.Helper()
	heads := headings.FindAllStringSubmatchIndex(guide, -1)
	for i, at := range heads {
		end := len(guide)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		part := strings.ToLower(guide[at[2]:at[3]])
		for _, m := range fences.FindAllStringSubmatch(guide[at[1]:end], -1) {
			out = append(out, example{part: part, paths: strings.Fields(m[2]), change: m[1] == "diff", text: m[3]})
		}
	}
	if len(out) == 0 {
		t.Fatal("CONTRIBUTING.md has no examples")
	}
	return out
}

var countRow = regexp.MustCompile(`(?m)^\| (an? [a-z ]+) \| ([0-9]+) \|$`)

// countFiles compares the numbers of the guide's table with its examples.
func countFiles(t *testing.T, guide string, examples []example) {
	t.Helper()
	want := map[string]string{}
	for _, m := range countRow.FindAllStringSubmatch(guide, -1) {
		want[m[1]] = m[2]
	}
	files := map[string][]string{}
	for _, e := range examples {
		for _, path := range e.paths {
			if !slices.Contains(files[e.part], path) {
				files[e.part] = append(files[e.part], path)
			}
		}
	}
	for part := range want {
		if files[part] == nil {
			t.Errorf("CONTRIBUTING.md has no example for %s", part)
		}
	}
	for part, paths := range files {
		if got := fmt.Sprint(len(paths)); got != want[part] {
			t.Errorf("the table of CONTRIBUTING.md says %q files for %s, its example touches %s: %s", want[part], part, got,
				strings.Join(paths, ", "))
		}
	}
}

// overlay applies the examples to copies of the files that they touch, and gives the name of a
// file that puts the copies in the places of the originals, as the go command reads it.
func overlay(t *testing.T, examples []example) string {
	t.Helper()
	dir := t.TempDir()
	changed := map[string]string{}
	for _, e := range examples {
		for _, path := range e.paths {
			if !e.change {
				if _, err := os.Stat(filepath.Join(root, path)); err == nil {
					t.Fatalf("CONTRIBUTING.md, %s: %s is there already; give the example another name", e.part, path)
				}
				changed[path] = e.text
				continue
			}
			text, ok := changed[path]
			if !ok {
				text = readFile(t, filepath.Join(root, path))
			}
			for _, hunk := range strings.Split(e.text, "@@\n") {
				var err error
				if text, err = apply(text, hunk); err != nil {
					t.Fatalf("CONTRIBUTING.md, %s: %s: %s; correct the example", e.part, path, err)
				}
			}
			changed[path] = text
		}
	}
	replace := map[string]string{}
	for path, text := range changed {
		if neat, err := format.Source([]byte(text)); filepath.Ext(path) == ".go" && (err != nil || string(neat) != text) {
			t.Errorf("CONTRIBUTING.md: gofmt would change %s as the examples leave it (%v)", path, err)
		}
		at, err := filepath.Abs(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		replace[at] = filepath.Join(dir, strings.ReplaceAll(path, "/", "-"))
		writeFile(t, replace[at], text)
	}
	if changed["config.toml"] != changed["templates/config.toml"] {
		t.Error("the examples make config.toml and templates/config.toml differ")
	}
	body, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	writeFile(t, list, string(body))
	return list
}

// apply makes one change: lines that begin with a space or a minus must stand in the text once, one
// after another; those with a minus are replaced by those with a plus. Blanks within a line don't
// matter, because gofmt aligns columns.
func apply(text, hunk string) (string, error) {
	var old, put []string
	for _, line := range strings.Split(strings.TrimSuffix(hunk, "\n"), "\n") {
		switch mark, rest := line[:min(1, len(line))], line[min(1, len(line)):]; mark {
		case "+":
			put = append(put, rest)
		case "-":
			old = append(old, rest)
		case " ", "":
			old, put = append(old, rest), append(put, rest)
		default:
			return "", fmt.Errorf("%q begins with none of +, - and a space", line)
		}
	}
	same := func(a, b string) bool { return slices.Equal(strings.Fields(a), strings.Fields(b)) }
	lines := strings.Split(text, "\n")
	at := -1
	for i := 0; i+len(old) <= len(lines); i++ {
		if slices.EqualFunc(lines[i:i+len(old)], old, same) {
			if at >= 0 {
				return "", fmt.Errorf("the lines at %q stand in it twice", old[0])
			}
			at = i
		}
	}
	if at < 0 || len(old) == 0 {
		return "", fmt.Errorf("it has no lines %q", strings.Join(old, "\n"))
	}
	return strings.Join(slices.Concat(lines[:at], put, lines[at+len(old):]), "\n"), nil
}

// build makes the program with an overlay. The go command keeps in its cache what it has linked to
// run, and not what it has linked to build, so it is asked to "run" the program by copying it.
func build(t *testing.T, overlay string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "bucketproof")
	cmd := exec.CommandContext(t.Context(), "go", "run", "-overlay", overlay, "-exec", "cp", "./cmd/bucketproof", program)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the program does not build with the examples of CONTRIBUTING.md: %v\n%s", err, out)
	}
	return program
}

// month writes a configuration that has each of the examples, and three days of a log in which the
// backup lists its bucket a dozen times on the second.
func month(t *testing.T, planner string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "logs"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "config.toml"), `[evidence]
url = "file:evidence"
lock_mode = ""
[report]
language = "de"
[[tenant]]
id = "acme"
reference = "K-4711"
name = "Acme Dental"
accounts = ["111122223333"]
journal = "journal.txt"
bucket = [{ name = "acme-backups", logs = "file:logs", prefixes = ["veeam/"] }]
principal = [{ match = "arn:aws:sts::111122223333:assumed-role/Backup/*", name = "Backup", role = "backup" }]
tickets = { kind = "planner", url = "`+planner+`", token_env = "PLANNER_TOKEN", severity = "low" }
`)
	writeFile(t, filepath.Join(dir, "journal.txt"), "2024-10-01\n2024-10-03\n")
	var log strings.Builder
	add := func(at time.Time, operation, key, uri string) {
		fmt.Fprintf(&log, `79a5 acme-backups [%s] 192.0.2.3 arn:aws:sts::111122223333:assumed-role/Backup/s R%d %s %s "%s" 200 - 5 5 1 1 `+
			`"-" "Veeam" - h= SigV4 TLS_AES_128_GCM_SHA256 AuthHeader s3.example.com TLSv1.3 - -`+"\n",
			at.Format("02/Jan/2006:15:04:05 -0700"), log.Len(), operation, key, uri)
	}
	first := time.Date(2024, 10, 1, 0, 30, 0, 0, time.UTC)
	for hour := range 72 {
		at := first.Add(time.Duration(hour) * time.Hour)
		switch {
		case hour%24 == 22:
			add(at, "REST.PUT.OBJECT", at.Format("veeam/20060102.vbk"), at.Format("PUT /veeam/20060102.vbk HTTP/1.1"))
		case hour >= 24 && hour < 36:
			add(at, "REST.GET.BUCKET", "-", "GET /?list-type=2 HTTP/1.1")
		default:
			add(at, "REST.HEAD.BUCKET", "-", "HEAD / HTTP/1.1")
		}
	}
	object := filepath.Join(dir, "logs", "2024-10-04-00-10-00-AAAAAAAAAAAAAAAA")
	writeFile(t, object, log.String())
	delivered := time.Date(2024, 10, 4, 0, 10, 0, 0, time.UTC)
	if err := os.Chtimes(object, delivered, delivered); err != nil {
		t.Fatal(err)
	}
	return dir
}

// runIn runs the program in a folder and gives what it says; code is the exit code that it must end with.
func runIn(t *testing.T, dir, program string, code int, arguments ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, arguments...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "PLANNER_TOKEN=secret")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
		t.Fatalf("bucketproof %s: %v\n%s", strings.Join(arguments, " "), err, out.String())
	}
	return out.String()
}

// bookmark is a title in the outline of a PDF.
func bookmark(title string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(title)) {
		b.WriteByte(byte(u >> 8))
		b.WriteByte(byte(u))
	}
	return b.String()
}

func mustHave(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in\n%.2000s", w, text)
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
