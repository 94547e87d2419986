//go:build !windows

package durable

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
)

// TestSyncDir: a folder is synced, and that one is missing is told: whoever believes that a
// name will outlive a crash must be right.
func TestSyncDir(t *testing.T) {
	if err := SyncDir(t.TempDir()); err != nil {
		t.Error(err)
	}
	if err := SyncDir(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
