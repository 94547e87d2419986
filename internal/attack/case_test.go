package attack

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// finding is one of `findings list`, or of the packet.
type finding struct {
	Check    string `json:"check"`
	Subject  string `json:"subject"`
	Severity string `json:"severity"`
	Status   string `json:"status"`
}

type night struct {
	Bucket  string `json:"bucket"`
	Date    string `json:"date"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
}

// packet is what a case reads of packet.json.
type packet struct {
	Verdict   string   `json:"verdict"`
	Sentence  string   `json:"sentence"`
	Reasons   []string `json:"reasons"`
	Nights    []night  `json:"nights"`
	Witnesses []struct {
		Witness string `json:"witness"`
		Date    string `json:"date"`
		State   string `json:"state"`
	} `json:"witnesses"`
	Totals struct {
		Records int64 `json:"records"`
	} `json:"totals"`
	Findings []finding `json:"findings"`
	Sources  struct {
		LogObjects int `json:"log_objects"`
	} `json:"sources"`
}

// world is a month in a folder, with the program to run over it.
type world struct {
	t   testing.TB
	dir string
	m   *month
	packet
	listed []finding // by `findings list`
	said   string    // what the last run printed to stderr
}

// program builds the program once.
var program = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("BUCKETPROOF_TEST_BINARY"); path != "" {
		return filepath.Abs(path)
	}
	// The results of this package depend on the program's source, of which go test knows
	// only if it was looked at; else it would take them from its cache.
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path != root && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "attack-")
	if err != nil {
		return "", err
	}
	built = dir
	path := filepath.Join(dir, "bucketproof")
	out, err := exec.Command("go", "build", "-o", path, "bucketproof/cmd/bucketproof").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// built is the folder of the program.
var built string

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		os.RemoveAll(built)
	}
	os.Exit(code)
}

// place writes a month into a new folder.
func place(t testing.TB, m *month) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "attack-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() && os.Getenv("BUCKETPROOF_TEST_KEEP") != "" {
			t.Logf("left in %s", dir)
			return
		}
		os.RemoveAll(dir)
	})
	w := &world{t: t, dir: dir, m: m}
	w.rewrite()
	return w
}

// rewrite writes the month again, over what is there.
func (w *world) rewrite() {
	w.t.Helper()
	if err := w.m.write(w.dir); err != nil {
		w.t.Fatal(err)
	}
}

// run runs the program; what it prints. An exit code is for the caller's eyes in said.
func (w *world) run(args ...string) string {
	w.t.Helper()
	path, err := program()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(path, append([]string{"--config", filepath.Join(w.dir, "config.toml")}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	w.said = errs.String()
	if err != nil {
		w.said += err.Error()
	}
	return out.String()
}

// check runs the checks over the days of the month.
func (w *world) check() {
	days := w.m.days()
	w.run("check", "--from", day(days[0]), "--to", day(days[len(days)-1]))
}

// report makes the packet of the month, a revision where there is one already.
func (w *world) report() {
	w.t.Helper()
	w.run("report", "--month", w.m.name)
	w.packet = w.newest()
	w.listed = nil
	if text := w.run("findings", "list", "--tenant", "acme", "--format", "json"); text != "" {
		if err := json.Unmarshal([]byte(text), &w.listed); err != nil {
			w.t.Fatalf("findings list: %v: %s", err, text)
		}
	}
}

// newest is the last packet of the month.
func (w *world) newest() (p packet) {
	w.t.Helper()
	paths, err := filepath.Glob(filepath.Join(w.dir, "evidence", "acme", w.m.name+"*", "packet.json"))
	if err != nil {
		w.t.Fatal(err)
	}
	if len(paths) == 0 {
		w.t.Fatalf("no packet: %s", w.said)
	}
	// 2026-10 before 2026-10.r2, and that before 2026-10.r10
	slices.SortFunc(paths, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	text, err := os.ReadFile(paths[len(paths)-1])
	if err != nil {
		w.t.Fatal(err)
	}
	if err := json.Unmarshal(text, &p); err != nil {
		w.t.Fatal(err)
	}
	return p
}

// judge does what a user does at the end of a month.
func (w *world) judge() {
	w.t.Helper()
	w.run("collect")
	w.check()
	w.report()
}

// rows are those of a saved query over the month, by their column date.
func (w *world) rows(query string) map[string]map[string]any {
	w.t.Helper()
	days := w.m.days()
	text := w.run("query", query, "--from", day(days[0]), "--to", day(days[len(days)-1]), "--format", "json")
	var list []map[string]any
	if text == "" {
		w.t.Fatalf("query %s: %s", query, w.said)
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		w.t.Fatalf("query %s: %v", query, err)
	}
	rows := map[string]map[string]any{}
	for _, row := range list {
		rows[fmt.Sprint(row["date"])] = row
	}
	return rows
}

// all are the findings of the packet and of the list.
func (w *world) all() []finding { return slices.Concat(w.Findings, w.listed) }

// shows tells whether something is to be seen: a check's name, "CHECK: part of subject",
// "night 21 VERDICT" with the day of the month, or "day 14 unknown".
func (w *world) shows(what string) bool {
	var n int
	if _, err := fmt.Sscanf(what, "day %d unknown", &n); err == nil {
		for _, s := range w.Witnesses {
			if s.Witness == "access log" && s.Date == day(w.m.d(n)) && s.State != "spoke" {
				return true
			}
		}
		return false
	}
	var verdict string
	if rest, ok := strings.CutPrefix(what, "night "); ok {
		number, v, _ := strings.Cut(rest, " ")
		if _, err := fmt.Sscan(number, &n); err != nil {
			w.t.Fatalf("%q names no night", what)
		}
		verdict = v
		return slices.ContainsFunc(w.Nights, func(x night) bool { return x.Date == day(w.m.d(n)) && x.Verdict == verdict })
	}
	check, subject, _ := strings.Cut(what, ": ")
	return slices.ContainsFunc(w.all(), func(f finding) bool { return f.Check == check && strings.Contains(f.Subject, subject) })
}

// story is what the packet says, for who reads a failure.
func (w *world) story() string {
	var b strings.Builder
	fmt.Fprintf(&b, "verdict %s: %s\n", w.Verdict, w.Sentence)
	for _, r := range w.Reasons {
		fmt.Fprintf(&b, "  reason: %s\n", r)
	}
	for _, f := range w.all() {
		fmt.Fprintf(&b, "  finding: %s (%s, %s): %s\n", f.Check, f.Severity, f.Status, f.Subject)
	}
	odd := 0
	for _, n := range w.Nights {
		if n.Verdict != "ok" {
			if odd++; odd <= 5 {
				fmt.Fprintf(&b, "  night %s of %s: %s (%s)\n", n.Date, n.Bucket, n.Verdict, n.Reason)
			}
		}
	}
	if odd > 5 {
		fmt.Fprintf(&b, "  %d nights in all are not ok\n", odd)
	}
	return b.String()
}
