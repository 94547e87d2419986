//go:build !windows

package durable

import (
	"errors"
	"os"
)

// SyncDir writes a folder's entries to disk, so that a file that was created or renamed
// there keeps its name after a crash.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
