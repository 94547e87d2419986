package state

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

var denied = &fs.PathError{Op: "open", Path: "state.db", Err: syscall.EACCES}

// left is a state with a note, as it lies there when its writer has closed it or, with
// journal, was killed.
func left(t *testing.T, journal bool) (path string) {
	t.Helper()
	s := opened(t)
	if err := s.Notes.Put(t.Context(), "who", "me"); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "a folder?", "state.db")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if !journal {
		if err := s.Backup(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var from string
	if err := s.db.QueryRow("SELECT file FROM pragma_database_list").Scan(&from); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(from + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// TestReadOnly: a state that can't be written can be read, also what is in its journal
// only, and says why it can't be written.
func TestReadOnly(t *testing.T) {
	for _, journal := range []bool{false, true} {
		path := left(t, journal)
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := openReadOnly(t.Context(), path, denied)
		if err != nil {
			t.Fatal(err)
		}
		if who, err := s.Notes.Get(t.Context(), "who"); err != nil || who != "me" {
			t.Errorf("journal %t: %q, %v", journal, who, err)
		}
		if _, err := s.Findings.Of(t.Context(), ""); err != nil {
			t.Errorf("journal %t: %v", journal, err)
		}
		if err := s.Backup(t.Context(), filepath.Join(t.TempDir(), "copy.db")); err != nil {
			t.Errorf("journal %t: a copy: %v", journal, err)
		}
		_, batch := s.Ledger.NextBatch(t.Context())
		_, key := s.Ledger.IdentityKey(t.Context())
		for name, err := range map[string]error{
			"a note": s.Notes.Put(t.Context(), "who", "you"), "a link": s.Links.Revoke(t.Context(), "abc", noon),
			"batch": batch, "key": key,
		} {
			const want = "open for reading only, because it can't be written (open state.db: permission denied)"
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("journal %t: %s: %v", journal, name, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
			t.Errorf("journal %t: the file is another one (%v)", journal, err)
		}
		if names, err := filepath.Glob(filepath.Dir(path) + "/*"); !journal && (err != nil || len(names) != 1) {
			t.Errorf("beside the state lie %v (%v)", names, err)
		}
	}
}

// TestReadOnlyVersions: a file of another version can't be brought up to date, and is
// refused.
func TestReadOnlyVersions(t *testing.T) {
	for version, want := range map[int]string{1: "run this on a copy", 999: "run the newer bucketproof"} {
		path := left(t, false)
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.db.Exec(fmt.Sprintf("PRAGMA user_version = %d", version)); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := openReadOnly(t.Context(), path, denied); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("version %d: %v; want %q", version, err, want)
		}
	}
}

// TestForbidden: what can't be opened for writing is read, any other fault is one.
func TestForbidden(t *testing.T) {
	for err, want := range map[error]bool{
		denied: true, &fs.PathError{Op: "open", Err: syscall.EROFS}: true,
		&fs.PathError{Op: "open", Err: syscall.EISDIR}: false, &fs.PathError{Op: "open", Err: syscall.ENOSPC}: false,
		&fs.PathError{Op: "chmod", Err: syscall.EPERM}: false,
	} {
		if got := forbidden(fmt.Errorf("open state: %w", err)); got != want {
			t.Errorf("%v: %t; want %t", err, got, want)
		}
	}
}
