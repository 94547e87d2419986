package main

import (
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"bucketproof/internal/config"
	"bucketproof/internal/objects"
)

// TestMakeFolders: the folders that a unit names are there before systemd looks for
// them, and one that was there stays as it is.
func TestMakeFolders(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := &config.Config{DataDir: filepath.Join(dir, "srv", "data")}
	c.Evidence.URL = objects.URL{Scheme: "file", Path: filepath.Join(dir, "evidence")}
	if err := os.Mkdir(c.Evidence.URL.Path, 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := makeFolders(c, me.Username); err != nil {
			t.Fatal(err)
		}
	}
	for path, mode := range map[string]os.FileMode{c.DataDir: 0o700, c.Evidence.URL.Path: 0o755} {
		if st, err := os.Stat(path); err != nil || st.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, st, err)
		}
	}
	c.DataDir = filepath.Join(dir, "other")
	if err := makeFolders(c, "nobody-of-this-name"); err == nil {
		t.Error("a user that is not there is taken")
	}
}

// TestLogFile: a service whose manager keeps no log writes one of its own.
func TestLogFile(t *testing.T) {
	dir := t.TempDir()
	conf := "[service]\nlisten = \"\"\n[evidence]\nurl = \"file:evidence\"\n[[tenant]]\nid = \"acme\"\nname = " +
		"\"Acme\"\nbucket = [{ name = \"acme-backups\", logs = \"file:logs\", prefixes = [\"\"] }]\n"
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	out, stderr, code := command(t, dir, binary(t), nil, "serve", "--once", "--since", "2026-11-01", "--log-file",
		filepath.Join("log", "service.log"))
	text, err := os.ReadFile(filepath.Join(dir, "log", "service.log"))
	if err != nil || !strings.Contains(string(text), "level=") || stderr != "" {
		t.Errorf("%d: %s%s; the log is %q, %v", code, out, stderr, text, err)
	}
}
