package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bucketproof/internal/demo"
	"bucketproof/report/verify"
)

// steps runs verify and returns what it says.
func steps(t *testing.T, want int, args ...string) map[string]verify.Step {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), append(args, "--format", "json"), &out, &errs); code != want {
		t.Fatalf("%v ends with %d, want %d: %s%s", args, code, want, out.String(), errs.String())
	}
	var list []verify.Step
	if err := json.Unmarshal(out.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	all := map[string]verify.Step{}
	for _, s := range list {
		all[s.What] = s
	}
	return all
}

func TestVerify(t *testing.T) {
	dir := made(t)
	packet := filepath.Join(dir, "packets", "acme", demo.Month)
	config := filepath.Join(dir, "config.toml")
	check := func(want int, args ...string) map[string]verify.Step {
		t.Helper()
		return steps(t, want, append([]string{"--config", config, "verify"}, args...)...)
	}
	all := check(exitDone, packet, "--recompute")
	for what, s := range all {
		if s.Outcome != verify.OK && !strings.HasPrefix(what, "signature of the") {
			t.Errorf("%s: %s, %s", what, s.Outcome, s.Detail)
		}
	}
	if len(all) < 20 || all["made again"].Outcome != verify.OK || !strings.Contains(all["log objects"].Detail, "3562 of 3562") {
		t.Errorf("it says %v", all)
	}
	pdf := filepath.Join(packet, "packet.pdf")
	if all := check(exitDone, pdf); all["manifest"].Outcome != verify.OK {
		t.Error("the manifest beside the PDF is not read")
	}
	alone := filepath.Join(t.TempDir(), "from-an-email.pdf")
	copyFile(t, pdf, alone)
	if all := check(exitDone, alone); all["sources.csv"].Outcome != verify.OK ||
		all["log objects"].Outcome != verify.OK || all["manifest"].Outcome != verify.NotChecked {
		t.Errorf("of a PDF alone it says %v", all)
	}

	// A genuine packet of another client, or month, in the place of this one.
	other := filepath.Join(dir, "packets", "acme", "2026-09")
	if err := os.CopyFS(other, os.DirFS(packet)); err != nil {
		t.Fatal(err)
	}
	if s := check(exitAttention, other)["place"]; s.Outcome != verify.Mismatch {
		t.Errorf("a packet under another month: %v", s)
	}
	other = filepath.Join(dir, "packets", "zurich-cafe", "2026-10")
	if err := os.Rename(other, other+".aside"); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(other, os.DirFS(packet)); err != nil {
		t.Fatal(err)
	}
	if s := check(exitAttention, other)["place"]; s.Outcome != verify.Mismatch || !strings.Contains(s.Detail, "zurich-cafe") {
		t.Errorf("a packet of another client: %v", s)
	}
	if s := check(exitDone, packet)["place"]; s.Outcome != verify.OK {
		t.Errorf("a packet in its place: %v", s)
	}

	// What is changed, missing, or more than there should be.
	file := filepath.Join(packet, "csv", "errors.csv")
	original := readFile(t, file)
	if err := os.WriteFile(file, append(bytes.Clone(original), ' '), 0o600); err != nil {
		t.Fatal(err)
	}
	if s := check(exitAttention, packet)["csv/errors.csv"]; s.Outcome != verify.Mismatch ||
		!strings.Contains(s.Detail, "larger than the 255 bytes") {
		t.Errorf("a changed file: %v", s)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if s := check(exitAttention, packet)["csv/errors.csv"]; s.Outcome != verify.Mismatch || s.Detail != "it is missing" {
		t.Errorf("a missing file: %v", s)
	}
	if err := os.WriteFile(file, original, 0o600); err != nil {
		t.Fatal(err)
	}
	extra := filepath.Join(packet, "csv", "more.csv")
	if err := os.WriteFile(extra, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if s := check(exitAttention, packet)["csv/more.csv"]; s.Outcome != verify.Mismatch {
		t.Errorf("a file too many: %v", s)
	}
	if err := os.Remove(extra); err != nil {
		t.Fatal(err)
	}

	// Log objects that were changed and that are gone are told apart.
	logs, err := filepath.Glob(filepath.Join(dir, "logs", "acme-backups", "2026-10-12*"))
	if err != nil || len(logs) < 2 {
		t.Fatalf("%d log objects: %v", len(logs), err)
	}
	body := readFile(t, logs[0])
	body[40] ^= 1
	if err := os.WriteFile(logs[0], body, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(logs[1]); err != nil {
		t.Fatal(err)
	}
	all = check(exitAttention, packet)
	name := func(path string) string { return "file:logs/acme-backups/" + filepath.Base(path) }
	if all[name(logs[0])].Outcome != verify.Mismatch || all[name(logs[1])].Outcome != verify.Gone ||
		!strings.Contains(all["log objects"].Detail, "3560 of 3562") {
		t.Errorf("it says %v, %v, %v", all[name(logs[0])], all[name(logs[1])], all["log objects"])
	}
	if all := check(exitDone, packet, "--offline"); all["log objects"].Outcome != verify.NotChecked {
		t.Errorf("offline: %v", all["log objects"])
	}

	// From a place where the log location is not to be found nothing is called gone.
	elsewhere := filepath.Join(t.TempDir(), "c.toml")
	copyFile(t, config, elsewhere)
	if s := steps(t, exitDone, "--config", elsewhere, "verify", packet)["log objects"]; s.Outcome != verify.Unread {
		t.Errorf("from elsewhere: %v", s)
	}
}

func TestVerifyRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, body := range map[string]string{"empty.pdf": "", "text.pdf": "%PDF-1.3\nno more", "manifest.json": "{}"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for arg, want := range map[string]struct {
		code int
		text string
	}{
		filepath.Join(dir, "empty.pdf"): {exitFailed, "no PDF file as bucketproof writes them"},
		filepath.Join(dir, "text.pdf"):  {exitFailed, "cut off"},
		dir:                             {exitFailed, "no manifest of bucketproof"},
		filepath.Join(dir, "none"):      {exitUsage, "no such file"},
		t.TempDir():                     {exitFailed, "manifest.json is missing"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), []string{"verify", arg}, &out, &errs); code != want.code ||
			!strings.Contains(errs.String(), want.text) {
			t.Errorf("%s: %d, %s; want %d, %q", arg, code, errs.String(), want.code, want.text)
		}
	}
}

// TestVerifyingByHand runs every command of docs/VERIFYING.md on a packet, and on
// one that was changed.
// TestVerifySaved: a packet whose files were saved one by one from the download page
// is checked under the names that they got, among other files.
func TestVerifySaved(t *testing.T) {
	packet := filepath.Join(made(t), "packets", "zurich-cafe", demo.Month)
	dir := t.TempDir()
	prefix := "zurich-cafe-" + demo.Month + "-"
	err := filepath.WalkDir(packet, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(packet, path)
		copyFile(t, path, filepath.Join(dir, prefix+strings.ReplaceAll(filepath.ToSlash(rel), "/", "-")))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "holiday.jpg"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"manifest.json", "packet.pdf"} {
		got := steps(t, 0, "verify", filepath.Join(dir, prefix+name), "--offline")
		if got["sources.csv"].Outcome != verify.OK {
			t.Errorf("%s: sources.csv is %v", name, got["sources.csv"])
		}
		for what, s := range got {
			if s.Outcome == verify.Mismatch {
				t.Errorf("%s: %s: %s", name, what, s.Detail)
			}
		}
	}
	sources := filepath.Join(dir, prefix+"sources.csv")
	if err := os.WriteFile(sources, append(readFile(t, sources), 'x'), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := steps(t, exitAttention, "verify", filepath.Join(dir, prefix+"packet.pdf"),
		"--offline")["sources.csv"]; got.Outcome != verify.Mismatch {
		t.Errorf("a saved file that was changed is %v", got)
	}
}

func TestVerifyingByHand(t *testing.T) {
	for _, tool := range []string{"bash", "jq", "sha256sum", "pdfdetach", "awk", "python3"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("BUCKETPROOF_TEST_PDFTOOLS") != "" {
				t.Fatal(err)
			}
			t.Skipf("%s is not installed", tool)
		}
	}
	text := string(readFile(t, "../../docs/VERIFYING.md"))
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(text, -1)
	if len(blocks) < 6 {
		t.Fatalf("only %d blocks", len(blocks))
	}
	packet := filepath.Join(made(t), "packets", "zurich-cafe", demo.Month)
	if out, err := byHand(t, packet, blocks); err != nil {
		t.Fatalf("%v: %s", err, out)
	} else if !strings.Contains(out, "the Merkle root is ") || !strings.Contains(out, "packet.pdf: OK") {
		t.Errorf("it says %s", out)
	}
	sources := filepath.Join(packet, "sources.csv")
	body := bytes.Replace(readFile(t, sources), []byte(",log,"), []byte(",lag,"), 1)
	if err := os.WriteFile(sources, body, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, block := range blocks {
		_, err := byHand(t, packet, blocks[i:i+1])
		if fails := err != nil; fails != (strings.Contains(block[1], "--check") &&
			!strings.Contains(block[1], "pdfdetach") || strings.Contains(block[1], "sources.csv")) {
			t.Errorf("on a changed packet this ends with %v: %s", err, block[1])
		}
	}
}

func byHand(t *testing.T, dir string, blocks [][]string) (string, error) {
	t.Helper()
	var all strings.Builder
	for _, b := range blocks {
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", b[1])
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		all.Write(out)
		if err != nil {
			return all.String(), err
		}
	}
	return all.String(), nil
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	if err := os.WriteFile(to, readFile(t, from), 0o600); err != nil {
		t.Fatal(err)
	}
}
